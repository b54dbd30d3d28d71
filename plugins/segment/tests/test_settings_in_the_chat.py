"""What the chat says of a resident's settings: never who, where or when (R68)."""

import time

import pytest
from sqlalchemy import select

from madoguchi.audit import Actor
from madoguchi.forms.asking import Given
from madoguchi.forms.filling import Desk
from madoguchi.forms.profile import read_profile
from madoguchi.forms.submitting import save_setting
from madoguchi.tables import resident as residents
from madoguchi.types import Resident

LIFF = "1000000002-abcdefgh"
CITY = {"id": "city", "label": {"ja": "市から", "en": "City"}}
OLD = {"id": "old", "label": "旧"}
SETTINGS = {
    "topics": [CITY, OLD],
    "areas": [{"id": "honcho", "label": "本町", "school": "本町小"}],
}
BORN = "2021-08-09"


@pytest.fixture
def plugins():
    return {"segment": {"settings": SETTINGS}}


@pytest.fixture
def city():
    return {"line": {"liff": [LIFF]}}


@pytest.fixture
def save(gateway):
    """Save a row as the page does."""
    services = gateway.running.services
    plugin = services.plugins.all["segment"]

    def save(who, name, *texts, **parts):
        def run(db):
            theirs = residents.c.line_id == who.user_id
            number = db.execute(select(residents.c.id).where(theirs)).scalar_one()
            form = plugin.collected.forms[0]
            desk = Desk(
                gateway=services.city,
                plugin=plugin,
                form=form,
                resident=Resident(number, True, None),
                now=services.clock.now(),
                say=lambda words, **values: services.languages.say(words, "ja", **values),
                send=lambda *a, **k: 0,
            )
            save_setting(db, desk, form.field(name), Given(texts, parts))
            return number

        return gateway.wait(gateway.running.store.write(run))

    return save


def change(gateway, settings):
    """What `madoguchi settings import` does."""
    live = gateway.running.services.live
    actor = Actor("staff", "1", "広報課")
    gateway.wait(live.change({"segment": settings}, {}, actor, "", "test.toml"))


def body(message):
    return message["contents"]["body"]["contents"][1]["text"]


def test_the_word_and_the_tile_lead_to_the_list(resident):
    (menu,) = resident.says("メニュー")
    assert "・お知らせの受け取り設定" in menu["text"]
    (shown,) = resident.says("設定")
    assert body(shown).startswith("・受け取りたいお知らせ：なし")
    button = shown["contents"]["footer"]["contents"][0]["action"]
    assert button["uri"].endswith(f"/{LIFF}/form/segment/settings")


def test_one_message_for_a_sitting_with_the_number_of_children_and_no_date(
    resident, gateway, clock, save
):
    resident.says("設定")
    save(resident, "topics", "city")
    save(resident, "area", "honcho")
    year, month, day = BORN.split("-")
    born = {"0.birthdate.year": [year], "0.birthdate.month": [month], "0.birthdate.day": [day]}
    number = save(resident, "children", **born)
    stored = gateway.wait(gateway.running.store.read(read_profile, number, "segment"))
    assert stored == {"topics": ["city"], "area": "honcho", "children": [{"birthdate": BORN}]}
    said = wait_for_confirmation(resident, clock)
    assert said == (
        "お知らせの受け取り設定を保存しました。\n"
        "・受け取りたいお知らせ：市から\n"
        "・お住まいの地域：設定ずみ\n"
        "・お子さん1人\n"
        "・まだ設定していません：お住まいは市内ですか、年齢、性別"
    )
    clock.move(180)
    assert "お子さん1人" in body(resident.says("設定")[-1])
    for entry in resident.chat():
        assert "2021" not in str(entry["message"])
        assert "本町" not in str(entry["message"])


def test_lists_are_set_with_commas_in_english(resident, save):
    resident.taps("English")
    save(resident, "topics", "city", "old")
    (shown,) = resident.says("設定")
    assert "・Topics you want：City, 旧\n" in body(shown)


def wait_for_confirmation(resident, clock):
    """The message that comes by itself after the sitting."""
    clock.move(120)
    for _ in range(200):
        pushed = [e["message"] for e in resident.chat() if e.get("via") == "push"]
        if pushed:
            (message,) = pushed
            return message["text"]
        time.sleep(0.1)
    raise AssertionError("nobody was told")


def test_a_topic_that_ended_keeps_its_answer_and_is_not_shown(resident, gateway, save):
    resident.says("設定")
    number = save(resident, "topics", "city", "old")
    change(gateway, {**SETTINGS, "topics": [CITY, {**OLD, "retired": True}]})
    (shown,) = resident.says("設定")
    assert "受け取りたいお知らせ：市から\n" in body(shown)
    save(resident, "topics")  # none of those that can be chosen
    stored = gateway.wait(gateway.running.store.read(read_profile, number, "segment"))
    assert stored["topics"] == ["old"]


def test_a_topic_that_went_into_another_counts_for_that_one(resident, gateway, save):
    resident.says("設定")
    save(resident, "topics", "old")
    change(gateway, {**SETTINGS, "topics": [CITY, {**OLD, "into": "city"}]})
    (shown,) = resident.says("設定")
    assert "受け取りたいお知らせ：市から\n" in body(shown)


def test_what_staff_change_is_what_conditions_can_name(gateway):
    plugin = gateway.running.services.plugins.all["segment"]
    before = plugin.criteria
    assert [one.label for one in before.fields["segment/topics"].options] == ["市から", "旧"]
    change(gateway, {**SETTINGS, "topics": [CITY], "rows": ["area"]})
    after = plugin.criteria
    assert [one.label for one in after.fields["segment/topics"].options] == ["市から"]
    assert list(after.fields) == ["segment/topics", "segment/area", "segment/school"]
    assert "segment/sex" in before.fields  # what was collected does not change
