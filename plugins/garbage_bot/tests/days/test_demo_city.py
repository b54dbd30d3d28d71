"""見本市: its own calendar, complete, readable and with something to see."""

import tomllib
from datetime import date
from pathlib import Path

from madoguchi_garbage_bot.days.answers import answer
from madoguchi_garbage_bot.days.calendars import collections
from madoguchi_garbage_bot.days.categories import (
    CONTRAST,
    contrast,
    match_categories,
    read_categories,
)
from madoguchi_garbage_bot.days.changes import find_changes

CONFIG = Path(__file__).parents[4] / "config"


def test_everything_is_read_and_every_area_of_the_settings_has_a_calendar(mihon):
    assert (mihon.problems, mihon.notes) == ((), ())
    assert mihon.cells_read == mihon.cells == 48
    file = tomllib.loads((CONFIG / "mihon.toml").read_text("utf-8"))
    areas = file["plugins"]["segment"]["settings"]["areas"]
    assert set(mihon.calendars) == {area["id"] for area in areas}


def test_categories_are_readable_and_told_in_three_languages(mihon):
    assert len(mihon.categories) == 8
    for category in mihon.categories.values():
        assert contrast(category.colour, category.ink) >= CONTRAST
        assert contrast(category.colour, "#ffffff") >= CONTRAST  # as letters on a page, too
        assert set(category.label) == set(category.prepare) == {"ja", "ja-easy", "en"}
    assert len({category.colour for category in mihon.categories.values()}) == 8


def test_the_turn_of_the_year(mihon):
    span = date(2026, 12, 28), date(2027, 1, 5)
    honcho = collections(mihon.calendars["honcho"], mihon.exceptions, *span)
    assert [(f"{one.day:%m%d}", one.category) for one in honcho if "燃やす" in one.category] == [
        ("1228", "燃やすごみ"),
        ("1230", "燃やすごみ"),
        ("0104", "燃やすごみ"),
    ]
    minami = collections(mihon.calendars["minami"], mihon.exceptions, *span)
    assert date(2027, 1, 4) in {one.day for one in minami if one.why == "年始の振替"}
    changes = find_changes(mihon.calendars.values(), mihon.exceptions, *span)
    assert {(one.planned, one.day) for one in changes if one.category == "燃やすごみ"} == {
        (date(2026, 12, 31), date(2026, 12, 30)),
        (date(2027, 1, 1), date(2027, 1, 4)),
    }


def test_residents_find_their_area_and_ask(mihon):
    assert mihon.finder.by_name("みなみ").candidates[0].area.key == "minami"
    assert mihon.finder.by_postcode("999-0001", mihon.postcodes).total == 2
    office = mihon.finder.by_place(35.687574, 139.729220, mihon.points)
    assert office.candidates[0].area.key == "honcho"
    question = mihon.questions.read("今月の資源")
    assert question is not None
    assert question.categories == ("びん・かん", "ペットボトル", "古紙・古布")
    told = answer(question, mihon.calendars["yamate"], mihon.exceptions, date(2026, 5, 13))
    assert told is not None
    assert [one.day.day for one in told.collections if one.day] == [4, 9, 11, 18, 25]
    assert mihon.questions.read("When are large items?").categories == ("粗大ごみ(申込み)",)
    assert mihon.questions.read("電池はいつ出せる?").categories == ("有害ごみ・電池",)


def test_columns_without_a_description_are_told(mihon, city_in, tmp_path):
    (tmp_path / "area_days.csv").write_text("地名,資源,びん,可燃\n本町,月,火,水\n", "utf-8")
    described = "資源ごみ,<b>袋</b>に<br />入れて,#33aa55\n空きびん,,blue\nびん類,,\n,袋,\n"
    header = "label,description,bgcolor\n"
    (tmp_path / "description.csv").write_text(header + described, "utf-8")
    city = city_in(tmp_path)
    assert city.notes == ("description.csvに「可燃」の説明がありません。",)
    assert {name: one.name for name, one in city.categories.items()} == {
        "資源": "資源",
        "びん": "びん",
    }
    assert city.categories["資源"].prepare == {"ja": "袋に\n入れて"}
    assert [(one.row, one.column) for one in city.problems] == [(3, "bgcolor"), (5, "label")]
    assert match_categories(["びん"], ["空きびん", "生きびん"]) == ({}, ("びん",))
    assert read_categories("description.csv", [])[1]
