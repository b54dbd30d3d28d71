"""Forms in the chat, through the public door: dispatch rule 2 (design §5, §7; R68)."""

import json
import logging

import pytest

from madoguchi.testing import labels_of, text_of

HOUR = 3600


def test_a_form_is_asked_one_question_at_a_time_and_handed_in_once(resident, stored, photo):
    asked = resident.says("通報")
    assert text_of(asked[0]) == "どんな不具合ですか"
    assert labels_of(asked) == ["道路の穴", "街灯", "あぶない木", "やめる"]
    asked = resident.taps("道路の穴")
    assert "場所を教えてください" in text_of(asked[0])
    assert labels_of(asked) == ["地図で選ぶ", "もどる", "やめる"]
    asked = resident.sends_location(35.5, 139.25, "見本市本町1")
    assert "3枚まで" in text_of(asked[0])
    assert labels_of(asked) == ["写真をとる", "アルバムから選ぶ", "とばす", "もどる", "やめる"]
    asked = resident.sends_photo(photo())
    assert "1枚受け取りました" in text_of(asked[0])
    assert labels_of(asked)[0] == "これで次へ"
    asked = resident.taps("これで次へ")
    assert "ほかに伝えたいこと" in text_of(asked[0])
    check = resident.says("夜は暗いです。\nお願いします。")
    assert text_of(check[0]).splitlines()[1:4] == [
        "・どんな不具合ですか：道路の穴",
        "・場所を教えてください：見本市本町1",
        "・写真を送ってください：1枚",
    ]
    assert labels_of(check) == ["送信する", "直す", "やめる"]
    assert resident.taps("送信する") == ["受け付けました。kind・place・photos・note"]
    (submission,) = stored("submission")
    (media,) = stored("media")
    assert submission["form"] == "toy/report"
    assert submission["answers"] == {
        "kind": "hole",
        "place": {"lat": 35.5, "lon": 139.25, "address": "見本市本町1"},
        "photos": [media["id"]],
        "note": "夜は暗いです。\nお願いします。",
    }
    assert (media["submission_id"], media["draft_id"]) == (submission["id"], None)
    assert stored("draft") == []


def test_a_second_tap_on_send_is_the_same_submission(resident, stored):
    resident.says("断る")  # another form first: the next one is not the first number
    resident.says("やめる")
    resident.says("枠")
    resident.taps("11時")
    assert resident.taps("送信する") == ["予約しました。"]
    assert resident.taps("送信する") == ["もう答えています。"]
    assert len(stored("submission")) == 1


def test_every_kind_of_question_is_answered_in_the_chat(resident, stored, photo):
    resident.says("すべて")
    resident.says("２")  # Choice, by its number
    resident.taps("あぶない木")  # Choices, tap by tap
    answers = resident.taps("道路の穴")
    assert "選んだもの：道路の穴、あぶない木" in text_of(answers[0])
    assert labels_of(answers)[:2] == ["これで決める", "街灯"]
    resident.taps("これで決める")
    resident.says("  ひとつの\n行 ")  # Text
    resident.says("やまだ はな")  # Text, kana
    resident.says("一行目\n二行目")  # LongText
    resident.taps("3人")  # Number with buttons
    resident.says("二〇二六")  # Number without
    answers = resident.picks("カレンダーで選ぶ", "2026-04-01")  # Date
    assert "どこですか" in text_of(answers[0])
    resident.says("市役所の前")  # Location, typed
    answers = resident.sends_photos(photo(), photo())  # Photos, sent together
    assert [text_of(one) for one in answers] == ["公開してもよいですか"]
    answers = resident.taps("同意する")  # Consent, then the Note and the Repeat
    assert [text_of(one) for one in answers] == ["もう少しです。", "お子さんはいますか"]
    assert labels_of(answers)[:2] == ["追加する", "ありません"]
    assert text_of(resident.taps("追加する")[0]).startswith("1人目")
    assert labels_of(resident.says("はな"))[0] == "0さい"
    answers = resident.taps("3さい")
    assert "1人" in text_of(answers[0])
    resident.taps("追加する")
    resident.says("たろう")
    resident.says("６さい")
    resident.taps("これで次へ")
    resident.taps("送信する")
    (submission,) = stored("submission")
    photos = [one["id"] for one in stored("media")]
    assert submission["answers"] == {
        "one": "lamp",
        "some": ["hole", "danger"],
        "line": "ひとつの 行",
        "kana": "ヤマダ　ハナ",
        "long": "一行目\n二行目",
        "people": 3,
        "year": 2026,
        "day": "2026-04-01",
        "place": {"lat": None, "lon": None, "address": "市役所の前"},
        "photos": photos,
        "agree": True,
        "children": [{"nick": "はな", "age": 3}, {"nick": "たろう", "age": 6}],
    }
    assert len(photos) == 2


def test_what_cannot_be_read_is_asked_again_with_what_to_do(resident, stored):
    resident.says("すべて")
    answers = resident.says("なんでも")
    assert "次の中から1つ選んでください" in text_of(answers[0])
    assert text_of(answers[1]) == "どれですか"
    assert stored("draft")[0]["answers"] == {}
    sticker = {"type": "sticker", "packageId": "1", "stickerId": "1"}
    assert [text_of(one) for one in resident.sends(sticker)] == ["どれですか"]


def test_ten_thousand_characters_get_a_sentence(resident):
    resident.says("断る")
    answers = resident.says("あ" * 5000)  # LINE lets nobody type more
    assert "200文字まで" in text_of(answers[0])


def test_back_keeps_the_answers_and_returns_to_the_first_open_question(resident, stored):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    assert "場所を教えて" in text_of(resident.taps("もどる")[0])
    assert "どんな不具合" in text_of(resident.says("戻る")[0])
    assert "写真を送って" in text_of(resident.taps("道路の穴")[0])
    assert stored("draft")[0]["answers"]["kind"] == "hole"
    assert stored("draft")[0]["answers"]["place"]["address"] == "見本市本町1"


def test_the_check_goes_back_to_one_answer_and_returns(resident, stored):
    resident.says("通報")
    for step in ("街灯",):
        resident.taps(step)
    resident.sends_location()
    resident.taps("とばす")
    resident.taps("とばす")
    answers = resident.taps("直す")
    assert labels_of(answers)[:2] == ["どんな不具合ですか", "場所を教えてください"]
    assert "どんな不具合" in text_of(resident.taps("どんな不具合ですか")[0])
    check = resident.taps("道路の穴")
    assert "道路の穴" in text_of(check[0])
    assert "（なし）" in text_of(check[0])
    resident.says("送信")
    assert stored("submission")[0]["answers"]["photos"] is None


def test_an_answer_that_opens_a_question_leads_to_it(resident):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.says("スキップ")
    resident.says("スキップ")
    resident.taps("直す")
    resident.taps("どんな不具合ですか")
    answers = resident.taps("あぶない木")
    assert "トークには書かないでください" in text_of(answers[0])


def test_cancel_forgets_everything(resident, stored, photo):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.sends_photo(photo())
    assert resident.says("やめる") == ["「通報」をやめました。答えは消しました。"]
    assert stored("draft") == stored("media") == []
    assert resident.says("やめる")[0].startswith("お答えできませんでした。"), "no form is open"


def test_an_old_button_is_known_for_one(resident):
    resident.says("通報")
    resident.taps("街灯")
    answers = resident.taps("道路の穴")
    assert answers[0] == "もう答えています。"
    assert "場所を教えて" in text_of(answers[1])
    resident.says("やめる")
    assert resident.taps("道路の穴") == ["もう答えています。"]


def test_an_old_button_inside_of_a_group_is_known_for_one(resident, stored, gateway):
    resident.says("すべて")
    draft = stored("draft")[0]
    answers = {"one": "hole", "some": ["hole"], "line": "a", "kana": "ア", "long": "a", "people": 1}
    answers |= {"year": 1, "day": "2026-04-01", "place": {"lat": None, "lon": None, "address": "a"}}
    answers |= {"photos": [], "agree": True}

    def put(db):
        from sqlalchemy import update

        from madoguchi.tables import draft as table

        db.execute(update(table).values(answers=answers, at_field="children"))

    gateway.wait(gateway.running.store.write(put))
    resident.says("続ける")
    resident.taps("追加する")
    resident.says("はな")
    resident.taps("3さい")
    resident.taps("追加する")
    resident.says("たろう")
    assert text_of(resident.taps("追加する")[0]) == "もう答えています。"
    assert stored("draft")[0]["partial"]["item"] == {"nick": "たろう"}
    assert draft["id"] == stored("draft")[0]["id"]


# What interrupts an open form.


def test_an_exact_word_is_answered_and_the_form_waits(resident, stored):
    resident.says("通報")
    answers = resident.says("案内図")
    assert answers[0] == "案内図です。"
    assert text_of(answers[1]) == "「通報」のとちゅうです。"
    assert labels_of(answers) == ["続ける", "やめる"]
    assert text_of(resident.taps("続ける")[0]) == "どんな不具合ですか"
    assert len(stored("draft")) == 1


def test_a_menu_tap_is_answered_and_the_form_waits(resident, gateway):
    resident.says("通報")
    sent = gateway.wait(gateway.simulator.tap(resident.user_id, "toy:menu"))
    answers = resident._after(sent)
    assert [text_of(one) for one in answers] == ["案内図です。", "「通報」のとちゅうです。"]


def test_a_search_result_does_not_interrupt(resident):
    resident.says("通報")
    answers = resident.says("これは何？")
    assert "次の中から1つ選んでください" in text_of(answers[0])


def test_a_question_keeps_what_it_can_read_even_if_it_is_an_exact_word(resident, stored):
    resident.says("断る")
    resident.says("案内図")
    assert stored("draft")[0]["answers"] == {"word": "案内図"}


def test_after_ten_idle_minutes_what_is_typed_interrupts(resident, stored):
    resident.says("断る")
    resident.waits(601)
    assert [text_of(one) for one in resident.says("これは何？")] == [
        "たぶんこれです。",
        "「言葉」のとちゅうです。",
    ]
    assert [text_of(one) for one in resident.says("こんにちは")] == ["「言葉」のとちゅうです。"]
    assert stored("draft")[0]["answers"] == {}
    assert stored("unanswered") == []
    resident.taps("続ける")
    resident.says("こんにちは")
    assert stored("draft")[0]["answers"] == {"word": "こんにちは"}


def test_buttons_and_photos_count_after_hours(resident, stored, photo):
    resident.says("通報")
    resident.waits(2 * HOUR)
    resident.taps("街灯")
    resident.waits(2 * HOUR)
    resident.sends_location()
    resident.waits(2 * HOUR)
    resident.sends_photo(photo())
    assert len(stored("media")) == 1


def test_after_a_day_a_draft_is_forgotten(resident):
    resident.says("通報")
    resident.taps("街灯")
    resident.waits(24 * HOUR + 1)
    assert resident.taps("道路の穴") == ["もう答えています。"]
    asked = resident.says("通報")
    assert text_of(asked[0]) == "どんな不具合ですか"


def test_a_form_that_is_opened_again_goes_on(resident):
    resident.says("通報")
    resident.taps("街灯")
    resident.says("案内図")  # the question for a place reads this as one
    answers = resident.says("やめる")
    resident.says("通報")
    resident.taps("街灯")
    resident.says("枠")
    assert answers


def test_another_form_lets_the_first_one_rest(resident, stored, gateway):
    resident.says("通報")
    resident.taps("街灯")
    sent = gateway.wait(gateway.simulator.tap(resident.user_id, "toy:menu"))
    resident._after(sent)
    resident.says("続ける")
    resident.sends_location()
    answers = resident.says("設定")
    assert len([one for one in answers if "とちゅう" in text_of(one)]) == 0
    assert {one["form"]: one["place"] for one in stored("draft")} == {
        "toy/report": "page",
        "toy/settings": "chat",
    }
    resident.taps("おわる")
    answers = resident.says("通報")
    assert "前の続きです" in text_of(answers[0])
    assert "写真を送って" in text_of(answers[1])
    assert text_of(resident.says("はじめから")[0]) == "どんな不具合ですか"


def test_a_form_is_opened_with_answers(resident, stored, gateway):
    answers = resident._after(gateway.wait(gateway.simulator.tap(resident.user_id, "toy:open")))
    assert "場所を教えて" in text_of(answers[0])
    assert stored("draft")[0]["answers"] == {"kind": "lamp"}


def test_danger_words_consume_nothing(make_town, plugins, speak):
    city = {"danger": [{"words": ["火事"], "answer": "火事は119番へ。"}]}
    town = make_town(plugins, city)
    taro = speak(town)
    taro.says("断る")
    answers = taro.says("火事です")
    assert answers[0] == "火事は119番へ。"
    assert "なぜ" in text_of(answers[1])


# Refusing, failing, changing.


def test_refuse_goes_back_to_the_question_and_keeps_the_answers(resident, stored):
    resident.says("枠")
    resident.taps("10時")
    answers = resident.taps("送信する")
    assert text_of(answers[0]) == "10時はうまりました。"
    assert labels_of(answers) == ["11時", "やめる"]
    assert stored("submission") == []
    resident.taps("11時")
    assert resident.taps("送信する") == ["予約しました。"]


def test_a_refused_word_keeps_the_other_answers(resident, stored):
    resident.says("断る")
    resident.says("だめ")
    resident.says("なんとなく")
    answers = resident.says("送信する")
    assert [text_of(one) for one in answers] == ["その言葉は使えません。", "言葉を"]
    assert stored("draft")[0]["answers"]["why"] == "なんとなく"
    assert "なんとなく" in text_of(resident.says("べつの")[0])


def test_options_that_are_gone_are_refused_at_the_end(resident, gateway, stored):
    resident.says("枠")
    resident.taps("11時")
    free_of(gateway).pop("b")
    answers = resident.taps("送信する")
    assert "次の中から1つ選んでください" in text_of(answers[0])
    assert labels_of(answers)[0] == "10時"
    assert stored("submission") == []


def test_a_plugin_that_raises_loses_no_answer(resident, stored):
    resident.says("こわれ")
    resident.says("これ")
    assert "うまくいきませんでした" in text_of(resident.taps("送信する")[0])
    assert stored("submission") == []
    assert stored("draft")[0]["answers"] == {"word": "これ"}


def free_of(gateway):
    """The toy's slots, which a test may change."""
    return gateway.running.services.plugins.find_form("toy/slot")[1].on_submit.__globals__["FREE"]


def test_a_question_that_raises_can_be_left(resident, gateway, stored):
    resident.says("枠")
    free_of(gateway)["broken"] = "こわれた"
    for answer in ("11時", "続ける"):
        assert "うまくいきませんでした" in text_of(resident.says(answer)[0])
    assert resident.says("やめる") == ["「予約」をやめました。答えは消しました。"]
    assert resident.says("案内図") == ["案内図です。"]


def test_a_form_whose_plugin_is_out_of_service_is_not_open(resident, gateway, stored):
    resident.says("断る")
    gateway.call(gateway.running.services.plugins.all["toy"].quarantine, "for the test")
    assert resident.says("こんにちは")[0].startswith("お答えできませんでした。")
    assert resident.taps("やめる") == ["もう答えています。"]
    assert len(stored("draft")) == 1, "it waits for a day"


def test_a_form_that_changed_keeps_what_can_still_be_read(resident, gateway, stored):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()

    def change(db):
        from sqlalchemy import update

        from madoguchi.tables import draft

        old = {"kind": "volcano", "place": {"lat": None, "lon": None, "address": "角"}, "gone": 1}
        db.execute(update(draft).values(version="old", answers=old))

    gateway.wait(gateway.running.store.write(change))
    answers = resident.taps("とばす")
    assert text_of(answers[0]) == "用紙が新しくなりました。読みとれた答えは残してあります。"
    assert text_of(answers[1]) == "どんな不具合ですか"
    assert list(stored("draft")[0]["answers"]) == ["place"]


def test_a_button_of_somebody_elses_draft_is_nobodys(resident, speak, gateway, stored):
    resident.says("断る")
    resident.says("わたしの言葉")
    other = speak(gateway, "太郎")
    number = stored("draft")[0]["id"]
    for action in ("submit", "cancel", "edit", "resume", "go", "back", ""):
        data = f"madoguchi:form?d={number}&a={action}&s=word&v=x"
        answers = other._after(gateway.wait(gateway.simulator.tap(other.user_id, data)))
        assert answers == ["もう答えています。"]
    assert stored("draft")[0]["answers"] == {"word": "わたしの言葉"}


@pytest.mark.parametrize(
    "data",
    ["a=submit", "a=edit", "a=go&s=phone", "a=go&s=nothing", "a=volcano", "s=phone&v=1", "v=1", ""],
)
def test_made_up_buttons_do_nothing(resident, gateway, stored, data):
    resident.says("通報")
    number = stored("draft")[0]["id"]
    sent = gateway.simulator.tap(resident.user_id, f"madoguchi:form?d={number}&{data}")
    assert "どんな不具合" in text_of(resident._after(gateway.wait(sent))[-1])
    assert stored("submission") == []
    assert stored("draft")[0]["answers"] == {}


# Photos.


def test_a_photo_that_is_none_gets_a_sentence(resident, stored):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    answers = resident.sends_photo(b"\xff\xd8\xffno photo at all")
    assert "写真として読めませんでした" in text_of(answers[0])
    assert stored("media") == []


def test_photos_that_were_sent_together_get_one_answer(resident, stored, photo):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    answers = resident.sends_photos(photo(), photo())
    assert [text_of(one) for one in answers] == ["写真を2枚受け取りました。あと1枚送れます。"]
    answers = resident.sends_photos(photo(), photo())
    assert [text_of(one) for one in answers] == ["ほかに伝えたいこと（答えなくてもかまいません）"]
    assert len(stored("draft")[0]["answers"]["photos"]) == 3


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_of_several_photos_that_is_none_leaves_no_silence(resident, stored, photo, place):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    photos = [photo(), photo()]
    photos.insert(place, b"no photo")
    answers = resident.sends_photos(*photos)
    assert any("写真として読めませんでした" in text_of(one) for one in answers)
    assert "写真を2枚受け取りました。あと1枚送れます。" in text_of(answers[-1])
    assert labels_of(answers)[0] == "これで次へ"


def test_photos_that_do_not_say_how_many_they_are_get_an_answer_each(resident, gateway, photo):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.sends_photo(photo())
    sent = [one["message"] for one in resident.chat() if one["message"].get("type") == "image"]
    answers = resident.sends({**sent[-1], "imageSet": {"id": "x"}})
    assert "受け取りました" in text_of(answers[-1]) or "読めませんでした" in text_of(answers[0])


def test_a_photo_that_was_taken_back_is_gone(resident, stored, photo):
    resident.says("通報")
    resident.taps("街灯")
    resident.sends_location()
    resident.sends_photo(photo())
    sent = [one for one in resident.chat() if one["message"].get("type") == "image"]
    resident.unsends(sent[-1]["message"]["id"])
    assert stored("media") == []
    resident.taps("これで次へ")
    resident.says("とばす")
    resident.says("とばす")
    resident.taps("送信する")


def test_an_answer_that_was_taken_back_is_asked_again(resident, stored):
    resident.says("断る")
    resident.says("まちがい")
    resident.says("それでも")
    typed = [one["message"] for one in resident.chat() if one["message"].get("text") == "まちがい"]
    resident.unsends(typed[0]["id"])
    draft = stored("draft")[0]
    assert (draft["answers"], draft["at_field"]) == ({"why": "それでも"}, "word")
    assert "まちがい" not in repr(draft)
    assert "この内容で送ります" in text_of(resident.says("ただしい")[0])


# Many and long options, other languages.


def test_many_options_are_numbered(resident, stored):
    answers = resident.says("全員")
    lines = text_of(answers[0]).splitlines()
    assert lines[1] == "1. 1番目の長い名前のついた選択肢です"
    assert lines[30] == "30. 30番目の長い名前のついた選択肢です"
    assert "番号か名前を送ってください" in text_of(answers[0])
    assert len(labels_of(answers)) == 11
    resident.says("3と30")
    assert stored("draft")[0]["answers"] == {"some": ["n3", "n30"]}


def test_a_resident_reads_the_form_in_their_language(resident, gateway):
    from madoguchi import residents

    (row,) = gateway.wait(gateway.running.store.fetch("SELECT id FROM resident"))
    gateway.wait(gateway.running.store.write(residents.set_language, row[0], "en"))
    answers = resident.says("通報")
    assert labels_of(answers) == ["道路の穴", "街灯", "あぶない木", "Cancel"]
    resident.says("2")
    answers = resident.says("stop")
    assert "通報" in text_of(answers[0])
    assert "やめました" not in text_of(answers[0])


# Settings: a list, each row saves at once.


def test_a_settings_list_saves_each_row_at_once(resident, stored, gateway):
    answers = resident.says("設定")
    assert text_of(answers[0]).splitlines() == [
        "お知らせの設定",
        "・何を受け取りますか：（なし）",
        "・お住まい：（なし）",
        "・電話番号：（なし）",
    ]
    assert labels_of(answers) == ["何を受け取りますか", "お住まい", "ページで見る", "おわる"]
    resident.taps("お住まい")
    answers = resident.taps("北")
    assert text_of(answers[0]) == "覚えました。"
    assert "・お住まい：北" in text_of(answers[1])
    assert [(one["field"], one["value"]) for one in stored("profile")] == [("toy/area", "n")]
    resident.taps("お住まい")
    resident.taps("とばす")
    assert stored("profile") == []
    resident.taps("何を受け取りますか")
    resident.says("1と2")
    assert stored("profile")[0]["value"] == ["hole", "lamp"]
    resident.taps("何を受け取りますか")
    answers = resident.taps("街灯")
    assert labels_of(answers)[:2] == ["これで決める", "道路の穴"]
    resident.taps("あぶない木")
    assert stored("profile")[0]["value"] == ["hole", "lamp"], "not before it is decided"
    resident.says("これで決める")
    assert stored("profile")[0]["value"] == ["lamp", "danger"]
    assert text_of(resident.taps("おわる")[0]) == "わかりました。"
    assert stored("submission") == []


def test_a_settings_list_that_asks_nothing_is_in_nobodys_way(resident, gateway):
    resident.says("設定")
    assert resident.says("これは何？") == ["たぶんこれです。"]
    assert resident.says("こんにちは")[0].startswith("お答えできませんでした。")
    assert resident._after(gateway.wait(gateway.simulator.tap(resident.user_id, "toy:menu"))) == [
        "案内図です。"
    ]
    resident.taps("お住まい")
    answers = resident.says("案内図")
    assert [text_of(one) for one in answers] == [
        "案内図です。",
        "「お知らせの設定」のとちゅうです。",
    ]
    resident.taps("続ける")
    resident.taps("北")
    assert resident.says("おわる") == ["わかりました。"]


# Personal questions (R68).


def test_r68_a_personal_question_hands_over_to_the_page(resident, gateway, stored):
    answers = resident.says("秘密")
    said = text_of(answers[0]).splitlines()
    assert "トークには書かないでください" in said[0]
    assert said[1:] == [
        "お預かりする情報：電話番号",
        "使う目的：ご連絡のため",
        "保管する期間：1年",
        "見る人：土木課の職員",
    ]
    action = answers[1]["template"]["actions"][0]
    liff = gateway.running.services.city.liff[0]
    assert action["uri"] == f"{gateway.platform}/{liff}/form/toy/secret"
    answers = resident.says("090-1234-5678")
    assert "トークには書かないでください" in text_of(answers[0])
    assert stored("draft")[0]["answers"] == {}


def test_r68_without_pages_a_personal_question_is_for_the_telephone(make_town, plugins, speak):
    taro = speak(make_town(plugins, {"line": {"liff": []}}))
    answers = taro.says("秘密")
    assert "0100-00-0000" in text_of(answers[1])


def test_an_optional_personal_question_can_be_left_out_in_the_chat(resident, stored):
    resident.says("通報")
    answers = resident.taps("あぶない木")
    assert text_of(answers[0]) == "近づかないでください。"
    resident.sends_location()
    resident.taps("とばす")
    resident.taps("とばす")
    assert labels_of(resident.taps("とばす")) == ["送信する", "直す", "やめる"]
    resident.taps("送信する")
    assert stored("submission")[0]["answers"]["phone"] is None


def test_the_log_says_which_rule_answered(resident, caplog):
    with caplog.at_level(logging.INFO, "madoguchi.dispatch"):
        resident.says("通報")
        resident.taps("街灯")
        resident.says("案内図はどこですか")
    said = [one for one in caplog.messages if ": rule " in one]
    assert ["rule 3" in said[0], "rule 2" in said[1], "rule 2" in said[2]] == [True] * 3
    assert "案内図" not in json.dumps(said)
