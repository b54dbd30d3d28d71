"""Staff, their sections and what they may do: values, and how they are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi.audit import Actor
from madoguchi_console.models import grant, member, section, staff

ANYBODY = "console.use"
"""The permission that everybody who logged in has."""
ADMIN = frozenset(
    {
        "console.staff",
        "console.settings",
        "console.audit",
        "console.calendar",
        "console.resume",
    }
)
"""What administrators may do, without being a member of any section."""
NOT_OUTSIDE = ADMIN | {"console.residents"}
"""What nobody from outside may do, whatever was granted to them."""
MASK = "●●●"


@dataclass(frozen=True, slots=True, order=True)
class Section:
    """A section (課・係) of the city."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who logged in."""

    id: int
    name: str
    mail: str
    is_admin: bool = False
    is_contractor: bool = False
    """From outside: sees personal data masked."""
    sections: tuple[Section, ...] = ()
    granted: frozenset[tuple[int, str]] = frozenset()
    """Id of a section and name of a permission."""

    @property
    def actor(self) -> Actor:
        """Who stands in the audit log."""
        return Actor("staff", str(self.id), self.name)

    def may(self, permission: str, section: Section | int | None = None) -> bool:
        """Whether they may do something: in this section, or without one, in any.

        `a.read|a.write`: one of these.
        """
        if "|" in permission:
            return any(self.may(one, section) for one in permission.split("|"))
        if permission == ANYBODY:
            return True
        if self.is_contractor and permission in NOT_OUTSIDE:
            return False
        if self.is_admin and permission in ADMIN:
            return True
        if section is None:
            return any(name == permission for _, name in self.granted)
        number = section.id if isinstance(section, Section) else section
        return (number, permission) in self.granted

    def permissions(self, section: Section | int | None = None) -> frozenset[str]:
        """What was granted to them in a section, or without one, in any; administrators' too."""
        number = section.id if isinstance(section, Section) else section
        names = {name for at, name in self.granted if number in (None, at)}
        return frozenset(
            one for one in {ANYBODY, *names, *(ADMIN if self.is_admin else ())} if self.may(one)
        )

    def sections_with(self, permission: str) -> list[Section]:
        """Their sections in which they may do it."""
        return [one for one in self.sections if self.may(permission, one)]

    def mask(self, value: object) -> str:
        """Personal data as they may see it: as it is, or three dots for people from outside."""
        text = "" if value is None else str(value)
        return MASK if self.is_contractor and text else text


def find_staff(db: Session, number: int, today: date) -> Staff | None:
    """A member of staff who may log in today, with all that they may do."""
    row = db.execute(select(staff).where(staff.c.id == number)).one_or_none()
    if row is None or not may_enter(row, today):
        return None
    return complete(db, row)


def may_enter(row: Any, today: date) -> bool:
    """Whether the account is open today."""
    return not row.is_closed and (row.ends is None or row.ends >= today.isoformat())


def complete(db: Session, row: Any) -> Staff:
    """A row of staff with its sections and permissions."""
    theirs = db.execute(
        select(section.c.id, section.c.name)
        .join_from(member, section)
        .where(member.c.staff_id == row.id)
        .order_by(section.c.name)
    )
    sections = tuple(Section(one.id, one.name) for one in theirs)
    granted = db.execute(
        select(grant.c.section_id, grant.c.permission).where(grant.c.staff_id == row.id)
    )
    numbers = {one.id for one in sections}
    return Staff(
        row.id,
        row.name,
        row.mail,
        bool(row.is_admin),
        bool(row.is_contractor),
        sections,
        frozenset((at, name) for at, name in granted if at in numbers),
    )


def all_sections(db: Session) -> list[Section]:
    """Every section, by name."""
    rows = db.execute(select(section.c.id, section.c.name).order_by(section.c.name))
    return [Section(row.id, row.name) for row in rows]


def who_may(db: Session, permission: str, section: Section | int, today: date) -> list[Staff]:
    """Everybody who may do something in a section, by name."""
    number = section.id if isinstance(section, Section) else section
    rows = db.execute(
        select(staff)
        .join_from(staff, grant)
        .where(grant.c.section_id == number, grant.c.permission == permission)
        .order_by(staff.c.name)
    )
    found = (complete(db, row) for row in rows.all() if may_enter(row, today))
    return [one for one in found if one.may(permission, number)]


def administrators(db: Session, today: date, without: Iterable[int] = ()) -> list[Any]:
    """Rows of administrators who may log in today and have a password."""
    rows = db.execute(select(staff).where(staff.c.is_admin, staff.c.password.is_not(None)))
    left_out = set(without)
    return [row for row in rows if may_enter(row, today) and row.id not in left_out]


def name_of(mail: str) -> str:
    """A mail address as it is compared."""
    return mail.strip().lower()


def day_of(at: datetime) -> date:
    """The day of a moment in Japan."""
    from madoguchi import JST

    return at.astimezone(JST).date()
