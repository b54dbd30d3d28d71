"""One message in the chat for what was set, however many rows were changed in a sitting."""

from functools import partial
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from madoguchi.tables import resident
from madoguchi_segment.answers import read_answers
from madoguchi_segment.deliveries.sent import find_sent
from madoguchi_segment.lately import sent_last_month, tell
from madoguchi_segment.models import unconfirmed
from madoguchi_segment.summary import summarise

QUIET = 60.0
"""Seconds without a change after which a sitting is over."""
SLICE = 200


def note_change(db: Session, resident_id: int, at: float) -> None:
    """Remember that somebody is to be told what they set, once they are done."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    put = dialect.insert(unconfirmed).values(resident_id=resident_id, at=at)
    db.execute(put.on_conflict_do_update(index_elements=["resident_id"], set_={"at": at}))


async def confirm_sittings(job: Any) -> None:
    """The job: tell everybody whose last change is a minute old."""
    while await job.write(confirm_some, job):
        pass


def confirm_some(db: Session, job: Any) -> bool:
    """Tell some of them what is set now; False if nobody is left."""
    rows = db.execute(
        select(unconfirmed.c.resident_id, unconfirmed.c.at, resident.c.language)
        .join_from(unconfirmed, resident)
        .where(unconfirmed.c.at <= job.now.timestamp() - QUIET)
        .order_by(unconfirmed.c.at)
        .limit(SLICE)
        .with_for_update(skip_locked=True, of=unconfirmed)
    ).all()
    settings, criteria = job.plugin.settings, job.plugin.criteria
    for who, at, language in rows:
        say = partial(_say, job, language)
        answers = read_answers(db, who, settings)
        titles = sent_last_month(db, who, criteria, job.now, find_sent)
        said = [say("お知らせの受け取り設定を保存しました。"), summarise(answers, settings, say)]
        said += tell(titles, say)
        job.send(db, [who], "\n".join(said), f"settings {who} {at}")
        db.execute(delete(unconfirmed).where(unconfirmed.c.resident_id == who))
    return len(rows) == SLICE


def _say(job: Any, language: str | None, words: Any, **values: object) -> str:
    return job.say(words, language, **values)
