"""When somebody is reminded of collection days, and of which: one page."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_garbage_bot import areas
from madoguchi_garbage_bot.day_styles import styles_path
from madoguchi_garbage_bot.day_tables import reminder
from madoguchi_garbage_bot.day_telling import label_of
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.reminding import TIMES
from madoguchi_liff import LiffPage

FIRST = {"evening": "19:00", "morning": ""}
"""What is chosen for whoever has chosen nothing: it comes only once they have saved it."""


def build_pages() -> list[Any]:
    """One page, and what it posts."""
    return [LiffPage("/reminders", show), LiffPage("/reminders", take, ("POST",))]


async def show(request: Request) -> Response:
    """`GET /reminders`."""
    page = request.state.page
    city: City = page.plugin.state.days
    key, row = await page.read(_look, page.resident.id)
    calendar = city.calendars.get(key) if key else None
    collected = [one.category for one in calendar.schedules] if calendar else []
    every = collected or list(city.categories)
    return page.render(
        "reminders.html",
        area=calendar.area if calendar else None,
        area_path=page.path("/liff/garbage_bot/area"),
        month_path=page.path("/liff/garbage_bot/month"),
        styles=styles_path(page),
        action=page.path("/liff/garbage_bot/reminders"),
        saved="saved" in request.query_params,
        is_on=bool(row and (row.evening or row.morning)),
        chosen={"evening": row.evening, "morning": row.morning} if row else FIRST,
        times=TIMES,
        kinds=[(name, label_of(city, name), _is_wanted(row, name)) for name in every],
    )


async def take(request: Request) -> Response:
    """`POST /reminders`: all of it at once; unknown values count as none."""
    page, form = request.state.page, await request.form()
    chosen = {when: str(form.get(when, "")) for when in TIMES}
    shown = [str(one) for one in form.getlist("shown")]
    wanted = [str(one) for one in form.getlist("kind") if one in shown]
    values: dict[str, Any] = {
        "evening": chosen["evening"] if chosen["evening"] in TIMES["evening"] else None,
        "morning": chosen["morning"] if chosen["morning"] in TIMES["morning"] else None,
        "categories": None if len(wanted) == len(shown) else wanted,
    }
    await page.write(areas.put, reminder, page.resident.id, **values, at=page.now)
    return RedirectResponse(page.path("/liff/garbage_bot/reminders?saved=1"), 303)


def _look(db: Session, resident_id: int) -> tuple[str | None, Any]:
    theirs = select(reminder).where(reminder.c.resident_id == resident_id)
    return areas.area_of(db, resident_id), db.execute(theirs).first()


def _is_wanted(row: Any, name: str) -> bool:
    return row is None or row.categories is None or name in row.categories
