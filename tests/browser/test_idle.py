"""A session that ends in the middle of typing (R55): who typed goes on with what they typed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from madoguchi.testing import TestResident, Town
from madoguchi.testing.town import LIFF_ID

LONG = 3700
"""Seconds after which session and ID token have ended."""


@pytest.fixture
def town(make_town: Callable[..., Town], install_plugin: Callable, everything: str) -> Town:
    install_plugin("everything", everything)
    return make_town({"everything": {}, "liff": {}})


@pytest.fixture
def hanako(town: Town) -> TestResident:
    return TestResident(town)


def answer_until_place(at: Page | FrameLocator) -> None:
    at.get_by_label("道路の穴").check()
    at.get_by_role("button", name="次へ", exact=True).click()
    at.get_by_label("住所や目印").fill("本町1-1")


def expect_it_went_on(at: Page | FrameLocator) -> None:
    expect(at.get_by_role("heading", level=1)).to_contain_text("写真を送ってください")
    at.get_by_role("link", name="戻る").click()
    expect(at.get_by_label("住所や目印")).to_have_value("本町1-1")


def test_in_a_browser_it_goes_on_after_the_login(town, hanako, page, complaints):
    page.goto(f"{town.pages_url}/mihon/liff/form/everything/report")
    page.get_by_text("花子").click()
    page.get_by_role("button", name="許可する", exact=True).click()
    answer_until_place(page)
    town.clock.move(LONG)
    page.get_by_role("button", name="次へ", exact=True).click()
    page.get_by_text("花子").click()
    expect_it_went_on(page)
    assert page.evaluate("sessionStorage.getItem('madoguchi-typed')") is None
    complaints.clear()  # it does notice the 401


def test_what_somebody_else_typed_is_not_sent(town, hanako, page, complaints):
    TestResident(town, "太郎")
    page.goto(f"{town.pages_url}/mihon/liff/form/everything/report")
    page.get_by_text("花子").click()
    page.get_by_role("button", name="許可する", exact=True).click()
    answer_until_place(page)
    town.clock.move(LONG)
    page.get_by_role("button", name="次へ", exact=True).click()
    page.get_by_text("太郎").click()
    page.get_by_role("button", name="許可する", exact=True).click()
    expect(page.get_by_label("住所や目印")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('madoguchi-typed')") is None
    complaints.clear()  # it does notice the 401


def test_in_the_phone_it_goes_on_when_it_is_opened_again(town, hanako, page, complaints):
    page.goto(f"{town.platform}/?resident={hanako.user_id}")
    hanako.says(f"{town.platform}/{LIFF_ID}/form/everything/report")
    link = page.get_by_role("log").get_by_role("link").last
    link.click()
    sheet = page.frame_locator("iframe[name=liff-browser]")
    sheet.get_by_role("button", name="許可する", exact=True).click()
    answer_until_place(sheet)
    town.clock.move(LONG)
    sheet.get_by_role("button", name="次へ", exact=True).click()
    expect(sheet.get_by_role("heading", level=1)).to_have_text("時間がたちました")
    expect(sheet.get_by_text("途中の答えは残っています。")).to_be_visible()
    page.get_by_role("button", name="閉じる", exact=True).first.click()
    link.click()
    expect_it_went_on(sheet)
    complaints.clear()  # it does notice the 401
