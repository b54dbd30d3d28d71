# nosay: what is said here, staff read
"""Conditions kept under a name, each owned by a section; the audit log is their history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi_segment.audiences.condition import Condition
from madoguchi_segment.audiences.reading import write_condition
from madoguchi_segment.audiences.tables import audience

LONGEST = 60


class SaveRefused(Exception):
    """It was not saved; the words say why, and what to do."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A condition with its name. `condition` is JSON: `read_condition` says if it still holds."""

    id: int
    name: str
    section: str
    condition: dict[str, Any]
    version: int
    changed: datetime


def find_audiences(db: Session, section: str | None = None) -> list[Saved]:
    """All that are kept, or those of one section, by name."""
    found = select(*_COLUMNS).order_by(audience.c.section, audience.c.name)
    if section is not None:
        found = found.where(audience.c.section == section)
    return [Saved(*row) for row in db.execute(found)]


def find_audience(db: Session, number: int) -> Saved | None:
    """The one with this id."""
    row = db.execute(select(*_COLUMNS).where(audience.c.id == number)).one_or_none()
    return Saved(*row) if row else None


def save_audience(
    db: Session, actor: Actor, section: str, name: str, condition: Condition, now: datetime
) -> Saved:
    """Keep a condition under a new name. `SaveRefused` if the section has that name already."""
    values = {
        "name": _check_name(name),
        "condition": write_condition(condition),
        "version": 1,
        "changed": now,
    }
    try:
        with db.begin_nested():
            new = insert(audience).values(section=section, **values).returning(audience.c.id)
            number = db.execute(new).scalar_one()
    except IntegrityError as error:
        raise SaveRefused(_taken(values["name"])) from error
    return _note(db, actor, "audience.save", Saved(number, section=section, **values))


def change_audience(
    db: Session,
    actor: Actor,
    number: int,
    version: int,
    name: str,
    condition: Condition,
    now: datetime,
) -> Saved:
    """Keep it changed. `version` is the one that was looked at.

    `SaveRefused` if it is gone, if somebody else has changed it since, or if the name is taken.
    """
    values = {"name": _check_name(name), "condition": write_condition(condition), "changed": now}
    mine = (audience.c.id == number) & (audience.c.version == version)
    try:
        with db.begin_nested():
            changed = db.execute(
                update(audience)
                .where(mine)
                .values(version=version + 1, **values)
                .returning(audience.c.section)
            ).first()
    except IntegrityError as error:
        raise SaveRefused(_taken(values["name"])) from error
    if changed is None:
        raise SaveRefused(
            "ほかの人が先に変えたか、消しました。開き直して、もう一度変えてください。"
        )
    saved = Saved(number, section=changed.section, version=version + 1, **values)
    return _note(db, actor, "audience.change", saved)


def remove_audience(db: Session, actor: Actor, number: int) -> bool:
    """Keep it no more; False if it was gone already. Deliveries have a copy of their condition."""
    saved = find_audience(db, number)
    if saved is None:
        return False
    db.execute(delete(audience).where(audience.c.id == number))
    _note(db, actor, "audience.remove", saved)
    return True


_COLUMNS = [audience.c[name] for name in Saved.__dataclass_fields__]


def _note(db: Session, actor: Actor, action: str, saved: Saved) -> Saved:
    detail = {"name": saved.name, "section": saved.section, "condition": saved.condition}
    audit(db, actor, action, f"audience:{saved.id}", {**detail, "version": saved.version})
    return saved


def _check_name(name: str) -> str:
    found = " ".join(name.split())
    if not 0 < len(found) <= LONGEST:
        raise SaveRefused(f"名前を{LONGEST}字までで入れてください。")
    return found


def _taken(name: str) -> str:
    return f"「{name}」という名前は、もうあります。ほかの名前にしてください。"
