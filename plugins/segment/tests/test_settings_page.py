"""お知らせの受け取り設定 through the public door: each row on its page, and word in the chat."""

import re

import pytest

from madoguchi.forms.profile import read_profile
from madoguchi.testing import TestResident, text_of
from madoguchi_segment import read_answers

LIST = "/liff/form/segment/settings"
TOPICS = [{"id": f"t{n:02}", "label": f"お知らせ{n:02}"} for n in range(30)]
AREAS = [
    {"id": "honcho", "label": "本町", "school": "本町小学校"},
    {"id": "ekimae", "label": "駅前", "school": "駅前小学校"},
    {"id": "yamate", "label": "山手"},
]
CHILDREN = [("2024", "5", "3"), ("令和7", "8", "19")]
PURPOSE = "お預かりする情報"
ONE = 1
"""The first resident of a town."""


@pytest.fixture
def plugins():
    return {"liff": {}, "segment": {"settings": {"topics": TOPICS, "areas": AREAS}}}


def save(who: TestResident, row: str, *values: str, **parts: str):
    """Answer one row of the list, as the page without scripts sends it."""
    who.opens(f"{LIST}?q={row}")
    typed = [(row, value) for value in values] + [
        (f"{row}.{part.replace('__', '.')}", value) for part, value in parts.items()
    ]
    return who.browser.posts(f"/mihon{LIST}?q={row}", typed)


def born(*days: tuple[str, str, str]) -> dict[str, str]:
    return {
        f"{n}__birthdate__{part}": value
        for n, day in enumerate(days)
        for part, value in zip(("year", "month", "day"), day, strict=True)
    }


def shown(page) -> dict[str, str]:
    """What each row says is set now."""
    found = re.findall(
        r'<li id="row-(\w+)">.*?<span class="now">(.*?)</span>', page.html, re.DOTALL
    )
    return dict(found)


def read(gateway, fn, *args):
    return gateway.wait(gateway.running.store.read(fn, *args))


def answers(gateway):
    settings = gateway.running.services.plugins.all["segment"].settings
    return read(gateway, read_answers, ONE, settings)


def told(who: TestResident, clock) -> str:
    """The one message that comes when the sitting is over."""
    clock.move(120)
    (said,) = who.hears()
    return text_of(said)


def test_every_row_is_optional_saved_at_once_and_confirmed_without_a_date(gateway, resident, clock):
    rows = shown(resident.opens(LIST))
    assert rows == dict.fromkeys(
        ("topics", "living", "area", "age", "sex", "children"), "まだ答えていません"
    )
    save(resident, "topics", "t03", "t29")
    save(resident, "living", "out")
    save(resident, "area", "honcho")
    save(resident, "age", "65")
    save(resident, "sex", "unsaid")
    page = save(resident, "children", **born(*CHILDREN))
    assert shown(page) == {
        "topics": "お知らせ03、お知らせ29",
        "living": "市外に住んでいる",
        "area": "本町",
        "age": "65歳から",
        "sex": "答えない",
        "children": "1人目のお子さん 2024年5月3日（金） 令和6年5月3日\n"
        "2人目のお子さん 2025年8月19日（火） 令和7年8月19日",
    }
    assert read(gateway, read_profile, ONE, "segment") == {
        "topics": ["t03", "t29"],
        "living": "out",
        "area": "honcho",
        "age": "65",
        "sex": "unsaid",
        "children": [{"birthdate": "2024-05-03"}, {"birthdate": "2025-08-19"}],
    }
    said = told(resident, clock)
    assert "・受け取りたいお知らせ：お知らせ03、お知らせ29\n" in said
    assert "・お子さん2人" in said.splitlines()
    for secret in ("2024", "2025", "5月", "8月", "本町", "市外", "65", "答えない"):
        in_chat = [entry["message"] for entry in resident.chat()]
        assert secret not in str(in_chat), "it stays on the page (R68)"


def test_any_answer_is_changed_and_taken_away_at_any_time(gateway, resident, clock):
    save(resident, "topics", "t01")
    save(resident, "children", **born(*CHILDREN))
    told(resident, clock)
    clock.move(40 * 24 * 3600)
    save(resident, "children", **born(CHILDREN[1]))
    assert "・お子さん1人" in told(resident, clock).splitlines()
    for row in ("topics", "children"):
        resident.opens(f"{LIST}?q={row}")
        page = resident.browser.posts(f"/mihon{LIST}?q={row}", [("_skip", "1")])
        assert shown(page)[row] == "まだ答えていません"
    assert answers(gateway) == {"topics": []}, "no topic is an answer, too"
    assert "お子さん" in told(resident, clock).splitlines()[-1], "it is not set any more"


def test_the_school_district_follows_from_the_area_and_is_not_asked(gateway, resident):
    page = resident.opens(f"{LIST}?q=area")
    for area in AREAS:
        (option,) = re.findall(rf'value="{area["id"]}".*?</label>', page.html, re.DOTALL)
        assert area.get("school", "小学校") in option or area["id"] == "yamate"
        assert ("小学校" in option) == (area["id"] != "yamate"), "it is said where it is chosen"
    assert "school" not in shown(page)
    for area, school in (("honcho", "本町小学校"), ("ekimae", "駅前小学校"), ("yamate", None)):
        save(resident, "area", area)
        assert answers(gateway).get("school") == school
        assert read(gateway, read_profile, ONE, "segment") == {"area": area}, "it is not stored"


@pytest.mark.parametrize("first", ["living", "area", "age", "sex", "children"])
def test_what_it_is_for_stands_before_the_first_personal_answer(resident, first):
    """What, why, how long and who: in full before it, to be looked up afterwards."""
    values = {"living": "in", "area": "yamate", "age": "65", "sex": "female"}
    assert PURPOSE not in row_of(resident.opens(f"{LIST}?q=topics"), "topics")
    row = row_of(resident.opens(f"{LIST}?q={first}"), first)
    assert f"<h2>{PURPOSE}</h2>" in row
    for words in ("何を", "何のために", "いつまで", "だれが見るか", "広報課の職員"):
        assert words in row
    assert row.index(PURPOSE) < row.index("<input")
    if first == "children":
        save(resident, first, **born(CHILDREN[0]))
    else:
        save(resident, first, values[first])
    row = row_of(resident.opens(f"{LIST}?q={first}"), first)
    assert f"<summary>{PURPOSE}</summary>" in row
    assert "<h2>" not in row


def row_of(page, name: str) -> str:
    return re.search(rf'<li id="row-{name}">.*?</li>', page.html, re.DOTALL)[0]


def test_a_mistake_keeps_what_was_typed_and_stores_nothing(gateway, resident):
    page = save(resident, "children", **born(CHILDREN[0], ("2024", "13", "3")))
    assert page.status == 422
    assert page.html.index("直すところがあります") < page.html.index('class="rows"')
    (target,) = re.findall(r'<a href="#(f-[\w-]+)">', page.html)
    assert re.search(rf'id="{target}"[^>]*name="children\.1\.', page.html)
    assert 'value="13"' in page
    assert 'value="5"' in page, "the other child is still there"
    for row, value in (("area", "atlantis"), ("sex", "x"), ("topics", "t99")):
        assert save(resident, row, value).status == 422
    assert read(gateway, read_profile, ONE, "segment") == {}


@pytest.mark.parametrize("count", [4, 30, 100])
def test_however_many_topics_there_are_the_chat_can_say_them(make_town, count):
    """100 names of 60 characters are more than a message of LINE's holds (R37)."""
    topics = [{"id": f"t{n}", "label": f"{n:03}" + "長" * 57} for n in range(count)]
    town = make_town({"liff": {}, "segment": {"settings": {"topics": topics}}})
    who = TestResident(town)
    save(who, "topics", *(one["id"] for one in topics))
    said = told(who, town.clock)
    assert said.count("長" * 57) == min(count, 30)
    assert ("ほかに70" in said) == (count == 100)
    (answer,) = who.says("設定")
    assert str(answer).count("長" * 57) == min(count, 30)
