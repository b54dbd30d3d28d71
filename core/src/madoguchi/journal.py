"""Small marks that need no unit of their own: many share one commit.

Events that were answered from memory are marked handled here, and LINE's answers are written to
the outgoing rows. A crash before the commit is harmless: the event runs once more with a reply
token that works only once, the letter goes out once more with the same key.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from madoguchi.store import Store

log = logging.getLogger("madoguchi.journal")

PAUSE = 0.05
MARK = text(
    "INSERT INTO handled (event_id, lane, outcome, at) VALUES (:event_id, :lane, :outcome, :at)"
    " ON CONFLICT DO NOTHING"
)


class Journal:
    """Collects marks and commits them every 50 ms, or when asked."""

    def __init__(self, store: Store, now: Callable[[], Any]) -> None:
        self._store, self._now = store, now
        self._marks: list[tuple[dict[str, Any], Callable[[], None]]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = asyncio.Event()
        self._flushing = asyncio.Lock()

    def handled(
        self, event_id: str, lane: int, outcome: str, then: Callable[[], None] = lambda: None
    ) -> None:
        """Mark an event handled; `then()` is called when that is durable."""
        mark = {"event_id": event_id, "lane": lane, "outcome": outcome, "at": self._now()}
        self._marks.append((mark, then))
        self._news.set()

    def answered(self, row: int, values: dict[str, Any]) -> None:
        """Write LINE's answer to an outgoing row."""
        self._answers[row] = values
        self._news.set()

    async def flush(self) -> None:
        """Commit everything collected so far."""
        async with self._flushing:
            marks, self._marks = self._marks, []
            answers, self._answers = self._answers, {}
            if not marks and not answers:
                return
            try:
                await self._store.write(_write, [mark for mark, _ in marks], answers)
            except Exception:
                self._marks = marks + self._marks
                self._answers = answers | self._answers
                raise
        for _, then in marks:
            then()

    async def run(self) -> None:
        """Commit whenever there is something, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(PAUSE)
            try:
                await self.flush()
            except Exception as error:
                log.error("marks wait: %s: %s", type(error).__name__, error)
                await asyncio.sleep(1)
                self._news.set()


def _write(db: Session, marks: list[dict[str, Any]], answers: dict[int, dict[str, Any]]) -> None:
    if marks:
        db.execute(MARK, marks)
    alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row, values in answers.items():
        alike[tuple(values)].append({"row": row, **values})
    for columns, rows in alike.items():
        db.execute(_answer(columns), rows)


@cache
def _answer(columns: tuple[str, ...]) -> TextClause:
    """Of two senders that had the same row, the one that was told first is right."""
    given = ", ".join(f"{column} = :{column}" for column in columns)
    return text(f"UPDATE outgoing SET {given} WHERE id = :row AND state = 'waiting'")
