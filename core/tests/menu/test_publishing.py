"""`madoguchi menu publish`: from tiles to what residents see at LINE (R45, R46)."""

import json
from dataclasses import replace
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import text

from madoguchi import residents
from madoguchi.errors import MadoguchiError
from madoguchi.menu import publishing, telling
from madoguchi.store import UTCDateTime
from madoguchi.testing import TestResident, until

WHO = {"kind": "system", "id": "cli:test", "label": "試験"}
GUIDE = '''
"""Has tiles."""
from madoguchi import MenuItem, hookimpl

@hookimpl
def register_menu_items():
    library = {"ja": "図書館", "ja-easy": "図書館《としょかん》", "en": "Library"}
    settings = {"ja": "受け取り設定", "en": "Settings"}
    return [
        MenuItem(library, says="図書館"),
        MenuItem(settings, page="form/guide/settings", icon="bell"),
    ]
'''
FOREIGN = {
    "size": {"width": 2500, "height": 843},
    "selected": True,
    "name": "前の業者のメニュー",
    "chatBarText": "メニュー",
    "areas": [
        {
            "bounds": {"x": 0, "y": 0, "width": 2500, "height": 843},
            "action": {"type": "message", "label": "前のもの", "text": "前"},
        }
    ],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, install_plugin, make_town):
    """A gateway with two tiles, on each database."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    install_plugin("guide", GUIDE)
    return make_town(plugins={"guide": {}}, **({"database_url": url} if url else {}))


@pytest.fixture
def small(install_plugin, make_town):
    """The same on SQLite alone, for what the database does not matter to."""
    install_plugin("guide", GUIDE)
    return make_town(plugins={"guide": {}})


def call(town, method, path, body=None, kind="application/json"):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {"Content-Type": kind, "Authorization": f"Bearer {town.channel.access_token}"}
    request = Request(town.platform + path, data, headers, method=method)
    with urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def do(town, deed, **given):
    return town.wait(publishing.deeds(town.running.services)[deed](**given))


def publish(town):
    """What the command does; how often it had to ask."""
    return repeat(town, "menu.publish")


def repeat(town, deed):
    for times in range(1, 20):
        if do(town, deed, actor=WHO):
            return times
    raise AssertionError("it never ends")


def sees(town, resident):
    """The rich menu on the phone of a resident."""
    return call(town, "GET", f"/sim/residents/{resident.user_id}/richmenu")


def labels(town, resident):
    menu = sees(town, resident)["richMenu"]
    return menu and [area["action"]["label"] for area in menu["areas"]]


def listed(town):
    return [menu["name"] for menu in call(town, "GET", "/v2/bot/richmenu/list")["richmenus"]]


def faults(town, *rules):
    call(town, "PUT", "/sim/faults", list(rules))


def set_foreign_default(town):
    """What another program made and set before us; its id."""
    menu_id = call(town, "POST", "/v2/bot/richmenu", FOREIGN)["richMenuId"]
    picture = publishing.design_menus(town.running.services, font())[0].draw(font())
    call(town, "POST", f"/v2/bot/richmenu/{menu_id}/content", picture, "image/png")
    call(town, "POST", f"/v2/bot/user/all/richmenu/{menu_id}")
    return menu_id


def font():
    return publishing.find_font(None)


JA = ["図書館", "受け取り設定", "ことば / Language", "電話する"]
EASY = ["図書館", "受け取り設定", "ことば / Language", "電話を する"]
EN = ["Library", "Settings", "ことば / Language", "Call the city"]


def test_everybody_sees_the_menu_in_their_language(town):
    taro, jane, hana = (TestResident(town) for _ in range(3))
    jane.taps("English")
    hana.taps("やさしい日本語")
    publish(town)
    assert (labels(town, taro), labels(town, jane), labels(town, hana)) == (JA, EN, EASY)
    assert [sees(town, one)["source"] for one in (taro, jane)] == ["default", "user"]
    assert sees(town, taro)["image"], "it has no picture"
    assert len(listed(town)) == 3


def test_who_changes_the_language_gets_another_menu_by_themselves(town):
    jane = TestResident(town)
    publish(town)
    assert labels(town, jane) == JA
    jane.taps("English")
    until(lambda: labels(town, jane) == EN)
    jane.says("日本語")
    until(lambda: labels(town, jane) == JA)


def test_a_language_that_was_chosen_before_anything_is_published_costs_no_call(small):
    jane = TestResident(small)
    jane.taps("English")
    until(lambda: not small.wait(small.running.store.fetch("SELECT 1 FROM menu_link")))
    assert sees(small, jane)["richMenu"] is None


def test_r46_who_comes_back_is_linked_again(small):
    jane = TestResident(small)
    jane.taps("English")
    publish(small)
    call(small, "POST", f"/sim/residents/{jane.user_id}/unfollow", {})
    call(small, "DELETE", f"/v2/bot/user/{jane.user_id}/richmenu")
    call(small, "POST", f"/sim/residents/{jane.user_id}/follow", {})
    until(lambda: labels(small, jane) == EN)


def test_r46_many_are_linked_in_bulk(town):
    async def befriend():
        return [await town.simulator.add_resident(f"住民{n}", follow="before") for n in range(530)]

    people = town.wait(befriend())
    town.wait(town.running.store.write(residents.take_in, people, town.clock.now()))
    speak = text("UPDATE resident SET language = 'en'")
    town.wait(town.running.store.write(lambda db: db.execute(speak) and None))
    publish(town)

    def linked():
        return sum(town.simulator.menu_links.seen_by(one)[1] == "user" for one in people)

    assert town.call(linked) == 530


def test_the_same_again_calls_nothing(small):
    publish(small)
    before = listed(small)
    faults(
        small,
        *(
            {"endpoint": name, "status": 500}
            for name in ("createRichMenu", "uploadRichMenuImage", "setDefaultRichMenu")
        ),
    )
    assert publish(small) == 1
    assert listed(small) == before
    assert do(small, "menu.plan")[-1] == telling.SAME


def test_another_tile_is_another_menu_and_the_old_ones_go_when_their_taps_are_counted(small):
    jane = TestResident(small)
    jane.taps("English")
    publish(small)
    before = listed(small)
    guide = small.running.services.plugins.all["guide"]
    guide.collected = replace(guide.collected, menu=guide.collected.menu[:1])
    plan = do(small, "menu.plan")
    assert plan[1].endswith("図書館、受け取り設定、ことば / Language、電話する")
    assert plan[3] == "  日本語（ほかの全員に、作ります）：図書館、ことば / Language、電話する"
    assert "English（1人に、作ります）" in plan[5]
    assert plan[6:] == ["なくなるもの：受け取り設定"]
    assert listed(small) == before, "only looking changes something"
    publish(small)
    assert labels(small, jane) == ["Library", *EN[2:]]
    assert set(before) < set(listed(small))
    assert len(listed(small)) == 6
    small.clock.move(3 * 86400 + 1)
    publish(small)
    assert labels(small, jane) == ["Library", *EN[2:]]
    assert len(listed(small)) == 3
    assert not set(listed(small)) & set(before)


def test_menus_of_others_stay_and_the_former_default_can_be_put_back(town):
    taro, jane = TestResident(town), TestResident(town)
    jane.taps("English")
    former = set_foreign_default(town)
    plan = do(town, "menu.plan")
    assert plan[1] == "  前の業者のメニュー：前のもの"
    assert plan[-2:] == [f"増えるもの：{'、'.join(JA)}", "なくなるもの：前のもの"]
    publish(town)
    assert FOREIGN["name"] in listed(town)
    assert labels(town, taro) == JA
    repeat(town, "menu.restore")
    assert sees(town, taro)["richMenuId"] == sees(town, jane)["richMenuId"] == former
    publish(town)
    assert labels(town, jane) == EN
    assert len(listed(town)) == 4, "what is still there is used again"
    repeat(town, "menu.restore")
    town.clock.move(3 * 86400 + 1)
    repeat(town, "menu.restore")
    assert listed(town) == [FOREIGN["name"]]


def test_without_a_former_menu_of_the_api_the_one_of_the_manager_comes_back(small):
    taro = TestResident(small)
    call(small, "PUT", "/sim/richmenu", {"richMenu": FOREIGN})
    publish(small)
    assert labels(small, taro) == JA
    repeat(small, "menu.restore")
    assert sees(small, taro)["source"] == "manager"


def test_what_was_there_before_and_is_deleted_cannot_be_put_back(small):
    taro = TestResident(small)
    former = set_foreign_default(small)
    publish(small)
    call(small, "DELETE", f"/v2/bot/richmenu/{former}")
    with pytest.raises(MadoguchiError, match=telling.FORMER_GONE):
        repeat(small, "menu.restore")
    assert labels(small, taro) == JA


@pytest.mark.parametrize(
    ("endpoint", "status", "message", "said"),
    [
        ("uploadRichMenuImage", 400, "The image size is not allowed", "画像を受け取りません"),
        ("uploadRichMenuImage", 413, "Request Entity Too Large", "画像を受け取りません"),
        ("createRichMenu", 429, "The API rate limit has been exceeded", "1時間たったら"),
        ("createRichMenu", 400, "The number of rich menus exceeds the limit", "上限は1,000個"),
        ("createRichMenu", 500, "", "LINEから、返事がありません"),
        ("setDefaultRichMenu", 401, "Authentication failed", "madoguchi connect"),
    ],
)
def test_what_line_refuses_is_a_line_that_says_what_to_do(small, endpoint, status, message, said):
    taro = TestResident(small)
    former = set_foreign_default(small)
    faults(small, {"endpoint": endpoint, "status": status, "message": message})
    with pytest.raises(MadoguchiError, match=said):
        publish(small)
    assert sees(small, taro)["richMenuId"] == former, "it is half published"
    faults(small)
    publish(small)
    assert labels(small, taro) == JA
    assert len(listed(small)) == 4, "something of the first try was left"


@pytest.mark.parametrize("endpoint", ["linkRichMenu", "deleteRichMenu"])
def test_what_line_refuses_after_the_switch_is_not_taken_for_the_switch(small, endpoint):
    taro, jane = TestResident(small), TestResident(small)
    jane.taps("English")
    leftover = {**FOREIGN, "name": "madoguchi:ja:of-a-lost-database"}
    small.call(small.simulator.menus.create, leftover)
    guide = small.running.services.plugins.all["guide"]
    publish(small)
    guide.collected = replace(guide.collected, menu=guide.collected.menu[:1])
    small.call(small.simulator.menus.create, leftover)
    faults(small, {"endpoint": endpoint, "status": 429, "message": "The API rate limit"})
    said = telling.REST if endpoint == "linkRichMenu" else "1時間たったら"
    with pytest.raises(MadoguchiError, match=said) as caught:
        publish(small)
    is_out = labels(small, taro) != JA
    assert is_out is (telling.SEES_NOW not in str(caught.value))
    assert labels(small, jane) in (EN, ["Library", *EN[2:]]), "half of it"
    faults(small)
    publish(small)
    assert labels(small, jane) == ["Library", *EN[2:]]
    assert len(listed(small)) == 6


def test_r45_no_room_for_another_menu_is_said_before_anything_is_made(small):
    for _ in range(998):
        small.call(small.simulator.menus.create, FOREIGN)
    before = listed(small)
    with pytest.raises(MadoguchiError, match=r"998個あり、上限は1,000個"):
        publish(small)
    assert listed(small) == before


def test_r45_menus_that_wait_for_their_count_give_way_where_there_is_no_room(small, monkeypatch):
    monkeypatch.setattr(publishing, "MOST_MENUS", 8)  # two of others, and two sets of ours
    for _ in range(2):
        small.call(small.simulator.menus.create, FOREIGN)
    guide = small.running.services.plugins.all["guide"]
    library, settings = guide.collected.menu
    for tiles in ([library, settings], [library], [settings]):
        guide.collected = replace(guide.collected, menu=tiles)
        publish(small)
    assert len(listed(small)) == 8
    assert labels(small, TestResident(small)) == JA[1:]


def test_r45_more_than_lines_100_an_hour_is_said_before_anything_is_made(small):
    row = "INSERT INTO rich_menu VALUES (:id, 'x', 'ja', false, false, :now, null, null)"

    def fill(db):
        for n in range(98):
            stamp = UTCDateTime().process_bind_param(small.clock.now(), db.get_bind().dialect)
            db.execute(text(row), {"id": f"m{n}", "now": stamp})

    small.wait(small.running.store.write(fill))
    with pytest.raises(MadoguchiError, match="1時間に100回まで"):
        publish(small)
    assert listed(small) == []
    small.clock.move(3601)
    publish(small)
    assert len(listed(small)) == 3


def test_who_published_is_in_the_audit_log(small):
    publish(small)
    repeat(small, "menu.restore")
    sql = "SELECT actor_id, action FROM audit ORDER BY id"
    assert [tuple(row) for row in small.wait(small.running.store.fetch(sql))] == [
        ("cli:test", "menu.publish"),
        ("cli:test", "menu.restore"),
    ]
