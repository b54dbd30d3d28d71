"""What went out lately, as residents saw it: for 「この設定だと、先月は◯通届きました」."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi_segment.deliveries.tables import delivery, run
from madoguchi_segment.deliveries.wording import texts_of
from madoguchi_segment.lately import Sent

LONGEST = 40


def find_sent(db: Session, since: datetime, until: datetime) -> list[Sent]:
    """The deliveries that ended in this time, newest first; see `lately.FindSent`.

    Drills and corrections are left out, and reminders by date: they depend on a day, too.
    """
    rows = db.execute(
        select(delivery.c.title, delivery.c.content, delivery.c.condition, run.c.ended)
        .join(run, run.c.delivery_id == delivery.c.id)
        .where(
            run.c.state == "done",
            run.c.ended >= since,
            run.c.ended < until,
            delivery.c.channel == "live",
            delivery.c.corrects.is_(None),
            delivery.c.condition.is_not(None),
        )
        .order_by(run.c.ended.desc())
        .limit(200)
    ).all()
    return [Sent(headline(row.content) or row.title, row.condition, row.ended) for row in rows]


def headline(content: Mapping[str, Any]) -> str:
    """The first line that residents read."""
    for text in texts_of(content.get("ja") or []):
        for line in text.splitlines():
            if said := line.strip():
                return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
    return ""
