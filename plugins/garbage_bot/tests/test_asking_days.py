"""Asking for collection days in the chat, and choosing one's area first."""

from datetime import datetime

import pytest
from typer.testing import CliRunner

from madoguchi import JST
from madoguchi.forms.profile import write_profile
from madoguchi.testing import TestResident, Town
from madoguchi.testing.contract import PluginContract
from madoguchi.testing.resident import labels_of, text_of
from madoguchi_garbage_bot import areas
from madoguchi_garbage_bot.commands import app

NO_ANSWER = "お答えできませんでした。"


@pytest.fixture
def at(town):
    """Set the clock of gateway and LINE."""

    def set_clock(*when):
        town.clock.move(datetime(*when, tzinfo=JST).timestamp() - town.clock.time())

    set_clock(2027, 12, 6, 10)  # a Monday
    return set_clock


@pytest.fixture
def who(town, at):
    return TestResident(town)


@pytest.fixture
def lives(town):
    """Let a resident live somewhere."""

    def live(who, key):
        number = number_of(town, who)
        town.wait(town.running.store.write(areas.choose, number, key, town.clock.now()))

    return live


def number_of(town, who):
    from sqlalchemy import select

    from madoguchi.tables import resident

    theirs = select(resident.c.id).where(resident.c.line_id == who.user_id)
    return town.wait(town.running.store.read(lambda db: db.scalar(theirs)))


def said(answers):
    return text_of(answers[-1]) or answers[-1].get("altText", "")


def test_the_area_is_asked_for_first_and_then_the_question_is_answered(who):
    answers = who.says("明日は何ごみ?")
    assert "お住まいの地区を教えてください。" in said(answers)
    assert {"本町", "本郷", "今いる場所を送る", "一覧からえらぶ"} <= set(labels_of(answers))
    answers = who.says("本")
    assert said(answers) == "どの地区ですか。"
    answers = who.taps("本町")
    assert said(answers).startswith(
        "地区を「本町」にしました。\n\n明日、12月7日（火）は「プラスチック」の日です。"
    )
    assert "すすいでください。" in said(answers)
    answers = who.taps("今日は？")
    assert said(answers).startswith("今日、12月6日（月）は「燃やすごみ」の日です。")
    assert said(answers).endswith("（地区：本町）")
    assert "不燃ごみ" in said(who.says("本")) or "燃やすごみ" in said(who.says("本"))


def test_a_town_is_a_word_like_any_other_if_nobody_asked(who, town):
    assert said(who.says("本町")).startswith(NO_ANSWER)
    assert "燃やすごみ" in said(who.says("本")), "it is a book"
    who.says("今日は何ごみ?")
    who.waits(11 * 60)
    assert said(who.says("本町")).startswith(NO_ANSWER)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("みなみ", "南町（1〜3丁目）"),
        ("999-0003", "南町（1〜3丁目）"),
        ("南町2丁目5番", "南町（1〜3丁目）"),
    ],
)
def test_an_area_is_found_by_what_is_typed(who, typed, found):
    who.says("地区を変える")
    assert said(who.says(typed)) == f"地区を「{found}」にしました。"
    answers = who.says("次のプラは?")
    assert "次の「プラスチック」は、12月9日（木）です。" in said(answers)


def test_a_postcode_of_two_areas_and_a_town_that_is_not_there(who):
    who.says("地区を変える")
    answers = who.says("9990001")
    assert labels_of(answers)[:2] == ["本町", "本郷"]
    assert "見つかりませんでした" in said(who.says("北町"))
    assert "地区を「本郷」にしました。" in said(who.says("本郷"))


def test_a_sent_place_is_asked_back_and_only_while_it_is_asked_for(who):
    assert said(who.sends_location(35.6801, 139.7201)).startswith(NO_ANSWER)
    who.says("今日のごみ")
    answers = who.sends_location(35.6801, 139.7201)
    assert labels_of(answers)[0].startswith("本町")
    assert "今日、12月6日（月）は「燃やすごみ」の日です。" in said(who.taps(labels_of(answers)[0]))


def test_the_area_of_the_settings_is_proposed_and_never_taken(who, town):
    number, write = number_of(town, who), town.running.store.write
    town.wait(write(write_profile, number, "segment", {"area": "mura"}, town.clock.now()))
    assert "お知らせの設定と同じ" not in labels_of(who.says("今日は何ごみ?"))
    town.wait(write(write_profile, number, "segment", {"area": "honcho"}, town.clock.now()))
    answers = who.says("今日は何ごみ?")
    assert "本町" not in said(answers), "what was told on a page is not repeated in the chat"
    assert "今日、12月6日（月）は「燃やすごみ」の日です。" in said(who.taps("お知らせの設定と同じ"))


def test_questions_of_other_days(who, lives, at):
    lives(who, "honcho")
    assert "12月13日（月）は「燃やすごみ」の日です。" in said(who.says("来週の月曜"))
    assert "次の「不燃ごみ」は、明後日" not in said(who.says("不燃ごみはいつ?"))
    assert "次の「不燃ごみ」は、12月8日（水）です。" in said(who.says("不燃ごみはいつ?"))
    assert "12月11日（土）は、ごみを集めません。" in said(who.says("土曜日は何ごみ?"))
    assert "電話で申し込んでください。" in said(who.says("粗大ごみはいつ?"))
    week = said(who.says("今週のごみ"))
    assert week.splitlines()[:2] == ["12月6日（月） 燃やすごみ", "12月7日（火） プラスチック"]


def test_the_turn_of_the_year_tells_shifts_with_their_reason(who, lives, at):
    lives(who, "honcho")
    told = said(who.says("年末年始のごみ"))
    assert "12月29日（水） 燃やすごみ\n※12月30日（木）から変わりました（年末の振替）" in told
    assert "1月3日（月）の「燃やすごみ」は、お休みです（休止期間）。" in told
    at(2027, 12, 30, 9)
    told = said(who.says("今日は何ごみ?"))
    assert "今日、12月30日（木）は、ごみを集めません。" in told
    assert "12月30日（木）の「燃やすごみ」は、12月29日（水）に変わります（年末の振替）。" in told


def test_what_the_calendar_does_not_know_is_said(who, lives, at):
    lives(who, "hongo")
    at(2027, 12, 23, 9)
    told = said(who.says("不燃ごみはいつ?"))
    assert told.startswith("「不燃ごみ」は、12月22日（水）よりあとの日が、まだ決まっていません。")
    assert "ではありません" not in said(who.says("明日は不燃ごみ?"))


def test_the_other_languages(who, lives):
    lives(who, "honcho")
    who.taps("English") if "English" in str(who.chat()) else who.says("English")
    told = said(who.says("What garbage tomorrow?"))
    assert told.startswith("Tomorrow, Tue, Dec 7: Plastic.")
    who.says("やさしい日本語")
    told = said(who.says("あしたの ごみ"))
    assert "プラスチック" in told
    assert "（じゅうにがつ）" in told


def test_a_calendar_is_looked_at_before_it_is_used(garbage_table, tmp_path):
    look = CliRunner().invoke(app, ["calendar", garbage_table["calendar"]])
    kinds = "燃やすごみ、プラスチック、不燃ごみ、粗大ごみ"
    assert look.exit_code == 0
    assert look.stdout == f"3地区、12のます目のうち12を読めました。種類: {kinds}\n"
    (tmp_path / "area_days.csv").write_text("地名,燃やすごみ\n本町,ときどき\n", "utf-8")
    look = CliRunner().invoke(app, ["calendar", str(tmp_path)])
    assert look.exit_code == 1
    assert look.stdout.startswith("エラー  area_days.csv 2行目 本町「燃やすごみ」: 「ときどき」")
    assert "0を読めました" in look.stdout


class TestContract(PluginContract):
    plugin = "garbage_bot"
    words = ("今日は何ごみ?", "傘", "地区を変える", "明日")

    @pytest.fixture(scope="class")
    @classmethod
    def town(cls, tmp_path_factory, loop_thread, redis_url, migrated, garbage_table):
        folder, on = tmp_path_factory.mktemp("contract"), {"garbage_bot": garbage_table}
        with Town(folder, loop_thread, redis_url, on, {}, template=migrated) as town:
            yield town
