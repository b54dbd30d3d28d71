"""Deliveries in Chromium: clicks to a sample, the count while somebody picks, axe on each page."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from madoguchi import JST
from madoguchi.testing import TestResident, TestStaff, Town

ALL = [
    *("segment.write", "segment.approve", "segment.send_emergency"),
    *("segment.audience", "segment.export"),
]


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


@pytest.fixture(params=[(390, 844), (1366, 768)], ids=["phone", "desk"])
def context(request, browser: Browser) -> Iterator[BrowserContext]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="ja-JP")
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    yield context
    context.close()


def enter(staff: TestStaff, context: BrowserContext) -> None:
    """Give the browser the session of a member of staff."""
    context.add_cookies(
        [
            {"name": one.name, "value": one.value, "domain": "127.0.0.1", "path": one.path}
            for one in staff.browser.cookies
        ]
    )


def keep_picture(page: Page, name: str) -> None:
    """For people to look at: MADOGUCHI_TEST_PICTURES names a folder."""
    if folder := os.environ.get("MADOGUCHI_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def set_clock(gateway: Town) -> None:
    wanted = datetime(2027, 4, 6, 10, tzinfo=JST).timestamp()
    gateway.clock.move(wanted - gateway.clock.time())


def test_each_page_of_deliveries_is_sound(gateway, make_staff, context, look_over):
    set_clock(gateway)
    hanako, taro = make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)
    friend = TestResident(gateway)
    page = context.new_page()
    wide = page.viewport_size["width"]
    base = f"{gateway.pages_url}/mihon/console"
    enter(hanako, context)
    clicks = 0

    def click(role, name):
        nonlocal clicks
        page.get_by_role(role, name=name, exact=True).first.click()
        clicks += 1

    page.goto(base)
    click("link", "配信")
    expect(page.get_by_role("heading", level=1)).to_have_text("配信")
    look_over(page, "empty list")
    click("link", "新しく書く")
    page.get_by_label("題名").fill("臨時休館")
    page.get_by_label("1つ目の文（日本語）").fill("図書館は明日お休みです。")
    page.get_by_label("友だち全員").check()
    clicks += 1
    expect(page.locator("#reach")).to_contain_text("1人に届きます")
    look_over(page, "form")
    keep_picture(page, f"form-{wide}")
    click("button", "見本を見る")
    expect(page.get_by_role("heading", level=1)).to_have_text("臨時休館")
    expect(page.locator(".screen").first).to_contain_text("図書館は明日お休みです。")
    assert clicks <= 6
    look_over(page, "sample")
    keep_picture(page, f"sample-{wide}")
    at = page.url.partition("?")[0]
    page.get_by_role("button", name="確認を頼む").click()
    expect(page.locator(".news")).to_have_text("確認を頼みました。")
    look_over(page, "asked for")
    for path in ("/segment/office", "/segment/answers", "/segment/audiences"):
        page.goto(f"{base}{path}")
        look_over(page, path)
        keep_picture(page, f"{path.replace('/', '-')}-{wide}")
    page.goto(f"{base}/segment/audiences/new")
    page.get_by_label("足す条件").select_option("segment/children")
    page.get_by_role("button", name="条件を足す").click()
    page.get_by_label("はじめ", exact=True).fill("3")
    page.get_by_label("終わり", exact=True).fill("4")
    page.get_by_label("名前").fill("乳児")
    page.get_by_label("名前").click()
    expect(page.locator("#reach")).to_contain_text("0人に届きます")
    look_over(page, "audience")
    keep_picture(page, f"audience-{wide}")
    page.get_by_role("button", name="保存する").click()
    expect(page.locator("main")).to_contain_text("乳児")
    page.goto(f"{at}/paper")
    look_over(page, "paper")
    keep_picture(page, f"paper-{wide}")
    context.clear_cookies()
    enter(taro, context)
    page.goto(at)
    expect(page.get_by_role("button", name="承認して送る")).to_be_visible()
    look_over(page, "approval")
    keep_picture(page, f"approval-{wide}")
    page.get_by_role("button", name="承認して送る").click()
    expect(page.locator(".way [aria-current]")).to_have_text("予約")
    gateway.clock.move(61)
    expect(page.locator(".way [aria-current]")).not_to_have_text("予約")
    gateway.clock.move(61)
    expect(page.locator(".way [aria-current]")).to_have_text("送信済み")
    look_over(page, "result")
    keep_picture(page, f"result-{wide}")
    said = str([entry["message"] for entry in friend.chat()])
    assert "図書館は明日お休みです。" in said
