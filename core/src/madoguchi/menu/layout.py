"""Where the tiles of a rich menu lie (R45)."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 2500
HEIGHTS = {1: 843, 2: 1686}
"""Pixels of a menu with so many rows."""
ROWS = {1: (1,), 2: (2,), 3: (3,), 4: (2, 2), 5: (2, 3), 6: (3, 3)}
"""How many tiles stand in each row, by how many there are."""
MOST = max(ROWS)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle, in pixels."""

    x: int
    y: int
    width: int
    height: int


def arrange(count: int) -> tuple[int, Sequence[Bounds]]:
    """The height of a menu of so many tiles (1 to 6), and a rectangle for each, without gaps."""
    rows = ROWS[count]
    height = HEIGHTS[len(rows)]
    places = []
    for row, columns in enumerate(rows):
        top, bottom = (height * edge // len(rows) for edge in (row, row + 1))
        for column in range(columns):
            left, right = (WIDTH * edge // columns for edge in (column, column + 1))
            places.append(Bounds(left, top, right - left, bottom - top))
    return height, places
