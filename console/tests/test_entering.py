"""Who comes in, and who does not."""

import re
from datetime import timedelta

import pytest

from madoguchi.testing import TestStaff
from madoguchi.testing.staff import PASSWORD
from madoguchi.testing.visitor import Visitor

POST = {"content-type": "application/x-www-form-urlencoded"}


def test_a_slip_gives_a_password_an_app_and_the_first_page(make_staff):
    hanako = make_staff("見本 花子", log_in=False)
    page = hanako.enrols()
    assert page.status == 200
    assert "<h1>見本 花子さん</h1>" in page
    assert "いまは何もありません。" in page


def test_a_page_of_a_plugin_knows_who_is_there_and_what_waits(make_staff):
    hanako = make_staff("見本 花子", ["notes.read"])
    assert "見本 花子さんの仕事" in hanako.opens()
    page = hanako.opens("/notes/list")
    assert page.status == 200
    assert f"見本 花子 {hanako.id} 090" in page
    assert 'aria-current="page">メモ</a>' in page


def test_whoever_has_no_phone_prints_ten_codes_and_uses_each_once(make_staff):
    taro = make_staff("見本 太郎", log_in=False)
    taro.opens(f"/login/welcome?slip={taro.slip}")
    taro.submits({"password": PASSWORD, "again": PASSWORD})
    codes = re.findall(
        r'<li class="code">([\w-]+)</li>', taro.opens("/login/second?how=paper").html
    )
    assert len(set(codes)) == 10
    assert taro.submits({"code": "ABCD-2345"}, "登録する").status == 422
    assert "<h1>見本 太郎さん</h1>" in taro.submits({"code": codes[0]}, "登録する")
    for code, status in [
        (codes[0], 401),
        (codes[1].lower().replace("-", " "), 200),
        (codes[1], 401),
    ]:
        other = Visitor(taro.browser.base)
        other.opens("/mihon/console/login")
        other.submits({"mail": taro.mail, "password": PASSWORD}, "次へ")
        assert other.submits({"code": code}, "ログイン").status == status, code


def test_an_apps_code_works_once(make_staff):
    hanako = make_staff("見本 花子")
    hanako.waits(30)
    code = hanako.app_code()
    for status in (200, 401):
        visitor = Visitor(hanako.browser.base)
        visitor.opens("/mihon/console/login")
        visitor.submits({"mail": hanako.mail, "password": PASSWORD}, "次へ")
        assert visitor.submits({"code": code}, "ログイン").status == status
    hanako.waits(30)
    assert visitor.submits({"code": hanako.app_code()}, "ログイン").status == 200


def test_a_slip_works_once_and_for_a_week(make_staff):
    hanako, taro = make_staff("見本 花子"), make_staff("見本 太郎", log_in=False)
    stranger = Visitor(hanako.browser.base)
    for slip, days in [(hanako.slip, 0), (taro.slip, 8), ("ABCD-EFGH-JKLM-NPQR", 0)]:
        hanako.waits(timedelta(days=days))
        stranger.opens(f"/mihon/console/login/welcome?slip={slip}")
        page = stranger.submits({"password": PASSWORD, "again": PASSWORD}, "次へ")
        assert page.status == 422
        assert "この招待の番号は使えません。" in page


@pytest.mark.parametrize(
    ("typed", "again", "words"),
    [
        ("short", "short", "12文字以上"),
        ("password12345", "password12345", "すぐに当てられてしまう"),
        ("yamada-yamada", "yamada-yamada", "お名前やメールアドレスを入れないで"),
        ("correct horse battery", "correct horse", "2つのパスワードがちがいます"),
    ],
)
def test_a_bad_password_is_refused_with_what_to_do(make_staff, typed, again, words):
    hanako = make_staff("見本 花子", mail="yamada@mihon.example", log_in=False)
    hanako.opens(f"/login/welcome?slip={hanako.slip}")
    page = hanako.submits({"password": typed, "again": again}, "次へ")
    assert page.status == 422
    assert words in page
    assert "<h1>見本 花子さん</h1>" in hanako.enrols(), "the slip is not used up"


def log_in(browser, mail, password):
    browser.opens("/mihon/console/login")
    return browser.submits({"mail": mail, "password": password}, "次へ")


def test_who_exists_is_not_told_and_five_wrong_tries_close_a_name(make_staff, clock):
    hanako = make_staff("見本 花子")
    browser = Visitor(hanako.browser.base)
    said = set()
    for mail in (hanako.mail, "nobody@mihon.example"):
        for _ in range(6):
            page = log_in(browser, mail, "wrong wrong wrong")
            assert page.status == 401
            said.add(page.html.replace(mail, ""))
    assert len(said) == 1, "the same answer, whoever it is and however often"
    assert log_in(browser, hanako.mail, PASSWORD).status == 401, "closed for the right one, too"
    clock.move(15 * 60 + 1)
    assert "番号を入力してください" in log_in(browser, hanako.mail, PASSWORD)
    admin = make_staff("管理 者", admin=True)
    assert "5回まちがえて閉じられた" in admin.opens("/audit")


def test_wrong_codes_are_counted_too(make_staff):
    hanako = make_staff("見本 花子")
    browser = Visitor(hanako.browser.base)
    log_in(browser, hanako.mail, PASSWORD)
    for _ in range(5):
        assert browser.submits({"code": "000000"}, "ログイン").status == 401
    hanako.waits(30)
    assert browser.submits({"code": hanako.app_code()}, "ログイン").status == 401


def test_half_an_hour_without_a_page_ends_a_session(make_staff):
    hanako = make_staff("見本 花子", ["notes.read"])
    hanako.waits(timedelta(minutes=29))
    assert hanako.opens("/notes/list").status == 200
    hanako.waits(timedelta(minutes=31))
    assert "<h1>ログイン</h1>" in hanako.opens("/notes/list")
    assert "<h1>メモ</h1>" in after_login(hanako)


def after_login(staff: TestStaff):
    staff.submits({"mail": staff.mail, "password": PASSWORD})
    return staff.submits({"code": staff.app_code()})


def test_twelve_hours_end_a_session_however_busy(make_staff):
    hanako = make_staff("見本 花子")
    for _ in range(28):
        hanako.waits(timedelta(minutes=25))
        assert "<h1>見本 花子さん</h1>" in hanako.opens()
    hanako.waits(timedelta(minutes=25))
    assert "<h1>ログイン</h1>" in hanako.opens()


def test_what_was_written_is_kept_when_the_session_ends(make_staff):
    hanako = make_staff("見本 花子", ["notes.read", "notes.write"])
    hanako.opens("/notes/list")
    hanako.waits(timedelta(minutes=31))
    page = hanako.submits({"words": "長い文章\nと、続き"}, "書く")
    assert "書きかけのものは残っています" in page
    assert "書きかけのものが残っています" in after_login(hanako)
    assert "長い文章" in hanako.opens("/me/kept")
    assert "受け取りました：長い文章" in hanako.submits({}, "続きから送る")


def test_what_was_kept_is_its_owners_alone(make_staff):
    hanako = make_staff("見本 花子", ["notes.read", "notes.write"])
    taro = make_staff("見本 太郎", ["notes.read", "notes.write"])
    hanako.opens("/notes/list")
    hanako.waits(timedelta(minutes=31))
    hanako.submits({"words": "花子の文章"}, "書く")
    taro.logs_in()
    assert "書きかけ" not in taro.opens()
    assert "花子の文章" not in taro.opens("/me/kept")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/notes/list", "/login", "/login/end", "/me/password"])
def test_a_post_from_elsewhere_is_refused(make_staff, headers, path):
    hanako = make_staff("見本 花子", ["notes.write"])
    page = hanako.browser.posts(f"/mihon/console{path}", [("words", "x")], headers=headers)
    assert page.status == 403
    assert "ほかのページから送られたものは受け付けません" in page
    assert "見本 花子" in hanako.opens()


def test_where_no_site_is_said_the_origin_counts(make_staff, gateway):
    hanako = make_staff("見本 花子", ["notes.write"])
    for origin, status in [(gateway.pages_url, 200), ("https://evil.example", 403), (None, 403)]:
        headers = {**POST, **({"origin": origin} if origin else {})}
        page = hanako.browser._go(
            f"{gateway.pages_url}/mihon/console/notes/list", b"words=x", headers
        )
        assert page.status == status, origin


def test_a_new_password_ends_every_other_session(make_staff):
    hanako = make_staff("見本 花子")
    other = TestStaff.__new__(TestStaff)
    other.__dict__.update(hanako.__dict__, browser=Visitor(hanako.browser.base))
    other.logs_in()
    hanako.opens("/me")
    new = "another horse battery"
    typed = {"password_now": "wrong", "password": new, "again": new}
    assert hanako.submits(typed, "変える").status == 422
    page = hanako.submits({**typed, "password_now": PASSWORD}, "変える")
    assert "保存しました。" in page
    assert "<h1>ログイン</h1>" in other.opens()
    assert "<h1>見本 花子さん</h1>" in other.logs_in(new)


def test_sessions_are_listed_and_can_be_ended(make_staff):
    hanako = make_staff("見本 花子")
    other = TestStaff.__new__(TestStaff)
    other.__dict__.update(hanako.__dict__, browser=Visitor(hanako.browser.base))
    other.logs_in()
    assert hanako.opens("/me").html.count("127.0.0.1") == 2
    hanako.submits({}, "ログアウトさせる")
    assert "<h1>ログイン</h1>" in other.opens()


def test_login_leads_back_to_pages_of_the_console_alone(make_staff):
    hanako = make_staff("見本 花子", log_in=False)
    for to in ("https://evil.example/", "//evil.example", "/mihon/liff", "/mihon/console/../x"):
        page = hanako.opens(f"/login?to={to}")
        assert 'name="to" value="/mihon/console"' in page


def test_a_sample_person_is_there_in_the_demo_only(make_town):
    town = make_town(plugins={"console": {"sample": True}})
    visitor = Visitor(town.pages_url)
    visitor.opens("/mihon/console")
    assert "<h1>佐藤 陽子さん</h1>" in visitor.submits({}, "佐藤 陽子")
    other = Visitor(town.pages_url)
    assert other.posts("/mihon/console/login/sample", [("who", "99")]).status == 404


def test_nobody_is_a_sample_person_elsewhere(make_staff):
    hanako = make_staff("見本 花子")
    assert "見本の職員" not in Visitor(hanako.browser.base).opens("/mihon/console/login")
    sent = [("who", str(hanako.id))]
    assert hanako.browser.posts("/mihon/console/login/sample", sent).status == 404


@pytest.mark.parametrize(
    ("table", "status"),
    [
        ({"allow_from": ["10.0.0.0/8"]}, 403),
        ({"allow_from": ["127.0.0.0/8"]}, 200),
        ({"host": "staff.city.example.jp"}, 404),
    ],
)
def test_the_console_opens_from_where_it_may(make_town, table, status):
    town = make_town(plugins={"console": table})
    visitor = Visitor(town.pages_url)
    for path in ("/login", "", "/staff"):
        page = visitor.opens(f"/mihon/console{path}")
        assert page.status == status, path
