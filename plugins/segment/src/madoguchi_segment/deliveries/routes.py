# nosay: what is said here, staff read
"""Who approves in a section, in which order, and who stands for whom (代決)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi import JST
from madoguchi.audit import audit
from madoguchi_segment.deliveries import states
from madoguchi_segment.deliveries.states import Officer, Refused
from madoguchi_segment.deliveries.tables import deputy, route

MOST_STEPS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a section's route. Without `staff`, anybody else who may approve there."""

    label: str
    staff: tuple[str, ...] = ()


DEFAULT_ROUTE = (Step("ほかの1人"),)


def route_of(db: Session, section: str) -> tuple[Step, ...]:
    """Who approves in a section, in order."""
    steps = db.scalar(select(route.c.steps).where(route.c.section == section))
    if not steps:
        return DEFAULT_ROUTE
    return tuple(Step(one["label"], tuple(one.get("staff", ()))) for one in steps)


def set_route(db: Session, who: Officer, section: str, steps: Sequence[Step]) -> None:
    """Change who approves in a section; what is being approved goes on with the new route."""
    if not 1 <= len(steps) <= MOST_STEPS or not all(step.label.strip() for step in steps):
        raise Refused("route", "確認する人の順番は、1段から3段までです。名前も付けてください。")
    db.execute(delete(route).where(route.c.section == section))
    rows = [{"label": step.label, "staff": list(step.staff)} for step in steps]
    db.execute(insert(route).values(section=section, steps=rows))
    audit(db, states.actor_of(who), "delivery.route", f"section:{section}", {"steps": len(rows)})


def add_deputy(
    db: Session, who: Officer, section: str, staff_id: str, deputy_id: str, first: date, last: date
) -> int:
    """Let somebody approve in another's place (代決) from one day to another, both included."""
    if last < first or staff_id == deputy_id:
        raise Refused("deputy", "代決の期間と、代わりの人を確かめてください。")
    number = db.execute(
        insert(deputy)
        .values(
            section=section,
            staff_id=staff_id,
            deputy_id=deputy_id,
            first=first.isoformat(),
            last=last.isoformat(),
        )
        .returning(deputy.c.id)
    ).scalar_one()
    detail = {"for": staff_id, "by": deputy_id, "first": str(first), "last": str(last)}
    audit(db, states.actor_of(who), "delivery.deputy", f"section:{section}", detail)
    return number


def remove_deputy(db: Session, who: Officer, number: int) -> None:
    """End a deputy's time at once."""
    db.execute(delete(deputy).where(deputy.c.id == number))
    audit(db, states.actor_of(who), "delivery.deputy.end", f"deputy:{number}")


def deputies(db: Session, section: str) -> Sequence[Any]:
    """All deputies of a section: id, staff_id, deputy_id, first, last."""
    return db.execute(select(deputy).where(deputy.c.section == section)).all()


def stands_for(db: Session, section: str, step: Step, who: Officer, now: datetime) -> str | None:
    """Whose place somebody may take today in a step, if anybody's."""
    today = now.astimezone(JST).date().isoformat()
    places = db.scalars(
        select(deputy.c.staff_id).where(
            deputy.c.section == section,
            deputy.c.deputy_id == who.id,
            deputy.c.first <= today,
            deputy.c.last >= today,
        )
    ).all()
    return next((place for place in step.staff if place in places), None)
