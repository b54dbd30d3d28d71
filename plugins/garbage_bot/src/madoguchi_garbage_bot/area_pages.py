"""The choice of an area on a page: search as one types, a postcode, and the list by kana."""

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_garbage_bot import areas
from madoguchi_garbage_bot.day_styles import styles_path
from madoguchi_garbage_bot.days.areas import Area, Found, fold_place
from madoguchi_garbage_bot.days.city import City
from madoguchi_liff import LiffPage

MOST = 30
ROWS = {  # nosay
    "あ": "ぁ-おゔ",
    "か": "か-ご",
    "さ": "さ-ぞ",
    "た": "た-ど",
    "な": "な-の",
    "は": "は-ぽ",
    "ま": "ま-も",
    "や": "ゃ-よ",
    "ら": "ら-ろ",
    "わ": "ゎ-ん",
}
_KANA = re.compile("[ぁ-ゖ]+")  # nosay


def build_pages() -> list[Any]:
    """One page, and what it posts."""
    return [LiffPage("/area", show), LiffPage("/area", take, ("POST",))]


async def show(request: Request) -> Response:
    """`GET /area?q=ほん`."""
    page = request.state.page
    city: City = page.plugin.state.days
    typed = request.query_params.get("q", "").strip()[:100]
    key = await page.read(areas.area_of, page.resident.id)
    criteria = page.plugin.criteria
    proposed = await page.read(areas.find_proposal, page.resident.id, city, criteria)
    found = _find(city, typed)
    return page.render(
        "area.html",
        typed=typed,
        now=city.calendars[key].area if key in city.calendars else None,
        proposed=proposed if proposed and proposed.key != key else None,
        found=[one.area for one in found.candidates],
        more=found.total - len(found.candidates),
        rows=list(group_by_kana(calendar.area for calendar in city.calendars.values())),
        address=areas.address_of,
        styles=styles_path(page),
        action=page.path("/liff/garbage_bot/area"),
    )


async def take(request: Request) -> Response:
    """`POST /area`: keep it, and show its month."""
    page, form = request.state.page, await request.form()
    area = areas.find_area(page.plugin.state.days, str(form.get("area", "")))
    if area is None:
        return await show(request)
    await page.write(_keep, page.resident.id, area.key, page.now)
    return RedirectResponse(page.path("/liff/garbage_bot/month?saved=1"), 303)


def group_by_kana(every: Iterable[Area]) -> Iterable[tuple[str, list[Area]]]:
    """The areas by the row of kana that their reading begins with; "" if no reading is known."""
    rows: dict[str, list[Area]] = {row: [] for row in (*ROWS, "")}
    for area in sorted(every, key=lambda one: (reading_of(one), one.name)):
        start = reading_of(area)[:1]
        row = next(
            (row for row, span in ROWS.items() if start and re.match(f"[{span}]", start)), ""
        )
        rows[row].append(area)
    return ((row, those) for row, those in rows.items() if those)


def reading_of(area: Area) -> str:
    """How an area's name is read, in hiragana; "" if the calendar does not say."""
    texts = [area.reading, *re.findall(r"[（(]([^）)]+)[）)]", area.name), area.name]
    return next((kana for text in texts if (kana := fold_place(text)) and _KANA.match(kana)), "")


def _find(city: City, typed: str) -> Found:
    by_postcode = city.finder.by_postcode(typed, city.postcodes, MOST)
    return by_postcode if by_postcode.total else city.finder.by_name(typed, MOST)


def _keep(db: Any, resident_id: int, key: str, at: Any) -> None:
    areas.choose(db, resident_id, key, at)
    areas.end_asking(db, resident_id)
