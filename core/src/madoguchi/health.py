"""How a gateway is: what `/health/ready` says of it, and the numbers that nobody else counts."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from madoguchi import metrics
from madoguchi.config import CITY
from madoguchi.gateway import RunningGateway
from madoguchi.store import StoreUnavailable
from madoguchi.tables import attempt, outgoing

log = logging.getLogger("madoguchi.health")

WELL = "well"
PAUSE = 5.0
"""Seconds between two looks."""


async def examine(gateway: RunningGateway) -> dict[str, Any]:
    """Whether the database answers, whether the lanes are held, and how each plugin is."""
    services, lanes = gateway.services, gateway.lanes
    database = WELL
    try:
        async with asyncio.timeout(2):
            await services.store.fetch("SELECT 1")
    except (StoreUnavailable, TimeoutError) as error:
        database = str(error) or "does not answer"
    held = f"{len(lanes.epochs)} held"
    report = {
        "database": database,
        "lanes": WELL if lanes.are_valid else f"the leases have run out, {held}",
        "plugins": {
            plugin.name: plugin.trouble or plugin.stale or plugin.last_error or WELL
            for plugin in services.plugins.all.values()
        },
    }
    return report | ({CITY: services.live.stale} if services.live.stale else {})


def is_well(report: Mapping[str, Any]) -> bool:
    """Whether that gateway does its work; a quarantined plugin harms itself alone."""
    return report["database"] == report["lanes"] == WELL


async def keep_numbers(gateway: RunningGateway) -> None:
    """Say for ever what waits to be sent and how the plugins are."""
    name, services = gateway.name, gateway.services
    while True:
        for plugin in services.plugins.all.values():
            metrics.QUARANTINED.set(name, plugin.name, to=plugin.trouble is not None)
            metrics.CIRCUITS.set(name, plugin.name, to=plugin.circuit.is_open)
            metrics.FAILURES.add(name, plugin.name, n=0)
        try:
            waiting, set_aside = await services.store.read(_count)
            metrics.OUTGOING.set(name, to=waiting)
            metrics.SET_ASIDE.set(name, to=set_aside)
        except StoreUnavailable as error:
            log.debug("%s: not counted: %s", name, error)
        await asyncio.sleep(PAUSE)


def _count(db: Session) -> tuple[int, int]:
    waiting = text("state = 'waiting'")  # as its index has it
    return (
        db.scalar(select(func.count()).select_from(outgoing).where(waiting)) or 0,
        db.scalar(select(func.count()).select_from(attempt).where(attempt.c.set_aside)) or 0,
    )
