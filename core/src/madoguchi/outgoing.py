"""The one way out: replies and pushes, as rows where they belong to a unit, and one sender.

A reply from memory goes out at once. What a unit sends is a row of the unit's own transaction; it
is sent right after the commit, and by `Sender.run` if the process died in between. LINE's answers
are classified in one place (`madoguchi.answers`) and acted upon here.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select, text, update
from sqlalchemy.orm import Session

from madoguchi import metrics
from madoguchi.answers import Answer, Outcome
from madoguchi.journal import Journal
from madoguchi.line import LineClient, retry_key
from madoguchi.rates import LIMITS, Bucket, LocalBucket, RatesUnavailable
from madoguchi.store import Store, StoreUnavailable
from madoguchi.tables import handled, outgoing, resident
from madoguchi_messages import check, to_bytes

log = logging.getLogger("madoguchi.outgoing")

TOKEN_LIFE = 50.0
"""Seconds after receipt that a reply token is trusted; LINE says a minute, not exactly (R20)."""
FIRST_LOOK = 15.0
"""A row that nobody settled within so many seconds belonged to a worker that died."""
GIVE_UP = 23 * 3600.0
"""Retry keys are forgotten after 24 h (R25); a person decides before that."""

_INSERT = text(
    "INSERT INTO outgoing (event_id, resident_id, kind, body, key, state, tries, reply_deadline,"
    " next_try, created) VALUES (:event_id, :resident_id, :kind, :body, :key, 'waiting', 0, :until,"
    " :next_try, :created) ON CONFLICT DO NOTHING RETURNING id"
)
_DUE = "SELECT 1 FROM outgoing WHERE state = 'waiting' AND next_try <= $1 LIMIT 1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: the reply token while it lives, else a push if that is allowed."""

    event_id: str
    line_id: str
    token: str | None
    until: float
    """When the token is no longer trusted, seconds."""
    may_push: bool = True
    """False for who has blocked the account (R28)."""
    maybe_tried: bool = False
    """The token may have been tried before a crash: then the answer is never pushed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Bytes on their way to LINE; `key` is the retry key of a push (R24), None for a reply."""

    kind: str
    body: bytes
    key: str | None
    until: float
    row: int | None = None


def address_letter(to: Address, messages: Sequence[Mapping[str, Any]], now: float) -> Letter | None:
    """Check messages (R37 to R43) and make the letter; None if there is no way to send it."""
    if not messages:
        return None
    check(messages)
    if to.token and (now < to.until or to.maybe_tried or not to.may_push):
        body = to_bytes({"replyToken": to.token, "messages": messages})
        return Letter("reply", body, None, to.until)
    if to.maybe_tried or not to.may_push:
        return None
    body = to_bytes({"to": to.line_id, "messages": messages})
    return Letter("push", body, retry_key(to.event_id, "answer"), now + GIVE_UP)


def store_letter(db: Session, letter: Letter, now: float, event_id: str, who: int | None) -> Letter:
    """Put a letter into the outgoing table, inside the caller's unit."""
    row = _insert(db, letter, now, now + FIRST_LOOK, event_id=event_id, who=who)
    return Letter(letter.kind, letter.body, letter.key, letter.until, row)


def store_pushes(
    db: Session,
    residents: Iterable[int],
    messages: Sequence[Mapping[str, Any]],
    key: str,
    now: float,
    not_before: float | None = None,
) -> int:
    """Queue a push for each resident who follows; how many. `key` makes a repetition harmless."""
    check(messages)
    wanted = list(residents)
    rows = db.execute(
        select(resident.c.id, resident.c.line_id).where(
            resident.c.id.in_(wanted), resident.c.follows
        )
    )
    queued = 0
    for who, line_id in rows.all():
        body = to_bytes({"to": line_id, "messages": messages})
        letter = Letter("push", body, retry_key(key, line_id), now + GIVE_UP)
        queued += _insert(db, letter, now, not_before or now, who=who) is not None
    return queued


def _insert(
    db: Session, letter: Letter, now: float, next_try: float, *, who: int | None, event_id: str = ""
) -> int | None:
    values = {
        "event_id": event_id or None,
        "resident_id": who,
        "kind": letter.kind,
        "body": letter.body,
        "key": letter.key,
        "until": letter.until,
        "next_try": next_try,
        "created": now,
    }
    return db.execute(_INSERT, values).scalar()


def _claim(db: Session, now: float, lanes: Sequence[int] = ()) -> list[Any]:
    """Rows that are due, taken for a quarter of a minute so that no second sender has them too.

    With `lanes`, instead, all replies to events of these lanes that wait, due or not.
    Pushes to who has blocked the account since are left out (R28), unless they were tried before.
    """
    due = outgoing.c.next_try <= now
    if lanes:
        theirs = exists().where(handled.c.event_id == outgoing.c.event_id)
        due = (outgoing.c.kind == "reply") & theirs.where(handled.c.lane.in_(lanes))
    rows = db.execute(
        select(
            outgoing.c.id,
            outgoing.c.kind,
            outgoing.c.body,
            outgoing.c.key,
            outgoing.c.tries,
            outgoing.c.first_try,
            outgoing.c.reply_deadline,
            outgoing.c.resident_id,
            resident.c.follows,
        )
        .join_from(outgoing, resident)
        .where(outgoing.c.state == "waiting", due)
        .order_by(outgoing.c.id)
        .limit(2_000 if lanes else 200)
        .with_for_update(skip_locked=True, of=outgoing)
    ).all()
    left_out = {r.id for r in rows if r.kind == "push" and not r.follows and r.first_try is None}
    if left_out:
        gone = update(outgoing).where(outgoing.c.id.in_(left_out))
        db.execute(gone.values(state="left out"))
    if rows:
        taken = update(outgoing).where(outgoing.c.id.in_([row.id for row in rows]))
        db.execute(taken.values(next_try=now + FIRST_LOOK))
    return [row for row in rows if row.id not in left_out]


class Sender:
    """Sends letters and remembers what LINE said."""

    def __init__(
        self,
        gateway: str,
        client: LineClient,
        store: Store,
        journal: Journal,
        pushes: Bucket,
        clock: Any,
    ) -> None:
        self._gateway = gateway
        self._client, self._store, self._journal = client, store, journal
        self._pushes, self._clock = pushes, clock
        limit = LIMITS["reply"]
        self._replies = LocalBucket(limit.rate, limit.burst, clock)
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def news_soon(self) -> None:
        """A unit queues something: look when it is committed. Called from any thread."""
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.05, self._news.set)

    async def send(self, letter: Letter) -> Answer:
        """Send one letter now, so that the resident's next answer does not overtake it.

        A reply is repeated within the token's life; a push for a while, then `run` goes on with it.
        """
        pause, until = 0.2, letter.until
        if letter.kind == "push":
            until = self._clock.time() + FIRST_LOOK
        answer = await self._call(letter)
        while answer.outcome in (Outcome.RETRY, Outcome.SLOW_DOWN):
            if self._clock.time() + pause > until:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)
            answer = await self._call(letter)
        if letter.row is not None:
            self._settle(letter.row, letter, answer, 0, None)
        elif answer.outcome is not Outcome.ACCEPTED:
            log.warning("a reply was not accepted: %s %s", answer.outcome, answer.message)
        return answer

    async def _call(self, letter: Letter) -> Answer:
        if letter.kind == "push":
            await self._pushes.take()
            answer = await self._client.push(letter.body, letter.key or "")
        else:
            await self._replies.take()
            answer = await self._client.reply(letter.body)
        metrics.ANSWERS.add(self._gateway, letter.kind, answer.outcome)
        return answer

    def _settle(
        self, row: int, letter: Letter, answer: Answer, tries: int, first: float | None
    ) -> None:
        now = self._clock.time()
        first = first or now
        values: dict[str, Any] = {"tries": tries + 1, "first_try": first, "error": None}
        match answer.outcome:
            case Outcome.ACCEPTED:
                values |= {"state": "accepted", "accepted_at": now}
            case Outcome.INVALID_TOKEN:
                values |= {"state": "closed", "error": answer.message}
            case Outcome.RETRY | Outcome.SLOW_DOWN | Outcome.SLOW_DOWN_USER | Outcome.UNAUTHORIZED:
                values["error"] = answer.message
                if now > letter.until or now - first > GIVE_UP:
                    values["state"] = "closed" if letter.kind == "reply" else "unknown"
                pause = 60.0 if answer.outcome is Outcome.UNAUTHORIZED else 2.0**tries
                values["next_try"] = now + min(pause, 300.0)
            case _:
                values |= {"state": "refused", "error": answer.message}
                log.error("LINE refused a %s: %s", letter.kind, answer.message)
        self._journal.answered(row, {**values, "request_id": answer.request_id})

    async def send_left(self, lanes: Sequence[int]) -> None:
        """Send the replies that the last owner of these lanes wrote and may not have sent.

        Their tokens do not wait, and the answers to what comes next must not overtake them.
        """
        await self._send_rows(await self._store.write(_claim, self._clock.time(), lanes))

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            try:
                rows = await self._take_due()
                await self._send_rows(rows)
                if rows:
                    await self._journal.flush()
                    continue
            except StoreUnavailable as error:
                log.warning("sending waits: %s", error)
            except Exception:
                log.exception("sending waits: a fault of the gateway itself")
            self._news.clear()
            try:
                async with asyncio.timeout(1):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _take_due(self) -> list[Any]:
        now = self._clock.time()
        if await self._store.fetch(_DUE, now):
            return await self._store.write(_claim, now)
        return []

    async def _send_rows(self, rows: Sequence[Any]) -> None:
        """Residents side by side, each resident's letters one after the other."""
        by_resident: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_resident[row.resident_id].append(row)
        async with asyncio.TaskGroup() as group:
            for letters in by_resident.values():
                group.create_task(self._send_in_turn(letters))

    async def _send_in_turn(self, rows: Sequence[Any]) -> None:
        for row in rows:
            letter = Letter(row.kind, bytes(row.body), row.key, row.reply_deadline)
            try:
                answer = await self._call(letter)
            except RatesUnavailable as error:
                log.warning("pushes wait: %s", error)
                return
            self._settle(row.id, letter, answer, row.tries, row.first_try)
            if answer.outcome is Outcome.RETRY:
                return  # what comes next must not overtake it
