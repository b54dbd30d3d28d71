"""What residents told about themselves: one row for each question, `plugin/name`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from madoguchi.tables import profile


def read_profile(db: Session, resident_id: int, owner: str) -> dict[str, Any]:
    """What a resident told the plugin `owner`, by the names of its questions."""
    theirs = (profile.c.resident_id == resident_id) & profile.c.field.startswith(
        f"{owner}/", autoescape=True
    )
    rows = db.execute(select(profile.c.field, profile.c.value).where(theirs))
    return {field.removeprefix(f"{owner}/"): value for field, value in rows}


def write_profile(
    db: Session, resident_id: int, owner: str, answers: Mapping[str, Any], at: datetime
) -> None:
    """Store answers of a resident; None takes one away."""
    for name, value in answers.items():
        field = f"{owner}/{name}"
        theirs = (profile.c.resident_id == resident_id) & (profile.c.field == field)
        if value is None:
            db.execute(delete(profile).where(theirs))
            continue
        dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
        row = {"resident_id": resident_id, "field": field, "value": value, "at": at}
        put = dialect.insert(profile).values(row)
        db.execute(
            put.on_conflict_do_update(
                index_elements=["resident_id", "field"], set_={"value": value, "at": at}
            )
        )
