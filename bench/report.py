"""What a bench found: printed as tables, ended by one line of JSON, kept in docs/performance.md."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.machine import describe

RECORD = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


@dataclass
class Report:
    """Tables and figures of one bench."""

    bench: str
    figures: dict[str, Any] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)

    def say(self, paragraph: str) -> None:
        """Add a sentence or two."""
        self._add(paragraph)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; numbers are rounded to three places that mean something."""
        lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
        lines += [" | ".join(map(show, row)) for row in rows]
        self._add("\n".join(f"| {line} |" for line in lines))

    def goal(self, what: str, value: float, limit: float, at_least: bool = False) -> None:
        """Compare a figure with its goal in design §13 and keep both."""
        met = value >= limit if at_least else value <= limit
        sign, verdict = "≥" if at_least else "≤", "met" if met else "missed"
        self._add(f"* {what}: {show(value)}, goal {sign} {show(limit)}: **{verdict}**")
        self.figures[what] = {"value": value, "goal": f"{sign} {limit:g}", "met": met}

    def finish(self) -> None:
        """Print the last line: one JSON object."""
        print(json.dumps({"bench": self.bench, **self.figures}, ensure_ascii=False), flush=True)

    def record(self, path: Path = RECORD) -> None:
        """Put the tables into their place in the document."""
        text = path.read_text("utf-8")
        begin, end = f"<!-- bench {self.bench} -->", f"<!-- end {self.bench} -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not place.search(text):
            raise LookupError(f"{path} has no place {begin} … {end}")
        day = datetime.now(UTC).date().isoformat()
        parts = "\n\n".join([f"Measured {day}: {describe()}.", *self._parts])
        parts = re.sub(r"(?m)^(\* .*)\n\n(?=\* )", r"\1\n", parts)
        path.write_text(place.sub(lambda _: f"{begin}\n{parts}\n{end}", text), "utf-8")

    def _add(self, part: str) -> None:
        self._parts.append(part)
        print(part, end="\n\n", flush=True)


def show(value: object) -> str:
    """A cell: numbers short, everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def middle(values: Sequence[float]) -> float:
    """The median of several rounds."""
    return float(median(values))
