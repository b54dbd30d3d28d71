"""The demo as real processes: the newcomer's path, Ctrl-C, kill -9, and what a start refuses."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="these tests find the processes in /proc"
)

# Runs the command after it without root's right to write everywhere.
AS_ANYBODY = (
    sys.executable,
    "-c",
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1); os.execv(sys.argv[1], sys.argv[1:])",
)


@pytest.fixture(scope="module")
def town(new_demo: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """One demo that goes on running: what is killed in it comes back."""
    demo = new_demo(tmp_path_factory.mktemp("town") / "data")
    demo.start()
    yield demo
    assert demo.press_ctrl_c() == 0
    assert not demo.processes()


def rows(demo, database: str, query: str) -> list[tuple]:
    """What one of the gateway's databases has."""
    file = demo.data / "mihon" / database
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def residents_of(demo) -> list[tuple]:
    """The gateway's residents."""
    return rows(demo, "main.sqlite", "SELECT id, line_id, first_seen FROM resident ORDER BY id")


def test_a_day_with_the_demo(new_demo: Callable, tmp_path: Path) -> None:
    demo = new_demo(tmp_path / "data")
    first_start = demo.start("--residents", "3")
    assert demo.output.count("http://") == 4, "an address is shown that leads nowhere"
    assert '<html lang="ja">' in demo.call("GET", "/")
    friends = demo.call("GET", "/sim/residents")["residents"]
    assert [friend["displayName"] for friend in friends] == [
        "佐藤 陽子",
        "鈴木 健一",
        "高橋 さくら",
        "広報課の公用スマホ",
    ]
    assert all(friend["follows"] for friend in friends)

    hanako = demo.newcomer()
    demo.says(hanako, "図書館")
    demo.hears(hanako, "中央図書館 9:30-19:00")
    demo.says(hanako, "駅前分館は何時まで?")
    demo.hears(hanako, "駅前分館の開館時間は 10:00-20:00 です。")
    demo.says(friends[0]["userId"], "図書館")
    demo.hears(friends[0]["userId"], "中央図書館 9:30-19:00")
    chat, known = demo.chat(hanako), residents_of(demo)
    assert demo.press_ctrl_c() == 0
    assert not demo.processes()
    slow = r"^.* WARNING unit .* took \d+ ms.*$"  # a busy machine
    said = re.sub(slow, "", demo.output, flags=re.MULTILINE)
    assert not {"WARNING", "ERROR", "Traceback"} & set(said.split()), demo.output

    later_start = demo.start("--residents", "3")
    print(f"first start {first_start:.1f} s, later start {later_start:.1f} s")
    assert len(demo.call("GET", "/sim/residents")["residents"]) == 5
    assert demo.chat(hanako) == chat
    demo.says(hanako, "駅前分館は何時まで?")
    demo.hears(hanako, "駅前分館の開館時間は 10:00-20:00 です。", times=2)
    assert residents_of(demo) == known

    demo.says(hanako, "図書館")
    demo.kill()
    assert not demo.processes()

    demo.start("--residents", "3")
    demo.hears(hanako, "中央図書館 9:30-19:00", times=2)
    demo.says(hanako, "図書館")
    demo.hears(hanako, "中央図書館 9:30-19:00", times=3)
    assert residents_of(demo) == known
    assert demo.press_ctrl_c() == 0

    demo.start("--reset", "--residents", "0")
    assert demo.call("GET", "/sim/residents") == {"residents": []}
    assert residents_of(demo) == []
    demo.newcomer("見本 太郎")
    assert demo.press_ctrl_c() == 0
    assert not demo.processes()


def test_the_demo_publishes_its_rich_menu_by_itself(town) -> None:
    menu = town.call("GET", f"/sim/residents/{town.newcomer()}/richmenu")
    assert (menu["source"], bool(menu["image"])) == ("default", True)
    labels = [area["action"]["label"] for area in menu["richMenu"]["areas"]]
    assert labels[-2:] == ["ことば / Language", "電話する"]


def test_a_command_from_another_terminal_finds_the_demo(town) -> None:
    file = town.data / "environment"
    assert file.stat().st_mode & 0o077 == 0, "others could read the secrets"
    madoguchi = Path(sys.executable).with_name("madoguchi")
    webhook = f"http://127.0.0.1:{town.port + 1}/mihon/webhook"
    typed = f'. "{file}"; "{madoguchi}" connect --check --data "{town.data}" --webhook {webhook}'
    clean = {name: one for name, one in os.environ.items() if not name.startswith("MIHON_")}
    done = subprocess.run(
        ["sh", "-c", typed],
        cwd=Path(__file__).parent.parent,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "✓ LINEから窓口へ、とどきます。署名も合っています。" in done.stdout, done.stderr
    assert "✓ 訓練用：LINEから窓口へ、とどきます。署名も合っています。" in done.stdout, done.stdout


def test_the_account_for_drills_has_friends_of_its_own(town, eventually) -> None:
    friends = "SELECT count(*) FROM drill_friend WHERE follows"
    eventually(lambda: rows(town, "main.sqlite", friends) == [(2,)])
    (phone,) = re.findall(r"訓練のスマートフォン +(http\S+)", town.output)
    with urlopen(phone, timeout=10) as answer:
        assert b'<html lang="ja">' in answer.read()


def test_moving_the_clock_moves_door_and_worker(town, eventually) -> None:
    tomorrow = time.time() + 86_400
    town.call("PUT", "/sim/settings", {"clock": 86_400})
    town.newcomer()
    taken = max(at for (at,) in rows(town, "inbox.sqlite", "SELECT at FROM inbox"))
    assert 0 <= taken - tomorrow < 3_600

    def handled() -> list[tuple]:
        return rows(town, "main.sqlite", f"SELECT at FROM handled WHERE at >= {tomorrow}")

    eventually(handled)
    town.call("PUT", "/sim/settings", {"clock": 0})
    town.newcomer("見本 太郎")


@pytest.mark.parametrize(
    "victim", ["madoguchi.worker", "madoguchi.door", "valkey-server", "madoguchi_simulator"]
)
def test_what_is_killed_comes_back_and_nothing_is_lost(town, eventually, victim: str) -> None:
    hanako = town.newcomer()
    before = town.processes()
    killed = town.pid_of(victim)
    town.says(hanako, "駅前分館は何時まで?")
    os.kill(killed, signal.SIGKILL)

    def say_again() -> bool:
        try:
            town.says(hanako, "図書館")
        except OSError:  # the simulator itself is away
            return False
        return True

    eventually(say_again)
    town.hears(hanako, "駅前分館の開館時間は 10:00-20:00 です。")
    town.hears(hanako, "中央図書館 9:30-19:00")
    assert town.pid_of(victim) != killed
    eventually(lambda: len(town.processes()) == len(before))
    assert set(before) - set(town.processes()) == {killed}, "somebody else went down as well"


def test_ctrl_c_while_it_starts_leaves_nothing(new_demo: Callable, eventually, tmp_path) -> None:
    demo = new_demo(tmp_path / "data")
    demo.launch()
    demo.pid_of("madoguchi.worker")
    assert demo.press_ctrl_c() == 0
    assert not demo.processes()
    assert "Traceback" not in demo.output


def refusal(demo, *options: str, through: tuple[str, ...] = ()) -> str:
    """The one sentence with which it does not start."""
    demo.launch(*options, through=through)
    assert demo.wait() == 1, demo.output
    assert not demo.processes()
    sentence, *more = demo.output.splitlines()
    assert not more, demo.output
    return sentence


@pytest.mark.parametrize(
    ("place", "option"), [("port", "--port"), ("door", "--port"), ("phone", "--sim-port")]
)
def test_a_port_that_is_taken_is_named(new_demo, tmp_path, place: str, option: str) -> None:
    demo = new_demo(tmp_path / "data")
    number = {"port": demo.port, "door": demo.port + 1, "phone": demo.sim_port}[place]
    with socket.create_server(("127.0.0.1", number)):
        sentence = refusal(demo)
    assert f"port {number}," in sentence
    assert f"choose another with {option}" in sentence
    assert not demo.data.exists()


def test_one_port_for_two_things_is_named(new_demo: Callable, tmp_path: Path) -> None:
    demo = new_demo(tmp_path / "data")
    demo.sim_port = demo.port + 1
    assert f"port {demo.sim_port} is wanted twice" in refusal(demo)


def test_a_folder_that_cannot_be_written_is_named(new_demo: Callable, tmp_path: Path) -> None:
    below_a_file, read_only = new_demo(tmp_path / "file" / "data"), new_demo(tmp_path / "folder")
    below_a_file.data.parent.write_text("I am not a folder")
    assert f"cannot keep its data in {below_a_file.data} " in refusal(below_a_file)
    read_only.data.mkdir(mode=0o500)
    through = AS_ANYBODY if os.geteuid() == 0 else ()
    assert f"cannot keep its data in {read_only.data} " in refusal(read_only, through=through)


def test_one_folder_is_one_demo(new_demo: Callable, town) -> None:
    second = new_demo(town.data)
    for options in ((), ("--reset",)):
        second.launch(*options)
        assert second.wait() == 1
        assert f"a demo already runs with {town.data}: end it first" in second.output
    town.newcomer()


def test_reset_deletes_no_folder_but_a_demos(new_demo: Callable, tmp_path: Path) -> None:
    demo = new_demo(tmp_path)
    letters = tmp_path / "letters.txt"
    letters.write_text("from my grandmother")
    assert f"{tmp_path} was not made by the demo" in refusal(demo, "--reset")
    assert letters.read_text() == "from my grandmother"
