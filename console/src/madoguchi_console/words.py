"""答えられなかった言葉: what residents typed and nobody could answer, by week."""

import re
import unicodedata
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST
from madoguchi.tables import unanswered
from madoguchi_console import exporting

WEEKS = 5
SHOWN = 100


def plain(text: str) -> str:
    """Words as they are counted together: width, case, marks and ends left out."""
    small = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s?!。、.,]+$", "", " ".join(small.split()))


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(day.weekday())


def _find(db: Session, monday: date) -> list[tuple[str, int]]:
    since = datetime.combine(monday, time(), JST)
    rows = db.execute(
        select(unanswered.c.text).where(
            unanswered.c.at >= since, unanswered.c.at < since + timedelta(7)
        )
    )
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for (text,) in rows:
        key = plain(text)
        counts[key] += 1
        shown.setdefault(key, text)
    return [(shown[key], count) for key, count in counts.most_common()]


async def show_words(request: Request) -> Response:
    """`GET /unanswered?week=2026-04-06`; `&as=csv` is a file."""
    page, asked = request.state.page, request.query_params
    this = monday_of(page.inside.today)
    weeks = [this - timedelta(7 * n) for n in range(WEEKS)]
    try:
        week = monday_of(date.fromisoformat(asked.get("week", "")))
    except ValueError:
        week = this
    found: list[tuple[str, int]] = await page.read(_find, week)
    kind: Any = asked.get("as")
    if kind in exporting.KINDS:
        file, heads = f"unanswered-{week}", ["言葉", "回数"]
        return await exporting.answer(kind, file, "答えられなかった言葉", heads, found, page.now)
    total = sum(count for _, count in found)
    shown = {"week": week, "weeks": weeks, "found": found[:SHOWN], "total": total}
    return page.render("words.html", **shown, end=week + timedelta(6), different=len(found))
