"""What staff decide about a group of questions, each in one unit: from then on it is answered."""

from typing import Any

from sqlalchemy.orm import Session

from madoguchi_garbage_bot import additions, questions, telling
from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.grouping import Group

MOST_WORDS = 30
"""Ways to write it that one decision takes along, the most frequent."""


def adopt(db: Session, page: Any, group: Group, entry: Entry) -> int:
    """Let the words of a group lead to an entry; to how many who asked this is told."""
    for word in _words_of(group):
        _add(db, page, additions.WORD, word=word, name=entry.name, category=entry.category)
    page.audit(db, "garbage.adopt", f"garbage:{entry.id}", {"count": group.count})
    return _settle(db, page, group, entry)


def add_entry(db: Session, page: Any, group: Group, name: str, category: str, note: str) -> int:
    """Add an entry for a group; to how many who asked this is told."""
    texts = {"name": name, "category": category, "note": note}
    number = _add(db, page, additions.ENTRY, **texts)
    for word in _words_of(group):
        _add(db, page, additions.WORD, word=word, name=name, category=category)
    page.audit(db, "garbage.entry", f"garbage:added-{number}", {"count": group.count})
    return _settle(db, page, group, Entry(f"added-{number}", name, category, note))


def ignore(db: Session, page: Any, group: Group) -> None:
    """Say that a group is no garbage: it is not shown again."""
    for word in _words_of(group):
        number = _add(db, page, additions.IGNORED, word=word)
    page.audit(db, "garbage.ignore", f"garbage:{number}", {"count": group.count})
    questions.take_tellers(db, group.numbers)
    questions.settle(db, group.numbers, "ignored")
    page.plugin.changed(db, additions.CHANGE)


def take_back(db: Session, page: Any, number: int) -> bool:
    """Undo one addition; False if it is gone already."""
    if not additions.remove(db, number):
        return False
    page.audit(db, "garbage.undo", f"garbage:{number}")
    page.plugin.changed(db, additions.CHANGE)
    return True


def _add(db: Session, page: Any, kind: str, **texts: str) -> int:
    return additions.add(db, kind, by=page.actor.label, at=page.now, **texts)


def _settle(db: Session, page: Any, group: Group, entry: Entry) -> int:
    questions.settle(db, group.numbers, "answered")
    page.plugin.changed(db, additions.CHANGE)
    return telling.tell(page, db, group.numbers, entry)


def _words_of(group: Group) -> list[str]:
    """One of each way to write it."""
    found = {additions.plain(word): word for word, _ in reversed(group.words.most_common())}
    return [word for word in reversed(found.values()) if len(word) <= additions.LONGEST][
        :MOST_WORDS
    ] or [group.word[: additions.LONGEST]]
