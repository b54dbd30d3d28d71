"""Migrations: each owner by itself, whole revisions or nothing, from any number of processes."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from madoguchi.migrations import CORE, MigrationFailed, MigrationSet, drift, migrate, pending
from madoguchi.store import Store, StoreLocked, StoreUnavailable, open_store, plugin_metadata
from madoguchi.tables import resident

Plugin = Callable[..., MigrationSet]


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """A plugin whose n-th revision does what the n-th text says."""

    def make(owner: str, *revisions: str, **columns: type) -> MigrationSet:
        folder = tmp_path / owner / "versions"
        folder.mkdir(parents=True, exist_ok=True)
        for n, body in enumerate(revisions, 1):
            (folder / f"{n:04}_{owner}.py").write_text(
                "import sqlalchemy as sa\nfrom alembic import op\n\n"
                f"revision: str = '{owner}{n}'\n"
                f"down_revision = {f'{owner}{n - 1}' if n > 1 else None!r}\n\n\n"
                f"def upgrade():\n    {body}\n"
            )
        metadata = plugin_metadata(owner)
        Table(f"{owner}_entry", metadata, Column("id", Integer, primary_key=True))
        return MigrationSet(owner, metadata, folder)

    return make


def table(name: str) -> str:
    return (
        f"op.create_table('{name}', sa.Column('id', sa.Integer(), primary_key=True),"
        f" sa.PrimaryKeyConstraint('id', name='pk_{name}'))"
    )


async def tables(store: Store) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if store.dialect == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    return {name for (name,) in await store.fetch(sql)}


def look(opened: Callable[[], Store]) -> set[str]:
    async def run() -> set[str]:
        store = opened()
        await store.start()
        try:
            return await tables(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_the_models_and_the_version_files_agree(database, opened):
    async def run() -> None:
        assert await pending(database) == ["core"]
        assert await migrate(database) == ["core"]
        assert await drift(database, CORE) == []
        assert await pending(database) == []
        assert await migrate(database) == []

    asyncio.run(run())
    made = look(opened)
    assert ("inbox" in made) == isinstance(database, str)
    assert {"resident", "outgoing", "schema_version_core"} <= made


def test_a_plugin_refers_to_a_resident(database, plugin):
    toy = plugin(
        "toy",
        "op.create_table('toy_entry', sa.Column('id', sa.Integer(), primary_key=True),"
        " sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite')),"
        " sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], ondelete='CASCADE',"
        " name='fk_toy_entry_resident_id'), sa.PrimaryKeyConstraint('id', name='pk_toy_entry'))",
    )
    column = Column("resident_id", ForeignKey(resident.c.id, ondelete="CASCADE"))
    toy.metadata.tables["toy_entry"].append_column(column)

    async def run() -> None:
        await migrate(database, [CORE, toy])
        assert await drift(database, toy) == []

    asyncio.run(run())


def test_drift_is_seen(database, plugin):
    toy = plugin("toy", table("toy_entry"))
    Table("toy_other", toy.metadata, Column("id", Integer, primary_key=True))
    toy.metadata.tables["toy_entry"].append_column(Column("added", Text))

    async def run() -> None:
        await migrate(database, [CORE, toy])
        found = await drift(database, toy)
        assert len(found) == 2
        assert "toy_other" in found[0]
        assert "added" in found[1]

    asyncio.run(run())


def test_a_started_store_is_migrated(opened):
    async def run() -> None:
        store = opened()
        await store.start()
        try:
            assert await migrate(store) == ["core"]
            assert await store.fetch("SELECT value FROM meta WHERE key = $1", "audit_head") == [
                ("0:",)
            ]
        finally:
            await store.close()

    asyncio.run(run())


def test_a_failing_plugin_keeps_what_it_had_and_stops_nobody(database, opened, plugin):
    good = plugin("good", table("good_entry"))
    bad = plugin(
        "bad",
        table("bad_entry"),
        table("bad_half") + "\n    op.execute('INSERT INTO nowhere VALUES (1)')",
        table("bad_later"),
    )
    leaves = plugin("leaves", "raise SystemExit('bye')")
    last = plugin("last", table("last_entry"))

    async def run() -> MigrationFailed:
        with pytest.raises(MigrationFailed) as caught:
            await migrate(database, [CORE, bad, good, leaves, last])
        assert await pending(database, [CORE, bad, good, leaves, last]) == ["bad", "leaves"]
        return caught.value

    failure = asyncio.run(run())
    assert (failure.owner, failure.revision) == ("bad", "bad2")
    assert "nowhere" in failure.reason
    assert [(other.owner, other.revision) for other in failure.others] == [("leaves", "leaves1")]
    made = look(opened)
    assert {"good_entry", "last_entry", "bad_entry"} <= made
    assert not {"bad_half", "bad_later"} & made

    mended = plugin("bad", table("bad_entry"), table("bad_half"), table("bad_later"))
    assert asyncio.run(migrate(database, [CORE, mended])) == ["bad"]
    assert {"bad_half", "bad_later"} <= look(opened)


def test_a_plugin_that_is_removed_leaves_its_tables(database, opened, plugin):
    first, second = plugin("first", table("first_entry")), plugin("second", table("second_entry"))
    asyncio.run(migrate(database, [CORE, first, second]))
    second = plugin("second", table("second_entry"), table("second_more"))
    assert asyncio.run(migrate(database, [CORE, second])) == ["second"]
    assert {"first_entry", "schema_version_first", "second_more"} <= look(opened)


def test_a_plugin_touches_its_own_tables_only(database, opened, plugin):
    named = plugin("named", table("named_entry"))
    Table("stranger", named.metadata, Column("id", Integer, primary_key=True))
    maker = plugin("maker", table("makers"))
    dropper = plugin("dropper", "op.drop_table('outgoing')")
    core_name = plugin("meta", table("meta_entry"))
    Table("meta", core_name.metadata, Column("id", Integer, primary_key=True))
    plugins = [named, maker, dropper, core_name]

    async def run() -> None:
        with pytest.raises(MigrationFailed) as caught:
            await migrate(database, [CORE, *plugins])
        failures = [caught.value, *caught.value.others]
        assert [failure.owner for failure in failures] == [each.owner for each in plugins]
        for failure, wrong in zip(
            failures, ["stranger", "makers", "outgoing", "meta"], strict=True
        ):
            assert wrong in failure.reason

    asyncio.run(run())
    made = look(opened)
    assert "outgoing" in made
    assert not {"named_entry", "makers", "stranger", "meta_entry"} & made


def test_of_plugins_whose_names_begin_alike_each_has_its_own_tables(database, opened, plugin):
    """`hello_world_entry` is `hello_world`'s, on or not any more, though `hello_…` is `hello`'s."""
    longer = plugin("hello_world", table("hello_world_entry"))
    shorter = plugin("hello", table("hello_entry"))

    async def run() -> None:
        assert await migrate(database, [CORE, shorter, longer]) == ["core", "hello", "hello_world"]
        taking = plugin("hello", table("hello_entry"), "op.drop_table('hello_world_entry')")
        with pytest.raises(MigrationFailed, match="makes or drops hello_world_entry, but"):
            await migrate(database, [CORE, taking])
        claiming = plugin("hello", table("hello_entry"), table("hello_more"))
        Table("hello_world_more", claiming.metadata, Column("id", Integer, primary_key=True))
        with pytest.raises(MigrationFailed, match="hello_world_more is the plugin hello_world's"):
            await migrate(database, [CORE, claiming])
        schema = plugin("schema", "op.drop_table('schema_version_hello')")
        with pytest.raises(MigrationFailed, match="makes or drops schema_version_hello, but"):
            await migrate(database, [CORE, schema])

    asyncio.run(run())
    assert {"hello_entry", "hello_world_entry", "schema_version_hello"} <= look(opened)


def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(tmp_path, plugin):
    owned = plugin(
        "parent",
        table("parent_entry") + "\n    op.create_table('parent_child',"
        " sa.Column('id', sa.Integer(), primary_key=True), sa.Column('of', sa.Integer(),"
        " sa.ForeignKey('parent_entry.id', ondelete='CASCADE')))"
        "\n    op.execute('INSERT INTO parent_entry VALUES (1)')"
        "\n    op.execute('INSERT INTO parent_child VALUES (1, 1)')",
        "with op.batch_alter_table('parent_entry', recreate='always') as batch:"
        "\n        batch.add_column(sa.Column('name', sa.Text()))",
        "op.execute('DELETE FROM parent_entry')",
    )
    Table("parent_child", owned.metadata, Column("of", ForeignKey("parent_entry.id")))

    async def run() -> None:
        with pytest.raises(MigrationFailed, match="refer to rows of parent_entry") as caught:
            await migrate(tmp_path / "main.sqlite", [CORE, owned])
        assert caught.value.revision == "parent3"
        store = open_store(path=tmp_path / "main.sqlite")
        await store.start()
        try:
            assert await store.fetch("SELECT id, name FROM parent_entry") == [(1, None)]
            assert await store.fetch("SELECT * FROM parent_child") == [(1, 1)]
        finally:
            await store.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("revision = 'toy2'\ndown_revision = None\ndef upgrade(): pass\n", "chain them"),
        ("def upgrade(:\n", "invalid syntax"),
        ("revision = name()\n", "malformed"),
    ],
)
def test_version_files_that_cannot_be_used(database, plugin, text, reason):
    toy = plugin("toy", table("toy_entry"))
    (toy.folder / "0002_more.py").write_text(text)

    async def run() -> None:
        assert await pending(database, [toy]) == ["toy"]
        with pytest.raises(MigrationFailed, match=reason) as caught:
            await migrate(database, [toy])
        assert caught.value.owner == "toy"

    asyncio.run(run())


def test_a_database_of_a_newer_release_is_left_alone(database, plugin):
    asyncio.run(migrate(database, [plugin("toy", table("toy_entry"), table("toy_more"))]))
    older = plugin("toy", table("toy_entry"))
    (older.folder / "0002_toy.py").unlink()
    with pytest.raises(MigrationFailed, match=r"toy: migration toy2 failed: .*newer"):
        asyncio.run(migrate(database, [older]))


def test_when_nothing_is_pending_alembic_is_not_imported(database):
    asyncio.run(migrate(database))
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom madoguchi.migrations import migrate\n"
        "place = sys.argv[1] if '://' in sys.argv[1] else Path(sys.argv[1])\n"
        "assert asyncio.run(migrate(place)) == []\nsys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(database)], check=False).returncode == 0


def test_several_processes_migrate_at_once(postgres):
    code = (
        "import asyncio, sys\nfrom madoguchi.migrations import migrate\n"
        "print(asyncio.run(migrate(sys.argv[1])))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, postgres], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = sorted(process.communicate()[0].strip() for process in running)
    assert said == ["['core']", "[]", "[]"]
    assert asyncio.run(drift(postgres, CORE)) == []


def test_a_file_that_is_served_is_not_migrated_from_outside(tmp_path):
    async def run() -> None:
        store = open_store(path=tmp_path / "main.sqlite")
        await store.start()
        try:
            with pytest.raises(StoreLocked, match="written by process"):
                await migrate(tmp_path / "main.sqlite")
            beside = open_store(path=tmp_path / "main.sqlite", read_only=True)
            with pytest.raises(StoreLocked, match="written by process"):
                await migrate(beside)
        finally:
            await store.close()
        assert await migrate(tmp_path / "main.sqlite") == ["core"]

    asyncio.run(run())


def test_a_database_that_does_not_answer():
    with pytest.raises(StoreUnavailable):
        asyncio.run(migrate("postgresql://city:secret@127.0.0.1:1/mihon"))
