"""What staff do about questions without an answer, over HTTP, in a browser without JavaScript."""

import re
from datetime import UTC, datetime
from urllib.parse import quote

from sqlalchemy import insert, select

from madoguchi.tables import audit, unanswered
from madoguchi.testing import TestResident, until
from madoguchi.testing.personal import check_personal_data
from madoguchi_garbage_bot import questions
from madoguchi_garbage_bot.evaluating import read_queries


def write(gateway, fn, *args, **named):
    return gateway.wait(gateway.running.store.write(fn, *args, **named))


def read(gateway, fn, *args):
    return gateway.wait(gateway.running.store.read(fn, *args))


def ask(gateway, text, kind="not_found", times=1, **more):
    """Questions as the chat keeps them; the number of the last."""
    at = gateway.running.services.clock.now()
    return [
        write(gateway, questions.keep, text=text, kind=kind, at=at, **more) for _ in range(times)
    ][-1]


def knows(gateway, text):
    """Names of what a text is answered with."""
    search = gateway.running.services.plugins.all["garbage_bot"].state.search
    result = search.ask(text)
    return [entry.name for entry in result.entries] if result.sure else []


def words_of(page):
    return re.findall(r'<h2 id="h-\d+">(\S+) <span class="times">(\d+)回', page.html)


def test_one_click_and_it_answers_and_who_asked_is_told(desk, gateway):
    jiro, taro = TestResident(gateway), TestResident(gateway)
    ask(gateway, "ラッパップ", times=2)
    asked = ask(gateway, "ラッパップの捨て方")
    again = ask(gateway, "らっぱっぷ")
    for number in (asked, again, 999):
        jiro._does(gateway.simulator.tap(jiro.user_id, f"garbage_bot:tell?id={number}"))
    taro._does(gateway.simulator.tap(taro.user_id, "garbage_bot:tell?id=１"))
    told = [entry["message"]["text"] for entry in jiro.chat() if entry["from"] == "bot"][-3:]
    assert told == [
        *["わかったら、ここでお知らせします。"] * 2,
        "答えが決まりました。もう一度、同じ言葉を送ってください。",
    ]
    page = desk.opens("/garbage_bot/words")
    assert words_of(page) == [("ラッパップ", "4")]
    assert "1人が答えを待っています。" in page
    assert knows(gateway, "ラッパップ") == []
    done = desk.submits({}, "この言葉で答える：ラップ")
    assert "保存しました。" in done
    assert words_of(done) == []
    until(lambda: knows(gateway, "ラッパップ"))
    assert knows(gateway, "ラッパップはどうやって捨てればいいですか") == ["ラップ"]
    assert jiro.hears() == ["ごみの質問の答えが、わかりました。\n\nラップ\n燃やすごみ"]
    actions = read(gateway, lambda db: db.scalars(select(audit.c.action)).all())
    assert "garbage.adopt" in actions
    assert read(gateway, questions.find_tellers) == {}
    desk.submits({}, "取り消す：ラッパップ")
    until(lambda: not knows(gateway, "ラッパップ"))


def test_a_wrong_answer_is_replaced_by_another(desk, gateway):
    assert knows(gateway, "傘") == ["傘"]
    ask(gateway, "傘", "wrong", entry="1")
    page = desk.opens("/garbage_bot/words")
    assert "「ちがう」" in page
    assert 'この言葉で答える<span class="unseen">：傘' not in page
    desk.opens(f"/garbage_bot/words/one?word={quote('傘')}&q={quote('ハンガー')}")
    desk.submits({}, "この言葉で答える：ハンガー（金属製）")
    until(lambda: knows(gateway, "傘") == ["ハンガー（金属製）"])
    assert words_of(desk.opens("/garbage_bot/words")) == []


def test_an_entry_is_added_and_what_is_no_garbage_goes(desk, gateway):
    ask(gateway, "ボウリングの球を捨てたい", times=3)
    ask(gateway, "住民票", times=2)
    page = desk.opens("/garbage_bot/words")
    assert words_of(page) == [("ボウリングの球", "3"), ("住民票", "2")]
    desk.opens(f"/garbage_bot/words/one?word={quote('ボウリングの球')}")
    refused = desk.submits({"name": "傘", "category": ""}, "この品目を足して答える")
    assert refused.status == 422
    assert "この品名は、もう一覧にあります。" in refused
    assert "分別区分をえらんでください。" in refused
    given = {"name": "ボウリングのボール", "category": "粗大ごみ", "note": "電話で申しこみます。"}
    desk.submits(given, "この品目を足して答える")
    until(lambda: knows(gateway, "ボウリングの球"))
    assert knows(gateway, "ボウリングのボール") == ["ボウリングのボール"]
    left = desk.submits({}, "ごみではない：住民票")
    assert words_of(left) == []
    assert "ボウリングのボール" in desk.opens("/garbage_bot/list?as=csv")
    log = desk.opens("/garbage_bot/words?as=tsv").html
    rows = {one.text: one for one in read_queries(log)}
    assert rows["ボウリングの球を捨てたい"].names == {"ボウリングのボール"}
    assert rows["住民票"].expect == "other"


def test_words_that_no_plugin_answered_stand_here_if_they_are_likely_ours(desk, gateway):
    def put(db):
        now = datetime.now(UTC)
        texts = ["そうじきい", "そうじきい", "図書館の時間"]
        db.execute(insert(unanswered), [{"at": now, "text": text} for text in texts])

    write(gateway, put)
    page = desk.opens("/garbage_bot/words")
    assert words_of(page) == [("そうじきい", "2")]
    assert "図書館の時間" in desk.opens("/garbage_bot/words?all=1")
    desk.opens("/garbage_bot/words")
    desk.submits({}, "この言葉で答える：掃除機")
    until(lambda: knows(gateway, "そうじきい") == ["掃除機"])
    assert words_of(desk.opens("/garbage_bot/words")) == []


def test_what_is_kept_has_no_phone_number_and_goes_when_its_message_is_taken_back(gateway):
    jiro = TestResident(gateway)
    jiro.says("本棚")
    [sent] = [one["message"]["id"] for one in jiro.chat() if one["from"] == "resident"]
    key = gateway.running.services.key_of(sent)
    ask(gateway, "本棚 090-1234-5678 a@example.com", message_key=key)
    [row] = read(gateway, questions.find_open)
    assert row.text == "本棚 （電話番号） （メール）"
    jiro.unsends(sent)
    assert read(gateway, questions.find_open) == []


def test_what_somebody_wants_to_be_told_is_handed_out_and_erased(gateway):
    jiro = TestResident(gateway)
    number = ask(gateway, "本棚")
    jiro._does(gateway.simulator.tap(jiro.user_id, f"garbage_bot:tell?id={number}"))
    assert read(gateway, questions.find_tellers)
    plugin = gateway.running.services.plugins.all["garbage_bot"]
    assert check_personal_data(gateway, plugin, jiro.user_id) == []
    assert not read(gateway, questions.find_tellers)
    assert [row.text for row in read(gateway, questions.find_open)] == ["本棚"]


def test_nobody_else_decides(make_staff, gateway):
    other = make_staff("別の人", ["garbage_bot.list"])
    assert other.opens("/garbage_bot/words").status == 403
    assert other.opens("/garbage_bot/list").status == 200


def test_the_share_of_each_week_stands_beside_its_goal(desk, gateway, clock):
    at = gateway.running.services.clock.now()
    for answered in (True, True, True, False):
        write(gateway, questions.count, answered=answered, at=at)
    clock.move(3 * 7 * 86400)
    for answered in (*[True] * 19, False):
        write(gateway, questions.count, answered=answered, at=gateway.running.services.clock.now())
    desk.logs_in()
    page = desk.opens("/garbage_bot/words")
    assert '<td class="number">25.0%</td><td>まだ</td>' in page
    assert '<td class="number">5.0%</td><td>10%まで：達成</td>' in page
    assert page.html.count("<rect") == 2
