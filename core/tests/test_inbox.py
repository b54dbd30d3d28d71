"""The inbox: what a body is split into, and what becomes of the rows, on both databases."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import asyncpg
import pytest

from madoguchi import migrations
from madoguchi.inbox import (
    LANES,
    LOOKED_AT,
    Inbox,
    Row,
    Settled,
    Unreadable,
    lane_of,
    read,
    split,
)
from madoguchi.inbox_postgres import PostgresInbox
from madoguchi.inbox_sqlite import SqliteInbox

T = TypeVar("T")
USER = "U" + "5" * 32


def message(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "webhookEventId": f"01EVENT{number:019d}",
        "source": {"type": "user", "userId": USER},
        "message": {"type": "text", "id": str(number), "text": "電池"},
        **more,
    }


def unsend(number: int, taken_back: int) -> dict[str, Any]:
    event = message(number, type="unsend", unsend={"messageId": str(taken_back)})
    del event["message"]
    return event


def rows_of(*events: Any) -> list[Row]:
    return split(json.dumps({"destination": "U1", "events": events}).encode(), 1.0)


# -- splitting ------------------------------------------------------------------------------------


def test_r5_each_event_becomes_a_row_with_its_own_bytes() -> None:
    body = b'{"events": [ {"webhookEventId":"01A", "x": 1.50} ,\n{"webhookEventId":"01B"}]}'
    rows = split(body, 7.5)
    assert [row.event_id for row in rows] == ["01A", "01B"]
    assert rows[0].raw == b'{"webhookEventId":"01A", "x": 1.50}'
    assert {row.at for row in rows} == {7.5}


@pytest.mark.parametrize(
    "odd", [None, 5, 1.5, True, "", [], {}, "a b", "01\n", "０１", "１", "x" * 101, "é", "\0", "-"]
)
def test_an_id_that_line_would_not_make_is_replaced_by_a_hash_of_the_event(odd: Any) -> None:
    event = message(1, webhookEventId=odd)
    (row,) = rows_of(event)
    assert row.event_id == hashlib.sha256(row.raw).hexdigest()
    (again,) = rows_of(event)
    assert again.event_id == row.event_id
    (other,) = rows_of(message(2, webhookEventId=odd))
    assert other.event_id != row.event_id


def test_without_an_id_the_hash_of_the_event_is_its_id() -> None:
    (row,) = rows_of({"type": "follow"})
    assert row.event_id == hashlib.sha256(row.raw).hexdigest()


def test_one_resident_is_always_in_one_lane() -> None:
    lanes = {row.lane for n in range(50) for row in rows_of(message(n))}
    assert lanes == {lane_of(USER)}
    spread = {lane_of(f"U{n:032x}") for n in range(2_000)}
    assert spread == set(range(LANES))


def test_groups_and_rooms_have_a_lane_of_their_own() -> None:
    (group,) = rows_of(message(1, source={"type": "group", "groupId": "C1"}))
    (room,) = rows_of(message(2, source={"type": "room", "roomId": "R1"}))
    assert (group.lane, room.lane) == (lane_of("C1"), lane_of("R1"))


@pytest.mark.parametrize("source", [None, 5, "user", [], {}, {"userId": None}, {"userId": 5}])
def test_r11_a_source_may_be_absent_or_odd(source: Any) -> None:
    (row,) = rows_of(message(1, source=source))
    assert 0 <= row.lane < LANES


@pytest.mark.parametrize("event", [None, 5, "text", [], True, [1, {"webhookEventId": "01X"}]])
def test_an_event_that_is_no_object_is_kept(event: Any) -> None:
    odd, good = rows_of(event, message(1))
    assert read(odd.raw) == {}
    assert good.event_id == message(1)["webhookEventId"]


def test_lone_surrogates_are_replaced() -> None:
    body = b'{"events":[{"webhookEventId":"01A","message":{"text":"a\\ud83db"}}]}'
    (row,) = split(body, 1.0)
    assert row.event_id == "01A"
    assert read(row.raw)["message"]["text"] == "a?b"


def test_a_whole_pair_of_surrogates_is_a_letter() -> None:
    (row,) = split(b'{"events":[{"text":"\\ud83c\\udf4e"}]}', 1.0)
    assert read(row.raw)["text"] == "🍎"


def test_invalid_utf_8_is_replaced_and_the_event_keeps_its_id_and_its_resident() -> None:
    body = b'{"events":[{"webhookEventId":"01A","source":{"userId":"U1"},"text":"\xff\xe3\x81"}]}'
    (row,) = split(body, 1.0)
    assert (row.event_id, row.lane) == ("01A", lane_of("U1"))
    assert read(row.raw)["text"].startswith("\ufffd")


@pytest.mark.parametrize("odd", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400, b"-0"])
def test_odd_numbers_cost_no_event(odd: bytes) -> None:
    body = b'{"events":[{"webhookEventId":"01A","n":%s},{"webhookEventId":"01B"}]}' % odd
    assert [row.event_id for row in split(body, 1.0)] == ["01A", "01B"]


def test_a_number_too_long_to_read_costs_no_neighbour() -> None:
    body = b'{"events":[{"n":%s},{"webhookEventId":"01B"}]}' % (b"9" * 6_000)
    assert [row.event_id for row in split(body, 1.0)][1] == "01B"


def test_nesting_that_no_parser_reads_is_refused_with_a_reason() -> None:
    nested = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(Unreadable, match="recursion"):
        split(b'{"events":[%s]}' % nested, 1.0)


def test_nesting_that_can_be_read_is_kept() -> None:
    nested = b"[" * 300 + b"]" * 300
    (row,) = split(b'{"events":[{"webhookEventId":"01A","deep":%s}]}' % nested, 1.0)
    assert row.event_id == "01A"


def test_ids_of_messages_for_unsend() -> None:
    brought, taken = rows_of(message(1), unsend(2, taken_back=1))
    assert (brought.message_id, brought.unsend) == ("1", False)
    assert (taken.message_id, taken.unsend) == ("1", True)
    odd = rows_of(*(message(n, message=m) for n, m in enumerate([None, 5, [], {"id": 5}, {}])))
    assert {row.message_id for row in odd} == {None}


# -- storing --------------------------------------------------------------------------------------


class Bench(Protocol):
    """An inbox and, beside it, a look into its database."""

    inbox: Inbox

    def query(self, sql: str) -> list[tuple[Any, ...]]: ...

    def handle(self, event_id: str, outcome: str) -> None: ...

    def refuse(self, event_id: str) -> None:
        """From now on the database refuses the row of this event."""
        ...


class SqliteBench:
    def __init__(self, folder: Path) -> None:
        self._inbox, self._main = folder / "inbox.sqlite", folder / "main.sqlite"
        asyncio.run(migrations.migrate(self._main))
        self.inbox: Inbox = SqliteInbox(self._inbox, self._main)

    def _execute(self, path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(path)
        try:
            with db:
                return db.execute(sql, params).fetchall()
        finally:
            db.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._execute(self._inbox, sql)

    def handle(self, event_id: str, outcome: str) -> None:
        self._execute(
            self._main,
            "INSERT INTO handled (event_id, at, outcome, lane) VALUES (?, 1, ?, 1)",
            event_id,
            outcome,
        )

    def refuse(self, event_id: str) -> None:
        self._execute(
            self._inbox,
            f"CREATE TRIGGER refuse BEFORE INSERT ON inbox WHEN new.event_id = '{event_id}'"
            " BEGIN SELECT raise(ABORT, 'refused'); END",
        )


class PostgresBench:
    def __init__(self, url: str) -> None:
        self._url = url
        asyncio.run(migrations.migrate(url))
        self.inbox: Inbox = PostgresInbox(url)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        async def run() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self._url)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        return asyncio.run(run())

    def handle(self, event_id: str, outcome: str) -> None:
        self.query(f"INSERT INTO handled VALUES ('{event_id}', 1, '{outcome}', 1)")

    def refuse(self, event_id: str) -> None:
        self.query(f"ALTER TABLE inbox ADD CHECK (event_id <> '{event_id}')")


@pytest.fixture
def bench(database: Path | str) -> Iterator[Bench]:
    if isinstance(database, Path):
        yield SqliteBench(database.parent)
    else:
        yield PostgresBench(database)


def run(bench: Bench, work: Callable[[Inbox], Awaitable[T]]) -> T:
    """Open the inbox, do something with it, close it."""

    async def opened() -> T:
        await bench.inbox.open()
        try:
            return await work(bench.inbox)
        finally:
            await bench.inbox.close()

    return asyncio.run(opened())


def store(bench: Bench, *batches: list[Row]) -> None:
    async def each(inbox: Inbox) -> None:
        for batch in batches:
            await inbox.store(batch)

    run(bench, each)


def ids(bench: Bench) -> list[str]:
    return [row[0] for row in bench.query("SELECT event_id FROM inbox ORDER BY seq")]


def texts(bench: Bench) -> list[str | None]:
    rows = bench.query("SELECT raw FROM inbox ORDER BY seq")
    return [None if raw is None else read(bytes(raw)).get("type") for (raw,) in rows]


def test_rows_are_stored_in_order_with_their_bytes(bench: Bench) -> None:
    rows = rows_of(*(message(n) for n in range(20)))
    store(bench, rows)
    assert ids(bench) == [row.event_id for row in rows]
    found = bench.query("SELECT lane, message_id, at, raw, done FROM inbox ORDER BY seq LIMIT 1")
    lane, message_id, at, raw, done = found[0]
    assert (lane, message_id, at, bytes(raw)) == (lane_of(USER), "0", 1.0, rows[0].raw)
    assert not done


def test_r7_an_event_is_stored_once_however_often_it_comes(bench: Bench) -> None:
    first, second = rows_of(message(1), message(2))
    store(bench, [first, first], [first, second], [second])

    async def together(inbox: Inbox) -> None:
        await asyncio.gather(*(inbox.store([first, second]) for _ in range(20)))

    run(bench, together)
    assert ids(bench) == [first.event_id, second.event_id]


def test_r8_a_redelivered_event_has_the_same_id_and_is_only_new_if_the_id_is(bench: Bench) -> None:
    again = {"deliveryContext": {"isRedelivery": True}}
    store(bench, rows_of(message(1)), rows_of(message(1, **again), message(2, **again)))
    assert ids(bench) == [message(n)["webhookEventId"] for n in (1, 2)]


def test_many_webhooks_at_once_are_all_stored(bench: Bench) -> None:
    async def together(inbox: Inbox) -> None:
        batches = [rows_of(message(2 * n), message(2 * n + 1)) for n in range(100)]
        await asyncio.gather(*(inbox.store(batch) for batch in batches))

    run(bench, together)
    assert len(ids(bench)) == 200


def test_a_row_that_fails_does_not_fail_its_neighbours(bench: Bench) -> None:
    store(bench, rows_of(message(0)))
    bad = message(5)["webhookEventId"]
    bench.refuse(bad)

    async def together(inbox: Inbox) -> list[BaseException | None]:
        batches = [rows_of(message(n), message(n + 1)) for n in (2, 4, 6)]
        done = [inbox.store(batch) for batch in batches]
        return await asyncio.gather(*done, return_exceptions=True)

    first, with_the_bad_one, last = run(bench, together)
    assert (first, last) == (None, None)
    assert isinstance(with_the_bad_one, Exception)  # the door says 503: LINE may deliver it again
    assert set(ids(bench)) == {message(n)["webhookEventId"] for n in (0, 2, 3, 4, 6, 7)}


def test_odd_texts_and_bytes_are_stored(bench: Bench) -> None:
    odd = [
        message(1, message={"id": "1", "text": "\0"}),
        message(2, webhookEventId="\0"),
        message(3, webhookEventId="\ud800", source={"userId": "\ud800"}),
        message(4, message={"id": "\0\ud800", "text": "🍎" * 5_000}),
        None,
    ]
    rows = rows_of(*odd)
    invalid = split(b'{"events":[{"webhookEventId":"01A","text":"\xff\xfe"}]}', 1.0)
    store(bench, rows, invalid)
    assert ids(bench) == [row.event_id for row in [*rows, *invalid]]


def test_r13_unsend_removes_the_text_from_the_inbox(bench: Bench) -> None:
    store(bench, rows_of(message(1), message(2)), rows_of(unsend(3, taken_back=1)))
    assert texts(bench) == [None, "message", "unsend"]


def test_r13_unsend_in_the_same_webhook(bench: Bench) -> None:
    store(bench, rows_of(message(1), unsend(2, taken_back=1), message(3)))
    assert texts(bench) == [None, "unsend", "message"]


def test_r13_unsend_that_arrives_first(bench: Bench) -> None:
    store(bench, rows_of(unsend(2, taken_back=1)), rows_of(message(1)))
    assert texts(bench) == ["unsend", None]
    assert ids(bench)[1] == message(1)["webhookEventId"]  # known, so that it is not stored again


def test_r13_unsend_that_comes_again_does_not_remove_itself(bench: Bench) -> None:
    taking_back = rows_of(unsend(2, taken_back=1))
    store(bench, rows_of(message(1)), taking_back, taking_back)
    assert texts(bench) == [None, "unsend"]


def test_settle_marks_what_is_handled_and_what_is_set_aside_stays(bench: Bench) -> None:
    rows = rows_of(*(message(n) for n in range(4)))
    store(bench, rows)
    for row, outcome in zip(rows, ["answered", "set aside", "failed"], strict=False):
        bench.handle(row.event_id, outcome)
    bench.handle("01UNKNOWN", "answered")
    assert run(bench, lambda inbox: inbox.settle()) == Settled(2, is_round=True)
    assert run(bench, lambda inbox: inbox.settle()) == Settled(0, is_round=True)
    pending = [row[0] for row in bench.query("SELECT event_id FROM inbox WHERE NOT done")]
    assert set(pending) == {rows[1].event_id, rows[3].event_id}


def test_settle_goes_through_a_backlog_in_rounds(bench: Bench) -> None:
    rows = rows_of(*(message(n) for n in range(LOOKED_AT + 10)))
    store(bench, rows)

    async def settle_thrice(inbox: Inbox) -> list[Settled]:
        first = await inbox.settle()
        for row in (rows[3], rows[-3]):
            await asyncio.to_thread(bench.handle, row.event_id, "answered")
        return [first, *[await inbox.settle() for _ in range(3)]]

    assert run(bench, settle_thrice) == [
        Settled(0, is_round=False),
        Settled(1, is_round=True),  # the end of the backlog
        Settled(1, is_round=False),  # and its beginning again
        Settled(0, is_round=True),
    ]


def test_settle_before_there_is_a_worker(tmp_path: Path) -> None:
    async def settle() -> Settled:
        inbox = SqliteInbox(tmp_path / "inbox.sqlite", tmp_path / "main.sqlite")
        await inbox.open()
        try:
            await inbox.store(rows_of(message(1)))
            return await inbox.settle()
        finally:
            await inbox.close()

    assert asyncio.run(settle()) == Settled(0, is_round=True)


def test_what_is_stored_is_there_after_a_restart(bench: Bench) -> None:
    store(bench, rows_of(message(1)))
    store(bench, rows_of(message(1), message(2)))
    assert len(ids(bench)) == 2


def test_r13_unsend_at_one_door_while_another_still_inserts_the_message(postgres: str) -> None:
    bench = PostgresBench(postgres)
    bench.query(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END'"
    )
    number = message(1)["webhookEventId"]
    bench.query(
        "CREATE TRIGGER wait AFTER INSERT ON inbox FOR EACH ROW"
        f" WHEN (NEW.event_id = '{number}') EXECUTE FUNCTION wait()"
    )

    async def both() -> None:
        one, other = PostgresInbox(postgres), PostgresInbox(postgres)
        await one.open()
        await other.open()
        try:
            storing = asyncio.create_task(one.store(rows_of(message(1))))
            await asyncio.sleep(0.3)  # its insert is open now
            await other.store(rows_of(unsend(2, taken_back=1)))
            await storing
        finally:
            await one.close()
            await other.close()

    asyncio.run(both())
    assert sorted(map(str, texts(bench))) == ["None", "unsend"]


def test_a_door_that_hangs_does_not_hold_up_the_others_for_long(postgres: str) -> None:
    """What is taken back is stored at LINE's next try; everything else at once."""
    bench = PostgresBench(postgres)

    async def beside() -> None:
        hanging = await asyncpg.connect(postgres)
        inbox = PostgresInbox(postgres)
        await inbox.open()
        try:
            await hanging.execute("BEGIN; SELECT pg_advisory_xact_lock_shared(1970629486)")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await inbox.store(rows_of(message(1), unsend(2, taken_back=1)))
            await hanging.execute("ROLLBACK")
            await inbox.store(rows_of(unsend(2, taken_back=1)))
        finally:
            await hanging.close()
            await inbox.close()

    asyncio.run(beside())
    assert texts(bench) == [None, "unsend"]
