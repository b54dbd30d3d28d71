"""お知らせの受け取り設定 from the chat in Chromium, by two who share it."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from madoguchi.testing import TestResident, Town

TOPICS = [{"id": "city", "label": "市からのお知らせ"}, {"id": "garbage", "label": "ごみ"}]


@pytest.fixture
def town(make_town) -> Town:
    return make_town({"liff": {}, "segment": {"settings": {"topics": TOPICS}}})


def open_settings(page: Page, town: Town, who: TestResident) -> FrameLocator:
    """From the chat to the list of settings; LINE asks for consent the first time."""
    page.goto(f"{town.platform}/?resident={who.user_id}")
    page.get_by_label("メッセージ", exact=True).fill("メニュー")
    page.keyboard.press("Enter")
    page.get_by_text("お知らせの受け取り設定", exact=True).last.click()
    sheet = page.frame_locator("iframe")
    consent = sheet.get_by_role("button", name="許可する")
    title = sheet.get_by_role("heading", name="お知らせの受け取り設定")
    expect(consent.or_(title).first).to_be_visible()
    if consent.is_visible():
        consent.click()
    expect(sheet.get_by_role("heading", level=1)).to_have_text("お知らせの受け取り設定")
    return sheet


def choose_a_topic(sheet: FrameLocator) -> None:
    """The first row is open, because nothing is set yet."""
    sheet.get_by_label("市からのお知らせ").check()
    sheet.locator("#row-topics").get_by_role("button", name="保存する").click()
    expect(sheet.get_by_text("保存しました：")).to_be_visible()


def test_one_topic_in_three_taps_and_a_confirmation_in_the_chat(town, page):
    hanako = TestResident(town)
    choose_a_topic(open_settings(page, town, hanako))
    page.get_by_role("button", name="閉じる").first.click()
    town.clock.move(120)
    expect(page.get_by_text("・受け取りたいお知らせ：市からのお知らせ")).to_be_visible()


def test_two_people_with_one_browser_see_each_their_own(town, page):
    hanako, taro = TestResident(town), TestResident(town, "太郎")
    choose_a_topic(open_settings(page, town, hanako))
    sheet = open_settings(page, town, taro)
    rows = sheet.locator("#row-topics .now")
    expect(rows).to_have_text("まだ答えていません")
    choose_a_topic(sheet)
    sheet = open_settings(page, town, hanako)
    expect(sheet.locator("#row-topics .now")).to_have_text("市からのお知らせ")
