"""From what is due into the ledger: recipients are read in one snapshot, frozen, and let go.

`Office` has what this needs from outside: the audience, the calendar, the texts. A job calls
`send_due` each minute; after a crash at any place the next call goes on.
"""

import logging
from array import array
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi import JST, deliveries
from madoguchi.tables import resident
from madoguchi_segment.deliveries import links, reminders, runs, schedules, states, wording
from madoguchi_segment.deliveries.runs import Run
from madoguchi_segment.deliveries.schedules import Closed, weekend
from madoguchi_segment.deliveries.states import Delivery

log = logging.getLogger("madoguchi.segment.sending")

Unit = Callable[..., Awaitable[Any]]
"""`read(fn, *args)` or `write(fn, *args)`."""


class Audience(Protocol):
    """Who meets a condition."""

    def stream(
        self, db: Session, condition: Mapping[str, Any], now: datetime
    ) -> Iterator[Sequence[int]]:
        """Ids of residents who follow, ascending, each once, in slices, from one snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class Friends:
    """How many friends we count, and how many LINE does."""

    ours: int
    lines: int | None

    @property
    def are_short(self) -> bool:
        """Whether our own list lacks more than 2 %."""
        return self.lines is not None and self.ours < 0.98 * self.lines


def _say(words: str, language: str | None) -> str:
    return words


@dataclass(frozen=True, slots=True)
class Office:
    """What sending needs from outside."""

    read: Unit
    write: Unit
    audience: Audience
    is_closed: Closed = weekend
    say: Callable[[str, str | None], str] = _say
    link_base: str | None = None
    """Under which address links are counted; None: they are not."""
    friends: Callable[[Session], Friends] | None = None
    is_everyone: Callable[[Mapping[str, Any]], bool] = field(
        default=lambda condition: condition == {"everyone": True}
    )


async def send_due(office: Office, now: datetime) -> None:
    """Start what is due, and look how far the rest is."""
    await office.write(runs.plan, now, office.is_closed)
    for this in await office.read(runs.open_runs, "planned", "freezing"):
        try:
            await _begin(office, this, now)
        except deliveries.NotFrozen as error:
            log.warning("%s", error)  # another scheduler is at it
        except states.Refused as error:
            log.error("run %d is held: %s", this.id, error)
            now_ = await office.read(runs.find, this.id)
            await office.write(runs.hold, now_, "condition", None)
    await office.write(runs.follow, now)


async def _begin(office: Office, this: Run, now: datetime) -> None:
    one: Delivery = await office.read(states.get, this.delivery_id)
    if this.state == "planned":
        if reason := runs.hold_early(one, this, now):
            await office.write(runs.hold, this, reason, None)
            return
        found = await office.read(_count, office, one, this, now)
        if reason := runs.hold_for_count(one, this, found):
            await office.write(runs.hold, this, reason, found)
            return
        if not await office.write(_claim, one, this, now):
            return
        this = await office.read(runs.find, this.id)
    keys, total = await _freeze(office, one, this, now)
    await office.write(runs.go, this, keys, total, now)


def _claim(db: Session, one: Delivery, this: Run, now: datetime) -> bool:
    """Take a run, with everybody it reminds of, in one unit."""
    if not runs.change(db, this, "freezing"):
        return False
    timing = schedules.parse(one.timing or {"every": "once"})
    if timing.remind is not None:
        day = this.planned.astimezone(JST).date()
        due = reminders.find_due(db, one.id, this.id, timing.remind, day)
        reminders.note(db, one.id, this.id, timing.remind, due)
    return True


def _count(db: Session, office: Office, one: Delivery, this: Run, now: datetime) -> int:
    if one.channel == "drill":
        return 1  # its friends are counted when it is frozen
    return sum(len(ids) for ids in gather(db, office, one, this, now).values())


def gather(
    db: Session, office: Office, one: Delivery, this: Run, now: datetime
) -> dict[str, "array[int]"]:
    """Everybody who gets it, by group of language; twins' parents in a second group as well."""
    groups: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    for suffix, ids in _streams(db, office, one, this, now):
        if not ids:
            continue
        rows = db.execute(
            select(resident.c.id, resident.c.language).where(
                resident.c.id.between(ids[0], ids[-1]),
                resident.c.language.is_not(None),
                resident.c.language != "ja",
            )
        )
        spoken = {row.id: row.language for row in rows}
        if not spoken:
            groups["ja" + suffix].extend(ids)
            continue
        for who in ids:
            groups[wording.group_of(one.content, spoken.get(who)) + suffix].append(who)
    return dict(groups)


def _streams(
    db: Session, office: Office, one: Delivery, this: Run, now: datetime
) -> Iterator[tuple[str, Sequence[int]]]:
    if one.corrects is not None:
        yield from _corrected(db, one.corrects)
        return
    timing = schedules.parse(one.timing or {"every": "once"})
    if timing.remind is None:
        for ids in office.audience.stream(db, one.condition or {}, now):
            yield "", ids
        return
    if this.state == "planned":
        day = this.planned.astimezone(JST).date()
        due = reminders.find_due(db, one.id, this.id, timing.remind, day)
    else:
        due = reminders.noted(db, this.id)
    allowed = None
    if one.condition is not None:
        slices = office.audience.stream(db, one.condition, now)
        allowed = {who for ids in slices for who in ids}
    by_place: defaultdict[int, set[int]] = defaultdict(set)
    for each in due:
        if allowed is None or each.resident_id in allowed:
            by_place[each.place].add(each.resident_id)
    for place, people in sorted(by_place.items()):
        yield ("" if place == 1 else f".{place}"), sorted(people)


def _corrected(db: Session, first: int) -> Iterator[tuple[str, Sequence[int]]]:
    """Exactly those to whom it went, or may have gone, each once."""
    people: set[int] = set()
    for key in runs.keys_of(db, first):
        for ids in deliveries.recipients(db, key):
            people.update(ids)
    everybody = sorted(people)
    for at in range(0, len(everybody), 5_000):
        yield "", everybody[at : at + 5_000]


async def _freeze(
    office: Office, one: Delivery, this: Run, now: datetime
) -> tuple[dict[str, str], int]:
    """Freeze every group under its own key; the keys, and how many people there are."""
    base = f"segment/{one.id}/{this.occasion}"
    if one.channel == "drill":
        key = f"{base}/drill"
        frozen = await office.write(deliveries.freeze_drill, key, _messages(office, one, "ja"))
        return {"drill": key}, frozen.frozen
    if (friends := await _broadcast_to(office, one)) is not None:
        key = f"{base}/broadcast"
        messages = _messages(office, one, "ja")
        await office.write(deliveries.freeze_broadcast, key, messages, friends, urgent=True)
        return {"broadcast": key}, friends
    groups = await office.read(gather, office, one, this, now)
    total = sum(len(ids) for ids in groups.values())
    keys = {}
    for group, ids in groups.items():
        language = group.partition(".")[0]
        keys[group] = f"{base}/{group}"
        messages = _messages(office, one, language)
        messages = await office.write(links.count_in, one, language, messages, office.link_base)
        spread = one.spread * 60 * len(ids) / max(1, total)
        await deliveries.freeze_in_slices(
            office.write, keys[group], ids, messages, urgent=one.emergency, spread=spread
        )
    return keys, total


async def _broadcast_to(office: Office, one: Delivery) -> int | None:
    """How many get LINE's own broadcast; None: it goes out in chunks."""
    if one.corrects is not None:
        return await office.read(_broadcast_before, one.corrects)
    if not one.emergency or office.friends is None:
        return None
    if not office.is_everyone(one.condition or {}):
        return None
    friends = await office.read(office.friends)
    return friends.lines if friends.are_short else None


def _broadcast_before(db: Session, first: int) -> int | None:
    """How many got the broadcast that is corrected: by a broadcast, too."""
    for key in runs.keys_of(db, first):
        before = deliveries.look(db, key)
        if before is not None and before.kind == "broadcast":
            return before.frozen
    return None


def _messages(office: Office, one: Delivery, group: str) -> list[dict[str, Any]]:
    language = None if group in ("ja", wording.FALLBACK) else group
    messages = wording.messages_for(one.content, group)
    if one.channel == "drill":
        return messages
    return wording.offer_choices(
        messages, one.id, lambda words: office.say(words, language), has_topic=bool(one.topic)
    )
