# nosay: what is said here, staff read
"""配信の一覧, and what waits for a person."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST
from madoguchi_console import Column, Filter, ListView, QueueItem, Staff, show_list
from madoguchi_segment.console.visiting import (
    EXPORT,
    TOPIC,
    Colleague,
    names_of,
    visible,
    visit,
)
from madoguchi_segment.deliveries import approving, runs, states
from madoguchi_segment.deliveries.states import KINDS, LABELS, State
from madoguchi_segment.deliveries.tables import delivery


async def show(request: Request) -> Response:
    """`GET /deliveries`."""
    here = visit(request)
    sections = await here.page.read(visible, here.staff)
    names = await here.page.read(names_of)
    mine = {key: name for key, name in names.items() if key in sections}
    actions = []
    if here.staff.may("segment.write"):
        actions.append(("新しく書く", "/deliveries/new"))
        if here.page.inside.has_drill:
            actions.append(("訓練を書く", "/deliveries/new?drill=1"))
    view = _view(mine, actions)
    return await show_list(request, view)


def _view(names: dict[str, str], actions: Sequence[tuple[str, str]]) -> ListView:
    columns = delivery.c
    return ListView(
        "配信",
        select(delivery).where(columns.section.in_(list(names))),
        [
            Column(
                "題名",
                lambda row: _title(row),
                "title",
                columns.title,
                link=lambda row: f"/deliveries/{row.id}",
            ),
            Column("状態", lambda row: _state(row), "state", columns.state),
            Column("送る相手", lambda row: _who(row)),
            Column("予定・送信", lambda row: row.planned, "planned", columns.planned),
            Column("課・係", lambda row: names.get(row.section, "")),
            Column("書いた人", lambda row: row.author),
            Column("更新", lambda row: row.changed, "changed", columns.changed),
        ],
        filters=[
            Filter(
                "state",
                "状態",
                lambda value: columns.state == value,
                [(str(state), label) for state, label in LABELS.items()],
            ),
            Filter(
                "section",
                "課・係",
                lambda value: columns.section == value,
                sorted(names.items(), key=lambda one: one[1]),
            ),
            Filter(
                "kind",
                "種類",
                lambda value: _KINDS[value],
                [
                    ("announcement", "配信"),
                    ("rule", "自動"),
                    ("emergency", "緊急"),
                    ("drill", "訓練"),
                ],
            ),
            Filter("since", "この日から", lambda day: columns.changed >= _begin(day), kind="date"),
            Filter(
                "q",
                "ことば",
                lambda value: or_(
                    columns.title.contains(value, autoescape=True),
                    columns.author.contains(value, autoescape=True),
                    columns.number.contains(value, autoescape=True),
                ),
            ),
        ],
        order=[columns.changed.desc(), columns.id.desc()],
        topic=TOPIC,
        export=EXPORT,
        file="deliveries",
        empty="まだ配信がありません。「新しく書く」から始めます。",
        actions=actions,
    )


_KINDS: dict[str, Any] = {
    "announcement": delivery.c.kind == "announcement",
    "rule": delivery.c.kind == "rule",
    "emergency": delivery.c.emergency,
    "drill": delivery.c.channel == "drill",
}


def _begin(day: Any) -> datetime:
    return datetime.combine(day, time(), JST)


def _title(row: Any) -> str:
    marks = [
        "【訓練】" if row.channel == "drill" else "",
        "【緊急】" if row.emergency else "",
        f"【{KINDS['rule']}】" if row.kind == "rule" else "",
    ]
    return "".join(marks) + (row.title or "（題名なし）")


def _state(row: Any) -> str:
    return LABELS[State(row.state)]


def _who(row: Any) -> str:
    if row.channel == "drill":
        return "訓練用の友だち"
    if row.corrects is not None:
        return "訂正する配信の相手"
    if row.condition == {"everyone": True}:
        return "友だち全員"
    return row.why


# What waits.


def find_waiting(db: Session, staff: Staff, now: datetime) -> Sequence[QueueItem]:
    """For a person's first page: what they can approve, confirm, let go, or have to mend."""
    who, names = Colleague(staff), names_of(db)
    mine = visible(db, staff)
    found: list[QueueItem] = []

    def add(word: str, one: states.Delivery, since: datetime, *, is_late: bool = False) -> None:
        words = f"【{word}】{one.title}（{names.get(one.section, '')}）"
        found.append(QueueItem(words, f"/deliveries/{one.id}", since, is_late))

    for each in approving.unconfirmed(db, now):
        if each.delivery.section in mine and _may_confirm(db, who, each.delivery):
            add("緊急の確認", each.delivery, each.until - timedelta(hours=24), is_late=True)
    for one in approving.waiting_for(db, who, now):
        begins = one.planned or _planned(one)
        soon = begins is not None and begins < now + timedelta(hours=1)
        add("承認待ち", one, one.changed, is_late=soon)
    for run in runs.open_runs(db, "held"):
        one = states.get(db, run.delivery_id)
        if one.section in mine:
            add("止めて確認中", one, run.planned, is_late=True)
    stopped = states.find_all(db, sections=mine, states=[State.PAUSED])
    for one in stopped:
        add("一時停止", one, one.changed, is_late=True)
    for one in states.find_all(db, sections=mine, states=runs.WENT_OUT):
        if one.changed > now - timedelta(days=7) and runs.is_undecided(db, one.id):
            add("届いたかわからない", one, one.changed, is_late=True)
    for one in states.find_all(db, sections=mine, states=[State.APPROVED]):
        if {"segment.write", "segment.approve"} & set(who.permissions(one.section)):
            add("承認済み・まだ予約していません", one, one.changed)
    for one in states.find_all(db, sections=mine, states=[State.DRAFT]):
        if one.editor_id == who.id and _was_returned(db, one):
            add("差戻し", one, one.changed)
    return found


def _planned(one: states.Delivery) -> datetime | None:
    raw = one.timing or {}
    if raw.get("every") != "once" or not raw.get("day") or not raw.get("at"):
        return None
    day = datetime.fromisoformat(f"{raw['day']}T{raw['at']}")
    return day.replace(tzinfo=JST)


def _may_confirm(db: Session, who: Colleague, one: states.Delivery) -> bool:
    if not {"segment.send_emergency", "segment.approve"} & set(who.permissions(one.section)):
        return False
    sent = [line.staff_id for line in approving.history(db, one.id) if line.what == "sent"]
    return who.id not in (*sent, one.author_id, one.editor_id)


def _was_returned(db: Session, one: states.Delivery) -> bool:
    lines = approving.history(db, one.id)
    return bool(lines) and lines[-1].what == "returned"
