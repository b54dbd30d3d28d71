"""Words that nobody could answer: kept without personal data, for staff to look at.

The row knows its message by a keyed hash only, and only for a day: so long an `unsend` can still
reach it (R13).
"""

import re
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from madoguchi.tables import unanswered

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d\-()\s ー―‐−]{7,}\d")
LONGEST = 500


def mask(typed: str) -> str:
    """Typed words without what looks like a telephone number or a mail address; 500 at most."""
    return _PHONE.sub("（電話番号）", _MAIL.sub("（メール）", typed))[:LONGEST]


def keep(db: Session, reply: str, words: str, key: str, at: datetime) -> str:
    """A unit that keeps masked words and answers `reply`; `key` is the message's keyed hash."""
    db.execute(insert(unanswered).values(at=at, text=words, message_key=key))
    return reply


def take_back(db: Session, key: str) -> None:
    """Forget the words of a message that was taken back (R13)."""
    db.execute(delete(unanswered).where(unanswered.c.message_key == key))
