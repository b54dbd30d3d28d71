"""Who is at a staff page of ours, what they may see, and how what they do is stored."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request

from madoguchi import JST, Criteria
from madoguchi_console import Section, Staff, all_sections
from madoguchi_segment.console import styles
from madoguchi_segment.deliveries import lint, states
from madoguchi_segment.deliveries.approving import APPROVE
from madoguchi_segment.deliveries.drafts import EMERGENCY, WRITE
from madoguchi_segment.deliveries.schedules import Closed
from madoguchi_segment.deliveries.states import Delivery
from madoguchi_segment.deliveries.tables import deputy, route

AUDIENCE = "segment.audience"
EXPORT = "segment.export"
SEES = f"{WRITE}|{APPROVE}|{EMERGENCY}"
"""Whoever may do one of these sees the deliveries of their sections."""
TOPIC = "deliveries"


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff, as the deliveries know one: sections are named by their id."""

    staff: Staff

    @property
    def id(self) -> str:
        """A reference."""
        return str(self.staff.id)

    @property
    def name(self) -> str:
        """What colleagues read."""
        return self.staff.name

    def permissions(self, section: str) -> Collection[str]:
        """What they may do in a section."""
        return self.staff.permissions(int(section)) if section.isdecimal() else frozenset()


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is in."""

    request: Request
    page: Any
    staff: Staff

    @property
    def who(self) -> Colleague:
        """They, as the deliveries know them."""
        return Colleague(self.staff)

    @property
    def criteria(self) -> Criteria:
        """What residents can be picked by."""
        return self.page.plugin.criteria

    @property
    def is_closed(self) -> Closed:
        """Whether the offices are closed on a day."""
        days = self.page.inside.office_days
        return lambda day: not days.is_open(day)

    @property
    def today(self) -> date:
        """The day in Japan."""
        return self.page.now.astimezone(JST).date()

    def render(self, name: str, /, **values: Any) -> Any:
        """A page of ours, with its styles."""
        at = f"{self.page.path('/segment/styles.css')}?v={styles.digest()}"
        return self.page.render(name, styles=at, **values)

    async def act(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Run a unit, and let open pages know."""
        return await self.page.write(_and_tell, self.page, fn, args, named)

    async def find(self, number: int) -> Delivery:
        """A delivery that they may see; 404 for every other, there or not."""
        found = await self.page.read(_find_visible, self.staff, number)
        if found is None:
            raise HTTPException(404)
        return found

    def office(self, db: Session, section: str) -> lint.Office:
        """What is known of the city, for reading texts."""
        names = {str(one.id): one.name for one in all_sections(db)}
        phones = [self.page.gateway.phone] if self.page.gateway.phone else []
        return lint.Office(tuple(names.values()), names.get(section, ""), phones)


def visit(request: Request) -> Visit:
    """Who is here."""
    return Visit(request, request.state.page, request.state.staff)


def _and_tell(db: Session, page: Any, fn: Callable[..., Any], args: Any, named: Any) -> Any:
    result = fn(db, *args, **named)
    page.plugin.changed(db, TOPIC)
    return result


def _find_visible(db: Session, staff: Staff, number: int) -> Delivery | None:
    found = states.find(db, number)
    return found if found is not None and found.section in visible(db, staff) else None


def visible(db: Session, staff: Staff) -> set[str]:
    """The sections whose deliveries somebody sees: their own, and where they are in the route."""
    own = {str(one.id) for one in staff.sections if staff.may(SEES, one)}
    me = str(staff.id)
    for section, steps in db.execute(select(route.c.section, route.c.steps)):
        if any(me in step.get("staff", ()) for step in steps):
            own.add(section)
    own.update(db.scalars(select(deputy.c.section).where(deputy.c.deputy_id == me)))
    return own


def name_of(db: Session, section: str) -> str:
    """What a section is called."""
    return names_of(db).get(section, "（なくなった課・係）")


def names_of(db: Session) -> dict[str, str]:
    """Id → name of every section."""
    return {str(one.id): one.name for one in all_sections(db)}


def writing_sections(staff: Staff) -> list[Section]:
    """The sections in whose name somebody may write."""
    found = {one.id: one for one in staff.sections_with(WRITE)}
    return sorted(found.values(), key=lambda one: one.name)
