"""Questions that mean the same are together, and what is proposed for them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from madoguchi_garbage_bot.additions import plain
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.grouping import Asked, group, is_open, propose
from madoguchi_garbage_bot.rates import draw, number_weeks
from madoguchi_garbage_bot.readings import load_reader, no_readings
from madoguchi_garbage_bot.search import Search
from madoguchi_garbage_bot.synonyms import Synonyms
from madoguchi_garbage_bot.writing import write_log

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
"""A Monday at noon in Tokyo."""
NAMES = ["傘", "乾電池", "掃除機", "ロボット掃除機", "扇風機", "箸", "ラップ"]
DICTIONARY = Dictionary(
    tuple(Entry(str(n), name, f"{n % 3}番のごみ") for n, name in enumerate(NAMES))
)


@pytest.fixture(scope="module")
def search():
    return Search(DICTIONARY, Synonyms(), no_readings)


def put(*texts, kind="not_found", at=NOW, **more):
    return [Asked(n + 1, at, text, kind, **more) for n, text in enumerate(texts)]


def groups_of(*texts, read=no_readings):
    return [(one.word, one.count) for one in group(put(*texts), read)]


def test_the_same_thing_is_one_group_however_it_is_asked():
    texts = [
        "キックボード",
        "キックボードの捨て方",
        "きっくぼーど",
        "ｷｯｸﾎﾞｰﾄﾞは何ごみ?",
        "キックホード",
    ]
    assert groups_of(*texts, "ルンバ", "ルンバ") == [("キックボード", 5), ("ルンバ", 2)]


def test_readings_bring_kana_and_kanji_together_and_leave_other_words_apart():
    pytest.importorskip("sudachipy")
    assert groups_of("蓄音機", "ちくおんき", read=load_reader()) == [("ちくおんき", 2)]
    assert groups_of("橋", "箸", read=load_reader()) == [("橋", 1), ("箸", 1)]


def test_short_words_are_no_slips_of_each_other():
    assert groups_of("いか", "いす") == [("いか", 1), ("いす", 1)]


def test_weeks_are_counted_by_their_monday_in_japan():
    late = datetime(2026, 6, 14, 16, tzinfo=UTC)  # one in the morning of Monday
    found = group(
        put("壺", at=NOW) + put("壺", at=late) + put("壺", at=NOW - timedelta(1)), no_readings
    )
    assert found[0].weeks == {date(2026, 6, 15): 2, date(2026, 6, 8): 1}


def test_the_best_proposal_is_first_and_never_what_was_called_wrong(search):
    [one] = group(put("ロボットの掃除"), no_readings)
    assert propose(search, one)[0][0].name == "ロボット掃除機"
    [one] = group(put("掃除機", kind="wrong", entry="2"), no_readings)
    assert next(entry.name for entry, _ in propose(search, one)) == "ロボット掃除機"


def test_what_is_answered_by_now_is_not_open_and_what_was_wrong_is_until_it_is_taught(search):
    right, wrong = put("扇風機"), put("扇風機", kind="wrong", entry="4")
    assert not is_open(search, group(right, no_readings)[0], set())
    [one] = group(wrong, no_readings)
    assert is_open(search, one, set())
    assert not is_open(search, one, {plain("扇風機")})
    taught = search.teach([("扇風機", "傘", "")])
    assert not is_open(taught, one, set())
    assert [entry.name for entry in taught.ask("扇風機を捨てたい").entries] == ["傘"]
    assert [entry.name for entry in search.ask("扇風機").entries] == ["扇風機"]


def test_a_word_whose_entry_is_gone_leads_nowhere(search):
    assert not search.teach([("サランラップ", "茶碗", "")]).is_taught("サランラップ")


def test_weeks_without_questions_are_weeks_and_both_goals_are_drawn():
    monday = date(2026, 4, 6)
    counted = [(monday, 6, 4), (monday + timedelta(21), 19, 1), (monday + timedelta(77), 24, 1)]
    weeks = number_weeks(counted, date(2026, 6, 25))
    assert [week.number for week in weeks] == list(range(1, 13))
    assert [weeks[n].goal for n in (0, 3, 10, 11)] == [None, 0.1, 0.1, 0.05]
    assert [weeks[n].is_reached for n in (0, 3, 11)] == [False, True, True]
    chart = draw(weeks)
    assert [bar.week.share for bar in chart.bars] == [0.4, 0.05, 0.04]
    assert [line.since for line in chart.goals] == [4, 12]
    assert all(bar.height + bar.y == chart.bottom for bar in chart.bars)
    assert number_weeks([], date(2026, 6, 25)) == []


def test_a_cell_of_the_log_is_no_formula_and_no_second_row():
    log = write_log([("not_found", "=1+1\tあ\nい", 2, None, False)]).decode()
    assert log.splitlines()[2] == "not_found\t'=1+1 あ い\titem\t\t\t\t0\t2"
