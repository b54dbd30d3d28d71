"""What residents type finds what is meant, is asked back, or is honestly not found."""

from pathlib import Path

import pytest

from madoguchi_garbage_bot.dictionary import load_dictionary
from madoguchi_garbage_bot.phrases import Topic
from madoguchi_garbage_bot.readings import no_readings
from madoguchi_garbage_bot.search import Kind, Search


def make(*rows, header="品名,分別区分,注意点"):
    """A list of these rows; it has to be without errors."""
    loaded = load_dictionary("\n".join([header, *rows]).encode(), "list.csv")
    assert loaded.dictionary, [str(one) for one in loaded.errors]
    return loaded.dictionary


DICTIONARY = make(
    "ハンガー（木製）,可燃,",
    "ハンガー（プラスチック製）,プラ,",
    "ハンガー（金属製）,金属,",
    "傘（骨組みが金属の物）,金属,",
    "椅子,粗大,",
    "釣りざお,金属,",
    "割り箸,可燃,",
    "掃除機,小型家電,",
    "ペットボトル,資源,",
    "ペットボトルのふた,プラ,",
    "ラップ,可燃,",
    "使い捨てカイロ,不燃,",
    "自転車,粗大,",
    "自転車のかご（金属製）,金属,",
    "びん（飲料用）,びん,",
    "ヘルメット,不燃,",
    "ソファー,粗大,",
    "布団,粗大,",
    "毛布・ブランケット,古布,",
    "プチプチ（気泡緩衝材）,プラ,",
    "スプレー缶,缶,",
    "ポリ袋（パン・菓子等）,プラ,",
    "タイヤ（自転車用）,不燃,",
    "タイヤ（自動車用）,収集不可,",
    "やかん,金属,",
    "フライパン,金属,",
    "髪の毛,可燃,",
    "乾電池（筒型）,有害,",
    "キックスクーター,金属,",
)


@pytest.fixture(scope="module")
def search():
    return Search(DICTIONARY)


def first(result):
    return result.entries[0].name if result.entries else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("掃除機", "掃除機"),
        ("そうじき", "掃除機"),
        ("ソウジキ", "掃除機"),
        ("ﾍﾟｯﾄﾎﾞﾄﾙ", "ペットボトル"),
        ("ヘルメト", "ヘルメット"),
        ("ソファ", "ソファー"),
        ("いす", "椅子"),
        ("イス", "椅子"),
        ("釣竿", "釣りざお"),
        ("割箸", "割り箸"),
        ("瓶", "びん（飲料用）"),
        ("ビン", "びん（飲料用）"),
        ("ペットポトル", "ペットボトル"),
        ("サランラップ", "ラップ"),
        ("ホッカイロ", "使い捨てカイロ"),
        ("チャリ", "自転車"),
        ("エアキャップ", "プチプチ（気泡緩衝材）"),
        ("壊れた傘", "傘（骨組みが金属の物）"),
        ("木のハンガー", "ハンガー（木製）"),
        ("針金ハンガー", "ハンガー（金属製）"),
        ("大きい布団", "布団"),
        ("ペットボトルのキャップ", "ペットボトルのふた"),
        ("自転車のカゴ", "自転車のかご（金属製）"),
        ("車のタイヤ", "タイヤ（自動車用）"),
        ("お菓子の袋", "ポリ袋（パン・菓子等）"),
        ("筒型乾電池", "乾電池（筒型）"),
        ("壊れた傘はどうやって捨てればいいですか", "傘（骨組みが金属の物）"),
        ("スプレー缶って穴あける？", "スプレー缶"),
        ("ソファーが壊れたので捨てたい", "ソファー"),
        ("布団って粗大ごみ？", "布団"),
        ("電池が切れたヘルメット", "ヘルメット"),
        ("「やかん」！！", "やかん"),
        ("掃除機(壊れてる)", "掃除機"),
    ],
)
def test_what_is_meant_is_found(search, text, name):
    result = search.ask(text)
    assert first(result) == name
    assert result.sure


def test_what_the_list_leaves_open_is_asked_with_at_most_four_buttons(search):
    result = search.ask("ハンガー")
    assert result.kind is Kind.CHOICE
    assert result.question == "どんな素材ですか。"
    assert [one.label for one in result.options] == ["木製", "プラスチック製", "金属製"]
    many = make(*(f"箱（{n}号用）,区分{n % 6}," for n in range(12)))
    options = Search(many).ask("箱").options
    assert len(options) == 4
    assert {entry.id for one in options for entry in one.entries} == {e.id for e in many.entries}
    assert all(len(one.label) <= 20 for one in options)


def test_a_word_for_several_things_offers_its_relatives():
    search = Search(make("掃除機,金属,", "ロボット掃除機,小型家電,", "掃除機の紙パック,可燃,"))
    result = search.ask("掃除機")
    assert result.kind is Kind.CHOICE
    assert [one.label for one in result.options] == ["掃除機", "ロボット掃除機"]


def test_one_category_needs_no_question():
    result = Search(make("缶（飲料）,缶,", "缶（食品）,缶,")).ask("缶")
    assert (result.kind, len(result.entries)) == (Kind.ANSWER, 2)


@pytest.mark.parametrize(
    "text", ["布団と毛布", "やかん、フライパン", "やかんとフライパン捨てたい", "傘や布団"]
)
def test_several_things_get_an_answer_each(search, text):
    result = search.ask(text)
    assert result.kind is Kind.SEVERAL
    assert all(part.sure for part in result.parts)
    assert len(result.parts) == 2


@pytest.mark.parametrize("text", ["電動キックボード", "ペッポボトロ", "業務用フライパンワゴン"])
def test_what_is_only_near_is_a_guess_or_nothing(search, text):
    result = search.ask(text)
    assert result.kind in (Kind.GUESS, Kind.NOT_FOUND)
    assert len(result.entries) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "宇宙服",
        "ブーメランの捨て方",
        "紙",
        "傘を忘れました",
        "布団太鼓祭り",
        "自転車の撤去について",
    ],
)
def test_what_is_not_in_the_list_is_never_answered(search, text):
    assert not search.ask(text).sure


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("今日は何のごみ", Topic.DAYS),
        ("金属ごみの日はいつ", Topic.DAYS),
        ("水曜日は何が出せますか", Topic.DAYS),
        ("ごみ袋の値段", Topic.BAGS),
        ("粗大ごみの申し込み", Topic.BULKY),
        ("収集してもらえなかった", Topic.SERVICE),
        ("ありがとうございました", None),
        ("👍", None),
        ("", None),
    ],
)
def test_what_asks_about_no_item_says_what_it_is_about(search, text, topic):
    result = search.ask(text)
    assert (result.kind, result.topic) == (Kind.OTHER, topic)


def test_a_thing_that_is_asked_about_is_worth_an_offer_even_if_it_is_not_found(search):
    assert search.ask("ブーメランの捨て方").score > 0.5
    assert search.ask("ブーメラン").score < 0.5


def test_a_wrong_reading_hides_nothing():
    rows = ("水中メガネ,プラ,みずなかめがね", "額縁,可燃,がくえにし")
    search = Search(make(*rows, header="品名,分別区分,読み"))
    for text in ("水中メガネ", "水中めがね", "すいちゅうめがね", "みずなかめがね"):
        assert first(search.ask(text)) == "水中メガネ"
    assert first(search.ask("額縁")) == first(search.ask("がくぶち")) == "額縁"


def test_a_slip_in_a_short_word_is_offered_as_a_guess(search):
    result = search.ask("掃徐機")
    assert (result.kind, first(result)) == (Kind.GUESS, "掃除機")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("洗灌機", "洗濯機"),
        ("ダンポール", "段ボール箱"),
        ("てれbい", "テレビ"),
        ("どん兵衛の入れ物", "カップ麺の容器"),
        ("水銀の血圧計", "水銀血圧計"),
        ("スキーブーツ", "スキー・スノーボード用ブーツ"),
        ("ジュースの缶", "飲料の缶"),
    ],
)
def test_what_was_mistyped_or_said_loosely_points_at_its_entry(text, name):
    names = "洗濯機 食器乾燥機 段ボール箱 テレビ カップ麺の容器 水銀血圧計 血圧計（水銀式）"
    names += " スキー・スノーボード用ブーツ 飲料の缶"
    search = Search(make(*(f"{one},区分{n}," for n, one in enumerate(names.split()))))
    assert first(search.ask(text)) == name


def test_a_word_for_two_things_asks_which():
    search = Search(make("ビデオテープ,可燃,", "ビデオデッキ,小型家電,"))
    assert search.ask("ビデオ").kind is Kind.CHOICE


def test_a_word_that_sounds_like_an_ending_is_no_relative():
    search = Search(make("本,古紙,", "ヘッドホン,小型家電,"))
    result = search.ask("本")
    assert [entry.name for entry in result.entries] == ["本"]


def test_a_synonym_of_a_synonym_that_is_only_a_kind_is_no_answer():
    assert not Search(make("帽子,古布,")).ask("蓋").sure


def test_any_language_of_the_list_is_understood():
    search = Search(make("傘,不燃,umbrella", header="品名,分別区分,name_en"))
    assert first(search.ask("Umbrella")) == "傘"


def test_what_staff_add_answers():
    dictionary = make("傘,不燃,", "名札,可燃,ネームタグ", header="品名,分別区分,別の言い方")
    search = Search(dictionary)
    assert first(search.ask("ネームタグ")) == "名札"


def test_without_the_analyser_kanji_have_only_the_readings_of_the_list():
    search = Search(DICTIONARY, read=no_readings)
    assert first(search.ask("サランラップ")) == "ラップ"
    assert first(search.ask("いす")) == "椅子"
    assert first(search.ask("かみのけ")) is None
    told = Search(make("髪の毛,可燃,かみのけ", header="品名,分別区分,読み"), read=no_readings)
    assert first(told.ask("カミノケ")) == "髪の毛"


def test_phrases_about_other_things_are_never_won(search, shared):
    phrases = (Path(__file__).parent / "not_garbage.txt").read_text("utf-8").splitlines()
    assert len(phrases) >= 200
    assert [one for one in phrases if search.ask(one).score >= 0.5] == []
