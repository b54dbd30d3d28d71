"""What a run found, written into its place in README.md."""

import re
from datetime import UTC, datetime
from pathlib import Path

RECORD = Path(__file__).with_name("README.md")
_PLACE = re.compile(r"(<!-- deliveries -->\n.*?\n)(<!-- end deliveries -->)", re.DOTALL)


def write_row(cells: list[object]) -> None:
    """Put a row into the table: in the place of one with the same first cells, or at its end."""
    row = f"| {' | '.join(map(str, cells))} | {datetime.now(UTC):%Y-%m-%d} |\n"
    same = f"| {cells[0]} | {cells[1]} | {cells[2]} |"
    text = RECORD.read_text("utf-8")
    found = _PLACE.search(text)
    assert found is not None, f"{RECORD} has no place for deliveries"
    lines = found[1].splitlines(keepends=True)
    kept = [row if line.startswith(same) else line for line in lines]
    if row not in kept:
        kept.append(row)
    RECORD.write_text(text.replace(found[1], "".join(kept)), "utf-8")
