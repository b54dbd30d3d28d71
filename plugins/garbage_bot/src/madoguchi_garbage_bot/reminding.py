"""Reminders of collection days: who is told what now, each resident of each occasion once, ever.

Equal texts go out as one delivery. Everything is decided from what the tables and the calendar say
at that moment, so a worker that was away catches up by itself while the reminder is still of use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Literal

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from madoguchi import JST, deliveries
from madoguchi.forms.chat import liff_url
from madoguchi.tables import resident
from madoguchi_garbage_bot.day_names import name_day
from madoguchi_garbage_bot.day_tables import area, reminded, reminder, stopped
from madoguchi_garbage_bot.day_telling import Say, join_labels, label_of, tell_change
from madoguchi_garbage_bot.days.calendars import Collection, collections
from madoguchi_garbage_bot.days.city import City

When = Literal["evening", "morning"]
_HALVES = ("00", "30")
TIMES: dict[When, tuple[str, ...]] = {
    "evening": (*(f"{hour}:{half}" for hour in range(17, 21) for half in _HALVES), "21:00"),
    "morning": (*(f"0{hour}:{half}" for hour in range(5, 8) for half in _HALVES), "08:00"),
}
"""What residents choose from: the evening before, or the morning of the day itself."""
USEFUL: dict[When, tuple[str, str]] = {"evening": ("17:00", "22:00"), "morning": ("05:00", "09:00")}
"""Before the second time a late reminder still helps; after it nothing is sent."""
SLICE = 2_500
"""Residents that one unit notes and freezes."""
KEPT = timedelta(14)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A day of collection, and when it is told."""

    day: date
    when: When

    @property
    def name(self) -> str:
        """How tables name it."""
        return f"{self.day} {self.when}"


@dataclass(frozen=True, slots=True)
class Due:
    """Residents who get the same text."""

    text: str
    language: str | None
    residents: tuple[int, ...]


async def remind(job: Any) -> None:
    """The job: tell everybody whose time has come."""
    for occasion, until in occasions_at(job.now):
        for due in await job.read(find_due, job, occasion, until):
            for at in range(0, len(due.residents), SLICE):
                part = due.residents[at : at + SLICE]
                await job.write(send_some, job, occasion, due, part)
    await job.write(forget_old, job.now)


def occasions_at(now: datetime) -> Iterator[tuple[Occasion, str]]:
    """What may be told at a moment, each with the time up to which chosen times have come."""
    local = now.astimezone(JST)
    time = f"{local:%H:%M}"
    for when, (first, end) in USEFUL.items():
        if first <= time < end:
            day = local.date() + timedelta(1 if when == "evening" else 0)
            yield Occasion(day, when), time


def find_due(
    db: Session, job: Any, occasion: Occasion, until: str, *, untold: bool = True
) -> list[Due]:
    """Who is to be told, by text. Nobody if staff have stopped the day.

    With `untold` those who were told before are left out.
    """
    if is_stopped(db, occasion.day):
        return []
    city: City = job.plugin.state.days
    happening: dict[str, list[Collection]] = {}
    for key, calendar in city.calendars.items():
        ones = collections(calendar, city.exceptions, occasion.day, occasion.day)
        if ones:
            happening[key] = ones
    time = reminder.c[occasion.when]
    rows = (
        select(reminder.c.resident_id, area.c.area, reminder.c.categories, resident.c.language)
        .join(area, area.c.resident_id == reminder.c.resident_id)
        .join(resident, resident.c.id == reminder.c.resident_id)
        .where(resident.c.follows, time <= until, area.c.area.in_(list(happening)))
        .order_by(reminder.c.resident_id)
    )
    if untold:
        told = select(reminded.c.resident_id).where(
            reminded.c.occasion == occasion.name, reminded.c.resident_id == reminder.c.resident_id
        )
        rows = rows.where(~told.exists())
    found: dict[tuple[str, str | None], list[int]] = {}
    texts: dict[Any, str] = {}
    for who, key, wanted, language in db.execute(rows):
        like = key, tuple(wanted) if wanted is not None else None, language
        if like not in texts:
            mine = [one for one in happening[key] if wanted is None or one.category in wanted]
            say = partial(_say, job, language)
            texts[like] = write_text(occasion, mine, city, say) if mine else ""
        if texts[like]:
            found.setdefault((texts[like], language), []).append(who)
    return [Due(text, language, tuple(whose)) for (text, language), whose in found.items()]


def write_text(occasion: Occasion, ones: Sequence[Collection], city: City, say: Say) -> str:
    """What is said of a day; the area is left out, so that equal days have equal texts."""
    names = join_labels([one.category for one in ones], city, say)
    day = name_day(occasion.day)
    if occasion.when == "evening":
        lines = [say("明日、{day}は「{names}」の日です。", day=day, names=names)]
    else:
        lines = [say("今日、{day}は「{names}」の日です。", day=day, names=names)]
    for one in ones:
        if change := tell_change(one, say):
            name = say(label_of(city, one.category))
            lines.append(say("「{name}」は、{change}。", name=name, change=change))
    return "\n".join(lines)


def build_message(city: Any, text: str, say: Say) -> dict[str, Any]:
    """The text, with the way to other times or none."""
    url = liff_url(city, "garbage_bot/reminders")
    message: dict[str, Any] = {"type": "text", "text": text}
    if url:
        action = {"type": "uri", "label": say("通知を変える・止める")[:20], "uri": url}
        message["quickReply"] = {"items": [{"type": "action", "action": action}]}
    return message


def send_some(
    db: Session, job: Any, occasion: Occasion, due: Due, residents: Sequence[int]
) -> None:
    """Note and freeze some residents in one unit; who was told by another run is left out."""
    before = set(
        db.scalars(
            select(reminded.c.resident_id).where(
                reminded.c.occasion == occasion.name,
                reminded.c.resident_id.between(min(residents), max(residents)),
            )
        )
    )
    fresh = [who for who in residents if who not in before]
    if not fresh or is_stopped(db, occasion.day):
        return
    rows = [{"resident_id": who, "occasion": occasion.name, "at": job.now} for who in fresh]
    db.execute(insert(reminded), rows)
    message = build_message(job.gateway, due.text, partial(_say, job, due.language))
    key = f"garbage_bot/{occasion.day}/{occasion.when}/{fresh[0]}"
    deliveries.freeze(db, key, fresh, [message])
    deliveries.start(db, key)


def is_stopped(db: Session, day: date) -> bool:
    """Whether staff have stopped the reminders of a day."""
    return db.scalar(select(stopped.c.day).where(stopped.c.day == str(day))) is not None


def forget_old(db: Session, now: datetime) -> None:
    """Take out the notes of days that are long over."""
    before = str((now - KEPT).astimezone(JST).date())
    db.execute(delete(reminded).where(reminded.c.occasion < before))


def _say(job: Any, language: str | None, words: Any, **values: object) -> str:
    return str(job.say(words, language, **values))
