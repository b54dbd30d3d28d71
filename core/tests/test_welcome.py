"""First contact: greeting, language, menu."""

from collections.abc import Callable

import pytest

from madoguchi.testing import TestResident, Town

GUIDE = '''
"""Has tiles."""
from madoguchi import MenuItem, hookimpl

@hookimpl
def register_menu_items():
    return [
        MenuItem({"ja": "図書館", "en": "Library"}, says="図書館"),
        MenuItem("受け取り設定", page="form/guide/settings"),
        MenuItem("見本市の市民農園と緑の相談所の申し込みについて", says="農園"),
    ]
'''


@pytest.fixture
def guide(install_plugin: Callable[..., str], make_town: Callable[..., Town]) -> Town:
    install_plugin("guide", GUIDE)
    return make_town(plugins={"guide": {}})


def labels(message: dict) -> list[str]:
    return [item["action"]["label"] for item in message["quickReply"]["items"]]


def test_the_greeting_speaks_three_languages_and_has_a_button_for_each(guide: Town) -> None:
    (greeting,) = TestResident(guide).greeting
    ja, easy, english = greeting["text"].split("\n\n")
    assert ja == "見本市です。"
    assert "やさしい" in easy
    assert english == "You can use this chat in English."
    assert labels(greeting)[:3] == ["日本語", "やさしい日本語", "English"]


def test_who_chose_a_language_is_answered_in_it_from_then_on(guide: Town) -> None:
    taro = TestResident(guide)
    (chosen,) = taro.taps("English")
    assert chosen["text"].startswith("We will answer in this language from now on.")
    assert "・Library" in chosen["text"]
    (menu,) = taro.says("Menu")
    assert labels(menu)[0] == "Library"
    taro.taps("ことば / Language")
    (chosen,) = taro.taps("日本語")
    assert "・図書館" in chosen["text"]


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("English", "We will answer in this language"),
        ("ＥＮＧＬＩＳＨ", "We will answer in this language"),
        ("日本語", "これから、このことばで"),
        ("やさしい日本語", "これから"),
        ("ことば", "ことばをえらんでください"),
        ("language", "ことばをえらんでください"),
    ],
)
def test_a_language_can_be_typed(guide: Town, typed: str, begins: str) -> None:
    (answer,) = TestResident(guide).says(typed)
    assert answer["text"].startswith(begins)


@pytest.mark.parametrize("typed", ["メニュー", "ﾒﾆｭｰ", "めにゅー", " MENU ", "menu"])
def test_the_menu_as_text_with_telephone_and_hours(guide: Town, typed: str) -> None:
    (menu,) = TestResident(guide).says(typed)
    assert menu["text"].startswith("見本市のトークでできること\n・図書館\n")
    assert "0100-00-0000" in menu["text"]


def test_a_long_label_is_whole_in_the_text_and_cut_on_the_button(guide: Town) -> None:
    (menu,) = TestResident(guide).says("メニュー")
    assert "・見本市の市民農園と緑の相談所の申し込みについて\n" in menu["text"]
    assert labels(menu)[2] == "見本市の市民農園と緑の相談所の申し込み…"


def test_a_tile_opens_a_page_inside_of_line(guide: Town) -> None:
    (menu,) = TestResident(guide).says("メニュー")
    actions = [item["action"] for item in menu["quickReply"]["items"]]
    assert actions[0] == {"type": "message", "label": "図書館", "text": "図書館"}
    assert actions[1]["uri"].endswith("/form/guide/settings")


def test_a_city_without_such_pages_has_no_tile_and_no_link(
    install_plugin: Callable[..., str], make_town: Callable[..., Town]
) -> None:
    install_plugin("guide", GUIDE)
    taro = TestResident(make_town(plugins={"guide": {}}, city={"line": {"liff": []}}))
    assert labels(taro.greeting[0]) == ["日本語", "やさしい日本語", "English"]
    (menu,) = taro.says("メニュー")
    assert labels(menu) == [
        "図書館",
        "見本市の市民農園と緑の相談所の申し込み…",
        "ことば / Language",
    ]


def test_a_language_that_nobody_speaks_is_asked_for_again(guide: Town) -> None:
    taro = TestResident(guide)
    guide.wait(guide.simulator.tap(taro.user_id, "madoguchi:language?v=tlh", display_text="?"))
    asked, _ = taro.says("メニュー")
    assert "Please choose your language." in asked["text"]


def test_a_tile_says_something_or_opens_a_page() -> None:
    from madoguchi import MenuItem

    for wrong in ({}, {"says": "図書館", "page": "x"}):
        with pytest.raises(TypeError, match="either says= or page="):
            MenuItem("図書館", **wrong)
