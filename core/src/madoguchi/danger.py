"""Rule 0: words of danger add the right telephone number to whatever is answered."""

from madoguchi.city_file import DangerTable


class Danger:
    """The city's lists of words, their exceptions and what is said. Nothing is consumed."""

    def __init__(self, tables: list[DangerTable]) -> None:
        self._tables = tables

    def answers(self, typed: str) -> list[str]:
        """What is said before the answer; usually nothing."""
        found = []
        for table in self._tables:
            rest = typed
            for word in table.except_:
                rest = rest.replace(word, "")
            if any(word in rest for word in table.words):
                found.append(table.answer)
        return found
