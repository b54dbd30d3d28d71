"""Settings: changed by command while the gateway runs, in force everywhere within a second."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from madoguchi.beat import Beat
from madoguchi.cli import app
from madoguchi.collected import without_nothing
from madoguchi.config import check_gateway
from madoguchi.gateway import RunningGateway
from madoguchi.inbox import LANES
from madoguchi.settings import read_file, write_file
from madoguchi.testing import TestResident, labels_of, text_of, until
from madoguchi.valkey import start_valkey

TOY = '''
"""Answers the words that staff chose, and counts how often it was told of changes."""
import os
import time
from contextlib import asynccontextmanager
from madoguchi import Consequence, Daily, Fit, Job, MenuItem, Offer, hookimpl
from madoguchi.forms import Choice, Form
from madoguchi.tables import meta
from pydantic import BaseModel, Field
from sqlalchemy import insert, select, text, update, func

class Answer(BaseModel):
    name: str
    text: str

class Settings(BaseModel):
    answers: list[Answer] = [Answer(name="元気", text="元気です。")]
    hour: int = Field(9, ge=0, le=23)
    note: str | None = None

@hookimpl
def settings_model():
    return Settings

@hookimpl
def register_jobs(config, settings):
    if settings.note == "boom":
        raise RuntimeError("cannot do that")
    if settings.note == f"boom here {os.environ.get('TOY_PLACE')}":
        raise RuntimeError("cannot do that here")
    return [Job("greet", Daily(f"{settings.hour:02}:00"), print)]

@hookimpl
def register_menu_items(config, settings):
    return [MenuItem(answer.name, says=answer.name) for answer in settings.answers]

@hookimpl
def register_forms(config, settings):
    options = {f"o{n}": answer.name for n, answer in enumerate(settings.answers)}
    return [Form("ask", "ご用件", [Choice("what", "どれですか", options=options)], print)]

async def ask(ctx):
    return await ctx.open_form("ask")

@hookimpl
def review_settings(db, before, after):
    match after.note:
        case "said":
            word = Consequence("下の行。", at='answers "元気"')
            return [Consequence(f"{before.note}から\\n{after.note}へ。"), word]
        case "no":
            return [Consequence("だめです。"), Consequence("いけません。", at="hour", refused=True)]
        case "raises":
            raise RuntimeError("no idea")
        case "exits":
            raise SystemExit(3)
        case "asks for nothing":
            db.execute(text("SELECT x FROM nowhere"))
        case "says nothing":
            return None
        case "says a text":
            return ["text"]
        case "sleeps":
            time.sleep(1)
    return []

def load(db):
    return db.scalar(select(func.count()).select_from(meta).where(meta.c.key.like("toy%")))

@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    plugin.state = {"count": await plugin.read(load), "told": []}
    yield

@hookimpl
async def on_change(plugin, name):
    if plugin.settings.note == "deaf":
        raise RuntimeError("not listening")
    plugin.state = {"count": await plugin.read(load), "told": [*plugin.state["told"], name]}

def more(db, ctx):
    db.execute(insert(meta).values(key=f"toy {load(db)}", value="x"))
    ctx.plugin.changed(db, "count")
    return "はい。"

async def add(ctx):
    return await ctx.write(more, ctx)

@hookimpl
def offer_for_message(ctx, text):
    for answer in ctx.plugin.settings.answers:
        if text == answer.name:
            return Offer(lambda ctx: answer.text, Fit.EXACT, label="x")
    if text == "用紙":
        return Offer(ask, Fit.EXACT, label="x")
    if text == "いくつ":
        return Offer(lambda ctx: f"{ctx.plugin.state['count']}", Fit.EXACT, label="x")
    if text == "ふやす":
        return Offer(add, Fit.EXACT, label="x")
'''


@pytest.fixture
def command(tmp_path, monkeypatch, redis_url):
    """Write the city's file beside the town, and run commands with it."""
    for key, value in (("SECRET", "s"), ("TOKEN", "t")):
        monkeypatch.setenv(f"CLI_{key}", value)
    folder = tmp_path / "config"
    folder.mkdir()

    def write(plugins="[plugins.toy]", redis=redis_url, database=None):
        monkeypatch.setenv("CLI_REDIS", redis)
        store = 'redis_url = { env = "CLI_REDIS" }'
        if database:
            monkeypatch.setenv("CLI_DATABASE", database)
            store += '\ndatabase_url = { env = "CLI_DATABASE" }'
        (folder / "mihon.toml").write_text(
            f"""
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日 8:30〜17:15"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = {{ env = "CLI_SECRET" }}
access_token = {{ env = "CLI_TOKEN" }}
[store]
{store}
{plugins}
""",
            "utf-8",
        )

    def run(*words):
        options = ["--config", str(folder), "--data", str(tmp_path)]
        return CliRunner().invoke(app, ["settings", *map(str, words), *options])

    write()
    run.write = write
    return run


@pytest.fixture
def start(install_plugin, make_town):
    install_plugin("toy", TOY)

    def start(**options):
        return make_town(plugins={"toy": {}}, **options)

    return start


@pytest.fixture
def change(command, tmp_path):
    """Replace texts in an export and import that; what the command printed."""

    def change(*replacements, options=()):
        exported = command("export")
        assert exported.exit_code == 0, exported.stderr
        text = exported.stdout
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "change.toml"
        file.write_text(text, "utf-8")
        return command("import", file, *options)

    return change


def greeting(town):
    """The city's own words to a new friend; a line on the languages follows them."""
    return own_words(TestResident(town))


def own_words(friend):
    (said,) = [one["message"]["text"] for one in friend.chat() if one["from"] == "bot"]
    return said.partition("\n")[0]


def toy_of(town):
    return town.running.services.plugins.all["toy"]


HELLO = ('greeting = "見本市です。"', 'greeting = "こんにちは。"')


def test_a_greeting_is_changed_while_the_worker_runs(start, change, command):
    town = start()
    assert greeting(town) == "見本市です。"
    result = change(*HELLO, options=["--comment", "やさしく"])
    assert result.stdout.splitlines() == [
        '[city] greeting: "見本市です。" → "こんにちは。"',
        "changed: 1",
    ], result.stderr
    assert greeting(town) == "こんにちは。"
    lines = command("history").stdout.splitlines()
    assert "[city] version 2" in lines[0]
    assert "(command line): やさしく" in lines[0]
    assert lines[1] == '    [city] greeting: "見本市です。" → "こんにちは。"'
    assert {line.split(",")[0] for line in lines[2:]} == {"[city] version 1", "[toy] version 1"}
    assert command("diff").stdout == lines[1].strip() + "\n"
    town.stop_worker()
    town.start_worker()
    assert greeting(town) == "こんにちは。"
    assert town.wait(town.running.store.fetch("SELECT object FROM audit")) == [("settings:city:2",)]


def test_phone_fallback_and_danger_words_are_settings_too(start, change):
    town = start()
    resident = TestResident(town)
    danger = '\n\n[[city.danger]]\nwords = ["火事"]\nexcept = ["火事場"]\nanswer = "119へ。"\n'
    result = change("0100-00-0000", "0200-00-0000", "danger = []", "", "[toy]", f"{danger}\n[toy]")
    assert result.exit_code == 0, result.stderr
    telephone = "見本市 0200-00-0000（平日 8:30〜17:15）"
    assert resident.says("火事です") == ["119へ。", telephone]
    assert resident.says("火事場の馬鹿力") == [f"お答えできませんでした。\n{telephone}"]


def test_a_plugins_settings_change_its_answers_and_its_jobs(start, change):
    town = start()
    resident = TestResident(town)
    assert resident.says("元気") == ["元気です。"]
    result = change("元気です。", "おかげさまで。", "hour = 9", "hour = 17")
    assert result.stdout.splitlines() == [
        '[toy.answers "元気"] text: "元気です。" → "おかげさまで。"',
        "[toy] hour: 9 → 17",
        "changed: 2",
    ], result.stderr
    assert resident.says("元気") == ["おかげさまで。"]
    assert [job.schedule.at for job in toy_of(town).collected.jobs] == ["17:00"]
    until(lambda: toy_of(town).state["told"] == ["settings"])


def test_menu_and_forms_are_collected_again_while_it_runs(start, change):
    town = start()
    resident = TestResident(town)
    assert labels_of(resident.says("用紙"))[0] == "元気"
    assert change('"元気"', '"調子"').exit_code == 0
    assert labels_of(resident.says("元気"))[0] == "調子", (
        "what is gone cannot be chosen in a form that is open"
    )
    assert "・調子" in menu_of(resident)
    resident.says("やめる")
    assert labels_of(resident.says("用紙"))[0] == "調子"


def menu_of(resident):
    """The lines of the menu as text."""
    return next(text_of(one) for one in resident.says("メニュー") if "できること" in text_of(one))


def test_a_dry_run_changes_nothing_and_says_the_same(start, change, command):
    town = start()
    before = command("history").stdout
    dry = change(*HELLO, options=["--dry-run"])
    assert dry.stdout.splitlines()[-1] == "this would change: 1"
    assert (command("history").stdout, greeting(town)) == (before, "見本市です。")
    real = change(*HELLO)
    assert real.stdout.splitlines()[:-1] == dry.stdout.splitlines()[:-1]
    assert change().stdout == "nothing changes\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hour = 9", 'hour = "spät"', "change.toml [toy] hour: write a whole number"),
        ("hour = 9", "hour = 24", "change.toml [toy] hour: input should be less than"),
        ("hour = 9", "hours = 9", "change.toml [toy] hours: is not a key that is known here"),
        ("hour = 9", 'note = "boom"', "[toy]: the plugin cannot work with these: RuntimeError"),
        (
            'name = "元気", ',
            "",
            'change.toml [toy.answers no. 1] name: is missing; write name = "…"',
        ),
        ('phone = "0100-00-0000"', "phone = 1", "change.toml [city] phone: write a text"),
        ("[toy]", "[toys]", "change.toml [toys]: toys has none; settings have city, toy"),
        ("[toy]", "[toy", "change.toml: is not TOML"),
        ("city = 1", 'city = "1"', "change.toml [versions]: write numbers"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_changes(start, change, command, old, new, said):
    town = start()
    history = command("history").stdout
    result = change(*HELLO, old, new)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert (command("history").stdout, greeting(town)) == (history, "見本市です。")


def test_what_fails_in_one_process_only_leaves_there_what_was_before(
    start, change, command, monkeypatch
):
    town = start()
    town.stop_worker()
    assert change("hour = 9", 'hour = 9\nnote = "boom here 1"', *HELLO).exit_code == 0
    monkeypatch.setenv("TOY_PLACE", "1")
    town.start_worker()
    assert toy_of(town).collected.version == 1
    assert "version 2 of its settings is not in force: RuntimeError" in toy_of(town).stale
    assert greeting(town) == "こんにちは。"
    assert TestResident(town).says("元気") == ["元気です。"]
    monkeypatch.setenv("TOY_PLACE", "2")
    assert change("hour = 9", "hour = 10").exit_code == 0
    assert (toy_of(town).collected.version, toy_of(town).stale) == (3, None)


def test_what_fails_while_it_runs_leaves_what_was_before(start, change, monkeypatch):
    import os

    town = start()
    plugin = toy_of(town)
    monkeypatch.setenv("TOY_PLACE", "0")
    prepare = town.running.services.live._prepare

    def travel(owner, content, number):
        monkeypatch.setitem(os.environ, "TOY_PLACE", "1" if number else "0")
        return prepare(owner, content, number)

    monkeypatch.setattr(town.running.services.live, "_prepare", travel)
    result = change("hour = 9", 'hour = 10\nnote = "boom here 1"', *HELLO)
    assert result.exit_code == 0, result.stderr
    assert "version 2 of its settings is not in force" in plugin.stale
    assert (plugin.settings.hour, plugin.collected.jobs[0].schedule.at) == (9, "09:00")
    assert greeting(town) == "こんにちは。"


def test_going_back_makes_a_new_version(start, change, command):
    town = start()
    change(*HELLO)
    change("こんにちは。", "やあ。")
    dry = command("undo", "city", "--dry-run")
    assert dry.stdout.splitlines() == [
        '[city] greeting: "やあ。" → "こんにちは。"',
        "this would change: 1",
    ]
    assert command("undo", "city").stdout.endswith("changed: 1\n")
    assert greeting(town) == "こんにちは。"
    assert command("undo", "city", "--to", "1").exit_code == 0
    assert greeting(town) == "見本市です。"
    heads = [line for line in command("history", "city").stdout.splitlines() if line[0] == "["]
    assert [head.split(",")[0][-1] for head in heads] == ["5", "4", "3", "2", "1"]
    assert heads[0].endswith("back to version 1")
    assert command("history", "city", "--most", "2").stdout.count("\n[city] version") == 1
    assert "has no version 9" in command("undo", "city", "--to", "9").stderr
    assert "no settings [town]" in command("undo", "town").stderr


SAID = ("元気です。", "おかげさまで。", "hour = 9", 'hour = 9\nnote = "said"', *HELLO)


def test_what_a_change_means_stands_below_it_and_in_the_history(start, change, command):
    start()
    result = change(*SAID, options=["--dry-run"])
    assert result.exit_code == 0, result.stderr
    dry = result.stdout.splitlines()
    assert dry == [
        '[city] greeting: "見本市です。" → "こんにちは。"',
        '[toy.answers "元気"] text: "元気です。" → "おかげさまで。"',
        "    下の行。",
        '[toy] note: nothing → "said"',
        "    Noneから saidへ。",
        "this would change: 3",
    ]
    assert change(*SAID).stdout.splitlines() == [*dry[:-1], "changed: 3"]
    head, *lines = command("history", "toy").stdout.splitlines()
    assert head.startswith("[toy] version 2, "), lines
    assert lines[:4] == [f"    {one}" for one in dry[1:5]]
    undone = command("undo", "toy", "--dry-run")
    assert undone.stdout.splitlines()[-1] == "this would change: 2"


UNSAYABLE = [
    ("raises", "RuntimeError: no idea"),
    ("exits", "SystemExit: 3"),
    ("asks for nothing", "nowhere"),
    ("says nothing", "`review_settings` returned NoneType, not Sequence"),
    ("says a text", "`review_settings` returned a str among its Consequences"),
]


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry", "real"])
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_what_a_plugin_refuses_or_cannot_say_leaves_everything_as_it_was(
    start, change, command, request, store, options
):
    place = {}
    if store == "postgresql":
        place = {"database_url": request.getfixturevalue("postgres")}
        command.write(database=place["database_url"])
    town = start(**place)
    history = command("history").stdout
    refused = change(*HELLO, "hour = 9", 'hour = 9\nnote = "no"', options=options)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert [line.rpartition("/")[2] for line in refused.stderr.splitlines()] == [
        "change.toml [toy] hour: いけません。"
    ]
    for note, reason in UNSAYABLE:
        result = change(*HELLO, "hour = 9", f'hour = 9\nnote = "{note}"', options=options)
        assert (result.exit_code, result.stdout) == (1, ""), note
        assert "change.toml [toy]: the plugin cannot say what this means" in result.stderr, note
        assert reason in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert command("history").stdout == history
    assert greeting(town) == "見本市です。"
    assert TestResident(town).says("元気") == ["元気です。"]


def test_a_plugin_that_takes_too_long_to_say_it_is_not_waited_for(start, change, monkeypatch):
    town = start()
    monkeypatch.setattr("madoguchi.live.TIME_LIMIT", 0.1)
    for options in (["--dry-run"], []):
        result = change("hour = 9", 'hour = 10\nnote = "sleeps"', options=options)
        assert "took longer than 0.1 s: see what is in force" in result.stderr
    assert toy_of(town).settings.hour == 9
    monkeypatch.undo()


def test_of_a_plugin_in_quarantine_nobody_can_say_what_it_means(start, change):
    town = start()
    town.call(toy_of(town).quarantine, "it fell ill")
    result = change("hour = 9", 'hour = 10\nnote = "no"', options=["--dry-run"])
    assert "    nobody can say what this means: the plugin is quarantined" in result.stdout


def test_somebody_elses_change_is_not_overwritten(start, change, command, tmp_path):
    town = start()
    old = tmp_path / "old.toml"
    old.write_text(command("export").stdout.replace(*HELLO), "utf-8")
    change("見本市です。", "ようこそ。")
    result = command("import", old)
    assert result.exit_code == 1
    assert "the settings [city] were changed by" in result.stderr
    assert "their version is 2 now" in result.stderr
    assert greeting(town) == "ようこそ。"
    old.write_text(old.read_text("utf-8").partition("[versions]")[0], "utf-8")
    assert command("import", old).exit_code == 0
    assert greeting(town) == "こんにちは。"


def test_two_at_once_cannot_both_win(start, tmp_path):
    town = start()
    live = town.running.services.live

    async def both():
        import asyncio

        from madoguchi.audit import Actor
        from madoguchi.collected import dump

        content = dump(live.city.settings)
        actor = Actor("system", "test", "test")
        changes = (
            live.change({"city": content | {"greeting": text}}, {}, actor, "", "x")
            for text in ("一", "二", "三")
        )
        return await asyncio.gather(*changes, return_exceptions=True)

    results = town.wait(both())
    assert len([one for one in results if isinstance(one, list)]) == 1
    assert ["changed" in str(one) for one in results if not isinstance(one, list)] == [True] * 2
    assert live.city.version == 2


def test_export_and_import_without_a_worker(start, change, command):
    town = start()
    town.stop_worker()
    result = change(*HELLO)
    assert result.exit_code == 0, result.stderr
    assert command("show", "city").stdout.startswith("# [city] version 2")
    town.start_worker()
    assert greeting(town) == "こんにちは。"


def test_before_the_first_start_there_is_nothing_to_change(command, install_plugin):
    install_plugin("toy", TOY)
    result = command("export")
    assert "start the gateway once" in result.stderr


def test_without_redis_nothing_is_changed_beside_a_worker_on_sqlite(
    start, change, command, tmp_path
):
    town = start()
    command.write(redis="redis://127.0.0.1:1/0")
    result = change(*HELLO)
    assert result.exit_code == 1
    assert "does its Redis run?" in result.stderr
    assert greeting(town) == "見本市です。"


def new_friends_read(town, number=8):
    """What new friends read; which of the workers greets each of them, nobody knows."""
    friends = [TestResident(town, follow=False) for _ in range(number)]
    for friend in friends:
        town.wait(town.simulator.follow(friend.user_id))
    until(lambda: all(friend.chat() for friend in friends))
    return set(map(own_words, friends))


def answers_of_friends(town, word, number=8):
    """What a word gets from the workers; which of them answers each friend, nobody knows."""
    friends = [TestResident(town, follow=False) for _ in range(number)]
    for friend in friends:
        message = {"type": "text", "text": word}
        town.wait(town.simulator.send_message(friend.user_id, message))
    until(lambda: all(len(friend.chat()) > 1 for friend in friends))
    return [str(friend.chat()) for friend in friends]


def test_two_workers_on_postgresql_follow_with_redis_and_without(
    start, change, command, postgres, tmp_path
):
    server = start_valkey(tmp_path / "valkey")
    command.write(redis=server.url, database=postgres)
    town = start(database_url=postgres)
    town.stop_worker()
    town.redis_url = server.url
    town.start_worker()
    gateway = check_gateway(town.settings(), tmp_path / "mihon.toml")
    other = RunningGateway(gateway, tmp_path, server.url, town.clock, Beat.private(), {})
    town.wait(other.start(migrate=False))
    try:
        until(lambda: other.lanes.epochs and len(other.lanes.epochs) < LANES)
        assert new_friends_read(town) == {"見本市です。"}
        result = change(*HELLO)
        assert result.exit_code == 0, result.stderr
        until(lambda: new_friends_read(town) == {"こんにちは。"})
        server.stop()
        result = change("こんにちは。", "やあ。")
        assert result.exit_code == 0, result.stderr
        until(lambda: new_friends_read(town) == {"やあ。"})
        assert change('"元気"', '"調子"', "hour = 9", "hour = 17").exit_code == 0
        both = [toy_of(town), other.services.plugins.all["toy"]]
        until(lambda: [one.collected.jobs[0].schedule.at for one in both] == ["17:00"] * 2)
        for word, said in (("メニュー", "・調子"), ("用紙", "'label': '調子'")):
            for answers in answers_of_friends(town, word):
                assert said in answers
                assert "元気" not in answers
        plugin, copy = toy_of(town), other.services.plugins.all["toy"]
        town.wait(town.running.store.write(lambda db: plugin.changed(db, "count")))
        heard = ["settings", "count"]
        until(lambda: plugin.state["told"] == copy.state["told"] == heard)
    finally:
        server.stop()
        town.wait(other.stop())


def test_what_a_plugin_keeps_in_memory_follows_its_rows(start, change):
    town = start()
    resident = TestResident(town)
    assert resident.says("いくつ") == ["0"]
    for n in ("1", "2"):
        assert resident.says("ふやす") == ["はい。"]
        until(lambda n=n: toy_of(town).state["count"] == int(n))
        assert resident.says("いくつ") == [n]


def test_a_plugin_that_fails_when_told_harms_only_its_state(start, change):
    town = start()
    result = change("hour = 9", 'hour = 10\nnote = "deaf"', *HELLO)
    assert result.exit_code == 0
    until(lambda: "on_change" in (toy_of(town).last_error or ""))
    assert toy_of(town).settings.hour == 10
    assert greeting(town) == "こんにちは。"


def test_settings_of_a_plugin_that_is_off_are_kept(make_town, start, change, command):
    town = start()
    change("hour = 9", "hour = 20")
    command.write(plugins="")
    town.stop_worker()
    result = change(*HELLO)
    assert result.exit_code == 0, result.stderr
    assert "hour = 20" in command("show", "toy").stdout
    refused = change("hour = 20", "hour = 21")
    assert "[toy]: toy has none; settings have city" in refused.stderr


SEEDED = TOY.replace("hour: int = Field(9,", "hour: int = Field(")


def test_a_seed_in_the_citys_file(install_plugin, make_town, command, change):
    install_plugin("toy", SEEDED)
    town = make_town(plugins={"toy": {"settings": {"hour": 8}}})
    assert toy_of(town).settings.hour == 8
    command.write("[plugins.toy.settings]\nhour = 8")
    assert command("diff").stdout == "nothing differs\n"
    command.write("[plugins.toy.settings]\nhour = 7")
    assert command("diff").stdout == "[toy] hour: 7 → 8\n"
    town.stop_worker()
    town.start_worker()
    assert toy_of(town).settings.hour == 8


def test_a_seed_that_is_missing_or_wrong_quarantines(install_plugin, make_town):
    install_plugin("toy", SEEDED)
    town = make_town(plugins={"toy": {}})
    said = "mihon.toml [plugins.toy.settings] hour: is missing; write hour = 1"
    assert said in toy_of(town).trouble
    assert greeting(town) == "見本市です。"


def test_a_model_that_an_export_cannot_hold_quarantines(install_plugin, make_town):
    install_plugin("toy", TOY.replace("note: str | None = None", 'note: str | None = "x"').replace(
        "class Settings", "class Settings"))  # fmt: skip
    town = make_town(plugins={"toy": {"settings": {"note": "x"}}})
    assert toy_of(town).trouble is None


def test_settings_cannot_be_changed_in_place(start):
    town = start()
    with pytest.raises(ValueError, match="frozen"):
        toy_of(town).settings.hour = 3
    with pytest.raises(ValueError, match="settings"):
        toy_of(town).changed(None, "settings")


def test_other_commands_look_at_what_is_in_force(start, change, command, tmp_path):
    start()
    danger = '[[city.danger]]\nwords = ["火事"]\nanswer = "119へ。"\n'
    assert change("danger = []", "", "[toy]", f"{danger}\n[toy]", "hour = 9", "hour = 17").stdout
    options = ["--config", str(tmp_path / "config"), "--data", str(tmp_path)]
    doctor = CliRunner().invoke(app, ["doctor", "火事", *options])
    assert doctor.stdout.splitlines()[0] == "rule 0\tdanger words add: 119へ。"
    jobs = CliRunner().invoke(app, ["jobs", *options])
    assert any(line.startswith("toy/greet\t17:00\t") for line in jobs.stdout.splitlines())
    elsewhere = [*options[:3], str(tmp_path / "elsewhere")]
    doctor = CliRunner().invoke(app, ["doctor", "火事", *elsewhere])
    assert doctor.stdout.splitlines() == [
        "not asked\ttoy\tquarantined: lifespan: there is no database here",
        "rule 4\tnobody offers: the city's fallback",
    ]
    asked = CliRunner().invoke(app, ["doctor", "いくつ", *options])
    assert asked.stdout == "rule 3\ttoy\tEXACT\t1.00\tx\twins\n"


def test_health_says_what_is_not_in_force(start, change, monkeypatch, tmp_path):
    import json
    import urllib.request

    town = start()
    town.stop_worker()
    database = sqlite3.connect(tmp_path / "mihon" / "main.sqlite")
    database.execute("UPDATE settings SET content = '{}' WHERE owner = 'city'")
    database.commit()
    database.close()
    town.start_worker()
    with urllib.request.urlopen(f"{town.pages_url}/health/ready") as answer:
        report = json.load(answer)["gateways"]["mihon"]
    assert report["plugins"]["toy"] == "well"
    assert report["city"].startswith("version 1 of its settings is not in force: version 1 [city]")
    assert greeting(town) == "見本市です。"


# Files

TEXTS = st.text("あa =[]#\"'\\\n\r\t\0", max_size=8)
PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS | st.floats(-1e9, 1e9)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner | st.none(), max_size=3)
    ),
    max_leaves=6,
)
CONTENTS = st.dictionaries(
    st.sampled_from(["city", "toy"]), st.dictionaries(TEXTS, VALUES, max_size=3)
)


@given(CONTENTS, st.dictionaries(st.sampled_from(["city", "toy"]), st.integers(1, 99)))
def test_what_is_written_is_read_again(contents, versions):
    text = write_file(contents, versions)
    assert read_file(text, "x") == (without_nothing(contents), versions)
