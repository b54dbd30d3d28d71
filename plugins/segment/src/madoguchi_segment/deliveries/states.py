# nosay: what is said here, staff read
"""The states of a delivery, and the one way from one to another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi_segment.deliveries.tables import delivery


class State(StrEnum):
    """Where a delivery is. `LABELS` has the words for people."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    CORRECTED = "corrected"


LABELS: Mapping[State, str] = {
    State.DRAFT: "下書き",
    State.REVIEW: "確認依頼",
    State.APPROVED: "承認",
    State.SCHEDULED: "予約",
    State.SENDING: "送信中",
    State.PAUSED: "一時停止",
    State.SENT: "送信済み",
    State.CANCELLED: "取消",
    State.CORRECTED: "訂正",
}
KINDS = {"announcement": "配信", "rule": "自動", "personal": "個別"}
"""What is personal goes out through `ctx.send` of the plugin that answers: no draft is here."""

NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.REVIEW, State.SCHEDULED, State.CANCELLED}),
    State.REVIEW: frozenset({State.DRAFT, State.APPROVED, State.CANCELLED}),
    State.APPROVED: frozenset({State.DRAFT, State.SCHEDULED, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.DRAFT, State.SENDING, State.SENT, State.CANCELLED}),
    State.SENDING: frozenset({State.PAUSED, State.SENT, State.CANCELLED, State.SCHEDULED}),
    State.PAUSED: frozenset({State.SENDING, State.CANCELLED}),
    State.SENT: frozenset({State.CORRECTED}),
    State.CANCELLED: frozenset(),
    State.CORRECTED: frozenset(),
}
"""What may follow. From a draft straight to the reservation only an emergency goes, or what is
individual; a rule goes from sending back to its reservation until its last day.
"""
EDITABLE = frozenset({State.DRAFT, State.REVIEW, State.APPROVED, State.SCHEDULED})


class Refused(Exception):
    """It is not allowed. The text says why, and what to do; `code` names it for programs."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Officer(Protocol):
    """Who does it: the console's staff member is one."""

    @property
    def id(self) -> str:
        """A reference."""
        ...

    @property
    def name(self) -> str:
        """What colleagues read."""
        ...

    def permissions(self, section: str) -> Collection[str]:
        """What they may do in a section."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands."""

    id: int
    kind: str
    section: str
    title: str
    state: State
    version: int
    step: int
    author_id: str
    author: str
    editor_id: str
    editor: str
    number: str | None
    content: Mapping[str, list[dict[str, Any]]]
    condition: Mapping[str, Any] | None
    why: str
    topic: str | None
    timing: Mapping[str, Any] | None
    channel: str
    emergency: bool
    chosen_time: bool
    spread: int
    ceiling: int | None
    until: str | None
    count_then: int | None
    corrects: int | None
    created: datetime
    changed: datetime
    planned: datetime | None

    @property
    def label(self) -> str:
        """Its state in words."""
        return LABELS[self.state]


_COLUMNS = [delivery.c[name] for name in Delivery.__dataclass_fields__]


def _made(row: Any) -> Delivery:
    values: dict[str, Any] = dict(row._mapping)
    values["state"] = State(row.state)
    return Delivery(**values)


def find(db: Session, number: int) -> Delivery | None:
    """The delivery with this id."""
    row = db.execute(select(*_COLUMNS).where(delivery.c.id == number)).first()
    return _made(row) if row else None


def get(db: Session, number: int) -> Delivery:
    """The same; `Refused` if there is none."""
    found = find(db, number)
    if found is None:
        raise Refused("absent", "この配信は、ありません。")
    return found


def find_all(
    db: Session,
    *,
    sections: Collection[str] | None = None,
    states: Collection[State] | None = None,
    most: int = 200,
) -> list[Delivery]:
    """Deliveries, those that changed last first."""
    query = select(*_COLUMNS).order_by(delivery.c.changed.desc(), delivery.c.id.desc()).limit(most)
    if sections is not None:
        query = query.where(delivery.c.section.in_(list(sections)))
    if states is not None:
        query = query.where(delivery.c.state.in_([str(state) for state in states]))
    return [_made(row) for row in db.execute(query)]


def actor_of(who: Officer) -> Actor:
    """Who it was, for the audit log."""
    return Actor("staff", who.id, who.name)


def require(who: Officer, permission: str, section: str) -> None:
    """Refuse who may not do this in the section."""
    if permission not in who.permissions(section):
        raise Refused(
            "forbidden", "この課・係では、その操作はできません。管理者に相談してください。"
        )


def move(
    db: Session,
    was: Delivery,
    to: State,
    actor: Actor,
    action: str,
    now: datetime,
    *,
    detail: Mapping[str, Any] | None = None,
    **values: Any,
) -> Delivery:
    """Bring a delivery from the state it was seen in to the next, with its line in the audit log.

    `Refused` if that is no way, or if somebody else was quicker (compare-and-set on the version).
    """
    if to is not was.state and to not in NEXT[was.state]:
        raise Refused(
            "state",
            f"「{was.label}」の配信は、「{LABELS[to]}」にできません。画面を開き直してください。",
        )
    change = (
        update(delivery)
        .where(
            delivery.c.id == was.id,
            delivery.c.version == was.version,
            delivery.c.state == str(was.state),
            delivery.c.step == was.step,
        )
        .values(state=str(to), changed=now, **values)
    )
    if db.execute(change).rowcount != 1:  # type: ignore[attr-defined]
        raise stale()
    audit(
        db,
        actor,
        f"delivery.{action}",
        f"delivery:{was.id}",
        {"from": str(was.state), "to": str(to), "version": was.version, **(detail or {})},
    )
    return get(db, was.id)


def stale() -> Refused:
    """Somebody else was quicker."""
    return Refused(
        "stale", "ほかの人が先に変更しました。画面を開き直して、もう一度確かめてください。"
    )


def check_version(found: Delivery, version: int) -> None:
    """Refuse what was decided about another version."""
    if found.version != version:
        raise stale()
