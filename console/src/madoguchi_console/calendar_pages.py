"""The city's own days: closed although others are open, open although others are closed."""

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.errors import ConfigError
from madoguchi_console.framing import show_day


@dataclass(frozen=True, slots=True)
class Square:
    """A day in a month's table."""

    number: int
    why: str
    """Why the offices are closed; "" if they are open."""
    is_own: bool


async def show_calendar(request: Request) -> Response:
    """`GET /calendar?year=2026`: April to March."""
    return await _render(request)


async def _render(request: Request, fault: str = "", typed: Any = None) -> Response:
    page = request.state.page
    today, days = page.inside.today, page.inside.office_days
    this = today.year if today.month >= 4 else today.year - 1
    asked = request.query_params.get("year", "")
    year = int(asked) if asked.isdecimal() and 2000 <= int(asked[:4]) <= 2100 else this
    months = [(year + (n > 12), n if n <= 12 else n - 12) for n in range(4, 16)]
    own = {**days.closed, **days.open}

    def square(day: date) -> Square:
        return Square(day.day, days.why_closed(day), day in own)

    shown = [
        (
            f"{at}年{month}月",
            [
                [square(day) if day.month == month else None for day in week]
                for week in calendar.Calendar(6).monthdatescalendar(at, month)
            ],
        )
        for at, month in months
    ]
    listed = [(day, why, day in days.open) for day, why in sorted(own.items()) if day >= today]
    return page.render(
        "calendar.html",
        422 if fault else 200,
        year=year,
        months=shown,
        own=listed,
        fault=fault,
        typed=typed or {},
        missing=days.missing_year(today),
        may_change=request.state.staff.may("console.calendar"),
    )


async def change_calendar(request: Request) -> Response:
    """`POST /calendar`: add a day, or take one out."""
    page, form = request.state.page, await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("day", "label", "take_out")}
    version = (await page.inside.settings())["city"]
    content = dict(version.content)
    days = [dict(one) for one in content.get("office_day", [])]
    if typed["take_out"]:
        kept = [one for one in days if one["day"] != typed["take_out"]]
        comment, done = f"{typed['take_out']}を休みの日から外した", "deleted"
    else:
        try:
            day = date.fromisoformat(typed["day"])
        except ValueError:
            return await _render(request, "日付を入力してください。", typed)
        if not typed["label"]:
            return await _render(request, "なまえを入力してください。例：開庁記念日", typed)
        entry = {"day": day.isoformat(), "label": typed["label"], "is_open": "is_open" in form}
        kept = [one for one in days if one["day"] != entry["day"]] + [entry]
        comment, done = f"{show_day(day)} {typed['label']}", "saved"
    content["office_day"] = sorted(kept, key=lambda one: one["day"])
    try:
        await page.inside.change_settings("city", content, version.number, comment, dry_run=False)
    except ConfigError as error:
        return await _render(request, "、".join(error.problems), typed)
    return RedirectResponse(page.path(f"/console/calendar?done={done}"), 303)
