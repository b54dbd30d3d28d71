"""What is stored, in both databases."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from madoguchi import migrations
from madoguchi.tables import resident
from madoguchi_garbage_bot import additions, lists, questions
from madoguchi_garbage_bot.knowledge import read_kept
from madoguchi_garbage_bot.models import MODELS

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
"""A Monday at noon in Tokyo."""
OURS = migrations.MigrationSet("garbage_bot", MODELS.metadata, MODELS.migrations)


@pytest.fixture
def store(opened):
    """A database with the tables of the core and of this plugin: `read` and `write` in it."""
    with asyncio.Runner() as runner:
        store = opened()
        runner.run(store.start())
        runner.run(migrations.migrate(store, [migrations.CORE, OURS]))
        yield lambda fn, *args, **named: runner.run(store.write(fn, *args, **named))
        runner.run(store.close())


def test_questions_are_counted_told_once_and_forgotten(store):
    store(questions.count, at=NOW)
    store(questions.count, at=NOW)
    first = store(questions.keep, text="本棚", kind="not_found", at=NOW, message_key="a")
    store(questions.keep, text="傘", kind="wrong", entry="1", at=NOW + timedelta(7))
    second = store(questions.keep, text="傘", kind="wrong", entry="1", at=NOW)
    assert store(questions.count_weeks) == [(date(2026, 6, 15), 1, 2), (date(2026, 6, 22), 0, 1)]
    who = {"line_id": "U1", "follows": True, "first_seen": NOW, "language": "en"}
    store(lambda db: db.execute(insert(resident).values(id=1, **who)))
    assert store(questions.ask_to_be_told, 1, first)
    assert store(questions.ask_to_be_told, 1, first)
    assert store(questions.ask_to_be_told, 1, second)
    store(questions.settle, [second], "answered")
    assert not store(questions.ask_to_be_told, 1, second)
    assert store(questions.take_tellers, [first, second]) == [(1, "en", first)]
    assert store(questions.take_tellers, [first, second]) == []
    store(questions.forget_keys, NOW + timedelta(1))
    store(questions.take_back, "a")
    assert [row.text for row in store(questions.find_open)] == ["傘", "本棚"]
    with pytest.raises(ValueError, match="not_found"):
        store(questions.keep, text="本棚", kind="other", at=NOW)


def test_one_list_is_live_and_nobody_overtakes(store):
    given = {"data": b"\x00x", "columns": {"name": "しなもの"}, "entries": 1, "by": "花子"}
    numbers = [store(lists.put, name=name, at=NOW, **given) for name in ("a", "b", "c")]
    a, b, _ = numbers
    store(lists.switch, a, instead_of=0, by="花子", at=NOW)
    for number, instead in ((b, 0), (99, a)):
        with pytest.raises(lists.Overtaken):
            store(lists.switch, number, instead_of=instead, by="太郎", at=NOW)
    store(lists.switch, b, instead_of=a, by="太郎", at=NOW)
    kept = store(read_kept)
    assert (kept.number, kept.name, kept.data) == (b, "b", b"\x00x")
    assert [row.name for row in store(lists.find_former)] == ["a"]
    store(lists.put, name="d", at=NOW + timedelta(8), **given)
    assert [store(lists.find, number) is None for number in numbers] == [False, False, True]
    store(lists.switch, 0, instead_of=b, by="太郎", at=NOW)
    assert store(lists.find_live) is None


def test_a_word_that_is_decided_again_has_one_answer(store):
    who = {"by": "花子", "at": NOW}
    store(additions.add, additions.IGNORED, word="サランラップ", **who)
    number = store(additions.add, additions.WORD, word="さらんらっぷ", name="ラップ", **who)
    found = store(additions.find)
    assert [one.id for one in found] == [number]
    assert additions.taught(found) == [("さらんらっぷ", "ラップ", "")]
    assert store(additions.remove, number)
    assert not store(additions.remove, number)
