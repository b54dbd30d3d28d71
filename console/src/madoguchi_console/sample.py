"""The sample city's staff, in the demo alone: one click on the login page, and one is them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from madoguchi_console.models import grant, member, section, staff

WRITE = ("segment.write", "segment.audience")
ALL = (*WRITE, "segment.approve", "segment.export")


@dataclass(frozen=True, slots=True)
class Person:
    """A sample person."""

    name: str
    mail: str
    what: str
    """What they are there to show."""
    section: str
    permissions: tuple[str, ...] = ()
    is_admin: bool = False
    is_contractor: bool = False


PEOPLE = (
    Person(
        "佐藤 陽子",
        "sato@mihon.example",
        "広報課・管理する人",
        "広報課",
        (*ALL, "segment.send_emergency", "console.residents"),
        is_admin=True,
    ),
    Person("鈴木 健一", "suzuki@mihon.example", "広報課の課長", "広報課", ALL, is_admin=True),
    Person("高橋 さくら", "takahashi@mihon.example", "子育て課の担当", "子育て課", WRITE),
    Person("田中 翔", "tanaka@mihon.example", "子育て課の課長", "子育て課", ALL),
    Person(
        "伊藤 美咲",
        "ito@mihon.example",
        "市民課の窓口",
        "市民課",
        ("console.residents",),
    ),
    Person(
        "渡辺 誠",
        "watanabe@itaku.example",
        "委託先の担当",
        "広報課",
        WRITE,
        is_contractor=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A sample person who is in the database."""

    id: int
    name: str
    what: str


def is_on(own: Any) -> bool:
    """Whether anybody may be a sample person: it was asked for, and LINE is a simulated one."""
    return bool(own.plugin.config.sample and own.gateway.platform)


async def find_people(own: Any) -> list[Known]:
    """The sample people, made if there is nobody at all yet; nobody where this is no demo."""
    if not is_on(own):
        return []
    if not await own.read(lambda db: db.scalar(select(func.count()).select_from(staff))):
        await own.write(_make, own.now)
    rows = await own.read(_find)
    what = {one.mail: one.what for one in PEOPLE}
    return [Known(row.id, row.name, what[row.mail]) for row in rows]


def fill_sample(db: Session, at: float, residents: int, part: int) -> bool:
    """Make them before anybody opens the login page: what the demo asks for."""
    _make(db, datetime.fromtimestamp(at, UTC))
    return False


def _find(db: Session) -> Any:
    mails = [one.mail for one in PEOPLE]
    found = select(staff).where(staff.c.mail.in_(mails), staff.c.is_closed.is_(False))
    return db.execute(found.order_by(staff.c.id)).all()


def _make(db: Session, now: Any) -> None:
    if db.scalar(select(func.count()).select_from(staff)):
        return
    numbers: dict[str, int] = {}
    for one in PEOPLE:
        if one.section not in numbers:
            made = insert(section).values(name=one.section).returning(section.c.id)
            numbers[one.section] = db.execute(made).scalar_one()
        known = {"name": one.name, "mail": one.mail, "made": now, "password": "sample"}
        kind = {"is_admin": one.is_admin, "is_contractor": one.is_contractor}
        made = insert(staff).values(**known, **kind).returning(staff.c.id)
        person, at = db.execute(made).scalar_one(), numbers[one.section]
        db.execute(insert(member).values(staff_id=person, section_id=at))
        for name in one.permissions:
            db.execute(insert(grant).values(staff_id=person, section_id=at, permission=name))
