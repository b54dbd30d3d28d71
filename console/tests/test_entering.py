"""Who comes in, and who does not."""

from datetime import timedelta

from madoguchi.testing import TestStaff


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


def test_without_the_permission_it_is_403(make_staff):
    hanako = make_staff("見本 花子")
    page = hanako.opens("/notes/list")
    assert page.status == 403
    assert "権限がありません" in page


def test_half_an_hour_without_a_page_ends_a_session(make_staff):
    hanako = make_staff("見本 花子", ["notes.read"])
    hanako.waits(timedelta(minutes=29))
    assert hanako.opens("/notes/list").status == 200
    hanako.waits(timedelta(minutes=31))
    assert "<h1>ログイン</h1>" in hanako.opens("/notes/list")
    assert "<h1>メモ</h1>" in _after_login(hanako)


def _after_login(staff: TestStaff):
    staff.submits({"mail": staff.mail, "password": "correct horse battery"})
    return staff.submits({"code": staff.app_code()})
