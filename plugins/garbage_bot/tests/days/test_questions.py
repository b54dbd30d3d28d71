"""What is a question about collection days, what is not, and what is answered."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.answers import answer, days_of
from madoguchi_garbage_bot.days.areas import Area
from madoguchi_garbage_bot.days.calendars import (
    AreaCalendar,
    Closure,
    Exceptions,
    Moved,
    Schedule,
)
from madoguchi_garbage_bot.days.notation import read_cell
from madoguchi_garbage_bot.days.questions import Question, QuestionReader
from madoguchi_garbage_bot.days.words import Span

CATEGORIES = [
    "燃やすごみ",
    "燃やさないごみ",
    "プラスチック",
    "びん・かん",
    "ペットボトル",
    "古紙・古布",
]
READER = QuestionReader(dict.fromkeys(CATEGORIES, ()) | {"粗大ごみ(申込み)": ("シール制",)})
TODAY, TOMORROW = Span("day", 0), Span("day", 1)
BURN, UNBURN, PLASTIC, BOTTLE, PET, PAPER = CATEGORIES


@pytest.mark.parametrize(
    ("typed", "span", "categories"),
    [
        ("今日は何ごみ?", TODAY, ()),
        ("ｷｮｳﾊﾅﾆｺﾞﾐ", TODAY, ()),
        ("きょうは なんの ごみですか。", TODAY, ()),
        ("What garbage is collected today?", TODAY, ()),
        ("what's the trash tomorrow", TOMORROW, ()),
        ("すみません、明日の燃えるゴミってありますか🙇", TOMORROW, (BURN,)),
        ("あさっての不燃ごみ", Span("day", 2), (UNBURN,)),
        ("3日後のごみ", Span("day", 3), ()),
        ("来週の月曜日は何のごみですか", Span("weekday", 1, 0), ()),
        ("土曜はごみ収集ありますか", Span("weekday", None, 5), ()),
        ("is there garbage collection on Monday?", Span("weekday", None, 0), ()),
        ("10月5日は何ごみ", Span("date", 10, 5), ()),
        ("10/5のごみ", Span("date", 10, 5), ()),
        ("５日は何ゴミ？", Span("date", None, 5), ()),
        ("今週のごみ", Span("week", 0), ()),
        ("来月のペットボトル", Span("month", 1), (PET,)),
        ("8月のプラごみの日", Span("month_of", 8), (PLASTIC,)),
        ("年末年始のごみ収集", Span("turn"), ()),
        ("次のプラは?", None, (PLASTIC,)),
        ("つぎの プラスチックは いつですか", None, (PLASTIC,)),
        ("不燃ごみはいつ?", None, (UNBURN,)),
        ("もえないゴミの日", None, (UNBURN,)),
        ("燃えるごみは何曜日？", None, (BURN,)),
        ("when is plastic?", None, (PLASTIC,)),
        ("When can I put out PET bottles?", None, (PET,)),
        ("next burnable garbage day", None, (BURN,)),
        ("ビンの回収日を教えて", None, (BOTTLE,)),
        ("缶っていつ出せるの", None, (BOTTLE,)),
        ("段ボールはいつ捨てればいいですか", None, (PAPER,)),
        ("シール制はいつ", None, ("粗大ごみ(申込み)",)),
        ("ごみの日", None, ()),
        ("収集はいつ", None, ()),
        ("明日の収集は？", TOMORROW, ()),
        ("収集日を教えてください", None, ()),
    ],
)
def test_questions_and_what_they_ask_for(typed, span, categories):
    assert READER.read(typed) == Question(span, categories)


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("明日", TOMORROW),
        ("来週の月曜", Span("weekday", 1, 0)),
        ("今日は何の日", TODAY),
        ("いつ出せますか", None),
    ],
)
def test_what_may_be_a_question_where_garbage_is_the_talk(typed, span):
    assert READER.read(typed) == Question(span, (), is_sure=False)


@pytest.mark.parametrize(
    "typed",
    [
        "電池",
        "電池はいつ",
        "不燃ごみの出し方",
        "今日の天気",
        "バスはいつ",
        "次のバス",
        "いつ",
        "次は",
        "プラは？",
        "ごみ",
        "燃やすごみ",
        "今日は",
        "こんにちは",
        "明日の給食",
        "来週の予約",
        "市役所は何曜日が休み",
        "粗大ごみの料金",
        "粗大ごみの申し込み",
        "紙おむつはいつ",
        "ペットボトルのキャップはいつ",
        "プラスチックの分別",
        "ごみは何時まで",
        "ごみ袋はいくら",
        "古紙の値段",
        "収集車はいつ来る",
        "ごみの持ち込みはいつできる",
        "プラモデルはいつ",
        "缶切りはいつ",
        "瓶詰めの日",
        "保険証はいつ届く",
        "健診は来週ですか",
        "マイナンバーカードの交付は何曜日",
        "bin",
        "bus",
        "when_is_the_bus",
        "what_day_is_it",
        "今日と明日と来週のごみ",
        "13月45日のごみ",
        "新聞はいつ届きますか",
        "図書館は今日あいてる？",
        "古紙回収業者",
        "明日引っ越します",
    ],
)
def test_what_is_no_question_about_days(typed):
    assert READER.read(typed.replace("_", " ")) is None


def test_what_a_category_is_called_counts_before_what_it_may_be_called():
    reader = QuestionReader(dict.fromkeys(["リサイクルプラ", "その他プラ", "資源ごみ"], ()))
    assert reader.read("次のプラは") == Question(None, ("リサイクルプラ", "その他プラ"))
    assert reader.read("資源はいつ") == Question(None, ("資源ごみ",))


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "今日",
                "は",
                "の",
                "ごみ",
                "プラ",
                "いつ",
                "3日",
                "10/5",
                "来週",
                "when",
                "🗑",
                "ー",
                "０",
            ]
        )
    ).map("".join)
)
def test_any_text_can_be_asked(typed):
    found = READER.read(typed)
    if found and found.span:
        days = days_of(found.span, date(2026, 5, 13))
        assert days is None or days[0] <= days[1]


WEDNESDAY = date(2026, 5, 13)


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        (TODAY, (2026, 5, 13), (2026, 5, 13)),
        (Span("day", -1), (2026, 5, 12), (2026, 5, 12)),
        (Span("weekday", None, 2), (2026, 5, 13), (2026, 5, 13)),
        (Span("weekday", None, 1), (2026, 5, 19), (2026, 5, 19)),
        (Span("weekday", 0, 0), (2026, 5, 11), (2026, 5, 11)),
        (Span("weekday", 1, 6), (2026, 5, 24), (2026, 5, 24)),
        (Span("week", 1), (2026, 5, 18), (2026, 5, 24)),
        (Span("month", 0), (2026, 5, 1), (2026, 5, 31)),
        (Span("month", 9), (2027, 2, 1), (2027, 2, 28)),
        (Span("month_of", 4), (2027, 4, 1), (2027, 4, 30)),
        (Span("turn"), (2026, 12, 27), (2027, 1, 7)),
        (Span("date", None, 31), (2026, 5, 31), (2026, 5, 31)),
        (Span("date", None, 12), (2026, 6, 12), (2026, 6, 12)),
        (Span("date", 5, 12), (2027, 5, 12), (2027, 5, 12)),
        (Span("date", 2, 29), (2028, 2, 29), (2028, 2, 29)),
    ],
)
def test_days_seen_from_a_wednesday(span, first, last):
    assert days_of(span, WEDNESDAY) == (date(*first), date(*last))
    assert days_of(Span("turn"), date(2027, 1, 2)) == (date(2026, 12, 27), date(2027, 1, 7))
    assert days_of(Span("date", 2, 30), WEDNESDAY) is None


CALENDAR = AreaCalendar(
    Area("a", "本町", centre="東"),
    (
        Schedule("可燃", read_cell("木 日").rule),
        Schedule("缶", read_cell("20261230 20270113").rule, is_open=True),
        Schedule("紙", read_cell("隔土").rule, is_unread=True),
    ),
)
EXCEPTIONS = Exceptions(
    (Closure("東", date(2026, 12, 31), date(2027, 1, 3)),),
    (Moved(date(2026, 12, 30), date(2026, 12, 28), "缶", why="年末"),),
)


def test_an_answer_says_what_comes_what_falls_out_and_what_nobody_knows():
    told = answer(Question(Span("turn")), CALENDAR, EXCEPTIONS, date(2026, 12, 29))
    assert told is not None
    assert [(f"{one.day:%m%d}", one.category) for one in told.collections] == [
        ("1227", "可燃"),
        ("1228", "缶"),
        ("0107", "可燃"),
    ]
    assert {(one.planned, one.day, one.why) for one in told.missed} == {
        (date(2026, 12, 30), date(2026, 12, 28), "年末"),
        (date(2026, 12, 31), None, "休止期間"),
        (date(2027, 1, 3), None, "休止期間"),
    }
    assert told.unknown == ("紙",)


def test_the_next_of_a_category_skips_what_falls_out_and_says_so():
    told = answer(Question(None, ("可燃",)), CALENDAR, EXCEPTIONS, date(2026, 12, 31))
    assert told is not None
    assert [one.day for one in told.collections] == [date(2027, 1, 7)]
    assert [one.planned for one in told.missed] == [date(2026, 12, 31), date(2027, 1, 3)]
    assert told.unknown == ()


def test_after_the_last_day_of_a_list_nothing_is_known():
    told = answer(Question(None, ("缶",)), CALENDAR, EXCEPTIONS, date(2027, 2, 1))
    assert told is not None
    assert (told.collections, told.unknown) == ((), ("缶",))
    day = answer(Question(TODAY, ("缶",)), CALENDAR, EXCEPTIONS, date(2027, 1, 12))
    assert day is not None
    assert (day.collections, day.unknown) == ((), ())  # known: nothing
    assert answer(Question(Span("date", 2, 30)), CALENDAR, EXCEPTIONS, date(2027, 1, 1)) is None


def test_of_the_shared_queries_those_about_days_are_read_and_no_others(shared):
    """Rows that ask for the calendar are marked `trap` and `other`; the rest asks for things."""
    read = []
    for name, categories in {
        "tsu": [
            "燃やせるごみ",
            "燃やせないごみ",
            "金属",
            "びん",
            "ペットボトル",
            "容器包装プラスチック",
        ],
        "takamatsu": [
            "可燃ごみ",
            "破砕ごみ",
            "缶・びん・ペットボトル",
            "紙・布",
            "プラスチック容器包装",
        ],
    }.items():
        reader = QuestionReader(dict.fromkeys(categories, ()))
        lines = shared(f"garbage_queries/{name}.tsv").read_text("utf-8").splitlines()
        rows = [line.split("\t") for line in lines[2:]]
        read += [(kind, query) for _, kind, query, *_ in rows if reader.read(query)]
    assert [query for kind, query in read if kind != "trap"] == ["ダンボールっていつ出せますか"]
    assert len(read) == 10
