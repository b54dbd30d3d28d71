"""Friends who have set nothing yet are told so, at most once in the time that staff have chosen."""

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from madoguchi.forms.chat import liff_url
from madoguchi.tables import resident
from madoguchi_segment.audiences.tables import asked, index

SLICE = 100
FIRST = timedelta(days=1)
"""Nobody is told so earlier after they became known."""
DAY = 86_400


async def remind(job: Any) -> None:
    """The job: tell everybody who is due; nobody if staff have chosen no time."""
    while job.plugin.settings.remind_days is not None and await job.write(remind_some, job):
        pass


def remind_some(db: Session, job: Any) -> bool:
    """Tell some of them; False if nobody is left. Who blocked us or has settings never is.

    It counts from the job's time, not from when it came to it: a few seconds would cost a day.
    """
    now, days = job.tick, job.plugin.settings.remind_days
    due = or_(asked.c.at.is_(None), asked.c.at <= now.timestamp() - days * DAY)
    rows = db.execute(
        select(index.c.resident_id, index.c.language, asked.c.times)
        .join_from(index, resident, resident.c.id == index.c.resident_id)
        .outerjoin(asked, asked.c.resident_id == index.c.resident_id)
        .where(index.c.follows, index.c.answered == 0, due, resident.c.first_seen <= now - FIRST)
        .order_by(index.c.resident_id)
        .limit(SLICE)
    ).all()
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    for who, language, times in rows:
        values = {"at": now.timestamp(), "times": (times or 0) + 1}
        put = dialect.insert(asked).values(resident_id=who, **values)
        db.execute(put.on_conflict_do_update(index_elements=["resident_id"], set_=values))
        say = partial(_say, job, language)
        job.send(db, [who], build_message(job.gateway, say), f"unset {who} {now.timestamp()}")
    return len(rows) == SLICE


def build_message(city: Any, say: Any) -> dict[str, Any]:
    """A sentence, and a button that opens the settings."""
    text = say(
        "お知らせの受け取り設定が、まだです。知りたいことをえらぶと、あなたに関係のあるお知らせだけが届きます。"
    )
    url = liff_url(city, "form/segment/settings")
    if url is None:
        return {"type": "text", "text": text}
    button = {"type": "uri", "label": say("お知らせをえらぶ"), "uri": url}
    return {
        "type": "flex",
        "altText": text,
        "contents": {
            "type": "bubble",
            "body": {
                "type": "box",
                "layout": "vertical",
                "contents": [{"type": "text", "text": text, "wrap": True}],
            },
            "footer": {
                "type": "box",
                "layout": "vertical",
                "contents": [{"type": "button", "style": "primary", "action": button}],
            },
        },
    }


def _say(job: Any, language: str | None, words: Any, **values: object) -> str:
    return job.say(words, language, **values)
