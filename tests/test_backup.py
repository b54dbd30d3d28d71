"""A copy made while it runs, put back: nothing goes out twice, and who was erased stays erased."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from madoguchi import backups, deliveries, held, migrations, privacy, residents
from madoguchi.audit import Actor
from madoguchi.config import check_gateway
from madoguchi.errors import MadoguchiError
from madoguchi.gateway import migration_sets
from madoguchi.testing import until

WHO = Actor("staff", "1", "試験")


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, make_town):
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return make_town({"segment": {}}, **({"database_url": url} if url else {}))


def write(town, fn, *args, **named):
    return town.wait(town.running.store.write(fn, *args, **named))


def read(town, fn, *args):
    return town.wait(town.running.store.read(fn, *args))


def received(town):
    sends = town.call(lambda: list(town.simulator.book.sends()))
    return Counter(who for send in sends for who in send["userIds"])


def place(town):
    return check_gateway(town.settings(), town.folder / f"{town.name}.toml")


def put_back(town, file, monkeypatch):
    """Stop the worker, restore, start again."""
    gateway = place(town)
    sets = [migrations.CORE, *migration_sets(town.running.services.plugins)]
    town.stop_worker()
    if town._database_url:
        import asyncio

        import asyncpg

        async def renew():
            address = make_url(town._database_url).set(drivername="postgresql")
            connection = await asyncpg.connect(address.render_as_string(hide_password=False))
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await connection.close()

        with pytest.raises(MadoguchiError, match="not empty"):
            town.wait(backups.restore(gateway, town.folder, file, sets, town.clock.now()))
        asyncio.run(renew())
    told = town.wait(backups.restore(gateway, town.folder, file, sets, town.clock.now()))
    town.start_worker()
    return told


def test_a_restored_copy_is_held_and_sends_nothing_twice(town, tmp_path, monkeypatch):
    def befriend():
        found = town.simulator.residents
        added = [found.add(f"住民{n}", None, 0, friend=True) for n in range(1200)]
        town.simulator._db.commit()
        return added

    people = town.call(befriend)
    write(town, residents.take_in, people, datetime.now(UTC))
    ids = [
        row[0] for row in town.wait(town.running.store.fetch("SELECT id FROM resident ORDER BY id"))
    ]
    work = deliveries.freeze_in_slices(town.running.store.write, "toy/1", ids, "お知らせ")
    town.wait(work)
    pushed = read(town, residents.find, ids[0])
    plugin = town.running.services.plugins.all["segment"]
    later = datetime.fromtimestamp(town.clock.time() + 5, UTC)
    write(town, lambda db: town.running.services.send(plugin, db, [pushed], "個別", "one", later))
    write(town, deliveries.start, "toy/1")
    write(town, deliveries.pause, "toy/1")
    file = tmp_path / "copy.zip"
    told = town.wait(backups.back_up(place(town), town.folder, file, town.clock.now()))
    assert str(file) in told[0]
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(MadoguchiError, match="there already"):
        town.wait(backups.back_up(place(town), town.folder, file, town.clock.now()))

    write(town, deliveries.resume, "toy/1")
    until(lambda: read(town, deliveries.look, "toy/1").state == "done")
    town.clock.move(6)
    until(lambda: received(town)[people[0]] == 2)
    erased = read(town, privacy.find_person, people[7])
    town.wait(privacy.erase(town.running.services.office, erased, WHO))
    before = received(town)

    lines = put_back(town, file, monkeypatch)
    assert "madoguchi resume" in lines[-1]
    assert read(town, held.is_held)
    assert read(town, deliveries.look, "toy/1").state == "paused"
    write(town, deliveries.resume, "toy/1")
    time.sleep(2)
    assert received(town) == before, "held"
    until(lambda: read(town, privacy.find_person, people[7]) is None)
    assert write(town, held.let_go, WHO)
    until(lambda: read(town, deliveries.look, "toy/1").state == "done")
    ledger = read(town, deliveries.count, "toy/1")
    assert ledger.adds_up
    time.sleep(1)
    after = received(town)
    assert after - before == Counter(), "LINE knew every key"
    assert not write(town, held.let_go, WHO)
    more = [f"U{n:032x}" for n in range(3)]
    write(town, residents.take_in, more, datetime.now(UTC))
    rows = town.wait(town.running.store.fetch("SELECT id FROM resident ORDER BY id"))
    assert min(row[0] for row in rows[-3:]) > max(ids), "no number is given out again"


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_what_is_no_copy_is_refused(tmp_path, town, content):
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(MadoguchiError, match="no copy"):
        town.wait(backups.restore(place(town), town.folder, file, [], town.clock.now()))
    assert Path(town.folder).exists()
