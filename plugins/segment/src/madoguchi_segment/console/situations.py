# nosay: what is said here, staff read
"""What there is to know of a delivery on one page: who gets it, what is wrong, who may do what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from madoguchi import JST, Criteria, deliveries
from madoguchi.drill import count_friends
from madoguchi.languages import NAMES
from madoguchi_messages import render, render_quick_replies
from madoguchi_segment import audiences
from madoguchi_segment.console.visiting import Colleague, name_of
from madoguchi_segment.deliveries import (
    approving,
    figures,
    lint,
    questions,
    reminders,
    runs,
    schedules,
    states,
    trying,
    wording,
)
from madoguchi_segment.deliveries.approving import APPROVE
from madoguchi_segment.deliveries.drafts import EMERGENCY, WRITE
from madoguchi_segment.deliveries.routes import Step, route_of
from madoguchi_segment.deliveries.runs import Run
from madoguchi_segment.deliveries.states import Delivery, Refused, State

READERS = {**NAMES, wording.FALLBACK: "そのほかのことば"}


@dataclass(frozen=True, slots=True)
class Reach:
    """Who gets it now."""

    says: str
    """In a sentence."""
    count: int | None
    """None: nobody can say, or nobody was chosen."""
    explanation: audiences.Explanation | None = None
    friends: audiences.Friends | None = None
    """Beside 全員: what LINE counts."""
    bands: Sequence[tuple[str, Sequence[audiences.Band]]] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """The preview in one language."""

    language: str
    label: str
    html: str
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything of one delivery, for one person."""

    one: Delivery
    section: str
    when: str
    next_time: datetime | None
    reach: Reach
    phones: Sequence[Phone]
    missing: Sequence[str]
    findings: Sequence[lint.Finding]
    questions: Sequence[questions.Question]
    steps: Sequence[Step]
    history: Sequence[approving.Approval]
    runs: Sequence[Run]
    figures: figures.Figures | None
    test_phones: Sequence[trying.Phone]
    can: frozenset[str]
    """What this person may do now."""
    why_not: str
    """Why they may not approve, if it waits for approval."""
    needs_typing: bool
    corrects: Delivery | None
    corrections: Sequence[Delivery]
    stopped: str
    """Why LINE stopped it."""

    @property
    def is_at_once(self) -> bool:
        """Whether it goes out as soon as it is approved."""
        timing = self.one.timing or {}
        return timing.get("every") == "once" and not timing.get("day")

    @property
    def stops(self) -> bool:
        """Whether something has to be mended before it can be asked for."""
        return bool(self.missing) or any(one.stops for one in self.findings)


STOPPED = {
    "staff": "職員が一時停止しました。",
    "unauthorized": "LINEに接続できませんでした。アクセスのための鍵を確かめてください。",
    "quota": "今月LINEで送れる数を使い切りました。LINEのプランを確かめてください。",
    "refused": "LINEが内容を受け取りませんでした。",
    "bad recipients": "LINEが知らない相手が多すぎるため、止めました。",
}


def gather(
    db: Session,
    one: Delivery,
    who: Colleague,
    criteria: Criteria,
    office: lint.Office,
    is_closed: schedules.Closed,
    now: datetime,
    show: "Shown",
) -> Situation:
    """Read everything."""
    reach = reach_of(db, one, criteria, now)
    steps = route_of(db, one.section)
    timing = schedules.parse(one.timing) if one.timing else None
    asked = (
        questions.before_sending(one, now, reach.count or 0, is_closed)
        if one.state in (State.REVIEW, State.APPROVED, State.DRAFT) and one.timing
        else []
    )
    can, why_not = _allowed(db, one, who, steps, now)
    is_last = one.step + 1 >= len(steps)
    theirs = runs.runs_of(db, one.id)
    return Situation(
        one=one,
        section=name_of(db, one.section),
        when=describe_when(one, timing, criteria),
        next_time=one.planned
        or (schedules.following(timing, now, is_closed) if timing is not None else None),
        reach=reach,
        phones=phones_of(one, show),
        missing=lint.missing(one) + _timing_problems(one, timing, now),
        findings=lint.find(one, now, office),
        questions=asked,
        steps=steps,
        history=approving.history(db, one.id),
        runs=theirs,
        figures=figures.figures(db, one.id) if any(run.keys for run in theirs) else None,
        test_phones=trying.phones(db, one.section),
        can=can,
        why_not=why_not,
        needs_typing=is_last and (reach.count or 0) >= approving.TYPED_FROM,
        corrects=states.find(db, one.corrects) if one.corrects else None,
        corrections=[
            each
            for each in states.find_all(db, sections=[one.section], most=1000)
            if each.corrects == one.id
        ],
        stopped=_stopped(db, theirs) if one.state is State.PAUSED else "",
    )


def _timing_problems(one: Delivery, timing: schedules.Timing | None, now: datetime) -> list[str]:
    if timing is None or one.state not in (State.DRAFT, State.REVIEW, State.APPROVED):
        return []
    found = schedules.problems(
        timing, now, is_emergency=one.emergency, is_chosen=one.chosen_time, is_start=False
    )
    if one.kind == "rule":
        found += approving.rule_problems(one, now)
    return found


def _stopped(db: Session, theirs: Sequence[Run]) -> str:
    for run in theirs:
        for key in run.keys.values():
            ledger = deliveries.look(db, key)
            if ledger is not None and ledger.state == "paused":
                return STOPPED.get(ledger.reason or "", "止まっています。")
    return ""


# Who gets it.


def reach_of(
    db: Session, one: Delivery, criteria: Criteria, now: datetime, *, with_bands: bool = False
) -> Reach:
    """Who gets it now."""
    if one.channel == "drill":
        return Reach("訓練用のアカウントの友だち全員", count_friends(db))
    if one.corrects is not None:
        return _reach_of_correction(db, one.corrects)
    reach = look_at(db, one.condition, criteria, now, with_bands=with_bands)
    timing = one.timing or {}
    if timing.get("remind") and not reach.fault:
        remind = schedules.Remind(**timing["remind"])
        following = schedules.following(schedules.parse(timing), now)
        day = (following or now).astimezone(JST).date()
        due = len({each.resident_id for each in reminders.find_due(db, one.id, 0, remind, day)})
        says = f"{describe_reminder(remind, criteria)}に当たる人"
        if one.condition not in (None, {"everyone": True}):
            says += f"のうち、{reach.says}"
        return Reach(f"{says}（次の回の人数）", due)
    return reach


def look_at(
    db: Session,
    tree: Mapping[str, Any] | None,
    criteria: Criteria,
    now: datetime,
    *,
    with_bands: bool = False,
) -> Reach:
    """Who meets a condition now."""
    if tree is None:
        return Reach("", None)
    try:
        condition = audiences.read_condition(tree, criteria)
        says = audiences.describe(condition, criteria)
        explanation = audiences.explain(db, condition, criteria, now)
    except audiences.ConditionError:
        return Reach(
            "", None, fault="送る相手の条件に、もう使えないものがあります。えらび直してください。"
        )
    except audiences.AudienceUnavailable:
        return Reach(
            "", None, fault="いまは人数を数えられません。少しあとで、もう一度開いてください。"
        )
    bands = []
    for key, asked in list(criteria.fields.items()) if with_bands else ():
        if asked.kind in ("choice", "choices") and len(bands) < 3:
            bands.append((asked.label, audiences.bands(db, condition, criteria, now, key)))
    everybody = isinstance(condition, audiences.Everyone)
    friends = audiences.count_friends(db) if everybody else None
    return Reach(says, explanation.chosen, explanation, friends, bands)


def _reach_of_correction(db: Session, first: int) -> Reach:
    people: set[int] = set()
    broadcast = 0
    for key in runs.keys_of(db, first):
        ledger = deliveries.look(db, key)
        if ledger is not None and ledger.kind == "broadcast":
            broadcast += ledger.frozen
            continue
        for ids in deliveries.recipients(db, key):
            people.update(ids)
    return Reach("まちがった配信が送られた人、全員", len(people) + broadcast)


# The preview.


@dataclass(frozen=True, slots=True)
class Shown:
    """How addresses of our own pictures are shown in the console."""

    images: str
    """What the addresses of our pictures begin with, for LINE."""
    here: str
    """The same, for a browser that has the console open."""


def phones_of(one: Delivery, show: Shown) -> list[Phone]:
    """The whole preview in each language, and what all others see."""
    if not one.content.get("ja"):
        return []
    found = []
    for group in wording.groups(one.content):
        messages = wording.messages_for(one.content, group)
        if one.channel == "live":
            messages = wording.offer_choices(
                messages, one.id, lambda words: words, has_topic=bool(one.topic)
            )
        html = "".join(render(message) for message in messages)
        html += render_quick_replies(messages[-1])
        html = html.replace(show.images, show.here)
        is_fallback = group == wording.FALLBACK
        found.append(Phone(group, READERS.get(group, group), html, is_fallback))
    return found


# When.


def describe_when(one: Delivery, timing: schedules.Timing | None, criteria: Criteria) -> str:
    """When it goes out, in words."""
    if one.emergency:
        return "すぐに（緊急）"
    if timing is None:
        return "まだ決めていません"
    said = schedules.describe(timing)
    if timing.remind is not None:
        return f"{describe_reminder(timing.remind, criteria)}の{timing.at:%-H:%M}"
    if timing.is_at_once:
        said = "承認されたら、すぐに"
    return said + (f"（{one.spread}分かけて）" if one.spread else "")


def describe_reminder(remind: schedules.Remind, criteria: Criteria) -> str:
    """「お子さんの生年月日から18か月の、14日前」."""
    label = next(
        (
            asked.label
            for key, asked in criteria.fields.items()
            if key == remind.field or asked.question == remind.field.partition("/")[2]
        ),
        "日付",
    )
    said = f"「{label}」から{remind.months}か月" if remind.months else f"「{label}」"
    if not remind.days:
        return f"{said}の日"
    return f"{said}の{abs(remind.days)}日{'前' if remind.days < 0 else 'あと'}"


# Who may do what.


def _allowed(
    db: Session, one: Delivery, who: Colleague, steps: Sequence[Step], now: datetime
) -> tuple[frozenset[str], str]:
    may = set(who.permissions(one.section))
    can: set[str] = set()
    why_not = ""
    if WRITE in may:
        can |= {"write", "copy"}
        if one.state in states.EDITABLE:
            can |= {"edit", "drop draft", "test"}
        if one.state is State.DRAFT:
            can.add("request")
    if one.emergency and one.state is State.DRAFT and EMERGENCY in may:
        can.add("emergency")
    if one.state is State.REVIEW:
        try:
            approving.require_turn(db, one, who, steps[min(one.step, len(steps) - 1)], now)
            can.add("approve")
        except Refused as error:
            why_not = error.words
    if one.state is State.APPROVED and {WRITE, APPROVE} & may:
        can.add("schedule")
    if {WRITE, APPROVE} & may:
        if one.state is State.SENDING:
            can |= {"pause", "cancel"}
        if one.state is State.PAUSED:
            can |= {"resume", "cancel"}
        if one.state in runs.WENT_OUT and runs.is_undecided(db, one.id):
            can |= {"repeat", "leave"}
    if APPROVE in may:
        can.add("release")
    went = one.state in (State.SENDING, State.PAUSED, State.SENT, State.CANCELLED)
    if WRITE in may and went and runs.keys_of(db, one.id):
        can.add("correct")
    waits = any(each.delivery.id == one.id for each in approving.unconfirmed(db, now))
    if waits and {EMERGENCY, APPROVE} & may:
        line = next(each for each in approving.history(db, one.id) if each.what == "sent")
        if who.id in (line.staff_id, one.author_id, one.editor_id):
            why_not = "緊急の配信を、ほかの人が確かめるのを待っています。"
        else:
            can.add("confirm")
    return frozenset(can), why_not
