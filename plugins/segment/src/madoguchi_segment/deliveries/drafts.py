# nosay: what is said here, staff read
"""Writing: a draft is made and edited; any edit of what was asked for or approved starts again."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from madoguchi.audit import audit
from madoguchi_messages import MessageError, check
from madoguchi_segment.deliveries import schedules, states
from madoguchi_segment.deliveries.states import Delivery, Officer, Refused, State
from madoguchi_segment.deliveries.tables import delivery

WRITE = "segment.write"
EMERGENCY = "segment.send_emergency"
FIELDS = {
    "kind",
    "title",
    "number",
    "content",
    "condition",
    "why",
    "topic",
    "timing",
    "emergency",
    "chosen_time",
    "spread",
    "ceiling",
    "until",
}
"""What a person may set; the channel and the section stay as they were at the start."""
MOST_SPREAD = 24 * 60


def create(
    db: Session,
    who: Officer,
    section: str,
    now: datetime,
    *,
    channel: str = "live",
    corrects: int | None = None,
    **fields: Any,
) -> Delivery:
    """A new draft. Takes `FIELDS` by name; a draft may be empty, a wrong one is refused.

    `kind` is "announcement" or "rule": what is individual (個別) goes out through `ctx.send`.
    """
    states.require(who, EMERGENCY if fields.get("emergency") else WRITE, section)
    if channel not in ("live", "drill"):
        raise ValueError(f"there is no channel {channel!r}")
    values = {"title": "", "content": {}, "kind": "announcement", **_checked(fields)}
    number = db.execute(
        insert(delivery)
        .values(
            channel=channel,
            section=section,
            state=str(State.DRAFT),
            author_id=who.id,
            author=who.name,
            editor_id=who.id,
            editor=who.name,
            corrects=corrects,
            created=now,
            changed=now,
            **values,
        )
        .returning(delivery.c.id)
    ).scalar_one()
    object = f"delivery:{number}"
    detail = {"section": section, "kind": values["kind"]}
    audit(db, states.actor_of(who), "delivery.create", object, detail)
    return states.get(db, number)


def edit(
    db: Session, who: Officer, number: int, version: int, now: datetime, /, **fields: Any
) -> Delivery:
    """Change a delivery that has not begun; what was asked for or approved is a draft again."""
    found = states.get(db, number)
    states.check_version(found, version)
    states.require(who, WRITE, found.section)
    if found.state not in states.EDITABLE:
        raise Refused(
            "state", f"「{found.label}」の配信は、書きかえられません。訂正を作ってください。"
        )
    changed = {
        name: value for name, value in _checked(fields).items() if getattr(found, name) != value
    }
    if not changed:
        return found
    if changed.get("emergency"):
        states.require(who, EMERGENCY, found.section)
    again = {"step": 0, "planned": None, "count_then": None, "version": found.version + 1}
    return states.move(
        db,
        found,
        State.DRAFT,
        states.actor_of(who),
        "edit",
        now,
        detail={"fields": sorted(changed)},
        editor_id=who.id,
        editor=who.name,
        **again,
        **changed,
    )


def copy(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """A new draft like an old delivery, without its time and number."""
    old = states.get(db, number)
    kept = {name: getattr(old, name) for name in FIELDS - {"timing", "number", "emergency"}}
    return create(db, who, old.section, now, channel=old.channel, **kept)


def cancel_draft(db: Session, who: Officer, number: int, version: int, now: datetime) -> Delivery:
    """Give up something that has not begun to go out."""
    found = states.get(db, number)
    states.check_version(found, version)
    states.require(who, WRITE, found.section)
    if found.state not in states.EDITABLE:
        raise Refused("state", "もう送りはじめています。「取消」は送信の画面から行います。")
    return states.move(db, found, State.CANCELLED, states.actor_of(who), "cancel", now)


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"a delivery has no {', '.join(sorted(unknown))}")
    if (kind := fields.get("kind", "rule")) not in ("announcement", "rule"):
        raise ValueError(f"there is no kind {kind!r}")
    content = fields.get("content")
    for language, messages in (content or {}).items():
        if messages:
            try:
                check(messages)
            except MessageError as error:
                raise Refused(
                    "content", f"LINEで送れない内容です（{language}、{error}）。"
                ) from error
    if (timing := fields.get("timing")) is not None:
        schedules.parse(timing)
    if not 0 <= (fields.get("spread") or 0) <= MOST_SPREAD:
        raise Refused("spread", "「何分かけて送るか」は、0分から24時間までです。")
    if (ceiling := fields.get("ceiling")) is not None and ceiling < 1:
        raise Refused("ceiling", "1回に送る人数の上限は、1人以上にしてください。")
    if (until := fields.get("until")) is not None:
        try:
            date.fromisoformat(until)
        except ValueError:
            raise Refused("until", "終わりの日は、2027-03-31 のように書いてください。") from None
    return dict(fields)
