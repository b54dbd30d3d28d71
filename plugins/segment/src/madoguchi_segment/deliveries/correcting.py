# nosay: what is said here, staff read
"""訂正: one action makes a correction to exactly the same people."""

from datetime import datetime

from sqlalchemy.orm import Session

from madoguchi_segment.deliveries import drafts, runs, states
from madoguchi_segment.deliveries.states import Delivery, Officer, Refused, State

SENT = {State.SENDING, State.PAUSED, State.SENT, State.CANCELLED}


def correct(db: Session, who: Officer, number: int, now: datetime) -> Delivery:
    """A draft of a correction, with the old text to be mended. It goes out as soon as approved.

    Those who got the first one get it, in their language; nobody else.
    """
    first = states.get(db, number)
    if first.state not in SENT or not runs.keys_of(db, number):
        raise Refused("state", "まだ送っていない配信は、訂正ではなく、書きかえてください。")
    return drafts.create(
        db,
        who,
        first.section,
        now,
        channel=first.channel,
        corrects=number,
        title=f"【訂正】{first.title}",
        content={language: [*_notice(messages)] for language, messages in first.content.items()},
        why=first.why,
        topic=first.topic,
        emergency=first.emergency,
        timing={"every": "once"},
    )


def _notice(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    if not messages or messages[0]["type"] != "text":
        return messages
    return [{**messages[0], "text": f"【訂正】{messages[0]['text']}"}, *messages[1:]]
