"""Finding one's area by what people type, a postcode or a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.areas import Area, AreaFinder, Point

NAMES = {
    "koto": [
        "大島1～2丁目",
        "大島3～7丁目",
        "大島8～9丁目",
        "南砂1・5丁目",
        "南砂2～4・6～7丁目",
        "豊洲",
    ],
    "hiroshima": [
        "東区 牛田新町一丁目(うしたしんまち1ちょうめ)",
        "東区 牛田新町二丁目(うしたしんまち2ちょうめ)",
    ],
    "saga": [
        "赤松町9番37号・12番の南側",
        "赤松町（9番37号・12番の南側を除く）",
        "大財北町",
        "大財六丁目1番26～30号",
        "大財四～六丁目（六丁目1番26～30号を除く）",
        "鍋島町大字八戸",
    ],
    "takamatsu": [
        "高松第一（松島・築地・新塩屋町）花園・新番丁（四番丁）・塩江",
        "栗林・太田・香川（浅野）",
        "鶴尾・一宮・香川（川東）",
    ],
    "yosano": ["男　山", "ひばりヶ丘"],
}


@pytest.mark.parametrize(
    ("city", "typed", "found"),
    [
        ("koto", "大", ["1～2丁目", "3～7丁目", "8～9丁目"]),
        ("koto", "大島", ["1～2丁目", "3～7丁目", "8～9丁目"]),
        ("koto", "大島２丁目", ["大島1～2丁目"]),
        ("koto", "大島二丁目", ["大島1～2丁目"]),
        ("koto", "大島7", ["大島3～7丁目"]),
        ("koto", "江東区南砂6-3-1", ["南砂2～4・6～7丁目"]),
        ("koto", "とよす", ["豊洲"]),
        ("koto", "トヨ", ["豊洲"]),
        ("koto", "枝川", []),
        ("koto", "", []),
        ("hiroshima", "牛田新町", ["一丁目", "二丁目"]),
        ("hiroshima", "うしたしんまち２ちょうめ", ["東区 牛田新町二丁目"]),
        ("hiroshima", "広島市東区牛田新町一丁目2-3", ["東区 牛田新町一丁目"]),
        ("saga", "赤松町", ["（9番37号・12番の南側を除く）", "9番37号・12番の南側"]),
        ("saga", "大財4丁目", ["大財四～六丁目（六丁目1番26～30号を除く）"]),
        ("saga", "八戸", ["鍋島町大字八戸"]),
        ("takamatsu", "高松市花園町1-2-3", NAMES["takamatsu"][:1]),
        ("takamatsu", "四番丁", NAMES["takamatsu"][:1]),
        ("takamatsu", "浅野", ["栗林・太田・香川（浅野）"]),
        ("takamatsu", "香川", NAMES["takamatsu"][1:]),
        ("yosano", "男山", ["男　山"]),
        ("yosano", "ひばりが丘", ["ひばりヶ丘"]),
    ],
)
def test_areas_by_name_and_what_tells_them_apart(city, typed, found):
    readings = {"豊洲": "とよす　"}
    finder = AreaFinder(Area(name, name, reading=readings.get(name, "")) for name in NAMES[city])
    result = finder.by_name(typed)
    assert sorted(one.differs for one in result.candidates) == sorted(found)
    assert result.total == len(found)


def test_no_more_than_asked_for_and_how_many_there_are():
    finder = AreaFinder(Area(f"{n}", f"本町{n}丁目") for n in range(1, 20))
    result = finder.by_name("本町", most=4)
    assert (len(result.candidates), result.total) == (4, 19)


def test_the_same_name_twice_is_told_apart_by_what_is_above_it_or_by_the_centre():
    groups = AreaFinder([Area("a", "福島", "大和町"), Area("b", "福島", "久保田町")])
    assert [one.differs for one in groups.by_name("福島").candidates] == [
        "大和町 福島",
        "久保田町 福島",
    ]
    assert [one.area.key for one in groups.by_name("久保田町福島").candidates] == ["b"]
    centres = AreaFinder([Area("a", "福島", centre="東"), Area("b", "福島", centre="西")])
    assert [one.differs for one in centres.by_name("福島").candidates] == ["（東）", "（西）"]


def test_postcodes():
    finder = AreaFinder([Area("a", "本町"), Area("b", "駅前")])
    table = {"9990001": ["a", "b"], "9990002": ["b"]}
    assert [one.area.key for one in finder.by_postcode("〒999-0001", table).candidates] == [
        "a",
        "b",
    ]
    assert [one.area.key for one in finder.by_postcode("９９９０００２", table).candidates] == ["b"]
    assert finder.by_postcode("999-0009", table).total == 0
    assert finder.by_postcode("本町", table).total == 0


def test_a_place_gives_the_nearest_towns_and_nothing_outside_the_city():
    finder = AreaFinder([Area("a", "本町1～2丁目"), Area("b", "駅前"), Area("c", "山手")])
    points = [
        Point("本町一丁目", 35.60, 139.10),
        Point("本町二丁目", 35.601, 139.10),
        Point("駅前", 35.605, 139.10),
        Point("山手", 35.70, 139.10),
        Point("名のない町", 35.60, 139.10),
    ]
    result = finder.by_place(35.6, 139.1, points)
    assert [one.area.key for one in result.candidates] == ["a", "b"]
    assert [round(one.kilometres or 0, 2) for one in result.candidates] == [0, 0.56]
    assert finder.by_place(34, 135, points).total == 0


@given(st.text())
def test_any_text_can_be_typed(typed):
    finder = AreaFinder(Area(name, name) for names in NAMES.values() for name in names)
    assert len(finder.by_name(typed, 3).candidates) <= 3


@given(st.text(), st.text())
def test_any_name_can_be_in_a_table_and_is_found_by_itself(name, reading):
    found = AreaFinder([Area("a", name, "", reading)]).by_name(name)
    assert found.total <= 1


def test_a_quick_look_tells_what_may_name_a_town():
    finder = AreaFinder([Area("1", "大島1～2丁目"), Area("2", "榎町(えのまち)")])
    for typed in ("大", "大島3丁目", "えの", "榎町", "見本市大島1-2"):
        assert finder.may_name(typed), typed
    for typed in ("", "電池", "島の", "プラスチックはいつ"):
        assert not finder.may_name(typed), typed
