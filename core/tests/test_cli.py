"""What people type: every command through typer, the most used ones through the console script."""

import csv
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from madoguchi import care
from madoguchi.audit import Actor, audit, seal
from madoguchi.cli import app
from madoguchi.testing import TestResident, until

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


def test_check_reads_the_citys_catalogs(write, tmp_path):
    options = write()
    catalog = tmp_path / "config" / "mihon" / "locale" / "en.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text('msgid "見本市"\nmsgstr "Mihon\n', "utf-8")
    result = run("check", *options)
    assert result.exit_code == 1
    assert f"{catalog}:2: must be msgid" in result.stderr
    catalog.write_text('msgid "見本市"\nmsgstr "Mihon"\n', "utf-8")
    assert run("check", *options).stdout == "ok\n"


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
        "shape": ("PATTERN", 0.1, ["電池"]),
        "weak": ("SEARCH", 0.4, ["電池", "箱"]),
    }
    for name, (fit, score, words) in bids.items():
        install_plugin(name, BIDS.format(label=f"札{name}", words=words, fit=fit, score=score))
    danger = '[[danger]]\nwords = ["火事"]\nexcept = ["火事場"]\nanswer = "119"\n'
    options = write(*bids, more=danger)[:2]
    assert run("doctor", " 電池 ", *options).stdout.splitlines() == [
        "rule 3\tword\tEXACT\t1.00\t札word\twins",
        "rule 3\tshape\tPATTERN\t0.10\t札shape",
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


WORKS = (
    HEADER
    + """
async def work(job):
    assert job.tick <= job.now
@hookimpl
def register_jobs(config, settings):
    return [Job("work", Every(60), work)]
"""
)


def test_jobs_are_listed_with_how_they_went(write, install_plugin, make_town):
    install_plugin("toy", WORKS)
    options = write("toy")
    town = make_town(plugins={"toy": {}})

    def listed(ending):
        for _ in range(300):
            lines = run("jobs", *options).stdout.splitlines()
            if lines[-1].endswith(ending):
                return lines
            time.sleep(0.1)
        raise AssertionError(lines)

    lines = listed("not yet")
    assert [line.split("\t")[:2] for line in lines] == [
        ["core/forget", "every 60 min"],
        ["core/erase", "every 10 min"],
        ["core/followers", "every 60 min"],
        ["core/taps", "05:00"],
        ["core/mail", "every 1 min"],
        ["core/audit", "04:00"],
        ["core/scrub", "03:30"],
        ["toy/work", "every 60 min"],
    ]
    runs = "SELECT count(*) FROM job_run"
    until(lambda: town.wait(town.running.store.fetch(runs)) == [(len(lines),)])
    town.clock.move(3600)
    assert listed("done")[-1].count(":00\tdone") == 1


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


@pytest.mark.parametrize("runs", [True, False])
def test_a_copy_is_noted_for_staff(write, make_town, tmp_path, runs):
    town = make_town()
    if not runs:
        town.stop_worker()
    made = run("backup", "--to", str(tmp_path / "copy.zip"), *write())
    assert len(made.stdout.splitlines()) == 1, made.stdout
    if not runs:
        town.start_worker()
    assert town.wait(town.running.store.read(care.last_copy)) is not None


def test_several_workers_on_sqlite_are_refused_before_anything_starts(write):
    with socket.create_server(("127.0.0.1", 0)) as free:
        door = free.getsockname()[1]
    result = run("serve", "--workers", "2", "--door-port", str(door), *write())
    said = "mihon: several workers need a [store] database_url\n"
    assert (result.exit_code, result.stderr) == (1, said)


@pytest.mark.parametrize("command", [["frobnicate"], ["doctor"], ["inbox"], ["check", "--cty"]])
def test_what_is_no_command_is_refused(command):
    assert run(*command).exit_code == 2


# Residents' data.


@pytest.fixture
def taro(make_town):
    """A resident who has typed something, in a town with a running worker."""
    somebody = TestResident(make_town(), "太郎")
    somebody.says("ひみつの言葉")
    return somebody


def test_export_writes_a_folder_or_a_zip(write, taro, tmp_path):
    options = write()
    done = run("export", taro.user_id, "--to", str(tmp_path / "out"), *options)
    assert (done.exit_code, done.stdout) == (
        0,
        f"{tmp_path}/out: 2 files about resident 1\n",
    )
    assert "ひみつの言葉" in (tmp_path / "out" / "export.txt").read_text("utf-8")
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    assert run("export", "1", "--to", str(tmp_path / "out.zip"), *options).exit_code == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        table = json.loads(archive.read("export.json"))
    assert table["resident"] == 1
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    again = run("export", "1", "--to", str(tmp_path / "out"), *options)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert "nobody is known as 99" in run("export", "99", *options).stderr
    lines = "SELECT object FROM audit WHERE action = 'resident.export'"
    store = taro._town.running.store
    assert taro._town.wait(store.fetch(lines)) == [("resident:1",)] * 2


def test_erase_looks_first_and_then_the_worker_does_it(write, taro, tmp_path):
    options = write()
    looked = run("erase", taro.user_id, *options)
    assert looked.exit_code == 0
    assert "events\t2" in looked.stdout
    assert "nothing has changed" in looked.stdout
    assert taro.user_id.encode() in b"".join(p.read_bytes() for p in tmp_path.rglob("*.sqlite*"))
    done = run("erase", taro.user_id, "--yes", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "deleted\tcore\tevents\t2" in done.stdout
    assert done.stdout.endswith("resident 1 is erased\n")
    assert "nobody is known" in run("erase", "1", "--yes", *options).stderr


def test_erase_without_a_worker_does_it_itself(write, taro):
    options = write()
    taro._town.stop_worker()
    assert run("erase", "1", "--yes", *options).stdout.endswith("resident 1 is erased\n")


def test_retention_shows_every_kind_and_what_is_due(write, taro):
    shown = run("retention", "--dry-run", *write(more="[retention]\nunanswered = 7"))
    assert shown.exit_code == 0
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in shown.stdout.splitlines()}
    assert lines["unanswered"] == ["7 days", "0 due", "words nobody answered"]
    assert lines["events"][:2] == ["30 days", "0 due"]


def test_privacy_sheet_is_drafted_from_what_plugins_declare(write, install_plugin, tmp_path):
    install_plugin("toy", SHEET)
    folder = tmp_path / "drafts"
    done = run("privacy-sheet", "--to", str(folder), *write("toy")[:2])
    assert (done.exit_code, done.stderr) == (0, "")
    files = [folder / f"privacy-sheet-mihon.{ending}" for ending in ("md", "csv")]
    assert done.stdout.split() == [str(file) for file in files]
    text = files[0].read_text("utf-8")
    for expected in (
        "=困りごとファイル",
        "連絡先をおねがいします",
        "おたよりのため",
        "1年",
        "暮らし課",
    ):
        assert expected in text
    assert "受け取ったもの 30日" in text
    rows = list(csv.DictReader(files[1].read_text("utf-8-sig").splitlines()))
    assert [row["個人情報ファイルの名称"] for row in rows] == [
        "LINE公式アカウント利用者ファイル",
        "'=困りごとファイル",
    ]


SHEET = (
    HEADER
    + """
from madoguchi.forms import Form, Phone, Purpose
@hookimpl
def plugin_info():
    return PluginInfo("=困りごと", "困りごとを受け付けます。")
@hookimpl
def register_forms(config, settings):
    return [Form("help", "困りごと", [Phone("phone", "連絡先をおねがいします")], print,
        purpose=Purpose("連絡先", "おたよりのため", "1年", "暮らし課"))]
"""
)
