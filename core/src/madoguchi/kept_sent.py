"""What was sent to a resident, alone or with many others, for their page and their copy."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi import deliveries
from madoguchi.clock import JST
from madoguchi.privacy import NAMES_OF_TABLES
from madoguchi.tables import outgoing
from madoguchi.types import Record

if TYPE_CHECKING:
    from madoguchi.kept import Voice

ACCEPTED = "accepted"


def find_sent(db: Session, who: int, say: "Voice") -> list[Record]:
    """Replies, messages and deliveries to this resident, newest first."""
    found = [
        (row.created, row.state, json.loads(bytes(row.body))["messages"] if row.body else None)
        for row in db.execute(select(outgoing).where(outgoing.c.resident_id == who))
    ]
    found += [(one.at, one.state, one.messages) for one in deliveries.received(db, who)]
    found.sort(key=lambda one: one[0], reverse=True)
    return [_record(*one, say) for one in found]


def _record(created: float, state: str, messages: Any, say: "Voice") -> Record:
    at = datetime.fromtimestamp(created, JST)
    said = say("送信済み") if state == ACCEPTED else say("送っていません")
    values = {
        say("日時"): at.isoformat(timespec="seconds"),
        say("状態"): state,
        say("内容"): messages,
    }
    shown = {
        say("日時"): say.time(at),
        say("状態"): "" if state == "unknown" else said,
        say("内容"): "\n".join(_texts(messages or ())),
    }
    return Record(say(NAMES_OF_TABLES["outgoing"]), values, shown=shown)


def _texts(messages: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for message in messages:
        yield str(message.get("text") or message.get("altText") or message.get("type"))
