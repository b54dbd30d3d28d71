# nosay: what is said here, staff read
"""How often residents tap the tiles of the rich menu: LINE counts it, links and telephone too.

Each night the last days are asked for and kept, because LINE forgets a menu that is deleted, and a
day is known only when it is over. A menu that was replaced stays at LINE, unseen, until then.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, true
from sqlalchemy.orm import Session

from madoguchi.clock import JST
from madoguchi.management import LineError
from madoguchi.menu.calls import RichMenuCalls, Taps
from madoguchi.menu.layout import arrange
from madoguchi.tables import menu_tap, rich_menu

log = logging.getLogger("madoguchi.menu")

Do = Callable[..., Awaitable[Any]]

REST = timedelta(days=3)
"""How long a menu that nobody sees any more stays at LINE: its last day is counted later."""
AGAIN = timedelta(days=6)
"""Days that are asked for once more: LINE tells nothing of a period in which few have tapped."""
KEPT = timedelta(days=3 * 366)
FEW = 20
"""Fewer taps than this are not told as a number (design §8)."""
TITLE = "メニューが押された回数（{first}から{last}まで、LINEの集計）"
NONE = "まだ、ありません。LINEの集計は、1日か2日あとに分かります。"
SMALL = "20回より少ない"
ALL_COUNTED = "リンクと電話も、数に入っています。押した人が少ない日は、LINEが数を知らせません。"


@dataclass(frozen=True, slots=True)
class Shown:
    """A menu that residents see or saw, and what its tiles say in Japanese."""

    menu_id: str
    made: datetime
    tiles: Sequence[str]


def is_resting(now: datetime) -> ColumnElement[bool]:
    """Of rows of `rich_menu`: nobody sees it, and the taps of its last day may not be counted."""
    gone = rich_menu.c.gone
    return (rich_menu.c.live != true()) & gone.is_not(None) & (gone > now - REST)


async def read_taps(read: Do, write: Do, line: RichMenuCalls, now: datetime) -> None:
    """Keep what LINE has counted until yesterday. Raises `LineError`, and then goes on next time.

    `read` and `write` run a function with the database.
    """
    for shown in await read(_find_shown):
        last = now.astimezone(JST).date() - timedelta(days=1)
        first = max(last - AGAIN, shown.made.astimezone(JST).date())
        if first > last:
            continue
        try:
            taps = await line.menu_taps(shown.menu_id, first, last)
        except LineError as error:
            if error.answer.status not in (403, 404):
                raise
            log.info("taps of a menu cannot be had: %s", error)  # 404: somebody has deleted it
            continue
        await write(_keep, shown, taps)
    await write(_forget, (now - KEPT).astimezone(JST).date())


def _find_shown(db: Session) -> list[Shown]:
    seen = or_(rich_menu.c.live == true(), rich_menu.c.gone.is_not(None))
    rows = select(rich_menu.c.menu_id, rich_menu.c.made, rich_menu.c.tiles).where(seen)
    return [Shown(row.menu_id, row.made, row.tiles or ()) for row in db.execute(rows)]


def _keep(db: Session, shown: Shown, taps: Iterable[Taps]) -> None:
    places = {(one.x, one.y): n for n, one in enumerate(_places(shown.tiles))}
    for one in taps:
        place = places.get((one.x, one.y))
        if place is None:
            continue
        key = {"menu_id": shown.menu_id, "day": one.day.isoformat(), "place": place}
        db.execute(delete(menu_tap).filter_by(**key))
        db.execute(menu_tap.insert().values(**key, tile=shown.tiles[place], taps=one.count))


def _places(tiles: Sequence[str]) -> Sequence[Any]:
    return arrange(len(tiles))[1] if tiles else ()


def _forget(db: Session, before: date) -> None:
    db.execute(delete(menu_tap).where(menu_tap.c.day < before.isoformat()))


def count_taps(db: Session, first: date, last: date) -> dict[str, int]:
    """By tile, in Japanese and in all languages together, the taps of these days."""
    total = func.sum(menu_tap.c.taps).label("total")
    days = menu_tap.c.day.between(first.isoformat(), last.isoformat())
    rows = select(menu_tap.c.tile, total).where(days).group_by(menu_tap.c.tile)
    return {row.tile: int(row.total) for row in db.execute(rows.order_by(total.desc(), "tile"))}


def describe(counts: Mapping[str, int], first: date, last: date) -> list[str]:
    """The counts in words, the most tapped tile first."""
    lines = [TITLE.format(first=first, last=last)]
    if not counts:
        return [*lines, f"  {NONE}"]
    lines += [
        f"  {tile}：{f'{taps:,}回' if taps >= FEW else SMALL}" for tile, taps in counts.items()
    ]
    return [*lines, ALL_COUNTED]
