# nosay: what is said here, staff read
"""The way to approval: preview, request, steps of the route, deputies, 差戻し, emergencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import JST
from madoguchi.audit import audit
from madoguchi_segment.deliveries import lint, schedules, states
from madoguchi_segment.deliveries.drafts import EMERGENCY, WRITE
from madoguchi_segment.deliveries.routes import Step, route_of, stands_for
from madoguchi_segment.deliveries.states import Delivery, Officer, Refused, State
from madoguchi_segment.deliveries.tables import approval, delivery, view

APPROVE = "segment.approve"
TYPED_FROM = 1_000
"""From so many recipients, the last approver types their number."""
CONFIRM_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Approval:
    """A line of the 配信伺い."""

    what: str
    """"requested", "approved", "returned", "sent" (an emergency) or "confirmed"."""
    version: int
    step: int
    staff_id: str
    staff: str
    deputy_for: str | None
    comment: str
    count_then: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An emergency that a second person has not confirmed."""

    delivery: Delivery
    until: datetime
    is_overdue: bool


# Preview.


def note_preview(db: Session, who: Officer, number: int, version: int, now: datetime) -> None:
    """Record that somebody has opened the whole preview of this version, attachments included."""
    found = states.get(db, number)
    states.check_version(found, version)
    if not has_seen(db, found, who.id):
        db.execute(
            insert(view).values(delivery_id=number, version=version, staff_id=who.id, at=now)
        )


def has_seen(db: Session, found: Delivery, staff_id: str) -> bool:
    """Whether they have opened the whole preview of the version that counts now."""
    seen = (
        (view.c.delivery_id == found.id)
        & (view.c.version == found.version)
        & (view.c.staff_id == staff_id)
    )
    return db.execute(select(view.c.at).where(seen)).first() is not None


def _require_seen(db: Session, found: Delivery, who: Officer) -> None:
    if not has_seen(db, found, who.id):
        raise Refused("unseen", "先に、プレビューを最後まで開いてください。添付も開きます。")


# From draft to approval.


def request(
    db: Session,
    who: Officer,
    number: int,
    version: int,
    now: datetime,
    *,
    comment: str = "",
    office: lint.Office | None = None,
) -> Delivery:
    """Ask for approval. What is not complete or plainly wrong is refused with all that is."""
    found = states.get(db, number)
    states.check_version(found, version)
    states.require(who, WRITE, found.section)
    require_complete(found, now, office, is_start=False)
    _require_seen(db, found, who)
    moved = states.move(
        db, found, State.REVIEW, states.actor_of(who), "request", now, detail=None, step=0
    )
    _write(db, found, who, "requested", now, comment=comment)
    return moved


def require_complete(
    found: Delivery, now: datetime, office: lint.Office | None = None, *, is_start: bool = True
) -> None:
    """Refuse what cannot be sent as it is."""
    problems = lint.missing(found)
    if found.timing is not None:
        problems += schedules.problems(
            schedules.parse(found.timing),
            now,
            is_emergency=found.emergency,
            is_chosen=found.chosen_time,
            is_start=is_start,
        )
    if found.kind == "rule":
        problems += rule_problems(found, now)
    if not problems:
        errors = [one for one in lint.find(found, now, office or lint.Office()) if one.stops]
        problems += [f"{one.words} {one.advice}" for one in errors]
    if problems:
        raise Refused("incomplete", " ".join(problems))


def rule_problems(found: Delivery, now: datetime) -> list[str]:
    """What a rule lacks: its ceiling, and an end within the fiscal year."""
    today = now.astimezone(JST).date()
    end = fiscal_year_end(today)
    problems = []
    if found.ceiling is None:
        problems.append("自動の配信には、1回に送る人数の上限を決めてください。")
    if found.until is None:
        problems.append(
            f"自動の配信には、終わりの日を決めてください。長くて{end:%Y年%-m月%-d日}です。"
        )
    elif not today <= date.fromisoformat(found.until) <= end:
        problems.append(f"終わりの日は、今日から{end:%Y年%-m月%-d日}までです。")
    return problems


def fiscal_year_end(day: date) -> date:
    """31 March of the fiscal year."""
    return date(day.year + (day.month > 3), 3, 31)


def approve(
    db: Session,
    who: Officer,
    number: int,
    version: int,
    count: int,
    now: datetime,
    *,
    typed: str | None = None,
    comment: str = "",
) -> Delivery:
    """Approve this step. `count` is how many would get it now; `typed`, the number as it was typed.

    With the last step it is approved: `schedule` is next.
    """
    found = states.get(db, number)
    states.check_version(found, version)
    if found.state is not State.REVIEW:
        raise Refused("state", f"「{found.label}」の配信は、承認できません。")
    steps = route_of(db, found.section)
    step = steps[min(found.step, len(steps) - 1)]
    place = require_turn(db, found, who, step, now)
    _require_seen(db, found, who)
    is_last = found.step + 1 >= len(steps)
    if is_last and count == 0 and found.kind == "announcement":
        raise Refused("empty", "送る相手が0人です。相手の条件を直してください。")
    if is_last and count >= TYPED_FROM and _number(typed) != count:
        raise Refused("typed", f"送る人数「{count:,}」を、数字で入力してください。")
    _write(db, found, who, "approved", now, comment=comment, deputy_for=place, count_then=count)
    to, values = (State.APPROVED, {"count_then": count}) if is_last else (State.REVIEW, {})
    detail = {"step": found.step, "count": count, "for": place}
    values["step"] = found.step + 1
    return states.move(db, found, to, states.actor_of(who), "approve", now, detail=detail, **values)


def require_turn(
    db: Session, found: Delivery, who: Officer, step: Step, now: datetime
) -> str | None:
    """Refuse who may not approve this step; in whose place they do it, if in somebody's."""
    if who.id in (found.author_id, found.editor_id):
        raise Refused("own", "書いた人は、承認できません。ほかの人に頼んでください。")
    before = select(approval.c.id).where(
        approval.c.delivery_id == found.id,
        approval.c.version == found.version,
        approval.c.what == "approved",
        approval.c.staff_id == who.id,
        approval.c.at >= _requested_at(db, found),
    )
    if db.execute(before).first() is not None:
        raise Refused("twice", "前の段を承認した人は、次の段を承認できません。")
    if not step.staff:
        states.require(who, APPROVE, found.section)
        return None
    if who.id in step.staff:
        return None
    if place := stands_for(db, found.section, step, who, now):
        return place
    raise Refused("turn", f"いまは「{step.label}」の承認待ちです。")


def _requested_at(db: Session, found: Delivery) -> datetime:
    asked = select(func.max(approval.c.at)).where(
        approval.c.delivery_id == found.id,
        approval.c.version == found.version,
        approval.c.what == "requested",
    )
    return db.scalar(asked) or found.created


def _number(typed: str | None) -> int | None:
    """A number as people type it: full-width digits, commas, 人."""
    digits = "".join(c for c in typed or "" if c.isdigit())
    rest = "".join(c for c in typed or "" if not c.isdigit()).strip(" ,，、　人")
    return int(digits) if digits and not rest else None


def send_back(
    db: Session, who: Officer, number: int, version: int, comment: str, now: datetime
) -> Delivery:
    """差戻し: a draft again, with a comment that says why."""
    found = states.get(db, number)
    states.check_version(found, version)
    if not comment.strip():
        raise Refused("comment", "差戻しの理由を書いてください。")
    if found.state is not State.REVIEW:
        raise Refused("state", f"「{found.label}」の配信は、差戻しできません。")
    steps = route_of(db, found.section)
    require_turn(db, found, who, steps[min(found.step, len(steps) - 1)], now)
    _write(db, found, who, "returned", now, comment=comment)
    return states.move(db, found, State.DRAFT, states.actor_of(who), "return", now, step=0)


def schedule(db: Session, who: Officer, number: int, version: int, now: datetime) -> Delivery:
    """Reserve what is approved: from now on it starts by itself."""
    found = states.get(db, number)
    states.check_version(found, version)
    allowed = who.permissions(found.section)
    if WRITE not in allowed and APPROVE not in allowed:
        states.require(who, WRITE, found.section)
    require_complete(found, now)
    return states.move(
        db,
        found,
        State.SCHEDULED,
        states.actor_of(who),
        "schedule",
        now,
        planned=_first_time(found, now),
    )


def _first_time(found: Delivery, now: datetime) -> datetime | None:
    when = schedules.parse(found.timing or {"every": "once"})
    return now if when.is_at_once else schedules.following(when, now)


# Emergencies.


def send_emergency(db: Session, who: Officer, number: int, version: int, now: datetime) -> Delivery:
    """One person is enough; a second confirms within 24 hours (`confirm`)."""
    found = states.get(db, number)
    states.check_version(found, version)
    states.require(who, EMERGENCY, found.section)
    if not found.emergency:
        raise Refused("state", "緊急の配信ではありません。承認を受けてください。")
    require_complete(found, now)
    _require_seen(db, found, who)
    _write(db, found, who, "sent", now)
    return states.move(
        db, found, State.SCHEDULED, states.actor_of(who), "emergency", now, planned=now
    )


def confirm(db: Session, who: Officer, number: int, now: datetime, *, comment: str = "") -> None:
    """A second person has looked at an emergency that went out."""
    found = states.get(db, number)
    sent = _line(db, found, "sent")
    if sent is None:
        raise Refused("state", "確認を待っている緊急の配信ではありません。")
    if who.id in (sent.staff_id, found.author_id, found.editor_id):
        raise Refused("own", "送った人のほかの人が、確認します。")
    allowed = who.permissions(found.section)
    if EMERGENCY not in allowed:
        states.require(who, APPROVE, found.section)
    if _line(db, found, "confirmed") is None:
        _write(db, found, who, "confirmed", now, comment=comment)
        audit(db, states.actor_of(who), "delivery.confirm", f"delivery:{number}")


def unconfirmed(db: Session, now: datetime) -> list[Unconfirmed]:
    """Emergencies that wait for a second person, the oldest first: they stay on top."""
    sent, confirmed = approval.alias(), approval.alias()
    rows = db.execute(
        select(sent.c.delivery_id, sent.c.at)
        .join(delivery, (delivery.c.id == sent.c.delivery_id) & delivery.c.emergency)
        .where(
            sent.c.what == "sent",
            ~select(confirmed.c.id)
            .where(confirmed.c.delivery_id == sent.c.delivery_id, confirmed.c.what == "confirmed")
            .exists(),
        )
        .order_by(sent.c.at)
    ).all()
    return [
        Unconfirmed(states.get(db, number), at + CONFIRM_WITHIN, now > at + CONFIRM_WITHIN)
        for number, at in rows
    ]


# The record.


def history(db: Session, number: int) -> list[Approval]:
    """Who asked, approved, sent back and confirmed: what the 配信伺い prints."""
    columns = [approval.c[name] for name in Approval.__dataclass_fields__]
    rows = db.execute(
        select(*columns).where(approval.c.delivery_id == number).order_by(approval.c.id)
    )
    return [Approval(*row) for row in rows]


def waiting_for(db: Session, who: Officer, now: datetime) -> list[Delivery]:
    """What this person could approve now."""
    found = []
    for one in states.find_all(db, states=[State.REVIEW]):
        steps = route_of(db, one.section)
        try:
            require_turn(db, one, who, steps[min(one.step, len(steps) - 1)], now)
        except Refused:
            continue
        found.append(one)
    return found


def set_number(db: Session, who: Officer, number: int, value: str, now: datetime) -> None:
    """Write down the 起案番号, which changes nothing of what residents get."""
    found = states.get(db, number)
    states.require(who, WRITE, found.section)
    db.execute(update(delivery).where(delivery.c.id == number).values(number=value, changed=now))
    audit(db, states.actor_of(who), "delivery.number", f"delivery:{number}", {"number": value})


def _line(db: Session, found: Delivery, what: str) -> Any:
    this = (approval.c.delivery_id == found.id) & (approval.c.what == what)
    return db.execute(select(approval).where(this).order_by(approval.c.id.desc())).first()


def _write(
    db: Session, found: Delivery, who: Officer, what: str, now: datetime, **values: Any
) -> None:
    row: Mapping[str, Any] = {
        "delivery_id": found.id,
        "version": found.version,
        "step": found.step,
        "what": what,
        "staff_id": who.id,
        "staff": who.name,
        "at": now,
        **values,
    }
    db.execute(insert(approval).values(**row))
