# nosay: what is said here, staff read
"""来週の変更: what is not as usual, and which reminders will go out; staff can stop a day's."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi import JST
from madoguchi_console import ConsolePage
from madoguchi_garbage_bot.day_names import name_day
from madoguchi_garbage_bot.day_tables import stopped
from madoguchi_garbage_bot.days.changes import Change, find_changes
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.reminding import USEFUL, Due, Occasion, When, find_due, is_stopped

MAY = "garbage_bot.reminders"
WEEKS = 5
"""This one and those after it."""
WHEN: dict[When, str] = {"evening": "前の日の夜", "morning": "その日の朝"}


@dataclass(frozen=True, slots=True)
class Day:
    """What goes out about a day."""

    day: date
    is_stopped: bool
    is_over: bool
    """Its last reminder has gone out, or could have."""
    texts: tuple[tuple[str, str, int], ...]
    """When, the text, and to how many."""


def build_pages() -> list[Any]:
    """One page, and what it posts."""
    return [
        ConsolePage("/changes", show, MAY, menu="ごみの日の変更"),
        ConsolePage("/changes", take, MAY, ("POST",)),
    ]


async def show(request: Request) -> Response:
    """`GET /changes?week=1`: next week; 0 is this one."""
    page = request.state.page
    city: City = page.plugin.state.days
    week = _week(request.query_params.get("week", "1"))
    monday = _monday(page, week)
    sunday = monday + timedelta(6)
    changes = find_changes(city.calendars.values(), city.exceptions, monday, sunday)
    return page.render(
        "console/changes.html",
        week=week,
        weeks=[(n, _monday(page, n)) for n in range(WEEKS)],
        monday=monday,
        sunday=sunday,
        name=lambda day: name_day(day)["ja"],
        changes=[(one, _areas(one, city)) for one in changes],
        days=await page.read(_find_days, page, monday),
        problems=len(city.problems),
    )


async def take(request: Request) -> Response:
    """`POST /changes`: stop a day's reminders, or let them go out again."""
    page, form = request.state.page, await request.form()
    act, _, text = str(form.get("do", "")).partition(":")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return await show(request)
    await page.write(_stop if act == "stop" else _resume, page, day)
    week = _week(str(form.get("week", "1")))
    return RedirectResponse(page.path(f"/console/garbage_bot/changes?week={week}&done=saved"), 303)


def _stop(db: Session, page: Any, day: date) -> None:
    if not is_stopped(db, day):
        row = {"day": str(day), "staff": page.actor.label, "at": page.now}
        db.execute(insert(stopped).values(row))
        page.audit(db, "garbage.reminder.stop", f"day:{day}")


def _resume(db: Session, page: Any, day: date) -> None:
    if is_stopped(db, day):
        db.execute(delete(stopped).where(stopped.c.day == str(day)))
        page.audit(db, "garbage.reminder.resume", f"day:{day}")


def _find_days(db: Session, page: Any, monday: date) -> list[Day]:
    return [_look(db, page, monday + timedelta(n)) for n in range(7)]


def _look(db: Session, page: Any, day: date) -> Day:
    texts = [
        (WHEN[when], text, count)
        for when in WHEN
        for text, count in _merge(
            find_due(db, _Teller(page), Occasion(day, when), "24", untold=False)
        )
    ]
    last = datetime.fromisoformat(f"{day} {USEFUL['morning'][1]}").replace(tzinfo=JST)
    return Day(day, is_stopped(db, day), page.now >= last, tuple(texts))


def _merge(found: list[Due]) -> Iterator[tuple[str, int]]:
    """The texts in Japanese, most read first: who reads another language gets the same in it."""
    counts: Counter[str] = Counter()
    for due in found:
        counts[due.text] += len(due.residents)
    yield from counts.most_common()


@dataclass(frozen=True, slots=True)
class _Teller:
    """What a job tells, told to staff: everything in Japanese."""

    page: Any

    @property
    def plugin(self) -> Any:
        return self.page.plugin

    def say(self, words: Any, language: str | None, **values: object) -> str:
        return str(self.page.languages.say(words, "ja", **values))


def _areas(change: Change, city: City) -> str:
    if len(change.areas) == len(city.calendars):
        return "すべての地区"
    names = [area.name for area in change.areas]
    shown = "、".join(names[:10])
    return shown + (f" ほか{len(names) - 10}地区" if len(names) > 10 else "")


def _week(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) < WEEKS else 1


def _monday(page: Any, week: int) -> date:
    today = page.now.astimezone(JST).date()
    return today - timedelta(today.weekday()) + timedelta(7 * week)
