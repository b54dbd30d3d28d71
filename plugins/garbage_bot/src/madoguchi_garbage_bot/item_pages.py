"""The list as pages: search as one types, rows of kana, categories, and a page for each thing.

The same pages twice: `/liff/garbage_bot/…` for residents in LINE, who have an area, and
`/liff/garbage_bot/open/…` for everybody, which the city's web site links to.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST, OpenPage
from madoguchi.languages import Words
from madoguchi_garbage_bot import areas, catalogue, icons, looks
from madoguchi_garbage_bot.catalogue import Catalogue
from madoguchi_garbage_bot.contact import find_contact
from madoguchi_garbage_bot.day_names import name_day
from madoguchi_garbage_bot.days.answers import find_column, next_day
from madoguchi_garbage_bot.keys import find_entry, key_of
from madoguchi_garbage_bot.things import SPOKEN, Thing
from madoguchi_liff import LiffPage, PublicPage

MOST = 100
"""Things on one page."""
LONGEST = 100
"""Characters of what is looked for."""


def build_pages() -> list[Any]:
    """All of them."""
    pages: Mapping[str, Callable[..., Any]] = {
        "/list": show_list,
        "/list/row/{row}": show_row,
        "/list/kind/{kind:int}": show_kind,
        "/item/{key:path}": show_item,
    }
    mine = [LiffPage(path, endpoint) for path, endpoint in pages.items()]
    everybodys = [PublicPage(f"/open{path}", endpoint) for path, endpoint in pages.items()]
    return [*mine, *everybodys, OpenPage("/items.css", looks.show)]


async def show_list(request: Request) -> Response:
    """`GET /list?q=そう`: what is looked for; without a word, the ways into the list."""
    page = request.state.page
    state = page.plugin.state
    typed = request.query_params.get("q", "").strip()[:LONGEST]
    if not typed:
        return _render(request, things=(), typed="")
    found = state.catalogue.find(state.search, typed)
    return _render(request, things=found.things, typed=typed, sure=found.sure)


async def show_row(request: Request) -> Response:
    """`GET /list/row/ka`: what begins with か to こ."""
    book: Catalogue = request.state.page.plugin.state.catalogue
    row = request.path_params["row"]
    if row not in book.rows:
        raise HTTPException(404)
    say, name = request.state.liff.say, _row_name(row)
    title = say(name) if row in ("abc", catalogue.REST) else say("{kana}行", kana=name)
    return _render(request, things=book.in_row(row), title=title, here=f"row/{row}")


async def show_kind(request: Request) -> Response:
    """`GET /list/kind/3`: what belongs to a category."""
    book: Catalogue = request.state.page.plugin.state.catalogue
    number = request.path_params["kind"]
    if number >= len(book.kinds):
        raise HTTPException(404)
    things = book.of_kind(book.kinds[number])
    title = request.state.liff.say(things[0].kind)
    return _render(request, things=things, title=title, here=f"kind/{number}")


async def show_item(request: Request) -> Response:
    """`GET /item/12~9af3`: one thing."""
    page = request.state.page
    state = page.plugin.state
    entry = find_entry(state.search.dictionary, request.path_params["key"])
    if entry is None:
        raise HTTPException(404)
    thing = state.catalogue.see(entry)
    number = state.catalogue.kinds.index(entry.category) if entry.category else None
    return page.render(
        "item.html",
        thing=thing,
        number=number,
        contact=find_contact(page.plugin.config, page.gateway),
        spoken=SPOKEN,
        **await _find_days(page, entry.category),
        **_around(page),
    )


async def _find_days(page: Any, category: str) -> dict[str, Any]:
    """The next collection for a resident; who has told no area is shown where to choose it."""
    city = page.plugin.state.days
    if page.resident is None:
        return {"next_day": None, "area_path": None}
    key = await page.read(areas.area_of, page.resident.id)
    if key is None:
        is_collected = any(find_column(one, category) for one in city.calendars.values())
        path = page.path("/liff/garbage_bot/area") if is_collected else None
        return {"next_day": None, "area_path": path}
    found = next_day(city, key, category, page.now.astimezone(JST).date())
    day = found.day if found else None
    return {"next_day": (day, name_day(day)) if day else None, "area_path": None}


def _render(
    request: Request,
    *,
    things: tuple[Thing, ...],
    title: Any = "",
    typed: str = "",
    sure: bool = True,
    here: str = "",
) -> Response:
    page = request.state.page
    book: Catalogue = page.plugin.state.catalogue
    asked = request.query_params.get("from", "0")
    start = int(asked) if asked.isdecimal() and len(asked) < 6 else 0
    shown, end = things[start : start + MOST], start + MOST
    query = urlencode({**({"q": typed} if typed else {}), "from": end})
    return page.render(
        "list.html",
        typed=typed,
        title=title,
        here=here,
        sure=sure,
        total=len(things),
        things=shown,
        start=start,
        more=f"{_path(page, f'list/{here}' if here else 'list')}?{query}"
        if end < len(things)
        else None,
        kinds=[(number, _see_kind(book, number)) for number in range(len(book.kinds))],
        rows=[(row, _row_name(row)) for row in book.rows],
        contact=find_contact(page.plugin.config, page.gateway),
        **_around(page),
    )


def _around(page: Any) -> dict[str, Any]:
    """What both templates know."""
    book: Catalogue = page.plugin.state.catalogue
    numbers = {kind: number for number, kind in enumerate(book.kinds)}
    return {
        "path": lambda path: _path(page, path),
        "item": lambda thing: _path(page, f"item/{quote(key_of(thing.entry), safe='~')}"),
        "style": lambda thing: looks.name_of(numbers.get(thing.entry.category)),
        "icon": lambda thing: icons.draw(thing.picture),
        "styles": looks.path_of(page),
    }


def _path(page: Any, path: str) -> str:
    inside = "" if page.resident is not None else "/open"
    return page.path(f"/liff/garbage_bot{inside}/{path}")


def _see_kind(book: Catalogue, number: int) -> Thing:
    kind = book.kinds[number]
    return book.see(next(one for one in book.dictionary.entries if one.category == kind))


def _row_name(row: str) -> Words:
    return catalogue.ROWS[row][0] if row in catalogue.ROWS else "ほか"
