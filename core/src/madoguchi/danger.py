"""Rule 0: words of danger add the right telephone number to whatever is answered."""

from typing import Any

from madoguchi.config import DangerTable


class Danger:
    """The city's lists of words, their exceptions and what is said. Nothing is consumed."""

    def __init__(self, tables: list[DangerTable]) -> None:
        self._tables = tables

    def answers(self, typed: str) -> list[dict[str, Any]]:
        """The messages to put before the answer; usually none."""
        found = []
        for table in self._tables:
            rest = typed
            for word in table.except_:
                rest = rest.replace(word, "")
            if any(word in rest for word in table.words):
                found.append({"type": "text", "text": table.answer})
        return found
