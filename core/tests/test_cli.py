"""What people type: every command through typer, the most used ones through the console script."""

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from madoguchi.audit import Actor, audit, seal
from madoguchi.cli import app
from madoguchi.testing import TestResident

HEADER = "from madoguchi import *\nfrom madoguchi import hookimpl\n"
BIDS = (
    HEADER
    + """
@hookimpl
def plugin_info():
    return PluginInfo("{label}", "試すため")
@hookimpl
def offer_for_message(text):
    if text in {words}:
        return Offer(print, Fit.{fit}, label="{label}", score={score})
"""
)


@pytest.fixture
def write(tmp_path, monkeypatch, redis_url):
    """Write a city's file into the folder `config`; answers the options of every command."""

    def write(*plugins: str, name: str = "mihon", more: str = "") -> list[str]:
        for key, value in (("SECRET", "s"), ("TOKEN", "t"), ("REDIS", redis_url)):
            monkeypatch.setenv(f"CLI_{key}", value)
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        tables = "\n".join(f"[plugins.{plugin}]" for plugin in plugins)
        (folder / f"{name}.toml").write_text(
            f"""
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = {{ env = "CLI_SECRET" }}
access_token = {{ env = "CLI_TOKEN" }}
[store]
redis_url = {{ env = "CLI_REDIS" }}
{more}
{tables}
""",
            "utf-8",
        )
        return ["--config", str(folder), "--data", str(tmp_path)]

    return write


def run(*command: str):
    return CliRunner().invoke(app, list(command))


def script(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The console script, as the shell finds it."""
    program = Path(sys.executable).with_name("madoguchi")
    env = os.environ | environment
    return subprocess.run([program, *command], capture_output=True, text=True, env=env, timeout=60)


# The console script.


def test_without_a_command_it_shows_what_there_is():
    shown = script()
    for command in ("serve", "demo", "check", "plugins", "doctor", "migrate", "inbox", "audit"):
        assert command in shown.stdout + shown.stderr


def test_the_script_checks_and_says_what_to_write(write, tmp_path):
    options = write("hello")
    good = script("check", *options)
    assert (good.returncode, good.stdout, good.stderr) == (0, "ok\n", "")
    bad = script("check", *options, CLI_TOKEN="")
    assert bad.returncode == 1
    assert bad.stdout == ""
    file = tmp_path / "config" / "mihon.toml"
    assert bad.stderr == f"{file} [line] access_token: set the environment variable CLI_TOKEN\n"


def test_the_script_asks_the_doctor(write):
    said = script("doctor", "駅前分館は何時まで?", *write("hello")[:2])
    assert said.stdout == "rule 3\thello\tSEARCH\t1.00\t駅前分館\twins\n"
    assert said.returncode == 0


def test_an_error_is_a_sentence_and_no_traceback(tmp_path):
    said = script("serve", "--config", str(tmp_path), "--data", str(tmp_path))
    assert said.returncode == 1
    assert said.stderr == f"{tmp_path}: has no <gateway>.toml; copy config/mihon.toml there\n"


# Every command.


def test_check_of_several_cities_says_the_mistakes_of_each(write, install_plugin, tmp_path):
    install_plugin("toy", HEADER + "@hookimpl\ndef on_folow(): ...\n")
    write("toy", name="kita")
    options = write("absent", name="minami")
    result = run("check", *options)
    assert result.exit_code == 1
    folder = tmp_path / "config"
    lines = result.stderr.splitlines()
    assert lines[0] == (
        f"{folder}/kita.toml [plugins.toy]: unknown hook `on_folow`: did you mean `on_follow`?"
    )
    assert lines[1].startswith(f"{folder}/minami.toml [plugins.absent]: no plugin of this name")
    assert len(lines) == 2


def test_plugins_lists_them_in_the_order_of_the_file(write, install_plugin):
    for name in ("b", "a"):
        install_plugin(name, BIDS.format(label=f"札{name}", words=[], fit="EXACT", score=1))
    install_plugin("c", "raise RuntimeError('no')")
    result = run("plugins", *write("b", "a", "c")[:2])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "mihon\tb\t1.0\t札b\ton",
        "mihon\ta\t1.0\t札a\ton",
        "mihon\tc\t1.0\tc\tquarantined: RuntimeError: no",
    ]
    assert run("plugins", *write()[:2]).stdout == "no plugin is switched on\n"


def test_doctor_shows_offers_fit_score_winner_and_rule(write, install_plugin):
    bids = {
        "low": ("SEARCH", 0.6, ["電池", "箱"]),
        "near": ("SEARCH", 0.65, ["箱"]),
        "word": ("EXACT", 1, ["電池"]),
        "form": ("PATTERN", 0.1, ["電池"]),
        "weak": ("SEARCH", 0.4, ["電池", "箱"]),
    }
    for name, (fit, score, words) in bids.items():
        install_plugin(name, BIDS.format(label=f"札{name}", words=words, fit=fit, score=score))
    danger = '[[danger]]\nwords = ["火事"]\nexcept = ["火事場"]\nanswer = "119"\n'
    options = write(*bids, more=danger)[:2]
    assert run("doctor", " 電池 ", *options).stdout.splitlines() == [
        "rule 3\tword\tEXACT\t1.00\t札word\twins",
        "rule 3\tform\tPATTERN\t0.10\t札form",
        "rule 3\tlow\tSEARCH\t0.60\t札low",
    ]
    assert run("doctor", "箱", *options).stdout.splitlines() == [
        "rule 3\tnear\tSEARCH\t0.65\t札near\tasks which",
        "rule 3\tlow\tSEARCH\t0.60\t札low\tasks which",
    ]
    assert run("doctor", "火事です", *options).stdout.splitlines() == [
        "rule 0\tdanger words add: 119",
        "rule 4\tnobody offers: the city's fallback",
    ]
    assert run("doctor", "火事場", *options).stdout.splitlines() == [
        "rule 4\tnobody offers: the city's fallback",
    ]


def test_doctor_needs_a_city_if_there_are_several(write):
    write(name="kita")
    options = write(name="minami")[:2]
    result = run("doctor", "?", *options)
    assert (result.exit_code, result.stderr) == (
        1,
        "name one of the cities with --city: kita, minami\n",
    )
    assert run("doctor", "?", "--city", "kita", *options).exit_code == 0


def test_migrate_makes_the_databases_and_goes_on_past_a_broken_city(write, tmp_path):
    write("absent", name="kita")
    options = write(name="minami")
    result = run("migrate", *options)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "minami\tcore"
    assert "kita.toml [plugins.absent]" in result.stderr
    (tmp_path / "config" / "kita.toml").unlink()
    again = run("migrate", *options)
    assert (again.exit_code, again.stdout) == (0, "minami\tis up to date\n")
    with sqlite3.connect(tmp_path / "minami" / "main.sqlite") as db:
        assert db.execute("SELECT count(*) FROM handled").fetchone() == (0,)
    db.close()


def test_check_of_a_postgresql_that_was_not_migrated(write, tmp_path, postgres, monkeypatch):
    monkeypatch.setenv("CLI_DATABASE", make_url(postgres).render_as_string(hide_password=False))
    options = write()
    file = tmp_path / "config" / "mihon.toml"
    store = '[store]\ndatabase_url = { env = "CLI_DATABASE" }\n'
    file.write_text(file.read_text("utf-8").replace("[store]\n", store), "utf-8")
    result = run("check", *options)
    said = f"{file}: the tables of core are not up to date: run madoguchi migrate\n"
    assert (result.exit_code, result.stderr) == (1, said)
    assert run("migrate", *options).exit_code == 0
    assert run("check", *options).stdout == "ok\n"


def test_commands_about_a_database_that_was_never_made(write):
    for command in (("inbox", "list"), ("audit", "verify")):
        result = run(*command, *write())
        assert result.exit_code == 1
        assert "does not exist: start the gateway once, or name --data" in result.stderr


FAILS_ONCE = (
    HEADER
    + """
from pathlib import Path
@hookimpl
def offer_for_message(text):
    return Offer(answer, Fit.EXACT, label="x") if text == "直った?" else None
async def answer(ctx):
    if not Path({flag!r}).exists():
        raise RuntimeError("not yet")
    return "はい。"
"""
)


def test_inbox_lists_what_failed_and_retries_it_with_the_running_worker(
    write, install_plugin, make_town, tmp_path
):
    flag = tmp_path / "mended"
    install_plugin("toy", FAILS_ONCE.format(flag=str(flag)))
    options = write("toy")
    town = make_town(plugins={"toy": {}})
    assert run("inbox", "list", *options).stdout == "none\n"
    TestResident(town).says("直った?")
    town.wait(town.running.journal.flush())
    listed = run("inbox", "list", *options).stdout.splitlines()
    (event_id, outcome, attempts) = listed[0].split("\t")
    assert (outcome, attempts, len(listed)) == ("failed", "0 attempts", 1)
    flag.touch()
    result = run("inbox", "retry", event_id, *options)
    assert (result.exit_code, result.stdout) == (0, f"{event_id}\tanswered\n")
    assert run("inbox", "list", *options).stdout == "none\n"
    town.stop_worker()
    result = run("inbox", "retry", event_id, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith("no worker is running: start it with `madoguchi serve`")


def test_audit_verify_names_the_line_that_was_changed(write, make_town, tmp_path):
    town = make_town()

    def note(db):
        for n in (1, 2, 3):
            audit(db, Actor("system", "test", "test"), "thing.do", f"thing:{n}")

    town.wait(town.running.store.write(note))
    town.wait(town.running.store.write(seal))
    options = write()
    assert run("audit", "verify", *options).stdout == "ok\n"
    town.stop_worker()
    db = sqlite3.connect(tmp_path / "mihon" / "main.sqlite")
    db.execute("UPDATE audit SET action = 'thing.hide' WHERE object = 'thing:2'")
    db.commit()
    db.close()
    result = run("audit", "verify", *options)
    assert (result.exit_code, result.stderr) == (1, "line 2 does not fit the chain\n")


def test_several_workers_on_sqlite_are_refused_before_anything_starts(write):
    with socket.create_server(("127.0.0.1", 0)) as free:
        door = free.getsockname()[1]
    result = run("serve", "--workers", "2", "--door-port", str(door), *write())
    said = "mihon: several workers need a [store] database_url\n"
    assert (result.exit_code, result.stderr) == (1, said)


@pytest.mark.parametrize("command", [["frobnicate"], ["doctor"], ["inbox"], ["check", "--cty"]])
def test_what_is_no_command_is_refused(command):
    assert run(*command).exit_code == 2
