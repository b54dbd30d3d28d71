"""What our own tables hold about a resident: handed out, and erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from madoguchi import JST, Erased, Record
from madoguchi_segment.audiences.tables import asked, index, intake_row
from madoguchi_segment.deliveries import personal
from madoguchi_segment.models import unconfirmed

WAITING = "まだ確認を送っていない設定"
COPY = "お知らせを送る人を数えるための控え"
BROUGHT = "市の職員が入れている途中の答え"
REMINDED = "「設定がまだです」のお知らせ"
TABLES = {WAITING: unconfirmed, COPY: index, BROUGHT: intake_row, REMINDED: asked}


def export_rows(db: Session, resident_id: int) -> list[Record]:
    """The answers themselves are in the profile, which the gateway hands out."""
    return [
        *(
            Record(title, _values(title, row))
            for title, table in TABLES.items()
            for row in db.execute(select(table).where(table.c.resident_id == resident_id))
        ),
        *personal.export(db, resident_id),
    ]


def _values(title: str, row: Row[Any]) -> dict[str, Any]:
    if title == COPY:
        since = row.followed_at.astimezone(JST).isoformat() if row.followed_at else ""
        return {"友だち": row.follows, "友だちになった日時": since, "言語": row.language or ""}
    if title == BROUGHT:
        return {"答え": row.answers}
    time = {"日時": datetime.fromtimestamp(row.at, JST).isoformat()}
    return time | ({"回数": row.times} if title == REMINDED else {})


def erase_rows(db: Session, resident_id: int) -> Erased:
    """Tell them nothing any more, and pick them for nothing."""
    gone = {}
    for title, table in TABLES.items():
        mine = delete(table).where(table.c.resident_id == resident_id)
        gone[title] = len(db.scalars(mine.returning(table.c.resident_id)).all())
    return Erased({**gone, **personal.erase(db, resident_id).deleted})
