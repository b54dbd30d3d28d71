"""Should the triggers be gone (a table was made anew), the index is made anew with them."""

import logging
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from madoguchi_segment.audiences import triggers

log = logging.getLogger("madoguchi.plugin.segment")


async def mend(job: Any) -> None:
    """The job: a look, and the work if it is needed. Nobody is picked until it is done."""
    if not await job.read(is_kept):
        log.error("the index of audiences had no triggers: it is made anew")
        await job.write(make_anew)


def is_kept(db: Session) -> bool:
    """Whether the triggers are there and work."""
    dialect = db.get_bind().dialect.name
    return db.scalar(text(triggers.find(dialect))) == len(triggers.NAMES)


def make_anew(db: Session) -> None:
    """Triggers and rows, in one unit: nobody else writes meanwhile (decision 0020)."""
    dialect = db.get_bind().dialect.name
    run = db.connection().exec_driver_sql
    for statement in (*triggers.make(dialect), "DELETE FROM segment_index"):
        run(statement)
    for statement in triggers.fill(dialect):
        run(statement)
