# nosay: what is said here, staff read
"""The jobs behind deliveries."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi.followers import last_reading
from madoguchi.residents import count_friends as count_ours
from madoguchi.tables import resident
from madoguchi_segment.deliveries import figures, links, sending
from madoguchi_segment.deliveries.states import Refused

SLICE = 10_000


class Everyone:
    """All who follow, and no other condition: an unknown one is refused, never taken for all."""

    def stream(
        self, db: Session, condition: Mapping[str, Any], now: datetime
    ) -> Iterator[Sequence[int]]:
        """See `sending.Audience`."""
        if condition != {"everyone": True}:
            raise Refused("condition", "送る相手の条件を読めません。")
        last = 0
        following = select(resident.c.id).where(resident.c.follows).order_by(resident.c.id)
        while ids := list(db.scalars(following.where(resident.c.id > last).limit(SLICE))):
            yield ids
            last = ids[-1]


def count_friends(db: Session) -> sending.Friends:
    """Our own count, and LINE's as of the last reading of its list."""
    reading = last_reading(db)
    return sending.Friends(count_ours(db), reading.line_count if reading else None)


def office_of(ctx: Any) -> sending.Office:
    """What sending needs, from a job's context."""
    city = ctx.gateway
    path = f"/{city.gateway}/segment/go"
    return sending.Office(
        read=ctx.read,
        write=ctx.write,
        audience=Everyone(),
        say=ctx.say,
        friends=count_friends,
        link_base=links.base_for(city.public_url, city.site, path),
    )


async def deliver(ctx: Any) -> None:
    """Each minute: start what is due, look how far the rest is."""
    await sending.send_due(office_of(ctx), ctx.now)


async def count_blocks(ctx: Any) -> None:
    """Each hour: who blocked the account within a day of a delivery."""
    await ctx.write(figures.count_blocks, ctx.now)
