# nosay: staff read it
"""What of a calendar's files could not be taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in a file that was not taken, and why, in words for staff."""

    file: str
    row: int
    """As a spreadsheet counts: the first one is 1."""
    column: str
    token: str
    """As it stands there; "" where something is missing."""
    why: str
    area: str = ""

    def __str__(self) -> str:
        where = f"{self.file} {self.row}行目" + (f" {self.area}" if self.area else "")
        place = f"{where}「{self.column}」" if self.column else where
        return f"{place}: 「{self.token}」 {self.why}" if self.token else f"{place}: {self.why}"
