"""The same on SQLite and PostgreSQL; two at once are one submission."""

import asyncio

import pytest

from madoguchi.forms import submitting
from madoguchi.forms.filling import find_draft
from madoguchi.testing import text_of


@pytest.fixture(params=["sqlite", "postgresql"])
def gateway(request, make_town, plugins, city):
    if request.param == "sqlite":
        return make_town(plugins, city)
    return make_town(plugins, city, database_url=request.getfixturevalue("postgres"))


def test_a_form_with_photos_is_handed_in(resident, stored, photo):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.sends_photos(photo(), photo(), photo())
    resident.says("とばす")
    assert resident.taps("送信する") == ["受け付けました。kind・place・photos・note"]
    (submission,) = stored("submission")
    assert len(submission["answers"]["photos"]) == 3
    assert {one["submission_id"] for one in stored("media")} == {submission["id"]}
    assert all(one["bytes"].startswith(b"\xff\xd8") for one in stored("media"))
    assert stored("draft") == []


def test_what_is_refused_leaves_nothing_but_the_draft(resident, stored):
    resident.says("枠")
    resident.taps("10時")
    assert text_of(resident.taps("送信する")[0]) == "10時はうまりました。"
    assert stored("submission") == []
    resident.taps("11時")
    assert resident.taps("送信する") == ["予約しました。"]


def test_settings_are_changed_and_taken_away(resident, stored):
    resident.says("設定")
    for answer in ("北", "南"):
        resident.taps("お住まい")
        resident.taps(answer)
    assert [(one["field"], one["value"]) for one in stored("profile")] == [("toy/area", "s")]
    resident.taps("お住まい")
    resident.taps("とばす")
    assert stored("profile") == []


def test_handed_in_twice_at_once_is_one_submission(resident, gateway, stored):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.taps("とばす")
    resident.taps("とばす")
    services = gateway.running.services
    plugin, form = services.plugins.find_form("toy/report")
    (row,) = gateway.wait(services.store.fetch("SELECT id, follows, language FROM resident"))
    from madoguchi.types import Resident

    desk = services.conversation._desk(plugin, form, Resident(row[0], True))
    key = stored("draft")[0]["key"]

    def hand_in(db):
        draft = find_draft(db, desk)
        if draft is None:
            return submitting.find_submission(db, desk, key)
        return submitting.submit(db, desk, draft)

    async def both():
        write = services.store.write
        return await asyncio.gather(*(write(hand_in) for _ in range(8)))

    found = gateway.wait(both())
    assert len({one.id for one in found}) == 1
    assert sum(not one.again for one in found) == 1
    assert len(stored("submission")) == 1


def test_one_form_is_open_in_a_chat(resident, stored):
    for word in ("通報", "枠", "断る", "設定"):
        resident.waits(700)
        resident.says(word)
    assert [one["form"] for one in stored("draft") if one["place"] == "chat"] == ["toy/settings"]
    assert len(stored("draft")) == 4


def test_a_form_survives_a_restart(resident, gateway, stored):
    resident.says("断る")
    resident.says("ひとつ")
    gateway.stop_worker()
    gateway.start_worker()
    assert "この内容で送ります" in text_of(resident.says("ふたつ")[0])
    assert stored("draft")[0]["answers"] == {"word": "ひとつ", "why": "ふたつ"}
