# nosay: what is said here, staff read
"""The jobs behind deliveries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from madoguchi import Criteria
from madoguchi.followers import last_reading
from madoguchi.residents import count_friends as count_ours
from madoguchi.tables import resident
from madoguchi_segment.audiences import (
    AudienceUnavailable,
    ConditionError,
    read_condition,
    read_ids,
)
from madoguchi_segment.deliveries import figures, links, sending
from madoguchi_segment.deliveries.states import Refused
from madoguchi_segment.deliveries.tables import delivery, run

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


@dataclass(frozen=True, slots=True)
class Picked:
    """Who meets a condition, as `audiences` reads it."""

    criteria: Criteria

    def stream(
        self, db: Session, condition: Mapping[str, Any], now: datetime
    ) -> Iterator[Sequence[int]]:
        """See `sending.Audience`."""
        try:
            ids = read_ids(db, read_condition(condition, self.criteria), self.criteria, now)
        except (ConditionError, AudienceUnavailable) as error:
            raise Refused(
                "condition", "送る相手の条件を読めません。条件を直してください。"
            ) from error
        for at in range(0, len(ids), SLICE):
            yield ids[at : at + SLICE]


def count_friends(db: Session) -> sending.Friends:
    """Our own count, and LINE's as of the last reading of its list."""
    reading = last_reading(db)
    return sending.Friends(count_ours(db), reading.line_count if reading else None)


def office_of(ctx: Any) -> sending.Office:
    """What sending needs, from the context of a job or a page."""
    city, days = ctx.gateway, ctx.inside.office_days
    path = f"/{city.gateway}/segment/go"
    return sending.Office(
        read=ctx.read,
        write=ctx.write,
        audience=Picked(ctx.plugin.criteria),
        is_closed=lambda day: not days.is_open(day),
        say=ctx.say,
        friends=count_friends,
        link_base=links.base_for(city.public_url, city.site, path),
    )


async def deliver(ctx: Any) -> None:
    """Each minute: start what is due, look how far the rest is; tell open pages what changed."""
    before = await ctx.read(_look)
    await sending.send_due(office_of(ctx), ctx.now)
    if await ctx.read(_look) != before:
        await ctx.write(_tell, ctx.plugin)


def _look(db: Session) -> Any:
    """What there is to be seen of deliveries; another value when something changed."""
    changed = db.execute(select(func.max(delivery.c.changed), func.count(delivery.c.id))).one()
    runs = db.execute(select(run.c.state, func.count()).group_by(run.c.state)).all()
    return tuple(changed), sorted(tuple(row) for row in runs)


def _tell(db: Session, plugin: Any) -> None:
    plugin.changed(db, "deliveries")


async def count_blocks(ctx: Any) -> None:
    """Each hour: who blocked the account within a day of a delivery."""
    await ctx.write(figures.count_blocks, ctx.now)
