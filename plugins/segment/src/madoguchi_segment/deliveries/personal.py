"""What deliveries keep of a resident beside the ledger: reminders, and office phones."""

from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from madoguchi import Erased, Record
from madoguchi_segment.deliveries.tables import phone, reminded

TABLES: dict[str, Table] = {
    "お子さんの月齢などのお知らせの記録": reminded,
    "公用端末としての登録": phone,
}


def export(db: Session, resident_id: int) -> list[Record]:
    """How often they were reminded, and whether their phone is the office's."""
    counts = {name: _count(db, table, resident_id) for name, table in TABLES.items()}
    return [Record(name, {"件数": str(count)}) for name, count in counts.items() if count]


def erase(db: Session, resident_id: int) -> Erased:
    """Both go."""
    gone = {}
    for name, table in TABLES.items():
        gone[name] = _count(db, table, resident_id)
        db.execute(delete(table).where(table.c.resident_id == resident_id))
    return Erased(gone)


def _count(db: Session, table: Table, resident_id: int) -> int:
    theirs = select(func.count()).select_from(table).where(table.c.resident_id == resident_id)
    return db.execute(theirs).scalar_one()
