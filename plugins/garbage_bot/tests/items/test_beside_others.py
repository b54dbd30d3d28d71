"""All plugins on, the demo's list and a real one: what is about something else is never ours."""

import logging
import tomllib
from pathlib import Path

import pytest

from madoguchi.testing import TestResident, Town

HERE = Path(__file__).resolve()
DEMO = HERE.parents[4] / "config" / "mihon"
PHRASES = (HERE.parents[1] / "not_garbage.txt").read_text("utf-8").splitlines()
OURS = "garbage_bot"


@pytest.fixture(scope="module")
def make_city(tmp_path_factory, loop_thread, redis_url, migrated):
    """A town with every plugin of the demo, in the demo's order, and a list."""

    def make(dictionary):
        file = tomllib.loads(DEMO.with_suffix(".toml").read_text("utf-8"))
        own = {"dictionary": str(dictionary), "calendar": str(DEMO / "garbage")}
        on = {**file["plugins"], OURS: own}
        folder = tmp_path_factory.mktemp("city")
        return Town(folder, loop_thread, redis_url, on, {}, template=migrated)

    return make


def winners(town, resident, phrases, caplog):
    """Phrase → who answered it, and who offered to. All are sent before the first is waited for."""
    caplog.clear()
    send = town.simulator.send_message
    sent = [town.wait(send(resident.user_id, {"type": "text", "text": one})) for one in phrases]
    for one in sent:
        town.wait(town.running.feed.wait_for(one["webhookEventId"]))
    said = {one.args[1]: one.args[4:6] for one in caplog.records if "wins over" in one.msg}
    return {phrase: said[one["webhookEventId"]] for phrase, one in zip(phrases, sent, strict=True)}


def is_ours(winner, offers):
    """Whether we answer, or the resident is asked whether we are meant."""
    return winner == OURS or (winner == "asked which" and OURS in offers)


@pytest.mark.parametrize("dictionary", ["demo", pytest.param("tsu", marks=pytest.mark.slow)])
def test_nothing_about_other_things_is_won(make_city, caplog, request, dictionary):
    assert len(PHRASES) >= 200
    file = DEMO / "garbage" / "items.csv"
    if dictionary == "tsu":
        file = request.getfixturevalue("shared") / "garbage" / "tsu" / "tsu_gomi.ja.utf8.csv"
    caplog.set_level(logging.INFO, "madoguchi.dispatch")
    with make_city(file) as town:
        resident = TestResident(town)
        won = winners(town, resident, PHRASES, caplog)
        lost = {phrase: who for phrase, who in won.items() if is_ours(*who)}
        assert lost == {}
        assert is_ours(*winners(town, resident, ["傘"], caplog)["傘"]), "or nothing was tried"
        others = winners(town, resident, ["設定", "図書館", "メニュー"], caplog)
        assert [who for who, _ in others.values()] == ["segment", "hello", "the menu"]
        resident.says("ごみの分け方")
        others = winners(town, resident, ["設定", "図書館"], caplog)
        assert [who for who, _ in others.values()] == ["segment", "hello"], "amid our talk, too"
