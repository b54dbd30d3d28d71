"""窓口で見せる番号, from the resident's own page to the browser of staff at the counter."""

import re

import pytest
from playwright.sync_api import expect

from madoguchi.testing import TestResident


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


def test_what_the_resident_shows_opens_their_page_once(gateway, make_staff, open_with, look_at):
    TestResident(gateway, "ほかの人")
    hanako = TestResident(gateway)
    window = make_staff("窓口 花子", ["console.residents"], section="市民課")
    hanako.opens("/liff/mine")
    phone = open_with(hanako.browser, "phone")
    phone.goto(f"{gateway.pages_url}/mihon/liff/mine")
    phone.get_by_role("link", name="窓口で見せる番号").click()
    phone.get_by_role("button", name="番号を出す").click()
    digits = phone.locator(".digits").inner_text()
    assert re.fullmatch(r"\d{3} \d{3}", digits)
    look_at(phone, "what the resident shows")
    desk = open_with(window.browser)
    desk.goto(f"{gateway.pages_url}/mihon/console/residents")

    def type_in() -> None:
        desk.get_by_label("6けたの番号").fill(digits)
        desk.get_by_role("button", name="開く").first.click()

    type_in()
    expect(desk.get_by_role("heading", level=1)).to_have_text("登録番号 2")
    look_at(desk, "found at the counter")
    desk.goto(f"{gateway.pages_url}/mihon/console/residents")
    type_in()
    expect(desk.locator(".wrong .fault")).to_contain_text("見つかりませんでした")
    look_at(desk, "used up")
    phone.reload()
    expect(phone.get_by_role("button", name="番号を出す")).to_be_visible()
    expect(phone.locator(".digits")).to_have_count(0)
