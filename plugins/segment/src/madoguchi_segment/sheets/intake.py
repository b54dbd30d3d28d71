"""A file is taken in whole or not at all: its rows wait in a table until all of them were good.

Then they are stored in slices, each in the unit that takes it out of the table, so that nobody who
writes waits long, and a crash in the middle is gone on from.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import Criteria
from madoguchi.audit import Actor, audit
from madoguchi.forms.profile import read_profiles, write_profiles
from madoguchi_segment.audiences.tables import intake, intake_row
from madoguchi_segment.items import keep_retired
from madoguchi_segment.settings import Settings
from madoguchi_segment.sheets.checking import OWNER, Change, Checked, Read, go_through

SLICE = 50
LEFT_BEHIND = timedelta(hours=1)
"""A file that is still being read after so long: whoever read it is gone."""

Write = Callable[..., Awaitable[Any]]


async def check_file(
    read: Read, file: BinaryIO, name: str, criteria: Criteria, now: datetime
) -> Checked:
    """What a file would do, and everything that is wrong with it. Raises `SheetRefused`."""
    found = Checked()
    async with aclosing(go_through(read, file, name, criteria, now, found)) as blocks:
        async for _ in blocks:
            pass
    return found


async def take_file(
    read: Read,
    write: Write,
    file: BinaryIO,
    name: str,
    criteria: Criteria,
    actor: Actor,
    now: datetime,
) -> Checked:
    """Take a file in if nothing is wrong with it; `take_some` stores it then, as a job.

    With a problem nothing is changed, and `intake` is None. Raises `SheetRefused`.
    """
    found = Checked()
    number = await write(_begin, actor, now)
    try:
        async with aclosing(go_through(read, file, name, criteria, now, found)) as blocks:
            async for changes in blocks:
                if changes and not found.count:
                    await write(_put_by, number, changes)
        if found.count == 0:
            await write(_finish_reading, number, found, actor)
            found.intake = number
    finally:
        if found.intake is None:
            await write(_drop, number)
    return found


def take_some(db: Session, settings: Settings, now: datetime) -> bool:
    """Store a slice of what was taken in; False if nothing is left."""
    number = db.scalar(
        select(intake.c.id)
        .where(intake.c.state == "taking")
        .order_by(intake.c.id)
        .limit(1)
        .with_for_update()
    )
    if number is None:
        db.execute(
            delete(intake).where(intake.c.state == "reading", intake.c.at < now - LEFT_BEHIND)
        )
        return False
    mine = select(intake_row).where(intake_row.c.intake_id == number).limit(SLICE)
    rows = db.execute(mine.order_by(intake_row.c.resident_id)).all()
    before = read_profiles(db, [row.resident_id for row in rows], OWNER)
    answers = {row.resident_id: dict(row.answers) for row in rows}
    for who, new in answers.items():
        if new.get("topics") is not None:
            old = before.get(who, {}).get("topics", ())
            new["topics"] = keep_retired(settings.topics, old, new["topics"])
    write_profiles(db, OWNER, answers, now)
    done = (intake_row.c.intake_id == number) & intake_row.c.resident_id.in_(answers)
    db.execute(delete(intake_row).where(done))
    if len(rows) < SLICE:
        db.execute(update(intake).where(intake.c.id == number).values(state="done"))
    return True


def is_done(db: Session, number: int) -> bool:
    """Whether everything of this file is stored."""
    return db.scalar(select(intake.c.state).where(intake.c.id == number)) == "done"


async def take_in(job: Any) -> None:
    """The job: store what waits, one slice after another."""
    while await job.write(take_some, job.plugin.settings, job.now):
        pass


def _begin(db: Session, actor: Actor, now: datetime) -> int:
    who = {"actor_kind": actor.kind, "actor_id": actor.id, "actor_label": actor.label}
    made = insert(intake).values(at=now, state="reading", **who).returning(intake.c.id)
    return db.execute(made).scalar_one()


def _put_by(db: Session, number: int, changes: list[Change]) -> None:
    rows = [{"intake_id": number, "resident_id": who, "answers": new} for who, new in changes]
    db.execute(insert(intake_row), rows)


def _finish_reading(db: Session, number: int, found: Checked, actor: Actor) -> None:
    changed = {"state": "taking", "changed": found.changed}
    db.execute(update(intake).where(intake.c.id == number).values(**changed))
    audit(
        db,
        actor,
        "answers.take_in",
        f"intake:{number}",
        {"rows": found.rows, "changed": found.changed},
    )


def _drop(db: Session, number: int) -> None:
    db.execute(delete(intake).where(intake.c.id == number))
