"""What staff do with deliveries, over HTTP, in a browser without JavaScript."""

import io
import re
import time
import urllib.request
from datetime import datetime

import pytest
from PIL import Image
from sqlalchemy import func, select

from madoguchi import JST
from madoguchi.counter import make_code
from madoguchi.forms.profile import write_profile
from madoguchi.tables import audit
from madoguchi.testing import TestResident, TestStaff
from madoguchi_segment.deliveries.tables import delivery

ALL = ["segment.write", "segment.approve", "segment.audience", "segment.export"]
TEXT = "図書館は明日お休みです。"


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


@pytest.fixture
def desk(make_staff, gateway, clock):
    """Two people of one section, on a working day at ten."""
    set_clock(clock, 2027, 4, 6, 10)
    return make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)


def set_clock(clock, *when):
    clock.move(datetime(*when, tzinfo=JST).timestamp() - clock.time())


def write(staff, button="見本を見る", **typed):
    """Fill in the form for everybody and press a button."""
    staff.opens("/segment/deliveries/new")
    given = {"title": "臨時休館", "m0.text.ja": TEXT, "who": "everyone"}
    return staff.submits({**given, **typed}, button)


def at_of(staff):
    """The delivery whose page is open."""
    return staff.browser.url.partition("/console")[2].partition("?")[0].removesuffix("/edit")


def is_at(staff, at, state):
    return f'aria-current="step">{state}' in staff.opens(at)


def minutes_pass(clock, done):
    """Jobs run each minute, until something is so."""
    for _ in range(8):
        clock.move(61)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if done():
                return
            time.sleep(0.1)
    raise AssertionError("it never came to that")


def told(friend):
    """Everything that stands in somebody's chat."""
    return str([entry["message"] for entry in friend.chat() if entry["from"] == "bot"])


def look(gateway, fn, *args):
    return gateway.wait(gateway.running.store.read(fn, *args))


def count_deliveries(db):
    return db.execute(select(func.count()).select_from(delivery)).scalar_one()


def test_written_seen_approved_by_another_and_sent(desk, gateway, clock):
    hanako, taro = desk
    friend = TestResident(gateway)
    page = write(hanako)
    at = at_of(hanako)
    assert TEXT in page
    assert "1人" in page
    assert "確認を頼みました。" in hanako.submits({}, "確認を頼む")
    assert "【承認待ち】臨時休館（広報課）" in taro.opens()
    assert TEXT in taro.opens(at)
    assert "承認しました。" in taro.submits({}, "承認して送る")
    minutes_pass(clock, lambda: is_at(hanako, at, "送信済み"))
    assert TEXT in told(friend)
    assert "<dt>送信済み</dt><dd>1人</dd>" in hanako.browser.page
    who = look(gateway, lambda db: db.execute(select(audit.c.action, audit.c.actor_id)).all())
    assert ("delivery.create", str(hanako.id)) in [tuple(row) for row in who]
    assert ("delivery.approve", str(taro.id)) in [tuple(row) for row in who]
    assert "臨時休館" in hanako.opens("/segment/deliveries?state=sent")
    assert "臨時休館" not in hanako.opens("/segment/deliveries?state=draft")


def test_nobody_approves_their_own_and_an_edit_starts_again(desk, gateway):
    hanako, taro = desk
    TestResident(gateway)
    write(hanako)
    at = at_of(hanako)
    page = hanako.submits({}, "確認を頼む")
    assert "書いた人は、承認できません。" in page
    assert "承認して送る</button>" not in page
    refused = hanako.browser.posts(hanako.browser.url, [("do", "approve"), ("version", "1")])
    assert "書いた人は、承認できません。" in refused
    assert is_at(hanako, at, "確認依頼")
    taro.opens(at)
    assert "差戻しの理由を書いてください。" in taro.submits({}, "差戻し")
    taro.submits({"comment": "開館日も書いてください。"}, "差戻し")
    assert "【差戻し】臨時休館" in hanako.opens()
    assert "開館日も書いてください。" in hanako.opens(at)
    hanako.opens(f"{at}/edit")
    hanako.submits({"m0.text.ja": "明日お休み、あさって開きます。"}, "見本を見る")
    hanako.submits({}, "確認を頼む")
    old = taro.opens(at)
    assert "明日お休み、あさって開きます。" in old
    hanako.opens(f"{at}/edit")
    hanako.submits({"title": "休館"}, "下書きを保存")
    stale = taro.browser.posts(taro.browser.url, [("do", "approve"), ("version", "2")])
    assert "ほかの人が先に変更しました。" in stale
    assert is_at(taro, at, "下書き")


def test_paused_gone_on_with_cancelled_and_corrected(desk, gateway, clock):
    hanako, taro = desk
    friends = [TestResident(gateway, name) for name in ("一", "二", "三")]
    write(hanako, spread="60")
    at = at_of(hanako)
    hanako.submits({}, "確認を頼む")
    taro.opens(at)
    taro.submits({}, "承認して送る")
    minutes_pass(clock, lambda: any(TEXT in told(friend) for friend in friends))
    assert is_at(hanako, at, "送信中")
    assert "一時停止しました。" in hanako.submits({}, "一時停止")
    assert is_at(hanako, at, "一時停止")
    assert "【一時停止】臨時休館" in taro.opens()
    hanako.opens(at)
    hanako.submits({}, "再開する")
    hanako.submits({}, "取消")
    assert is_at(hanako, at, "取消")
    got = [TEXT in told(friend) for friend in friends]
    assert 0 < sum(got) < 3
    late = TestResident(gateway, "あとから")
    hanako.opens(at)
    hanako.submits({}, "訂正を作る")
    correction = at_of(hanako)
    assert f"【訂正】{TEXT}" in hanako.browser.page
    hanako.submits({"m0.text.ja": "【訂正】お休みは、あさってです。"}, "見本を見る")
    hanako.submits({}, "確認を頼む")
    taro.opens(correction)
    taro.submits({}, "承認して送る")
    minutes_pass(clock, lambda: is_at(hanako, correction, "送信済み"))
    assert ["【訂正】" in told(friend) for friend in friends] == got
    assert "【訂正】" not in told(late)


def test_whom_line_never_answered_for_a_person_decides(desk, gateway, clock):
    hanako, taro = desk
    friend = TestResident(gateway)
    trouble = {"endpoint": "multicast", "status": 500}
    faults = [{**trouble, "times": 1, "afterAccept": True}, trouble]
    gateway.call(gateway.simulator.set_faults, faults)
    write(hanako)
    at = at_of(hanako)
    hanako.submits({}, "確認を頼む")
    taro.opens(at)
    taro.submits({}, "承認して送る")
    minutes_pass(clock, lambda: TEXT in told(friend))
    clock.move(24 * 3600)
    hanako.logs_in()
    minutes_pass(clock, lambda: is_at(hanako, at, "送信済み"))
    gateway.call(gateway.simulator.set_faults, [])
    assert "【届いたかわからない】臨時休館" in hanako.opens()
    assert "2回届く人がいるかもしれません" in hanako.opens(at)
    assert "もう一度送ります" in hanako.submits({}, "もう一度送る")
    minutes_pass(clock, lambda: told(friend).count(TEXT) == 2)
    assert "わからない人がいます" not in hanako.opens(at)
    assert "【届いたかわからない】" not in hanako.opens()


def test_one_emergency_is_sent_at_night_and_confirmed_by_another(make_staff, gateway, clock):
    set_clock(clock, 2027, 4, 6, 22, 30)
    urgent = make_staff("緊急 花子", [*ALL, "segment.send_emergency"])
    other = make_staff("見本 太郎", ALL)
    friend = TestResident(gateway)
    page = write(urgent, emergency="1")
    at = at_of(urgent)
    assert "緊急で送る" in page
    assert "確認に印を付けてください" in urgent.submits({}, "緊急で送る")
    urgent.submits({"yes.emergency": "1"}, "緊急で送る")
    assert "【緊急の確認】臨時休館" in other.opens()
    minutes_pass(clock, lambda: TEXT in told(friend))
    other.opens(at)
    other.submits({}, "確認した")
    assert "【緊急の確認】" not in other.opens()
    assert "緊急：承認を待たずに" not in other.opens("/segment/deliveries/new")


def test_out_of_hours_somebody_has_to_answer_the_telephone(desk, gateway, clock):
    hanako, taro = desk
    TestResident(gateway)
    write(hanako)
    at = at_of(hanako)
    hanako.submits({}, "確認を頼む")
    set_clock(clock, 2027, 4, 6, 19)
    taro.logs_in()
    assert "電話に出る人がいますか" in taro.opens(at)
    taro.submits({}, "承認して送る")
    assert "よければ、下の確認に印を付けてください。" in taro.browser.page
    assert is_at(taro, at, "確認依頼"), "nothing half-done"
    taro.submits({"yes.staffed": "1"}, "承認して送る")
    assert is_at(taro, at, "予約")


BAD = {
    "no title": ({"title": ""}, "題名を書いてください。"),
    "too long": ({"m0.text.ja": "あ" * 5001}, "5,000字までのところ、5,001字あります。"),
    "no text in Japanese": (
        {"m0.text.ja": "", "language": ["en"], "m0.text.en": "Closed"},
        "日本語の文を書いてください。",
    ),
    "no condition": ({"who": "some"}, "送る相手の条件を、1つ以上足してください。"),
    "no day": ({"when": "once", "at": "10:00"}, "送る日を、2026-04-01 のように"),
    "no weekday": ({"when": "week", "at": "10:00"}, "曜日をえらんでください。"),
    "no time": ({"when": "day", "at": "25:00"}, "送る時刻を、10:00 のように"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_with_the_way_out_and_nothing_is_lost(name, desk, gateway):
    hanako, _ = desk
    typed, words = BAD[name]
    page = write(hanako, **typed)
    assert words in page
    assert look(gateway, count_deliveries) == 0
    kept = typed.get("m0.text.ja", TEXT)
    assert kept[:20] in page


def test_what_is_not_ready_cannot_be_asked_for(desk, gateway, clock):
    hanako, _ = desk
    TestResident(gateway)
    write(hanako, **{"m0.text.ja": "4月7日（月）は{場所}で訓練です。"})
    page = hanako.browser.page
    for words in ("は水曜日です。", "「{場所}」が残っています。", "「訓練」とあります。"):
        assert words in page
    assert "を直してください。" in hanako.submits({}, "確認を頼む")
    write(hanako, when="once", on="2027-04-05", at="10:00")
    assert "送る日時が過ぎています。" in hanako.submits({}, "確認を頼む")


def test_nobody_there_is_refused(desk):
    hanako, _ = desk
    write(hanako)
    assert "送る相手が0人です。" in hanako.submits({}, "確認を頼む")


def picture(size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a picture", "画像として開けません。"),
        (b"\x89PNG" + bytes(10_000_001), "大きすぎます（10.0MB）。"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(data, words, desk, gateway):
    hanako, _ = desk
    hanako.opens("/segment/deliveries/new")
    hanako.submits({"title": "絵", "add_piece": "image"}, "内容を足す")
    page = hanako.submits({"m1.file": [("a.png", "image/png", data)]}, "見本を見る")
    assert words in page
    assert look(gateway, count_deliveries) == 0


def test_a_picture_and_a_card_in_two_languages(desk, gateway):
    hanako, _ = desk
    hanako.opens("/segment/deliveries/new")
    hanako.submits({"add_piece": "card"}, "内容を足す")
    hanako.submits({"add_language": "en"}, "ことばを足す")
    card = {
        "m1.title.ja": "休館",
        "m1.label0.ja": "くわしく",
        "m1.url0": "https://city.example.jp/",
        "m1.title.en": "Closed",
        "m1.label0.en": "More",
        "m1.file": [("a.png", "image/png", picture())],
    }
    texts = {"title": "題", "m0.text.ja": "文", "m0.text.en": "Text", "who": "everyone"}
    page = hanako.submits({**texts, **card}, "見本を見る")
    assert "Closed" in page
    assert "そのほかのことば：日本語が届きます" in page
    assert "Only in Japanese" in page
    address = re.search(r'src="([^"]*/segment/image/[^"]+)"', page.html)
    assert address, "the picture stands in the sample, from our own host"
    with urllib.request.urlopen(gateway.pages_url + address[1]) as shown:
        assert shown.headers["content-type"] == "image/jpeg"


def test_conditions_are_built_by_round_trips_and_counted(desk, gateway, clock):
    hanako, _ = desk
    friends = [TestResident(gateway, name) for name in ("一", "二")]
    (number,) = look(gateway, _residents, friends[0].user_id)

    def answer(db):
        write_profile(db, number, "segment", {"topics": ["garbage"]}, datetime.now(JST))

    gateway.wait(gateway.running.store.write(answer))
    hanako.opens("/segment/deliveries/new")
    hanako.submits(
        {"g0.add": "segment/topics", "title": "ごみ", "m0.text.ja": "収集"}, "条件を足す"
    )
    page = hanako.submits({"g0.0.in": ["garbage"]}, "人数を数える")
    assert "<b>1</b>人に届きます" in page
    assert "「ごみ・リサイクル」をえらんだ人" in page
    assert "お知らせの受け取り設定が、まだの人" in page
    page = hanako.submits({"g0.0.not": "1"}, "人数を数える")
    assert "<b>0</b>人に届きます" in page, "unknown is not no"
    hanako.submits({"g0.0.not": None, "g0.add": "language"}, "条件を足す")
    hanako.submits({"g0.1.in": ["ja"], "g0.mode": "any"}, "見本を見る")
    assert "、または" in hanako.browser.page
    hanako.opens(f"{at_of(hanako)}/edit")
    assert 'value="garbage" checked' in hanako.browser.page


def _residents(db, line_id):
    from madoguchi.tables import resident

    return db.scalars(select(resident.c.id).where(resident.c.line_id == line_id)).all()


def test_from_a_thousand_on_the_number_is_typed(desk, gateway, clock, monkeypatch):
    hanako, taro = desk
    monkeypatch.setattr("madoguchi_segment.deliveries.approving.TYPED_FROM", 2)
    for name in ("一", "二"):
        TestResident(gateway, name)
    write(hanako)
    at = at_of(hanako)
    hanako.submits({}, "確認を頼む")
    assert "送る人数を、数字で入れてください" in taro.opens(at)
    assert "送る人数「2」を、数字で入力してください。" in taro.submits(
        {"typed": "3"}, "承認して送る"
    )
    taro.submits({"typed": "２人"}, "承認して送る")
    assert is_at(taro, at, "予約")


def test_a_test_goes_to_the_office_phone_that_its_code_registered(desk, gateway, clock):
    hanako, _ = desk
    phone, private = TestResident(gateway, "公用"), TestResident(gateway, "私用")
    (number,) = look(gateway, _residents, phone.user_id)
    made = gateway.wait(gateway.running.store.write(make_code, number, clock.time()))
    page = hanako.opens("/segment/office")
    assert "広報課では、2人が配信を作成でき、2人が承認できます。" in page
    wrong = hanako.submits({"label": "公用スマホ", "code": "000000"}, "登録する")
    assert "この番号の端末が見つかりません。" in wrong or made.digits == "000000"
    hanako.submits({"label": "公用スマホ", "code": made.digits}, "登録する")
    write(hanako)
    assert "公用スマホに送ります" in hanako.browser.page
    hanako.submits({}, "テストで送る")
    until = time.monotonic() + 10
    while "【テスト】" not in told(phone) and time.monotonic() < until:
        time.sleep(0.1)
    assert f"【テスト】{TEXT}" in told(phone)
    assert TEXT not in told(private)


def test_a_route_with_a_deputy_is_set_on_a_page(desk, gateway):
    hanako, taro = desk
    TestResident(gateway)
    hanako.opens("/segment/office")
    hanako.submits({"label0": "所属長", "staff0": [str(hanako.id)]}, "順番を保存")
    write(taro)
    at = at_of(taro)
    taro.submits({}, "確認を頼む")
    hanako.opens("/segment/office")
    period = {"first": "2027-04-07", "last": "2027-04-06"}
    people = {"staff": str(hanako.id), "deputy": str(taro.id)}
    assert "代決の期間" in hanako.submits({**people, **period}, "代決を決める")
    assert "「承認待ち" not in taro.opens()
    hanako.opens(at)
    hanako.submits({}, "承認して送る")
    assert is_at(hanako, at, "予約")


def test_what_was_being_written_is_kept_when_the_session_ends(desk):
    hanako, _ = desk
    hanako.opens("/segment/deliveries/new")
    hanako.waits(31 * 60)
    hanako.submits({"title": "臨時休館", "m0.text.ja": TEXT, "who": "everyone"}, "見本を見る")
    assert "書きかけのものは残っています" in hanako.browser.page
    hanako.submits({"mail": hanako.mail, "password": "correct horse battery"})
    hanako.submits({"code": hanako.app_code()})
    hanako.opens("/me/kept")
    page = hanako.submits({}, "続きから送る")
    assert TEXT in page
    assert "臨時休館" in page


def test_a_held_run_asks_and_is_let_go(desk, gateway, clock):
    hanako, taro = desk
    friend = TestResident(gateway)
    write(hanako, when="once", on="2027-04-06", at="10:30")
    at = at_of(hanako)
    hanako.submits({}, "確認を頼む")
    taro.opens(at)
    taro.submits({}, "承認する")

    minutes = datetime(2027, 4, 6, 10, 50, tzinfo=JST).timestamp() - clock.time()
    clock.move(minutes)
    taro.logs_in()
    minutes_pass(clock, lambda: "止めて確認しています" in taro.opens(at))
    assert "【止めて確認中】臨時休館" in taro.opens()
    assert TEXT not in told(friend)
    taro.opens(at)
    taro.submits({}, "このまま送る")
    minutes_pass(clock, lambda: TEXT in told(friend))


def test_answers_go_out_and_a_wrong_file_changes_nothing(desk, gateway):
    hanako, _ = desk
    TestResident(gateway)
    page = hanako.opens("/segment/answers?as=csv")
    assert page.status == 200
    hanako.opens("/segment/answers")
    heads = page.html.splitlines()[0].lstrip("\ufeff").split(",")
    wrong = f"{heads[0]},{heads[1]}\r\n999999,はい\r\n".encode()
    page = hanako.submits({"file": [("a.csv", "text/csv", wrong)]}, "入れる")
    assert "直して" in page
    hanako.opens("/segment/answers")
    assert "文字コード" in hanako.submits({"file": [("a.csv", "text/csv", b"\xff\x00a")]}, "入れる")


PAGES = {
    "/segment/deliveries": {"segment.write", "segment.approve", "segment.send_emergency"},
    "/segment/deliveries/new": {"segment.write"},
    "/segment/audiences": {"segment.audience"},
    "/segment/audiences/new": {"segment.audience"},
    "/segment/office": {"segment.write", "segment.approve", "segment.send_emergency"},
    "/segment/answers": {"segment.export"},
}


def test_each_permission_opens_its_pages_and_no_other(make_staff):
    every = {"segment.write", "segment.approve", "segment.send_emergency", "segment.audience"}
    for permission in sorted(every | {"segment.export"}):
        one = make_staff(permission, [permission])
        for path, needed in PAGES.items():
            expected = 200 if permission in needed else 403
            assert one.opens(path).status == expected, f"{permission} {path}"


def test_another_sections_things_look_like_absent_ones(desk, make_staff, gateway):
    hanako, _ = desk
    write(hanako)
    at = at_of(hanako)
    other = make_staff("よその課", ALL, section="税務課")
    for path in (at, f"{at}/edit", f"{at}/paper"):
        absent = path.replace(at, "/segment/deliveries/999")
        assert other.opens(path).status == 404
        assert other.browser.page.html == other.opens(absent).html
    assert other.opens("/segment/office?section=1").status == 404
    assert "臨時休館" not in other.opens("/segment/deliveries")
    assert (
        other.browser.posts(
            other.browser.url.replace("/segment/deliveries", at), [("do", "request")]
        ).status
        == 404
    )


def test_without_an_account_for_drills_there_is_none(desk, gateway):
    hanako, _ = desk
    assert "訓練を書く" not in hanako.opens("/segment/deliveries")
    hanako.opens("/segment/deliveries/new?drill=1")
    page = hanako.submits({"title": "訓練", "m0.text.ja": "【訓練】です。"}, "見本を見る")
    assert "訓練用のアカウントが、まだありません。" in page
    assert look(gateway, count_deliveries) == 0


def test_a_drill_is_marked_and_says_so(make_town, plugins, monkeypatch):
    monkeypatch.setenv("DRILL", "secret")
    secret = {"env": "DRILL"}
    drill = {"channel_id": "1000000009", "channel_secret": secret, "access_token": secret}
    town = make_town(plugins, {"line": {"drill": drill}})
    hanako = TestStaff(town, "見本 花子", ALL)
    assert "訓練を書く" in hanako.opens("/segment/deliveries")
    page = hanako.opens("/segment/deliveries/new?drill=1")
    assert "訓練用のアカウントの友だちにだけ届きます。" in page
    assert "友だち全員" not in page
    page = hanako.submits({"title": "避難所", "m0.text.ja": "避難してください。"}, "見本を見る")
    assert 'class="delivery is-drill"' in page
    assert "「訓練」と書かれていません。" in page
    assert "本番</b>" not in page
