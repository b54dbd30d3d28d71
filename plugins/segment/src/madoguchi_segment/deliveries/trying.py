# nosay: what is said here, staff read
"""Test deliveries, marked 【テスト】, to office phones (公用端末): never to a private account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi.audit import audit
from madoguchi_segment.deliveries import states, wording
from madoguchi_segment.deliveries.drafts import WRITE
from madoguchi_segment.deliveries.states import Officer, Refused
from madoguchi_segment.deliveries.tables import phone


@dataclass(frozen=True, slots=True)
class Phone:
    """An office phone that is a friend of the account."""

    id: int
    section: str
    label: str
    resident_id: int


def add_phone(
    db: Session, who: Officer, section: str, label: str, resident_id: int, now: datetime
) -> Phone:
    """Register an office phone; its resident is found by the code that its own page shows."""
    states.require(who, WRITE, section)
    if not label.strip():
        raise Refused("label", "端末の名前を書いてください。例：広報課の公用スマホ")
    values = {"section": section, "label": label, "resident_id": resident_id}
    number = db.execute(
        insert(phone).values(**values, added_by=who.id, at=now).returning(phone.c.id)
    ).scalar_one()
    audit(db, states.actor_of(who), "delivery.phone", f"phone:{number}", {"section": section})
    return Phone(number, **values)


def remove_phone(db: Session, who: Officer, section: str, number: int) -> None:
    """Take an office phone off the list."""
    states.require(who, WRITE, section)
    db.execute(delete(phone).where(phone.c.id == number, phone.c.section == section))
    audit(db, states.actor_of(who), "delivery.phone.remove", f"phone:{number}")


def phones(db: Session, section: str) -> list[Phone]:
    """The office phones of a section."""
    columns = [phone.c[name] for name in Phone.__dataclass_fields__]
    return [Phone(*row) for row in db.execute(select(*columns).where(phone.c.section == section))]


def try_out(
    db: Session,
    send: Callable[..., int],
    who: Officer,
    number: int,
    version: int,
    now: datetime,
    *,
    language: str = "ja",
) -> int:
    """Send a draft to the section's phones; how many. `send` is `page.send`."""
    found = states.get(db, number)
    states.check_version(found, version)
    states.require(who, WRITE, found.section)
    known = [one.resident_id for one in phones(db, found.section)]
    if not known:
        raise Refused("phone", "公用端末の登録がありません。プレビューで確かめてください。")
    if not found.content.get("ja"):
        raise Refused("content", "本文がありません。")
    group = wording.group_of(found.content, language)
    messages: list[dict[str, Any]] = wording.mark_as_test(
        wording.messages_for(found.content, group)
    )
    key = f"test/{number}/{version}/{language}/{now:%Y%m%d%H%M%S}"
    sent = send(db, known, messages, key)
    audit(db, states.actor_of(who), "delivery.test", f"delivery:{number}", {"version": version})
    return sent
