"""Questions about things through the public door: webhook in, LINE's calls out."""

from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from madoguchi.testing import TestResident
from madoguchi_garbage_bot.days.categories import contrast
from madoguchi_garbage_bot.flex import LONGEST_DATA, tap
from madoguchi_garbage_bot.questions import question

FALLBACK = "お答えできませんでした。\n見本市 0100-00-0000（平日 8:30〜17:15）"


def kept(town):
    """The questions that are kept: text, kind, entry."""
    columns = question.c.text, question.c.kind, question.c.entry
    read = town.running.store.read(
        lambda db: [tuple(row) for row in db.execute(select(*columns).order_by(question.c.id))]
    )
    return town.wait(read)


def actions(part):
    """Label → action, at any depth."""
    if isinstance(part, list):
        return {label: one for each in part for label, one in actions(each).items()}
    if not isinstance(part, dict):
        return {}
    own = {part["label"]: part} if "label" in part else {}
    return own | {key: one for value in part.values() for key, one in actions(value).items()}


def cards(message):
    """The bubbles of a message."""
    contents = message["contents"]
    return contents["contents"] if contents["type"] == "carousel" else [contents]


def texts(part):
    """Everything that a part shows."""
    if isinstance(part, list):
        return [text for one in part for text in texts(one)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if part.get("type") == "text" else []
    return own + [text for value in part.values() for text in texts(value)]


def test_an_answer_says_name_category_how_and_fee_and_its_alt_text_says_all(resident):
    (said,) = resident.says("壊れた傘はどうやって捨てればいいですか")
    assert said["altText"] == "傘\n燃やさないごみ\n布は、はずしてください。"
    name, kind, how = texts(cards(said)[0]["body"])
    assert (name, kind, how) == ("傘", "■ 燃やさないごみ", "布は、はずしてください。")
    band = cards(said)[0]["body"]["contents"][1]
    assert band["backgroundColor"] == "#ffe14d"
    assert contrast(band["backgroundColor"], band["contents"][0]["color"]) >= 4.5
    found = actions(said)
    assert "/garbage_bot/item/1~" in found["くわしく"]["uri"]
    assert found["ちがう"]["data"].startswith("garbage_bot:wrong?")
    (said,) = resident.says("布団")
    assert said["altText"].endswith("料金：520円")


def test_what_the_list_leaves_open_is_asked_by_telephone(resident):
    (said,) = resident.says("消火器")
    assert said["altText"] == (
        "消火器\n決まっていません\nお電話でおたずねください。\n環境課 0100-00-0053\n"
        "平日 8:30〜17:15"
    )


def test_a_choice_is_one_question_and_one_turn(resident, town):
    before = kept(town)
    (said,) = resident.says("ハンガー")
    assert texts(said)[:2] == ["「ハンガー」", "どんな素材ですか。"]
    options = [one for one in actions(said).values() if one["type"] == "postback"]
    assert 2 <= len(options) <= 4
    assert all(len(one["data"]) <= LONGEST_DATA for one in options)
    for label in ("木", "プラスチック", "金属"):
        assert f"・{label}" in said["altText"]
    (answer,) = resident.taps("プラスチック")
    assert answer["altText"] == "ハンガー（プラスチック）\nプラスチック\nすすいでください。"
    assert kept(town) == before, "what was answered is not kept"


def test_several_things_get_a_card_each(resident):
    (said,) = resident.says("布団と毛布")
    assert [texts(one)[0] for one in cards(said)] == ["布団", "毛布"]
    assert "布団\n粗大ごみ" in said["altText"]
    assert "毛布\n古布" in said["altText"]
    (said,) = resident.says("傘、布団、毛布、ハンガー、本")
    assert len(cards(said)) == 4, "three answers, and that there are more"
    assert "・ハンガー\n・本" in said["altText"]


def test_a_guess_is_never_the_answer_until_it_is_chosen(resident, town):
    (said,) = resident.says("電動ぬいぐるみの捨て方")
    assert "もしかして、この中にありますか。" in texts(said)
    assert "燃やすごみ" not in str(said)
    assert "環境課 0100-00-0053" in said["altText"]
    assert kept(town)[-1] == ("電動ぬいぐるみの捨て方", "guess", "")
    found = actions(said)
    assert found["電話する"]["uri"] == "tel:0100000053"
    assert found["一覧から探す"]["uri"].endswith("/garbage_bot/list")
    (answer,) = resident.taps("ぬいぐるみ")
    assert answer["altText"].startswith("ぬいぐるみ\n燃やすごみ")


def test_nothing_is_found_honestly_and_kept_without_who_asked(resident, town):
    (said,) = resident.says("ロケットの捨て方を090-1234-5678へ教えて")
    assert "は、一覧に見つかりませんでした。" in said["altText"]
    assert "環境課 0100-00-0053\n平日 8:30〜17:15" in said["altText"]
    assert {"一覧から探す", "電話する"} <= actions(said).keys()
    assert actions(said)["わかったら教えてもらう"]["data"].startswith("garbage_bot:tell?id=")
    assert kept(town)[-1] == ("ロケットの捨て方を（電話番号）へ教えて", "not_found", "")


def test_a_wrong_answer_is_kept_with_what_was_asked(resident, town):
    resident.says("壊れた傘")
    (said,) = resident.taps("ちがう")
    assert said["altText"].startswith("教えてくださり、ありがとうございます。")
    assert {"一覧から探す", "電話する"} <= actions(said).keys()
    assert kept(town)[-1] == ("壊れた傘", "wrong", "1")
    (said,) = resident.says("ハンガー")
    resident.taps("木")
    (said,) = resident.taps("ちがう")
    assert {"ハンガー（プラスチック）", "ハンガー（金属）"} <= actions(said).keys()
    assert "ハンガー（木）" not in actions(said)


def test_the_tile_tells_how_to_ask_and_what_follows_is_a_question_for_us(resident, clock):
    assert resident.says("ロケット") == [FALLBACK], "alone it is not plainly about garbage"
    resident.says("メニュー")
    (how,) = resident.taps("ごみの分け方")
    assert how["altText"].startswith("捨てたい物の名前を送ってください。")
    assert actions(how)["今日は何ごみ？"]["text"] == "今日は何ごみ？"
    (said,) = resident.says("ロケット")
    assert said["altText"].startswith("「ロケット」は、一覧に見つかりませんでした。")
    assert resident.says("こんにちは") == [FALLBACK], "no small talk"
    clock.move(301)
    assert resident.says("ロケット") == [FALLBACK]
    other = TestResident(resident._town)
    resident.says("ごみの分け方")
    assert other.says("ロケット") == [FALLBACK], "it is this resident's talk"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("指定ごみ袋はどこで買えますか", "ごみの袋のことは"),
        ("粗大ごみの申し込み", "大きいごみの申し込みは"),
        ("ごみの集積所はどこ", "ほかのことは、お電話で"),
    ],
)
def test_other_questions_about_garbage_get_the_list_and_the_telephone(resident, asked, words):
    (said,) = resident.says(asked)
    assert words in said["altText"]
    assert "環境課 0100-00-0053" in said["altText"]
    assert "一覧から探す" in actions(said)


def test_a_category_is_told_with_what_belongs_to_it(resident):
    (said,) = resident.says("燃やすごみ")
    assert said["altText"] == "燃やすごみ\n水を切ってください。"
    assert actions(said)["この種類の物を見る"]["uri"].endswith("/garbage_bot/list/kind/0")


def test_days_in_unknown_words_tell_how_to_ask(resident):
    (said,) = resident.says("ごみカレンダーを見せて、収集日")
    assert "「今日は何ごみ？」" in said["altText"]


def test_other_languages_are_understood_and_spoken(resident):
    resident.says("English")
    (said,) = resident.says("umbrella")
    assert said["altText"] == "Umbrella\nNon-burnable garbage\nTake off the cloth."
    assert {"Details", "Not this"} <= actions(said).keys()
    (said,) = resident.says("ハンガー")
    assert "Hanger (wood)" in actions(said)
    assert "What is it made of?" in texts(said)
    (said,) = resident.says("ô")
    assert said["altText"].startswith("Umbrella")
    resident.says("やさしい日本語")
    (said,) = resident.says("傘")
    assert texts(said)[:2] == ["傘（かさ）", "■ 燃（も）やさない ごみ"]
    assert "くわしく 見（み）る" in actions(said)


def test_a_button_older_than_the_list_says_so(resident, town):
    line, who = town.simulator, resident.user_id
    for data in ("garbage_bot:item?id=999~0000", "garbage_bot:item?id=1~0000", "garbage_bot:item",
                 "garbage_bot:wrong?id=1~0000"):  # fmt: skip
        town.wait(town.running.feed.wait_for(town.wait(line.tap(who, data))["webhookEventId"]))
        last = resident.chat()[-1]["message"]["text"]
        assert last == "一覧が新しくなりました。物の名前を、もう一度送ってください。"


@pytest.fixture
def clock(town):
    return town.clock


def test_a_button_keeps_whole_ids_whatever_the_list_calls_its_things():
    ids = {"id": "い" * 20, "id2": "ろ" * 20}
    data = tap("傘", "item", **ids, q="傘" * 50)["data"]
    assert len(data) <= LONGEST_DATA
    given = dict(parse_qsl(data.partition("?")[2]))
    assert given.items() <= (ids | {"q": given.get("q")}).items()
    assert given["id"] == ids["id"]
