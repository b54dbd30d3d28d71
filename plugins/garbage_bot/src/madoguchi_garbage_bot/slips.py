"""How far two words are apart: letters typed wrong, left out, doubled or swapped."""


def distance(one: str, other: str, most: int) -> int:
    """Slips between two words; `most + 1` if there are more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row] + [0] * len(other)
        for column, facing in enumerate(other, 1):
            cost = letter != facing
            best = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + cost)
            swapped = row > 1 and column > 1 and letter == other[column - 2]
            if swapped and one[row - 2] == facing:
                best = min(best, before[column - 2] + 1)
            line[column] = best
        if min(line) > most:
            return most + 1
        before, last = last, line
    return last[-1]
