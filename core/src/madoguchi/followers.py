# nosay: what is said here, staff read at connection
"""Friends from before us: LINE's follower list, read page by page into `resident` (R49).

How far a reading came is a row, written with the people of each page in one unit: whoever goes on
after a crash goes on there, and whoever comes second finds its page done. The list is incomplete by
design, so nobody is taken for gone because it lacks them; and it says how things were when LINE was
asked, so what an event told of a later moment stays (R9).
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.orm import Session

from madoguchi import residents
from madoguchi.answers import Outcome
from madoguchi.clock import JST, Clock
from madoguchi.management import Friends, LineError, Management
from madoguchi.privacy import Office
from madoguchi.schedules import Daily
from madoguchi.store import UTCDateTime
from madoguchi.tables import erasure, follower_import

log = logging.getLogger("madoguchi.followers")

NIGHTLY = Daily("02:00")
"""When a new reading is due; one that is under way goes on at any time."""
DOUBT = timedelta(minutes=10)
"""How much older than the question the answer may be: LINE's clock, its caches, and ours."""
MOST_RESTARTS = 3
SHORT = 0.98
"""Fewer friends than this share of LINE's own count is said (design §8)."""
Write = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a reading of the list came."""

    id: int
    started: datetime
    onward: str | None = None
    pages: int = 0
    restarts: int = 0
    listed: int = 0
    added: int = 0
    returned: int = 0
    """Who was taken for gone, and is a friend."""
    left_out: int = 0
    """Who was erased, and has not come back by themselves since."""
    trouble: str | None = None
    ended: datetime | None = None
    line_count: int | None = None
    line_day: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading takes. `write` runs a unit; `key_of` gives the key under which erasures are."""

    write: Write
    line: Management
    clock: Clock
    key_of: Callable[[str], str]

    async def read_on(self, patience: float, most: float = math.inf) -> Reading:
        """Go on with the reading that is under way, or begin one, and read to its end.

        Stops after `most` seconds, and when LINE has refused for `patience` seconds without a page
        between. What holds it up is in `trouble`; as long as it has not `ended`, somebody has to
        call this again.
        """
        loop = asyncio.get_running_loop()
        reading = await self.write(_begin, self.clock.now())
        stop = loop.time() + most
        pause, end = 0.5, loop.time() + patience
        while reading.ended is None and loop.time() < stop:
            try:
                reading = await self._step(reading)
                pause, end = 0.5, loop.time() + patience
            except LineError as error:
                reading, may_pass = await self._stumble(reading, error)
                if not may_pass or loop.time() + pause > min(end, stop):
                    break
                await asyncio.sleep(pause)
                pause = min(2 * pause, 60)
        return reading

    async def _step(self, reading: Reading) -> Reading:
        """A page and its people; behind the last one, LINE's own count. Raises `LineError`."""
        if reading.pages and reading.onward is None:
            count, day = await self._count()
            return await self.write(_end, reading, self.clock.now(), count, day)
        asked = self.clock.now()
        page = await self.line.friends(reading.onward)
        return await self.write(_turn, reading, page, asked, self.key_of)

    async def _count(self) -> tuple[int | None, str | None]:
        """LINE's own count, and the day for which it is: it is ready a day later, or two."""
        today = self.clock.now().astimezone(JST).date()
        for days in (1, 2):
            day = today - timedelta(days=days)
            try:
                count = await self.line.count_friends(day)
            except LineError as error:
                log.warning("LINE's own count of friends: %s", error)
                break
            if count is not None:
                return count, day.isoformat()
        return None, None

    async def _stumble(self, reading: Reading, error: LineError) -> tuple[Reading, bool]:
        """Write down what LINE refused; whether it may take the same, or the first page, soon."""
        log.warning("LINE's follower list, page %d: %s", reading.pages + 1, error)
        answer = error.answer
        if answer.status == 403:
            now = self.clock.now()
            return await self.write(_end, reading, now, None, None, UNVERIFIED), False
        if answer.status == 400 and reading.onward and reading.restarts < MOST_RESTARTS:
            return await self.write(_restart, reading), True
        trouble = REFUSED if answer.outcome is Outcome.UNAUTHORIZED else HELD_UP
        may_pass = answer.outcome in (Outcome.RETRY, Outcome.SLOW_DOWN)
        return await self.write(_change, reading, trouble=trouble), may_pass


UNVERIFIED = "このアカウントは未認証です。前からの友だちは、読みこめません。"
HOW_TO_VERIFY = (
    "友だちの一覧は、認証済アカウントだけが使えます。",
    "管理画面の『設定』→『アカウント設定』で、認証を申し込みます。",
)
EXPIRED = "一覧の続きの期限が切れました。最初から読み直します。"
REFUSED = "LINEに断られました。「madoguchi connect」で、つながりを確かめてください。"
HELD_UP = "一覧が途中で切れました。続きは、1時間以内に自動で読みます。"
SHORT_LIST = "2%より少ないので、一覧が途中で終わったようです。今夜、また読みます。"


def reader_of(office: Office, write: Write, line: Management, clock: Clock) -> Reader:
    """A reader for one gateway."""
    return Reader(write, line, clock, partial(office.key_of, "erasure"))


def deeds(office: Office, line: Management, clock: Clock) -> dict[str, Callable[..., Any]]:
    """What a command asks the worker to do (`asking`)."""
    reader = reader_of(office, office.store.write, line, clock)

    async def read() -> dict[str, Any]:
        reading = await reader.read_on(patience=3, most=8)
        ours = await office.store.read(residents.count_friends)
        stuck = reading.ended is None and reading.trouble is not None
        over = stuck or reading.ended is not None
        return {"lines": describe(reading, ours), "over": over, "good": not reading.trouble}

    return {"followers.read": read}


def is_due(reading: Reading | None, now: datetime) -> bool:
    """Whether something is to be read: what is under way, or tonight's."""
    return reading is None or reading.ended is None or reading.started < NIGHTLY.latest(now)


def describe(reading: Reading, ours: int) -> list[str]:
    """A reading in words, beside how many friends we count ourselves."""
    lines = []
    if reading.listed or reading.trouble != UNVERIFIED:
        lines.append(
            f"一覧の{reading.listed:,}人を読みました。"
            f"はじめての人は{reading.added:,}人、もどった人は{reading.returned:,}人です。"
        )
    if reading.restarts:
        lines.append(f"続きの期限が切れ、{reading.restarts}回、最初から読み直しました。")
    if reading.left_out:
        lines.append(f"消去を申し出た{reading.left_out:,}人は、入れていません。")
    if reading.trouble:
        lines.append(reading.trouble)
    if reading.trouble == UNVERIFIED:
        lines += HOW_TO_VERIFY
    lines.append(f"こちらで数える友だちは、{ours:,}人です。")
    if reading.ended is not None and reading.trouble != UNVERIFIED:
        lines += _compare(reading, ours)
    return lines


def _compare(reading: Reading, ours: int) -> list[str]:
    if reading.line_count is None:
        return ["LINEの集計は、まだありません。新しいアカウントでは、数日かかります。"]
    lines = [
        f"LINEの集計では、{reading.line_count:,}人です（{reading.line_day}、ブロックを除く）。"
    ]
    if ours < SHORT * reading.line_count:
        lines.append(SHORT_LIST)
    return lines


def last_reading(db: Session) -> Reading | None:
    """The reading that began last."""
    row = db.execute(select(*_COLUMNS).order_by(follower_import.c.id.desc()).limit(1)).first()
    return Reading(*row) if row else None


def count_at_line(db: Session) -> tuple[int | None, str | None]:
    """LINE's own count of friends without blocks, and the day it is of, YYYYMMDD; the newest."""
    counted = follower_import.c.line_count.is_not(None)
    newest = select(follower_import.c.line_count, follower_import.c.line_day).where(counted)
    row = db.execute(newest.order_by(follower_import.c.id.desc()).limit(1)).first()
    return (row.line_count, row.line_day) if row else (None, None)


def forget_readings(db: Session, before: datetime) -> None:
    """Delete the rows of readings from before a time, except the last one."""
    last = select(func.max(follower_import.c.id)).scalar_subquery()
    old = follower_import.c.started < before
    db.execute(delete(follower_import).where(old, follower_import.c.id < last))


_COLUMNS = [follower_import.c[name] for name in Reading.__dataclass_fields__]


_OPEN = text(
    "INSERT INTO follower_import (started, slot) VALUES (:now, 1) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UTCDateTime))


def _begin(db: Session, now: datetime) -> Reading:
    db.execute(_OPEN, {"now": now})
    return Reading(*db.execute(select(*_COLUMNS).where(follower_import.c.slot == 1)).one())


def _turn(
    db: Session, reading: Reading, page: Friends, asked: datetime, key_of: Callable[[str], str]
) -> Reading:
    """Take in the people of a page and turn it, unless somebody else has."""
    if (now := _locked(db, reading)) != reading:
        return now
    new = set(page.user_ids) - residents.known(db, page.user_ids)
    if new and (erased := set(db.scalars(select(erasure.c.line_key)))):
        wanted = {one for one in new if key_of(one) not in erased}
    else:
        wanted = new
    at = asked - DOUBT
    residents.take_in(db, wanted, at)
    return _change(
        db,
        reading,
        onward=page.next if page.next != reading.onward else None,
        pages=reading.pages + 1,
        listed=reading.listed + len(page.user_ids),
        added=reading.added + len(wanted),
        returned=reading.returned + residents.bring_back(db, page.user_ids, at),
        left_out=reading.left_out + len(new) - len(wanted),
        trouble=None,
    )


def _restart(db: Session, reading: Reading) -> Reading:
    if (now := _locked(db, reading)) != reading:
        return now
    again = reading.restarts + 1
    return _change(db, reading, onward=None, pages=0, listed=0, restarts=again, trouble=EXPIRED)


def _end(
    db: Session,
    reading: Reading,
    now: datetime,
    count: int | None,
    day: str | None,
    trouble: str | None = None,
) -> Reading:
    return _change(
        db, reading, ended=now, slot=None, line_count=count, line_day=day, trouble=trouble
    )


def _locked(db: Session, reading: Reading) -> Reading:
    """The row as it is now; nobody else changes it before this unit ends."""
    this = select(*_COLUMNS).where(follower_import.c.id == reading.id).with_for_update()
    return Reading(*db.execute(this).one())


def _change(db: Session, reading: Reading, **values: Any) -> Reading:
    this = update(follower_import).where(follower_import.c.id == reading.id)
    return Reading(*db.execute(this.values(**values).returning(*_COLUMNS)).one())
