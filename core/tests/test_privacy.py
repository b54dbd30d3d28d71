"""A canary in every place where residents leave something: where it is, and when it is gone.

What residents send goes through the public door; the files are searched byte by byte, and every
table of PostgreSQL.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, select, update

from madoguchi import audit, forgetting, inbox_orders, privacy, retention
from madoguchi.audit import Actor
from madoguchi.city_file import RetentionTable
from madoguchi.clock import JST
from madoguchi.export import export
from madoguchi.housekeeping import JOBS
from madoguchi.ledger_tables import chunk, delivery, parcel
from madoguchi.privacy import Erasure, Office, Person
from madoguchi.tables import (
    attempt,
    draft,
    erasure,
    handled,
    media,
    outgoing,
    own_copy,
    profile,
    resident,
    submission,
)
from madoguchi.testing import TestResident, Town, until

WAITING = "SELECT 1 FROM outgoing WHERE state = 'waiting'"
ME = Actor("staff", "1", "総務課")
DIARY = {
    "__init__.py": """
import sqlalchemy as sa
from datetime import date, timedelta
from pathlib import Path
from madoguchi import (
    Erased, Fit, ForgetBirthdates, ForgetRows, Kept, Models, Offer, PluginInfo, Record, hookimpl
)
from madoguchi.store import UTCDateTime, plugin_metadata

metadata = plugin_metadata("diary")
note = sa.Table(
    "diary_note", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("resident_id", sa.ForeignKey("resident.id", ondelete="CASCADE")),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
@hookimpl
def plugin_info():
    return PluginInfo("日記", "日記をつけます。", {"日記": "読み返すため。60日。"}, (
        ForgetRows("notes", "the diary", note.c.at, days=60),
        ForgetBirthdates("children", "children's birthdates", "born"),
    ))

@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")

@hookimpl
def offer_for_message(text):
    return Offer(keep, Fit.PATTERN, label="日記") if text.startswith("日記") else None

async def keep(ctx):
    return await ctx.write(save, ctx.resident.id, ctx.now, ctx.event.text)

def save(db, who, at, text):
    db.execute(note.insert().values(resident_id=who, at=at, text=text))
    return f"書きました。{text}"

@hookimpl
def export_personal_data(db, resident):
    rows = db.execute(sa.select(note).where(note.c.resident_id == resident.id)).all()
    return [Record("日記", {"本文": row.text}) for row in rows]

@hookimpl
def erase_personal_data(db, resident):
    gone = db.execute(note.delete().where(note.c.resident_id == resident.id)).rowcount
    return Erased({"日記": gone}, [Kept("領収書", "地方自治法", date(2031, 3, 31))])
""",
    "migrations/0001_note.py": """
import sqlalchemy as sa
from alembic import op
from madoguchi.store import UTCDateTime
revision = "0001"
down_revision = None
def upgrade():
    op.create_table(
        "diary_note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("resident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], ondelete="CASCADE"),
    )
""",
}


class Place:
    """A town, and everything that it has on disk or in its tables."""

    def __init__(self, town: Town, database_url: str | None) -> None:
        self.town, self._url = town, database_url
        self.names: dict[str, int] = {}

    @property
    def office(self) -> Office:
        return self.town.running.services.office

    def content(self) -> bytes:
        """All bytes of all files in the data folder; on PostgreSQL, of all rows as well."""
        files = [path for path in self.town.folder.rglob("*") if path.is_file()]
        data = b"".join(path.read_bytes() for path in files if "site-packages" not in path.parts)
        return data + (asyncio.run(_rows_of(self._url)) if self._url else b"")

    def holds(self, *canaries: str) -> set[str]:
        content = self.content()
        return {canary for canary in canaries if canary.encode() in content}

    def write(self, fn: Callable[..., Any], *args: Any) -> Any:
        return self.town.wait(self.town.running.store.write(fn, *args))

    def read(self, fn: Callable[..., Any], *args: Any) -> Any:
        return self.town.wait(self.town.running.store.read(fn, *args))

    def door_works(self) -> None:
        """What the door does by itself within two seconds."""
        self.town.wait(self.town.door.counters[self.town.name].inbox.settle())

    def forgets(self) -> None:
        """What the jobs do by themselves each hour and each night."""
        store = self.town.running.store
        kinds = retention.kinds(self.office.gateway.settings.retention, self.office.plugins.well())
        self.town.wait(retention.forget_due(store.write, kinds, self.town.clock.now()))
        self.town.wait(retention.scrub(store, store.write))
        self.door_works()
        self.town.wait(retention.tidy_orders(store, store.write))
        self.town.wait(retention.scrub(store, store.write))

    def person(self, somebody: TestResident) -> Person:
        found = self.read(privacy.find_person, somebody.user_id)
        assert found is not None
        return found

    def erases(self, somebody: TestResident) -> Erasure:
        done = self.town.wait(privacy.erase(self.office, self.person(somebody), ME))
        self.door_works()
        return done


async def _rows_of(url: str) -> bytes:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        found = b""
        for (table,) in tables:
            for row in await connection.fetch(f'SELECT * FROM "{table}"'):
                found += b" ".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
        return found
    finally:
        await connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest,
    make_town: Callable[..., Town],
    install_plugin: Callable[..., str],
) -> Place:
    install_plugin("diary", DIARY)
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return Place(make_town({"diary": {}}, **({"database_url": url} if url else {})), url)


def plant(place: Place, who: TestResident, name: str) -> dict[str, str]:
    """A canary of this resident in every place, by its name."""
    kinds = [
        "typed",
        "place",
        "draft",
        "draftphoto",
        "submission",
        "photo",
        "original",
        "profile",
        "child",
        "note",
    ]
    canary = {kind: f"CANARY-{name}-{kind}" for kind in kinds}
    who.says(canary["typed"])
    who.sends_location(address=canary["place"])
    who.says(f"日記 {canary['note']}")
    until(lambda: not place.town.wait(place.town.running.store.fetch(WAITING)))
    place.write(_fill_in, place.person(who).resident.id, canary, place.town.clock.now())
    assert place.holds(*canary.values()) == set(canary.values())
    return canary


def _fill_in(db: Any, who: int, canary: dict[str, str], now: Any) -> None:
    form = {"resident_id": who, "form": "diary/entry", "version": "1"}
    told = {"answers": {"text": canary["draft"]}, "key": f"d{who}", "place": "page", "heard": {}}
    stamp = now.timestamp()
    (at_draft,) = db.execute(
        insert(draft).values(**form, **told, updated=stamp, created=stamp)
    ).inserted_primary_key
    (at_form,) = db.execute(
        insert(submission).values(
            **form, answers={"text": canary["submission"]}, key=f"s{who}", at=now
        )
    ).inserted_primary_key
    photo = {"resident_id": who, "kind": "photo", "content_type": "image/jpeg", "at": now}
    db.execute(
        insert(media).values(**photo, draft_id=at_draft, bytes=canary["draftphoto"].encode() * 999)
    )
    db.execute(
        insert(media).values(
            **photo,
            submission_id=at_form,
            bytes=canary["photo"].encode(),
            original=canary["original"].encode() * 999,
        )
    )
    born = {"born": "2015-04-02", "name": canary["child"]}
    told = {"diary/area": canary["profile"], "diary/children": [born, {"born": "2024-01-01"}]}
    for field, value in told.items():
        db.execute(insert(profile).values(resident_id=who, field=field, value=value, at=now))


def test_each_canary_is_gone_when_its_time_is_over(place: Place) -> None:
    place.town.clock.move((date(2026, 11, 22) - datetime.now(JST).date()).days * 86400)
    taro = TestResident(place.town, "太郎")
    canary = plant(place, taro, "taro")
    taro.blocks()
    gone: set[str] = set()

    def expect(days: int, *kinds: str) -> None:
        """After so many more days these are gone and the others are there."""
        place.town.clock.move(days * 86400 - 7200)
        place.forgets()
        alive = set(canary.values()) - gone
        assert place.holds(*canary.values()) == alive, f"{days} days less two hours"
        place.town.clock.move(2 * 7200)
        place.forgets()
        gone.update(canary[kind] for kind in kinds)
        assert place.holds(*canary.values()) == alive - gone, f"{days} days and two hours"
        place.town.clock.move(-7200)

    expect(1, "place", "draft", "draftphoto")
    expect(29, "typed", "original")
    assert place.holds(taro.user_id), "their row, as they may come back"
    expect(30, "note")  # the plugin's own kind, 60 days; it stood in event and letter before
    expect(30, "profile", "child")
    assert place.holds(*canary.values()) == {canary["photo"], canary["submission"]}


def test_a_child_leaves_the_profile_on_its_eighteenth_birthday(place: Place) -> None:
    place.town.clock.move((date(2033, 4, 1) - datetime.now(JST).date()).days * 86400)
    canary = plant(place, TestResident(place.town), "hanako")
    place.forgets()
    assert place.holds(canary["child"])
    place.town.clock.move(86400)
    place.forgets()
    assert not place.holds(canary["child"])
    field = profile.c.field == "diary/children"
    assert place.read(lambda db: db.scalar(select(profile.c.value).where(field))) == [
        {"born": "2024-01-01"}
    ]


def test_the_jobs_do_it_by_themselves(place: Place) -> None:
    canary = plant(place, TestResident(place.town), "hanako")
    until(lambda: {"core/forget", "core/scrub"} <= _ticks(place, "new").keys())
    place.town.clock.move(40 * 86400)
    for _ in range(3):
        before = _ticks(place, "done")
        place.town.clock.move(86400)
        until(partial(_went_on, place, before))
    gone = [canary[kind] for kind in ("typed", "place", "draft", "draftphoto", "original")]
    until(lambda: not place.holds(*gone))
    assert place.holds(canary["note"], canary["profile"])


def _went_on(place: Place, before: dict[str, int]) -> bool:
    now = _ticks(place, "done")
    return all(now.get(f"core/{job.name}", 0) > before.get(f"core/{job.name}", 0) for job in JOBS)


def _ticks(place: Place, outcome: str) -> dict[str, int]:
    """By job, the last time for which it ran, if that ended so."""
    sql = "SELECT job, max(tick) FROM job_run WHERE outcome = $1 GROUP BY job"
    return dict(place.town.wait(place.town.running.store.fetch(sql, outcome)))


def test_an_erasure_leaves_nothing_and_touches_nobody_else(place: Place) -> None:
    taro, hanako = TestResident(place.town, "太郎"), TestResident(place.town, "花子")
    gone, stays = plant(place, taro, "taro"), plant(place, hanako, "hanako")
    number = place.person(taro).resident.id
    done = place.erases(taro)
    assert done.done_at is not None
    assert done.deleted["diary"] == {"日記": 1}
    assert done.deleted["core"]["media"] == 2
    assert done.deleted["core"]["events"] == 4  # follow, text, location, text
    assert done.kept == {
        "diary": [{"what": "領収書", "ground": "地方自治法", "until": "2031-03-31"}]
    }
    assert place.holds(*gone.values(), taro.user_id) == set()
    assert place.holds(*stays.values(), hanako.user_id) == {*stays.values(), hanako.user_id}
    assert (
        place.read(lambda db: db.scalar(select(resident.c.id).where(resident.c.id == number)))
        is None
    )
    (line,) = place.read(lambda db: db.execute(select(erasure.c.line_key, erasure.c.report)).all())
    assert line.line_key == place.office.key_of("erasure", taro.user_id)
    assert place.read(audit.verify) is None
    place.town.wait(retention.tidy_orders(place.town.running.store, place.town.running.store.write))
    assert taro.says("またよろしく"), "they may come back, as somebody new"
    assert place.person(taro).resident.id != number


def fail(given: object) -> None:
    raise ValueError("CANARY-of-an-error")


def test_a_plugin_that_fails_is_reported_and_called_again(place: Place) -> None:
    taro = TestResident(place.town, "太郎")
    canary = plant(place, taro, "taro")
    hooks = place.office.plugins.all["diary"].hooks
    works = hooks["erase_personal_data"]
    hooks["erase_personal_data"] = fail
    done = place.erases(taro)
    assert (done.done_at, done.failed) == (None, {"diary": "ValueError"})
    assert place.holds(*canary.values(), taro.user_id) == {canary["note"]}
    assert place.town.wait(privacy.finish_erasures(place.office))[0].failed
    hooks["erase_personal_data"] = works
    (done,) = place.town.wait(privacy.finish_erasures(place.office))
    assert done.done_at is not None
    assert done.deleted["diary"] == {"日記": 1}
    assert not done.failed
    place.forgets()
    assert place.holds(*canary.values()) == set()
    assert place.town.wait(privacy.finish_erasures(place.office)) == []


def test_a_plugin_that_is_off_loses_its_rows_with_the_resident(
    make_town: Callable[..., Town], install_plugin: Callable[..., str], tmp_path: Path
) -> None:
    install_plugin("diary", DIARY)
    town = make_town({"diary": {}})
    place, taro = Place(town, None), TestResident(town, "太郎")
    canary = plant(place, taro, "taro")
    town.stop_worker()
    town._plugins = {}
    town.start_worker()
    done = place.erases(taro)
    assert done.done_at is not None
    assert "diary" not in done.deleted
    assert place.holds(*canary.values(), taro.user_id) == set()


def test_an_older_copy_of_the_database_repeats_the_erasure(
    install_plugin: Callable[..., str], tmp_path: Path, loop_thread: Any, redis_url: str
) -> None:
    install_plugin("diary", DIARY)
    options = (tmp_path, loop_thread, redis_url, {"diary": {}}, {})
    with Town(*options) as town:
        place = Place(town, None)
        taro, hanako = TestResident(town, "太郎"), TestResident(town, "花子")
        canary, stays = plant(place, taro, "taro"), plant(place, hanako, "hanako")
        file = town.folder / town.name / "main.sqlite"
        with closing(sqlite3.connect(file)) as db, closing(sqlite3.connect(":memory:")) as copy:
            db.backup(copy)
            backup = copy.serialize()
        assert place.erases(taro).done_at
        assert not place.holds(*canary.values(), taro.user_id)
    # Whose the words were that nobody answered, only the inbox knew.
    file.write_bytes(backup)
    for rest in ("-wal", "-shm"):  # of the newer file; with the older one they would be nonsense
        file.with_name(file.name + rest).unlink(missing_ok=True)
    assert place.holds(canary["note"], taro.user_id)
    with Town(*options) as town:
        place = Place(town, None)
        until(lambda: not place.holds(*canary.values(), taro.user_id) - {canary["typed"]})
        assert place.holds(stays["note"], stays["profile"])


def test_who_comes_back_after_an_erasure_stays(place: Place) -> None:
    taro = TestResident(place.town, "太郎")
    first = place.person(taro).resident.id
    place.erases(taro)
    taro.follows()
    again = place.person(taro).resident.id
    assert again != first
    assert place.town.wait(privacy.repeat_erasures(place.office, ME)) == []
    place.town.clock.move(4 * 366 * 86400)
    place.forgets()  # the erasure itself is forgotten by now
    assert not place.read(lambda db: db.execute(select(erasure)).all())
    assert place.town.wait(privacy.repeat_erasures(place.office, ME)) == []
    assert place.person(taro).resident.id == again


def test_an_export_holds_everything_and_nothing_of_others(place: Place) -> None:
    taro, hanako = TestResident(place.town, "太郎"), TestResident(place.town, "花子")
    mine, others = plant(place, taro, "taro"), plant(place, hanako, "hanako")
    place.write(audit.audit, ME, "resident.look", f"resident:{place.person(taro).resident.id}")
    made = place.town.wait(export(place.office, place.person(taro)))
    assert not made.failed
    everything = b"".join(made.files.values())
    assert {one for one in mine.values() if one.encode() not in everything} == set()
    assert {one for one in others.values() if one.encode() in everything} == set()
    table = json.loads(made.files["export.json"])
    assert set(table["data"]) == {"core", "diary"}
    text = made.files["export.txt"].decode()
    assert f"本文: 日記 {mine['note']}" in text
    assert "総務課" in text
    photos = {name for name in made.files if name.startswith("files/")}
    assert len(photos) == 3


def test_an_export_says_what_is_missing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    taro = TestResident(place.town, "太郎")
    plugin = place.office.plugins.all["diary"]
    monkeypatch.setitem(plugin.hooks, "export_personal_data", lambda given: ["a text"])
    made = place.town.wait(export(place.office, place.person(taro)))
    assert made.failed == {"diary": "TypeError"}
    assert "日記の情報は、いま取り出せませんでした" in made.files["export.txt"].decode()


def test_the_dry_run_counts_what_would_go(place: Place) -> None:
    plant(place, TestResident(place.town, "太郎"), "taro")
    kinds = retention.kinds(RetentionTable(), place.office.plugins.well())
    place.town.clock.move(35 * 86400)

    def due() -> dict[str, int]:
        now, store = place.town.clock.now(), place.town.running.store
        return {k.name: n for k, n in place.town.wait(retention.count_due(store, kinds, now)) if n}

    assert due() == {
        "events": 4,
        "places": 1,
        "unanswered": 1,
        "unanswered_keys": 1,
        "drafts": 1,
        "originals": 1,
        "messages": 2,
    }
    place.forgets()
    assert due() == {}


def test_the_audit_log_is_forgotten_from_its_beginning_and_still_verifies(place: Place) -> None:
    for number in range(5):
        place.write(audit.audit, ME, f"canary.{number}", "thing:1")
    place.write(audit.seal)
    place.town.clock.move(1000 * 86400)
    place.write(audit.audit, ME, "canary.5", "thing:1")
    place.write(audit.seal)
    place.town.clock.move(100 * 86400)
    place.forgets()
    assert place.holds(*(f"canary.{n}" for n in range(6))) == {"canary.5"}
    assert place.read(audit.verify) is None
    place.write(audit.audit, ME, "canary.6", "thing:1")
    place.write(audit.seal)
    assert place.read(audit.verify) is None
    place.write(
        lambda db: db.execute(
            update(audit.log).where(audit.log.c.action == "canary.5").values(object="x")
        )
    )
    assert place.read(audit.verify) is not None


def test_events_that_were_never_handled_are_not_forgotten(place: Place) -> None:
    taro = TestResident(place.town, "太郎")
    store = place.town.running.store
    place.town.stop_worker()
    for text in ("CANARY-waits", "CANARY-handled"):
        message = {"type": "text", "text": text}
        sent = place.town.wait(place.town.simulator.send_message(taro.user_id, message))
    place.town.wait(store.start())
    mark = {"event_id": sent["webhookEventId"], "lane": 1, "outcome": "failed", "at": 1.0}
    place.write(lambda db: db.execute(insert(handled).values(mark)) and None)
    place.write(inbox_orders.forget_old, place.town.clock.time() + 1, 1000)
    place.door_works()
    place.town.wait(store.close())
    if (file := place.town.folder / "mihon/inbox.sqlite").exists():
        assert forgetting.scrub(file)
    assert place.holds("CANARY-waits", "CANARY-handled") == {"CANARY-waits"}


def test_a_kind_that_fails_does_not_hold_up_the_others(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    canary = plant(place, TestResident(place.town), "hanako")

    class Broken:
        def forget(self, db: object, before: object, most: int) -> int:
            raise ValueError("broken")

    good = retention.kinds(RetentionTable())
    kinds = [retention.Kind("toy/words", "words", timedelta(), Broken()), *good]
    place.town.clock.move(2 * 86400)
    write = place.town.running.store.write
    place.town.wait(retention.forget_due(write, kinds, place.town.clock.now()))
    place.forgets()
    assert not place.holds(canary["draft"])
    assert "toy/words could not be forgotten" in caplog.text


@pytest.mark.parametrize("days", [0, 5000])
def test_a_city_cannot_keep_things_as_it_likes(days: int) -> None:
    for name in RetentionTable.model_fields:
        with pytest.raises(ValueError, match=name):
            RetentionTable(**{name: days})


def test_every_job_of_the_gateway_is_named_once() -> None:
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)


def test_forms_that_were_sent_go_where_the_city_says_when(
    make_town: Callable[..., Town], install_plugin: Callable[..., str]
) -> None:
    install_plugin("diary", DIARY)
    place = Place(make_town({"diary": {}}, {"retention": {"submissions": 365}}), None)
    canary = plant(place, TestResident(place.town, "太郎"), "taro")
    theirs = {canary["submission"], canary["photo"]}
    place.town.clock.move(365 * 86400 - 7200)
    place.forgets()
    assert place.holds(*theirs) == theirs
    place.town.clock.move(2 * 7200)
    place.forgets()
    assert place.holds(*theirs) == set()


def test_what_no_resident_left_knowingly_goes_in_its_time_too(place: Place) -> None:
    """Errors of events, how they ended, what was sent to whom, photos without a form, addresses."""
    taro = TestResident(place.town, "太郎")
    until(lambda: not place.town.wait(place.town.running.store.fetch(WAITING)))
    now, who = place.town.clock.now(), place.person(taro).resident.id

    def put(db: Any) -> None:
        stamp = now.timestamp()
        failed = {"event_id": "CANARY-failed", "attempts": 1, "last_error": "CANARY-error"}
        db.execute(insert(attempt).values(**failed, at=stamp))
        ended = {"event_id": "CANARY-ended", "lane": 1, "outcome": "failed", "at": stamp}
        db.execute(insert(handled).values(ended))
        loose = {"resident_id": who, "kind": "photo", "content_type": "image/jpeg", "at": now}
        db.execute(insert(media).values(**loose, bytes=b"CANARY-loose", message_key="CANARY-key"))
        sent = {"resident_id": who, "kind": "push", "state": "accepted", "created": stamp}
        db.execute(insert(own_copy).values(resident_id=who, nonce="CANARY-copy", made=stamp))
        db.execute(insert(outgoing).values(**sent, body=b"CANARY-letter", key="CANARY-sent"))
        many = {"channel": "live", "kind": "multicast", "state": "cancelled", "messages": b""}
        many |= {"key": "toy/1", "created": stamp, "ended": stamp}
        number = db.execute(insert(delivery).values(**many).returning(delivery.c.id)).scalar_one()
        part = {"delivery_id": number, "n": 0, "key": "k", "state": "left out", "size": 1}
        piece = db.execute(insert(chunk).values(**part).returning(chunk.c.id)).scalar_one()
        to = {"recipients": ["CANARY-recipient"], "addresses": b"CANARY-address"}
        db.execute(insert(parcel).values(chunk_id=piece, low=0, high=0, left_out={}, **to))

    place.write(put)
    after = {
        1: {"CANARY-loose", "CANARY-key", "CANARY-copy"},
        30: {"CANARY-letter", "CANARY-address"},
        37: {"CANARY-failed", "CANARY-error", "CANARY-ended"},
        400: {"CANARY-sent", "CANARY-recipient"},
    }
    alive = set().union(*after.values())
    assert place.holds(*alive) == alive
    passed = 0
    for days, gone in after.items():
        place.town.clock.move((days - passed) * 86400 - 7200)
        place.forgets()
        assert place.holds(*alive) == alive, f"{days} days less two hours"
        place.town.clock.move(2 * 7200)
        place.forgets()
        alive -= gone
        assert place.holds(*alive, *gone) == alive, f"{days} days and two hours"
        place.town.clock.move(-7200)
        passed = days


def test_no_kind_of_data_is_without_a_canary() -> None:
    """Whoever adds a kind plants a canary above that is gone in time, and names it here."""
    proved = {
        "events", "places", "unanswered", "drafts", "originals", "messages", "profile",
        "submissions", "loose_media", "media_keys", "sent", "handled", "attempts", "audit",
        "erasures", "unanswered_keys", "own_copies", "addresses", "deliveries",
    }  # fmt: skip
    assert {kind.name for kind in retention.kinds(RetentionTable(submissions=9))} == proved
