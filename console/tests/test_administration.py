"""People, sections, permissions: what administrators change, and what they cannot."""

import re

import pytest

from madoguchi import JST


@pytest.fixture
def admin(make_staff):
    return make_staff("管理 花子", admin=True)


def test_somebody_is_invited_put_into_a_section_and_logs_in(admin, make_staff, gateway):
    admin.opens("/sections")
    admin.submits({"name": "子育て課"}, "作る")
    admin.opens("/staff/new")
    admin.submits({"name": "見本 太郎", "mail": "Taro@mihon.example"}, "登録する")
    number = int(re.search(r"/staff/(\d+)", admin.browser.url)[1])
    section = re.search(r'name="s-(\d+)"[^>]*><span>子育て課', admin.browser.page.html)[1]
    admin.submits({f"s-{section}": "1", f"p-{section}": ["notes.read"]}, "権限を保存する")
    assert "保存しました。" in admin.browser.page
    slip = admin.submits({}, "招待の紙を作る")
    code = re.search(r'<p class="code">((?:[A-Z2-9]{4}-){3}[A-Z2-9]{4})</p>', slip.html)[1]
    taro = make_staff("x", log_in=False)
    taro.slip = code
    assert "<h1>見本 太郎さん</h1>" in taro.enrols()
    assert taro.opens("/notes/list").status == 200
    assert "子育て課の1人がメモを見ることができます。" in admin.opens("/sections")
    told = admin.opens("/audit").html
    assert "職員の権限を変えた" in told
    assert f"職員 {number}" in told
    assert "招待の紙を使った" in told


def test_what_is_wrong_is_said_beside_the_field(admin):
    admin.opens("/staff/new")
    for typed, words in [
        ({"name": "", "mail": "a@b.example"}, "名前を入力してください。"),
        ({"name": "x", "mail": "nothing"}, "メールアドレスを確かめてください。"),
        ({"name": "x", "mail": admin.mail}, "もう登録されています。"),
        (
            {"name": "x", "mail": "c@d.example", "is_admin": "1", "is_contractor": "1"},
            "委託先の人は",
        ),
        ({"name": "x", "mail": "c@d.example", "ends": "2026-02-31"}, "日付を確かめて"),
    ]:
        page = admin.submits({"is_admin": None, "is_contractor": None, **typed}, "登録する")
        assert page.status == 422
        assert words in page


def change(admin, number, **typed):
    admin.opens(f"/staff/{number}")
    known = {"is_admin": None, "is_contractor": None, "is_closed": None}
    return admin.submits({**known, **typed}, "内容を保存する")


def test_a_city_that_had_two_administrators_keeps_two(admin, make_staff):
    assert "管理する人が1人だけです" in admin.opens()
    page = change(admin, admin.id)
    assert page.status == 422
    assert "2人より少なくなるため" in page, "the last one can never go"
    other = make_staff("管理 太郎", admin=True)
    assert "1人だけ" not in admin.opens()
    for typed in ({}, {"is_admin": "1", "is_closed": "1"}, {"is_admin": "1", "ends": "2020-01-01"}):
        assert change(admin, other.id, **typed).status == 422, typed
    third = make_staff("管理 三郎", admin=True)
    assert change(admin, other.id).status == 200
    assert change(admin, third.id).status == 422


def test_a_changed_role_ends_sessions_at_once(admin, make_staff):
    make_staff("管理 太郎", admin=True)
    taro = make_staff("見本 太郎", ["notes.read"])
    change(admin, taro.id, name="見本 太郎改")
    assert "<h1>見本 太郎改さん</h1>" in taro.opens(), "a name takes nothing away"
    admin.opens(f"/staff/{taro.id}")
    at = re.search(r'name="p-(\d+)" value="notes.read" checked', admin.browser.page.html)[1]
    admin.submits({f"p-{at}": None}, "権限を保存する")
    assert "<h1>ログイン</h1>" in taro.opens("/notes/list")
    taro.logs_in()
    assert taro.opens("/notes/list").status == 403
    change(admin, taro.id, is_closed="1")
    assert "<h1>ログイン</h1>" in taro.opens()
    assert "ログインできませんでした" in taro.logs_in_until_refused()


def test_administrators_see_where_somebody_is_logged_in_and_end_it(admin, make_staff):
    taro = make_staff("見本 太郎")
    assert "127.0.0.1" in admin.opens(f"/staff/{taro.id}")
    admin.submits({}, "ログアウトさせる")
    assert "<h1>ログイン</h1>" in taro.opens()


def test_an_account_ends_on_its_last_day(admin, make_staff, clock):
    taro = make_staff("見本 太郎")
    today = clock.now().astimezone(JST).date().isoformat()
    change(admin, taro.id, ends=today)
    taro.logs_in()
    assert "<h1>見本 太郎さん</h1>" in taro.opens()
    taro.waits(86_400 * 2)
    assert "<h1>ログイン</h1>" in taro.opens()


def test_nobody_is_given_what_no_plugin_has_or_only_administrators_have(admin, make_staff, gateway):
    taro = make_staff("見本 太郎")
    admin.opens(f"/staff/{taro.id}")
    at = re.search(r'name="s-(\d+)"', admin.browser.page.html)[1]
    sent = [(f"s-{at}", "1"), (f"p-{at}", "console.staff"), (f"p-{at}", "no.such"), ("p-99", "x")]
    admin.browser.posts(f"/mihon/console/staff/{taro.id}/permissions", sent)
    rows = gateway.wait(
        gateway.running.store.fetch(
            f"SELECT permission FROM console_grant WHERE staff_id={taro.id}"
        )
    )
    assert rows == []


def test_the_command_line_makes_the_first_one_and_a_way_back(make_staff):
    admin = make_staff("管理 花子", admin=True)
    assert admin.commands("list_staff") == [
        ["管理 花子", admin.mail, "administrator", "open"],
    ]
    again = admin.commands("renew_slip", mail=admin.mail.upper())
    admin.slip = again["slip"]
    assert "<h1>管理 花子さん</h1>" in admin.enrols()
    assert admin.commands("renew_slip", mail="nobody@mihon.example") is None
