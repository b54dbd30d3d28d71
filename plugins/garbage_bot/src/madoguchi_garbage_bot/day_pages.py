"""Pages of collection days: an area's month, for a resident and for everybody, and its feed."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST, OpenPage
from madoguchi.languages import LANGUAGES, NAMES, html_language
from madoguchi_garbage_bot import area_pages, areas, console_reminders, icons, reminder_pages
from madoguchi_garbage_bot.day_names import name_day, name_month, name_weekday
from madoguchi_garbage_bot.day_styles import show_styles, styles_path
from madoguchi_garbage_bot.day_telling import label_of, tell_change, tell_missed
from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.calendars import collections
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.days.feed import Event, uid_of, write_feed
from madoguchi_garbage_bot.month import build_month, next_month, read_month
from madoguchi_liff import LiffPage

BEHIND, AHEAD = timedelta(31), timedelta(370)
"""What the feed holds, seen from today."""
WEEK = (6, 0, 1, 2, 3, 4, 5)


def build_pages() -> list[Any]:
    """All of them, those of residents and of staff."""
    return [
        OpenPage("/days.css", show_styles),
        OpenPage("/calendar/{area}.ics", show_feed),
        OpenPage("/calendar/{area}/{month}", show_open_month),
        LiffPage("/month", show_month),
        *area_pages.build_pages(),
        *reminder_pages.build_pages(),
        *console_reminders.build_pages(),
    ]


async def show_month(request: Request) -> Response:
    """`GET /month?m=2027-12`: the month of the resident's own area; without one, its choice."""
    page = request.state.page
    city: City = page.plugin.state.days
    key = await page.read(areas.area_of, page.resident.id)
    if key not in city.calendars:
        return await area_pages.show(request)
    today = today_of(page)
    first = read_month(request.query_params.get("m", ""), today) or today.replace(day=1)
    area = city.calendars[key].area
    say: Callable[..., Any] = request.state.liff.say
    return page.render(
        "month_mine.html",
        **month_values(page, city, area, first, say),
        link=lambda at: page.path(f"/liff/garbage_bot/month?m={at:%Y-%m}"),
        area_path=page.path("/liff/garbage_bot/area"),
        reminders_path=page.path("/liff/garbage_bot/reminders"),
        saved="saved" in request.query_params,
        near=[(day, _on(city, area, day)) for day in (today, today + timedelta(1))],
        styles=styles_path(page),
        feed=feed_address(page, area, request.state.liff.language),
        print_path=open_path(page, area, first, request.state.liff.language),
    )


async def show_open_month(request: Request) -> Response:
    """`GET /calendar/honcho/2027-12?lang=en`: for everybody, for print, without a login."""
    page = request.state.page
    city: City = page.plugin.state.days
    area = areas.find_area(city, request.path_params["area"])
    first = read_month(request.path_params["month"], today_of(page))
    if area is None or first is None:
        raise HTTPException(404)
    language = language_of(request)
    say = partial(_html, page, language)
    return page.render(
        "month_open.html",
        **month_values(page, city, area, first, say),
        say=say,
        plain=partial(_plain, page, language),
        lang=html_language(language),
        languages=[
            (one, NAMES[one], open_path(page, area, first, one), one == language)
            for one in LANGUAGES
        ],
        link=lambda at: open_path(page, area, at, language),
        styles=styles_path(page),
        feed=feed_address(page, area, language),
    )


def month_values(
    page: Any, city: City, area: Area, first: date, say: Callable[..., Any]
) -> dict[str, Any]:
    """What month.html shows."""
    calendar, today = city.calendars[area.key], today_of(page)
    month = build_month(city, calendar, first)
    before, after = next_month(first, -1), next_month(first)
    return {
        "area": area,
        "month": month,
        "today": today,
        "weekdays": [name_weekday(number) for number in WEEK],
        "month_name": name_month(first),
        "name_day": lambda day: say(name_day(day)),
        "label": lambda name: say(label_of(city, name)),
        "number": {name: n for n, name in enumerate(city.categories)},
        "icon": lambda name: icons.draw(_picture(city, name)),
        "missed": lambda one: tell_missed(one, city, say),
        "change": lambda one: tell_change(one, say),
        "legend": [one.category for one in calendar.schedules],
        "before": before if read_month(f"{before:%Y-%m}", today) else None,
        "after": after if read_month(f"{after:%Y-%m}", today) else None,
    }


async def show_feed(request: Request) -> Response:
    """`GET /calendar/honcho.ics?lang=en`: the area's collections for calendar programs."""
    page = request.state.page
    city: City = page.plugin.state.days
    area = areas.find_area(city, request.path_params["area"])
    if area is None:
        raise HTTPException(404)
    say = partial(_plain, page, language_of(request))
    today, host = today_of(page), urlsplit(page.gateway.public_url or "").hostname or "localhost"
    ones = collections(city.calendars[area.key], city.exceptions, today - BEHIND, today + AHEAD)
    events = []
    for one in ones:
        if one.day is None:
            continue
        category = city.categories.get(one.category)
        texts = [tell_change(one, say), say(category.prepare) if category else ""]
        uid = uid_of(area.key, one.category, one.planned or one.day, host)
        title = say(label_of(city, one.category))
        events.append(Event(uid, one.day, title, "\n".join(filter(None, texts))))
    name = say("{area}のごみの日", area=say(area.name))
    stamp = datetime.combine(today, time(), JST)
    headers = {"cache-control": "public, max-age=3600"}
    feed = write_feed(name, events, stamp)
    return Response(feed, media_type="text/calendar; charset=utf-8", headers=headers)


def open_path(page: Any, area: Area, first: date, language: str) -> str:
    """The address of a month for everybody."""
    path = page.path(f"/garbage_bot/calendar/{areas.address_of(area.key)}/{first:%Y-%m}")
    return f"{path}?{urlencode({'lang': language})}" if language != "ja" else path


def feed_address(page: Any, area: Area, language: str) -> str:
    """The address that a calendar program subscribes to."""
    parts = urlsplit(page.gateway.public_url or "")
    path = page.path(f"/garbage_bot/calendar/{areas.address_of(area.key)}.ics")
    asked = f"?{urlencode({'lang': language})}" if language != "ja" else ""
    return f"webcal://{parts.netloc}{path}{asked}"


def language_of(request: Request) -> str:
    """The language that an address asks for."""
    asked = request.query_params.get("lang", "ja")
    return asked if asked in LANGUAGES else "ja"


def today_of(page: Any) -> date:
    """The day in Japan."""
    return page.now.astimezone(JST).date()


def _on(city: City, area: Area, day: date) -> list[str]:
    ones = collections(city.calendars[area.key], city.exceptions, day, day)
    return [one.category for one in ones]


def _picture(city: City, name: str) -> str:
    category = city.categories.get(name)
    return category.picture if category else "none"


def _html(page: Any, language: str, words: Any, **values: Any) -> Any:
    return page.languages.html(words, language, **values)


def _plain(page: Any, language: str, words: Any, **values: Any) -> str:
    """For titles, attributes and files: no ruby, and やさしい日本語 as Japanese."""
    plain = "ja" if language == "ja-easy" else language
    return str(page.languages.say(words, plain, **values))
