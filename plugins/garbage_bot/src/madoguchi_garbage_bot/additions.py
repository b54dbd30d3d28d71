"""What staff add beside the list: words for its entries, entries of their own, and what is none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, Table, Text, delete, insert, select
from sqlalchemy.orm import Session

from madoguchi.store import UTCDateTime
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.folding import fold, soften
from madoguchi_garbage_bot.schema import metadata

CHANGE = "additions"
"""The name under which every process is told."""
WORD, ENTRY, IGNORED = "word", "entry", "ignored"
LONGEST = 200
"""Characters of a word or a name; what is longer is a story."""

addition = Table(
    "garbage_bot_addition",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # What residents say; empty for an entry.
    Column("word", Text, nullable=False),
    # The entry: numbers of rows change with the list, so it is known by its name and category.
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Addition:
    """A row."""

    id: int
    at: datetime
    by: str
    kind: str
    word: str
    name: str
    category: str
    note: str

    @property
    def entry(self) -> Entry:
        """What an added entry is in the dictionary."""
        return Entry(f"added-{self.id}", self.name, self.category, self.note)


def add(
    db: Session,
    kind: str,
    *,
    by: str,
    at: datetime,
    word: str = "",
    name: str = "",
    category: str = "",
    note: str = "",
) -> int:
    """Store one; a word that was decided before is decided anew. Its number."""
    if kind != ENTRY:
        same = [one.id for one in find(db) if one.word and plain(one.word) == plain(word)]
        db.execute(delete(addition).where(addition.c.id.in_(same)))
    values = {"word": word, "name": name, "category": category, "note": note}
    made = db.execute(insert(addition).values(kind=kind, by=by, at=at, **values))
    return int(made.inserted_primary_key[0])


def find(db: Session) -> list[Addition]:
    """All of them, the oldest first."""
    names = Addition.__slots__
    rows = db.execute(select(*(addition.c[one] for one in names)).order_by(addition.c.id))
    return [Addition(*row) for row in rows]


def remove(db: Session, number: int) -> bool:
    """Take one back; False if it is gone already."""
    gone = delete(addition).where(addition.c.id == number).returning(addition.c.id)
    return db.scalar(gone) is not None


def extend(dictionary: Dictionary, more: Iterable[Addition]) -> Dictionary:
    """The list with the entries that staff added; what the list has meanwhile, it tells."""
    named = {fold(entry.name) for entry in dictionary.entries}
    own = [one.entry for one in more if one.kind == ENTRY and fold(one.name) not in named]
    return Dictionary((*dictionary.entries, *own)) if own else dictionary


def taught(more: Sequence[Addition]) -> list[tuple[str, str, str]]:
    """Words with the name and category of what they mean, as `Search.teach` takes them."""
    return [(one.word, one.name, one.category) for one in more if one.kind == WORD]


def plain(word: str) -> str:
    """A word as it is compared."""
    return soften(fold(word))
