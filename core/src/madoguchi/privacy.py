"""What keeps personal data out of places where it has no business."""

import re
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from madoguchi.tables import unanswered

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d\-()\s ー―‐−]{7,}\d")
LONGEST = 500


def mask(typed: str) -> str:
    """Typed words without what looks like a telephone number or a mail address; 500 at most."""
    return _PHONE.sub("（電話番号）", _MAIL.sub("（メール）", typed))[:LONGEST]


def forget_message_keys(db: Session, before: datetime) -> None:
    """Unlink unanswered words from their messages: after a day nobody can take one back (R13)."""
    old = unanswered.c.message_key.is_not(None) & (unanswered.c.at < before)
    db.execute(update(unanswered).where(old).values(message_key=None))
