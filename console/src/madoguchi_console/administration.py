"""Making and changing staff, sections and permissions, each inside a unit.

What would leave a city with fewer than two administrators is refused as soon as it has had two;
the last one can never go.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi_console import sessions
from madoguchi_console.enrolling import make_slip
from madoguchi_console.models import grant, member, section, staff
from madoguchi_console.people import administrators, day_of, name_of

TAKEN = "このメールアドレスは、もう登録されています。"
TWO = (
    "管理する人が2人より少なくなるため、変えられません。先に、ほかの人を管理する人にしてください。"
)


class Refused(Exception):
    """A change that cannot be made; the text says why, and what to do. `field`: where."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a member of staff, as it is to be."""

    name: str
    mail: str
    is_admin: bool = False
    is_contractor: bool = False
    is_closed: bool = False
    ends: str | None = None
    """The last day, as `2026-03-31`."""


def check_person(person: Person) -> None:
    """Raise `Refused` if it cannot be so."""
    if not person.name.strip():
        raise Refused("name", "名前を入力してください。")
    local, at, host = person.mail.partition("@")
    if not (local and at and "." in host) or set(" ,;<>") & set(person.mail):
        raise Refused("mail", "メールアドレスを確かめてください。例：yamada@city.example.jp")
    if person.is_admin and person.is_contractor:
        raise Refused("is_admin", "委託先の人は、管理する人になれません。")
    if person.ends:
        try:
            date.fromisoformat(person.ends)
        except ValueError:
            raise Refused("ends", "日付を確かめてください。例：2027-03-31") from None


def make_person(db: Session, person: Person, actor: Actor, now: datetime) -> int:
    """Make an account; its id. It can be used once an invitation was."""
    check_person(person)
    if db.execute(select(staff.c.id).where(staff.c.mail == name_of(person.mail))).first():
        raise Refused("mail", TAKEN)
    made = insert(staff).values(**_columns(person), made=now).returning(staff.c.id)
    number = db.execute(made).scalar_one()
    audit(db, actor, "staff.make", f"staff:{number}")
    return number


def change_person(db: Session, number: int, person: Person, actor: Actor, now: datetime) -> None:
    """Change an account. If it may do less or more than before, its sessions end."""
    check_person(person)
    others = select(staff.c.id).where(staff.c.mail == name_of(person.mail), staff.c.id != number)
    if db.execute(others).first():
        raise Refused("mail", TAKEN)
    before = db.execute(select(staff).where(staff.c.id == number).with_for_update()).one()
    counted = len(administrators(db, day_of(now)))
    values = _columns(person)
    db.execute(update(staff).where(staff.c.id == number).values(**values))
    _require_two(db, counted, day_of(now))
    changed = [name for name in values if values[name] != getattr(before, name)]
    if {"is_admin", "is_contractor", "is_closed", "ends", "mail"} & set(changed):
        sessions.end(db, number)
    if changed:
        audit(db, actor, "staff.change", f"staff:{number}", {"changed": sorted(changed)})


def _columns(person: Person) -> dict[str, Any]:
    return {
        "name": person.name.strip(),
        "mail": name_of(person.mail),
        "is_admin": person.is_admin,
        "is_contractor": person.is_contractor,
        "is_closed": person.is_closed,
        "ends": person.ends or None,
    }


def _require_two(db: Session, before: int, today: date) -> None:
    after = len(administrators(db, today))
    if after < before and after < min(before, 2):
        raise Refused("is_admin", TWO)


def set_grants(db: Session, number: int, wanted: Mapping[int, Iterable[str]], actor: Actor) -> bool:
    """In which sections somebody is, and what they may do there; whether that is a change.

    Their sessions end, so that nobody goes on with what was taken from them.
    """
    known = set(db.scalars(select(section.c.id)))
    new = {at: set(names) for at, names in wanted.items() if at in known}
    old = {at: set[str]() for at in _sections_of(db, number)}
    rows = db.execute(
        select(grant.c.section_id, grant.c.permission).where(grant.c.staff_id == number)
    )
    for at, name in rows.all():
        old.setdefault(at, set()).add(name)
    if new == old:
        return False
    db.execute(delete(grant).where(grant.c.staff_id == number))
    db.execute(delete(member).where(member.c.staff_id == number))
    for at, names in new.items():
        db.execute(insert(member).values(staff_id=number, section_id=at))
        for name in sorted(names):
            db.execute(insert(grant).values(staff_id=number, section_id=at, permission=name))
    sessions.end(db, number)
    detail = {str(at): sorted(names) for at, names in new.items()}
    audit(db, actor, "staff.permit", f"staff:{number}", {"sections": detail})
    return True


def _sections_of(db: Session, number: int) -> Sequence[int]:
    return db.scalars(select(member.c.section_id).where(member.c.staff_id == number)).all()


def make_section(db: Session, name: str, mail: str, actor: Actor) -> int:
    """Make a section; its id."""
    known = _check_section(db, name, mail)
    number = db.execute(insert(section).values(**known).returning(section.c.id)).scalar_one()
    audit(db, actor, "section.make", f"section:{number}")
    return number


def change_section(db: Session, number: int, name: str, mail: str, actor: Actor) -> None:
    """Give a section another name or address."""
    known = _check_section(db, name, mail, number)
    db.execute(update(section).where(section.c.id == number).values(**known))
    audit(db, actor, "section.change", f"section:{number}")


def _check_section(db: Session, name: str, mail: str, number: int | None = None) -> dict[str, str]:
    name, mail = name.strip(), mail.strip()
    if not name:
        raise Refused("name", "課・係の名前を入力してください。")
    same = select(section.c.id).where(section.c.name == name)
    if db.execute(same).scalar() not in (None, number):
        raise Refused("name", "この名前の課・係は、もうあります。")
    if mail and "@" not in mail:
        raise Refused("mail", "メールアドレスを確かめてください。")
    return {"name": name, "mail": mail}


def invite(db: Session, number: int, actor: Actor, now: datetime) -> str:
    """A new invitation for a person; the code on the slip."""
    slip = make_slip(db, number, now)
    audit(db, actor, "staff.invite", f"staff:{number}")
    return slip


# What the command line asks for


def add_staff(
    db: Session,
    name: str,
    mail: str,
    admin: bool = True,
    contractor: bool = False,
    section_name: str = "",
    permissions: Sequence[str] = (),
    who: str = "command line",
) -> dict[str, Any]:
    """Make an account and a slip, from the command line: its id and the slip's code."""
    now = db.info["clock"].now()
    actor = Actor("system", f"cli:{who}", who)
    person = Person(name, mail, is_admin=admin, is_contractor=contractor)
    number = make_person(db, person, actor, now)
    if section_name:
        found = select(section.c.id).where(section.c.name == section_name)
        at = db.execute(found).scalar() or make_section(db, section_name, "", actor)
        set_grants(db, number, {at: permissions}, actor)
    return {"id": number, "slip": invite(db, number, actor, now)}


def renew_slip(db: Session, mail: str, who: str = "command line") -> dict[str, Any] | None:
    """A new slip for somebody who cannot come in any more; None if there is no such account."""
    found = db.execute(select(staff.c.id).where(staff.c.mail == name_of(mail))).scalar()
    if found is None:
        return None
    actor = Actor("system", f"cli:{who}", who)
    return {"id": found, "slip": invite(db, found, actor, db.info["clock"].now())}


def list_staff(db: Session) -> list[list[str]]:
    """Name, mail and state of every account."""
    rows = db.execute(select(staff).order_by(staff.c.name)).all()
    return [
        [
            row.name,
            row.mail,
            "administrator" if row.is_admin else "contractor" if row.is_contractor else "staff",
            "closed" if row.is_closed else "open" if row.password else "invited",
        ]
        for row in rows
    ]
