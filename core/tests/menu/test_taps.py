"""Taps on the rich menu, on links too: counted by LINE, kept each night, told by a command."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

from madoguchi.cli import app
from madoguchi.clock import JST
from madoguchi.menu import taps, telling
from madoguchi.testing import TestResident

GUIDE = '''
"""Has tiles: one that says something, one that opens a page."""
from madoguchi import MenuItem, hookimpl

@hookimpl
def register_menu_items():
    return [
        MenuItem({"ja": "図書館", "en": "Library"}, says="図書館"),
        MenuItem({"ja": "受け取り設定", "en": "Settings"}, page="form/guide/settings"),
    ]
'''
FILE = """
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = { env = "MENU_SECRET" }
[store]
redis_url = { env = "MENU_REDIS" }
[plugins.guide]
"""
LIBRARY, SETTINGS, LANGUAGE, PHONE = range(4)


class Menu:
    """A town with a published menu, and the command."""

    def __init__(self, town, folder, setenv, url=None):
        self.town, self.file = town, folder / "mihon.toml"
        database = '[store]\ndatabase_url = { env = "MENU_DATABASE" }\n' if url else "[store]\n"
        self.file.write_text(FILE.replace("[store]\n", database), "utf-8")
        setenv("MENU_SECRET", town.channel.secret)
        setenv("MENU_REDIS", town.redis_url)
        setenv("MENU_DATABASE", url or "")
        town.call(town.simulator.change_settings, {"insightLeast": 1})

    def type(self, *words, typed=""):
        command = ["menu", *words, "--config", str(self.file), "--data", str(self.town.folder)]
        return CliRunner().invoke(app, command, input=typed)

    def post(self, path, body):
        data, kind = json.dumps(body).encode(), {"Content-Type": "application/json"}
        with urlopen(Request(self.town.platform + path, data, kind), timeout=30) as answer:
            return json.loads(answer.read())

    def tap(self, resident, area, times=1):
        for _ in range(times):
            self.post(f"/sim/residents/{resident.user_id}/richmenu", {"area": area})

    def tiles(self, *numbers):
        """Leave these tiles of the plugin."""
        guide = self.town.running.services.plugins.all["guide"]
        menu = [guide.collected.menu[n] for n in numbers]
        guide.collected = replace(guide.collected, menu=menu)

    def publish(self):
        done = self.type("publish", "--yes")
        assert done.exit_code == 0, done.output

    def night(self, outcome="done"):
        """It is six in the morning of the next day, and the job has run."""
        end = time.monotonic() + 60
        while not (before := len(self.runs())):  # a new gateway begins with the next night
            assert time.monotonic() < end
            time.sleep(0.05)
        now = self.town.clock.now().astimezone(JST)
        morning = (now + timedelta(days=1)).replace(hour=6, minute=0)
        self.town.clock.move((morning - now).total_seconds())
        while len(found := self.runs()) == before or found[-1][0] == "running":
            assert time.monotonic() < end, found
            time.sleep(0.05)
        assert found[-1][0] == outcome, found

    def runs(self):
        sql = "SELECT outcome, error FROM job_run WHERE job = 'core/taps' ORDER BY tick"
        return [tuple(row) for row in self.town.wait(self.town.running.store.fetch(sql))]

    def counted(self):
        """What the command says of each tile."""
        done = self.type("taps")
        assert done.exit_code == 0, done.output
        pairs = [line.split("：") for line in done.output.splitlines() if "：" in line]
        return {tile.strip(): said for tile, said in pairs}


@pytest.fixture(params=["sqlite", "postgresql"])
def menu(request, install_plugin, make_town, tmp_path, monkeypatch):
    """On each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    install_plugin("guide", GUIDE)
    town = make_town(plugins={"guide": {}}, **({"database_url": url} if url else {}))
    return Menu(town, tmp_path, monkeypatch.setenv, url)


@pytest.fixture
def small(install_plugin, make_town, tmp_path, monkeypatch):
    """The same on SQLite alone."""
    install_plugin("guide", GUIDE)
    return Menu(make_town(plugins={"guide": {}}), tmp_path, monkeypatch.setenv)


def test_taps_on_words_links_and_the_telephone_are_counted_in_all_languages_together(menu):
    menu.publish()
    taro, jane = TestResident(menu.town), TestResident(menu.town)
    menu.tap(taro, LIBRARY, 2)
    menu.tap(taro, SETTINGS, 15)
    menu.tap(taro, PHONE, 20)
    jane.says("English")
    end = time.monotonic() + 30
    while menu.town.call(menu.town.simulator.menu_links.seen_by, jane.user_id)[1] != "user":
        assert time.monotonic() < end
        time.sleep(0.05)
    menu.tap(jane, "Settings", 10)
    assert menu.counted() == {}
    assert taps.NONE in menu.type("taps").output
    menu.night()
    told = {"受け取り設定": "25回", "電話する": "20回", "図書館": taps.SMALL}
    assert menu.counted() == told
    assert list(menu.counted()) == ["受け取り設定", "電話する", "図書館"]
    menu.tap(taro, PHONE, 3)
    menu.night()  # the first day is asked for once more, and counts once
    assert menu.counted() == {**told, "電話する": "23回"}


def test_the_last_taps_of_a_menu_that_was_replaced_are_counted_and_then_it_goes(small):
    small.publish()
    taro = TestResident(small.town)
    small.tap(taro, LIBRARY, 30)
    small.tiles(SETTINGS)
    small.publish()
    small.tap(taro, 0, 40)
    for _ in range(4):
        small.night()
    assert small.counted() == {"受け取り設定": "40回", "図書館": "30回"}
    assert len(small.town.call(small.town.simulator.menus.all)) == 3


def test_a_night_on_which_line_says_nothing_is_made_up_for_on_the_next(small):
    small.publish()
    small.tap(TestResident(small.town), SETTINGS, 21)
    small.town.call(small.town.simulator.set_faults, [{"endpoint": "insight", "status": 500}])
    small.night("failed")
    assert small.counted() == {}
    small.town.call(small.town.simulator.set_faults, [])
    small.night()
    assert small.counted() == {"受け取り設定": "21回"}


def test_what_changes_is_shown_before_somebody_says_yes(small):
    taro = TestResident(small.town)

    def sees():
        return small.town.call(small.town.simulator.menu_links.seen_by, taro.user_id)[0]

    looked = small.type("publish", "--dry-run")
    assert looked.exit_code == 0
    assert "日本語（ほかの全員に、作ります）：図書館、受け取り設定" in looked.output
    refused = small.type("publish", typed="n\n")
    assert refused.output.startswith(looked.output)
    assert refused.output.endswith(f"{telling.LEFT}\n")
    assert small.type("publish").exit_code == 1, "nobody was there to say yes"
    assert sees() is None
    done = small.type("publish", typed="y\n")
    assert done.output.endswith(f"{telling.PUBLISHED}\n")
    first = sees()
    again = small.type("publish")
    assert (again.exit_code, again.output.splitlines()[-1]) == (0, telling.SAME)
    small.tiles(SETTINGS)
    assert "なくなるもの：図書館" in small.type("publish", typed="n\n").output
    assert sees() == first
    restored = small.type("restore")
    assert restored.output == f"{telling.RESTORED}\n"
    assert sees() is None


def test_without_a_worker_it_says_what_to_start(small):
    small.town.stop_worker()
    done = small.type("publish", "--yes")
    assert done.exit_code == 1
    assert "start the gateway" in done.output
    assert small.type("taps").exit_code == 0
    small.town.start_worker()
