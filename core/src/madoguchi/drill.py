"""Drills (訓練) go out through another LINE account, with friends of its own.

`[line.drill]` has that account's credentials. Its webhook, `/{gateway}/drill/webhook`, is answered
by the worker: only who follows and who does not is kept, and nothing else that it says. A drill
cannot reach the live account: its client is made here, from `DrillTable` alone; its recipients come
from `drill_friend` alone; and a courier takes no delivery of another channel than its own.
"""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from madoguchi.city_file import DrillTable
from madoguchi.clock import Clock
from madoguchi.couriers import Courier, DrillChannel, shared_rates
from madoguchi.ledger_tables import drill_friend
from madoguchi.line import Credentials, LineClient, Platform
from madoguchi.store import Store, StoreUnavailable, UTCDateTime

if TYPE_CHECKING:
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.drill")

PATH = "/drill/webhook"
MAX_BODY = 1_000_000
_NOTE = text(
    "INSERT INTO drill_friend (line_id, follows, state_at, at)"
    " VALUES (:line_id, :follows, :stamp, :at)"
    " ON CONFLICT (line_id) DO UPDATE SET follows = excluded.follows,"
    " state_at = excluded.state_at, at = excluded.at"
    " WHERE drill_friend.state_at <= excluded.state_at"
).bindparams(bindparam("at", type_=UTCDateTime))


def client_for(table: DrillTable, clock: Clock) -> LineClient:
    """A client of the account for drills; nothing of the live account goes into it."""
    credentials = Credentials(table.access_token, table.channel_id, table.channel_secret)
    return LineClient(Platform.at(table.platform), credentials, clock)


def drill_courier(
    gateway: str, client: LineClient, store: Store, redis: Redis, clock: Clock
) -> Courier:
    """The courier of the account for drills, at a pace of its own."""
    rates = shared_rates(redis, f"{gateway}:drill")
    return Courier(gateway, DrillChannel(client), store, rates, clock)


async def carry(
    gateway: str, table: DrillTable | None, store: Store, redis: Redis, clock: Clock
) -> None:
    """Send drills, for ever; nothing where the city has no account for them."""
    if table is None:
        return
    async with client_for(table, clock) as client:
        await drill_courier(gateway, client, store, redis, clock).run()


def routes(services: "Services") -> list[Route]:
    """The webhook of the account for drills, if there is one."""
    table = services.settings.line.drill
    if table is None:
        return []
    key = table.channel_secret.encode()

    async def take(request: Request) -> Response:
        if int(request.headers.get("content-length") or 0) > MAX_BODY:
            return Response(status_code=413)
        body = await request.body()
        digest = base64.b64encode(hmac.digest(key, body, hashlib.sha256))
        given = request.headers.get("x-line-signature", "").encode("latin-1", "replace")
        if not hmac.compare_digest(digest, given):
            return Response(status_code=401)
        changes = _changes(body)
        if changes:
            try:
                await services.store.write(note_friends, changes, services.clock.now())
            except StoreUnavailable as error:
                log.error("%s: a friend of the drill's: %s", services.city.gateway, error)
                return Response(status_code=503)
        return Response(status_code=200)

    return [Route(PATH, take, methods=["POST"])]


def _changes(body: bytes) -> list[tuple[str, bool, int]]:
    """Who follows or has stopped, with LINE's time in milliseconds; all else is passed over."""
    try:
        events: Any = json.loads(body).get("events", [])
    except (ValueError, AttributeError, RecursionError):
        return []
    found = []
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, dict) or event.get("type") not in ("follow", "unfollow"):
            continue
        source, stamp = event.get("source"), event.get("timestamp")
        who = source.get("userId") if isinstance(source, dict) else None
        if isinstance(who, str) and isinstance(stamp, int):
            found.append((who, event["type"] == "follow", stamp))
    return found


def note_friends(db: Session, changes: Sequence[tuple[str, bool, int]], now: datetime) -> None:
    """Write down who is a friend of the account for drills; older news changes nothing (R9)."""
    rows = [
        {"line_id": who, "follows": follows, "stamp": stamp, "at": now}
        for who, follows, stamp in changes
    ]
    db.execute(_NOTE, rows)


def count_friends(db: Session) -> int:
    """How many people a drill reaches."""
    return db.execute(select(func.count()).where(drill_friend.c.follows)).scalar_one()
