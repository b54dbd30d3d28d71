"""Cells of calendars: what is read, what is reported, and that nothing is guessed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.notation import read_cell, read_day
from madoguchi_garbage_bot.days.rules import (
    LAST,
    AnyOf,
    DayOfMonth,
    Fortnightly,
    InMonths,
    NthWeekday,
    OnDates,
    Rule,
    Weekly,
    days_in,
    falls_on,
    known_until,
    show,
)


@pytest.mark.parametrize(
    ("cell", "same_as"),  # in 5374's notation
    [
        ("月　木 ", "月 木"),
        ("水2 水4", "水2 水4"),
        ("水２", "水2"),
        ("水2:4 6 8 10 12 2", "水2:2 4 6 8 10 12"),
        ("火2 金4:4 6", "火2:4 6 金4:4 6"),  # one list for several days
        ("水1:6 7 水2:4 5 月", "水2:4 5 水1:6 7 月"),  # a list for each, and none
        ("水2:4 6 20260401", "20260401 水2:4 6"),
        ("水2: 4 6", "水2:4 6"),
        ("隔水20160406", "隔水20260408"),  # 261 fortnights later
        ("隔週水曜日（2026/4/1から）", "隔水20260401"),
        ("第２・４月曜日", "月2 月4"),
        ("第二・第四火曜日", "火2 火4"),
        ("第1 第3 水曜日", "水1 水3"),
        ("第１月曜・第3火曜", "月1 火3"),
        ("第1月曜", "月1"),  # the weekday, not January
        ("毎週火・金曜日", "火 金"),
        ("毎週 火・金曜日", "火 金"),
        ("月・木", "月 木"),
        ("月木", "月 木"),
        ("火2・火4", "火2 火4"),
        ("水（第2・4）", "水2 水4"),
        ("毎月第2水曜日", "水2"),
        ("毎月10日・25日", "毎月10日 毎月25日"),
        ("4月〜9月は第1水曜", "水1:4 5 6 7 8 9"),
        ("12月から3月まで 月", "月:12 1 2 3"),
        ("水（11〜2月）", "水:11 12 1 2"),
        ("奇数月の第2水曜", "水2:1 3 5 7 9 11"),
        ("2026年4月1日(水)", "20260401"),
        ("令和8年4月1日", "20260401"),
        ("毎日", "月 火 水 木 金 土 日"),
        ("なし", ""),
        ("", ""),
    ],
)
def test_what_is_read(cell, same_as):
    read, same = read_cell(cell), read_cell(same_as)
    assert not read.bad
    span = date(2026, 4, 1), date(2027, 6, 30)
    assert list(days_in(read.rule, *span)) == list(days_in(same.rule, *span))


@pytest.mark.parametrize(
    ("cell", "bad", "rest"),
    [
        ("水4` 木", ["水4`"], "木"),
        ("2026041 202604011 20260401", ["2026041", "202604011"], "20260401"),
        ("20260230 月", ["20260230"], "月"),
        ("（隔週）土", ["（隔週）土"], ""),
        ("隔土", ["隔土"], ""),
        ("隔水20160405", ["隔水20160405"], ""),  # a Tuesday
        ("水6 水2", ["水6"], "水2"),
        ("水2 4", ["4"], "水2"),
        ("水2:4 13 6", ["13"], "水2:4 6"),
        ("水2:13", ["水2:13"], ""),  # not the whole year
        ("水2 水6:4 6", ["水6:4"], "水2:4 6"),  # the list is 水2's as well
        ("4月1日", ["4月1日"], ""),  # of which year?
        ("第1・3火曜日と木曜日 月", ["第1・3火曜日と木曜日"], "月"),  # every Thursday?
        ("月・木2", ["月・木2"], ""),  # every Monday?
        ("火火", ["火火"], ""),
        ("月 祝日を除く", ["祝日を除く"], "月"),
    ],
)
def test_what_is_reported_and_never_guessed(cell, bad, rest):
    read = read_cell(cell)
    assert [one.token for one in read.bad] == bad
    assert all(one.why.endswith("。") for one in read.bad)
    assert show(read.rule) == rest


def test_remarks_and_days_not_known_yet():
    read = read_cell("20160630 20991231 *3 ※12")
    assert read.remarks == ("3", "12")
    assert read.is_open
    assert known_until(read.rule) == date(2016, 6, 30)
    assert known_until(read_cell("月 20260401").rule) is None


def test_a_fifth_week_may_not_exist_and_the_last_always_does():
    november = date(2026, 11, 1), date(2026, 11, 30)
    assert list(days_in(read_cell("水5").rule, *november)) == []
    assert list(days_in(read_cell("月5").rule, *november)) == [date(2026, 11, 30)]
    assert list(days_in(read_cell("最終水曜日").rule, *november)) == [date(2026, 11, 25)]


def test_nothing_is_known_before_a_fortnights_anchor():
    rule = read_cell("隔水20160406").rule
    assert not falls_on(rule, date(2016, 3, 23))
    assert [falls_on(rule, date(2016, 4, 6) + timedelta(7 * n)) for n in range(3)] == [
        True,
        False,
        True,
    ]


def test_days_with_their_year():
    assert read_day("2023/1/3") == read_day("20230103") == read_day("令和5年1月3日")
    assert read_day("1/3") is read_day("きょう") is read_day("0103") is None


weekdays = st.integers(0, 6)
days = st.dates(date(2000, 1, 1), date(2098, 12, 31))
nth = st.builds(NthWeekday, st.sampled_from([1, 2, 3, 4, 5, LAST]), weekdays)
recurring = st.one_of(
    st.builds(Weekly, weekdays),
    nth,
    st.builds(Fortnightly, days),
    st.builds(DayOfMonth, st.integers(1, 31)),
)
months = st.frozensets(st.integers(1, 12), min_size=1)
seasons = st.builds(
    InMonths, st.lists(recurring, min_size=1, max_size=3).map(lambda r: AnyOf(tuple(r))), months
)
rules: st.SearchStrategy[Rule] = st.lists(
    st.one_of(recurring, seasons, st.builds(OnDates, st.frozensets(days, max_size=4))), max_size=4
).map(lambda some: AnyOf(tuple(some)))


@given(rules, days)
def test_printing_and_reading_a_rule_gives_the_same_days(rule, first):
    read = read_cell(show(rule))
    assert not read.bad
    last = first + timedelta(100)
    assert list(days_in(read.rule, first, last)) == list(days_in(rule, first, last))


tokens = st.sampled_from(
    [
        "月",
        "火2",
        "水2:4",
        "6",
        "13",
        "隔水20160406",
        "隔土",
        "20260401",
        "20991231",
        "2026041",
        "*1",
        "第2・4",
        "月曜日",
        "毎週",
        "（隔週）土",
        "水4`",
        "最終",
        ":",
        "・",
        "〜",
        "4月〜9月は",
        "第",
        "（",
        "）",
        "毎月10日",
        "なし",
        "٣",
        "②",
        "㈪",
        "00000000",
        "99999999",
    ]
)


@given(st.one_of(st.text(), st.lists(tokens).map(" ".join), st.lists(tokens).map("".join)))
def test_any_text_is_taken_and_each_token_is_read_or_reported(text):
    read = read_cell(text)
    for bad in read.bad:
        assert bad.token
        assert bad.why
    if not (read.bad or read.remarks or read.is_open):
        again = read_cell(show(read.rule))
        span = date(2026, 1, 1), date(2026, 12, 31)
        assert list(days_in(again.rule, *span)) == list(days_in(read.rule, *span))
