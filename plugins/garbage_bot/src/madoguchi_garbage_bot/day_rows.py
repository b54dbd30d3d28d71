"""What collection days keep of a resident: handed out, and erased."""

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from madoguchi import JST, Record
from madoguchi_garbage_bot.day_tables import area, asked, reminded, reminder

AREA, REMINDER = "ごみの地区", "ごみの日の通知の設定"
REMINDED, ASKED = "ごみの日の通知の記録", "地区を聞いたときの質問"
TABLES: dict[str, Table] = {AREA: area, REMINDER: reminder, REMINDED: reminded, ASKED: asked}
KEEPS = {
    "ごみの地区": "ごみの日を答えるため。変えるか、すべて消すまで",
    "ごみの日の通知の時間と種類": "ごみの日を知らせるため。変えるか、すべて消すまで",
    "ごみの日の通知を送った記録": "同じ通知を2回送らないため。14日",
    "地区を聞いたときの質問": "地区がわかったあとで答えるため。1日",
}
AUDIT_WORDS = {  # nosay
    "garbage.reminder.stop": "ごみの日の通知を止めた",
    "garbage.reminder.resume": "ごみの日の通知を元にもどした",
    "garbage": "ごみの日",
    "day": "ごみの日",
}


def export(db: Session, resident_id: int) -> list[Record]:
    """A record for each row; what was sent is counted."""
    found = []
    for title, table in TABLES.items():
        rows = db.execute(select(table).where(table.c.resident_id == resident_id)).all()
        if title == REMINDED:
            found += [Record(title, {"件数": len(rows)})] if rows else []
            continue
        found += [Record(title, _values(title, row)) for row in rows]
    return found


def _values(title, row):
    at = {"日時": row.at.astimezone(JST).isoformat()}
    if title == AREA:
        return {"地区": row.area} | at
    if title == ASKED:
        return {"質問": row.question} | at
    kinds = "、".join(row.categories) if row.categories is not None else "すべて"
    return {"前の日の夜": row.evening or "", "その日の朝": row.morning or "", "種類": kinds} | at


def erase(db: Session, resident_id: int) -> dict[str, int]:
    """Everything goes: what, and how many rows."""
    gone = {}
    for title, table in TABLES.items():
        mine = delete(table).where(table.c.resident_id == resident_id)
        gone[title] = len(db.scalars(mine.returning(table.c.resident_id)).all())
    return gone
