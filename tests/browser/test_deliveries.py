"""Deliveries in Chromium: clicks to a sample, the count while somebody picks, axe on each page."""

import time
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from madoguchi import JST
from madoguchi.testing import TestResident, TestStaff, Town

ALL = [
    *("segment.write", "segment.approve", "segment.send_emergency"),
    *("segment.audience", "segment.export"),
]
TEXT = "図書館は明日お休みです。"


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


def set_clock(gateway: Town) -> None:
    wanted = datetime(2027, 4, 6, 10, tzinfo=JST).timestamp()
    gateway.clock.move(wanted - gateway.clock.time())


def test_each_page_of_deliveries_is_sound(gateway, make_staff, window, look_over, keep_picture):
    set_clock(gateway)
    hanako, taro = make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)
    friend = TestResident(gateway)
    page = window.new_page()
    wide = page.viewport_size["width"]
    base = f"{gateway.pages_url}/mihon/console"
    window.add_cookies(hanako.browser.session())
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
    for field, words in (("題名", "臨時休館"), ("1つ目の文（日本語）", TEXT)):
        page.get_by_label(field).click()
        page.keyboard.insert_text(words)
        clicks += 1
    page.get_by_label("友だち全員").check()
    clicks += 1
    expect(page.locator("#reach")).to_contain_text("1人に届きます")
    look_over(page, "form")
    keep_picture(page, f"form-{wide}")
    click("button", "見本を見る")
    expect(page.get_by_role("heading", level=1)).to_have_text("臨時休館")
    expect(page.locator(".screen").first).to_contain_text(TEXT)
    assert clicks <= 6, "from home to the finished sample, clicks into fields as well"
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
    window.clear_cookies()
    window.add_cookies(taro.browser.session())
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
    assert TEXT in said


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).click()


def news(page: Page, words: str) -> None:
    expect(page.locator(".news").first).to_have_text(words)


def step(page: Page, words: str) -> None:
    expect(page.locator(".way [aria-current]")).to_have_text(words)


def write(staff: TestStaff, **typed: str) -> str:
    """A delivery to everybody, of which somebody was asked; the address of its page."""
    staff.opens("/segment/deliveries/new")
    staff.submits(
        {"title": "臨時休館", "m0.text.ja": TEXT, "who": "everyone", **typed}, "見本を見る"
    )
    staff.submits({}, "確認を頼む")
    return staff.browser.url.partition("?")[0]


def test_sent_back_with_a_comment_and_edited_after_approval(
    gateway, make_staff, open_with, look_at
):
    set_clock(gateway)
    hanako, taro = make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)
    TestResident(gateway)
    at = write(hanako, when="once", on="2027-04-08", at="10:00")
    mine, his = open_with(hanako.browser), open_with(taro.browser)
    his.goto(f"{gateway.pages_url}/mihon/console")
    his.get_by_role("link", name="【承認待ち】臨時休館").click()
    press(his, "差戻し")
    expect(his.get_by_role("alert")).to_have_text("差戻しの理由を書いてください。")
    look_at(his, "no reason")
    his.get_by_label("ひとこと").fill("開館日も書いてください。")
    press(his, "差戻し")
    news(his, "差戻しました。書いた人のホームに出ます。")
    look_at(his, "sent back")
    mine.goto(f"{gateway.pages_url}/mihon/console")
    look_at(mine, "home")
    mine.get_by_role("link", name="【差戻し】臨時休館").click()
    step(mine, "下書き")
    expect(mine.locator(".history")).to_contain_text("開館日も書いてください。")
    mine.get_by_role("link", name="書きかえる").click()
    mine.get_by_label("1つ目の文（日本語）").fill("明日お休み、あさって開きます。")
    press(mine, "見本を見る")
    press(mine, "確認を頼む")
    news(mine, "確認を頼みました。")
    his.goto(at)
    press(his, "承認する")
    step(his, "予約")
    mine.goto(at)
    look_at(mine, "reserved")
    mine.get_by_role("link", name="書きかえる").click()
    expect(mine.locator(".note").first).to_contain_text("承認をもう一度受けます。")
    look_at(mine, "edit again")
    mine.get_by_label("1つ目の文（日本語）").fill("明日お休みです。あさっては開きます。")
    press(mine, "見本を見る")
    step(mine, "下書き")
    press(mine, "確認を頼む")
    news(mine, "確認を頼みました。")
    his.goto(at)
    step(his, "確認依頼")
    expect(his.locator(".screen").first).to_contain_text("あさっては開きます。")
    press(his, "承認する")
    step(his, "予約")


def test_nobody_approves_their_own(gateway, make_staff, open_with, look_at):
    """There is no button; and one that is forged is refused."""
    set_clock(gateway)
    TestResident(gateway)
    hanako = make_staff("見本 花子", ALL)
    at, page = write(hanako), open_with(hanako.browser)
    page.goto(at)
    expect(page.locator(".deeds .note")).to_contain_text("書いた人は、承認できません。")
    expect(page.get_by_role("button", name="承認")).to_have_count(0)
    look_at(page, "own")
    copy = page.get_by_role("button", name="複写して新しく書く")
    copy.evaluate("button => { button.value = 'approve' }")
    copy.click()
    expect(page.get_by_role("alert")).to_contain_text("書いた人は、承認できません。")
    step(page, "確認依頼")


def figures(page: Page) -> dict[str, int]:
    """The figures on the page; they add up to all whom it was to reach."""
    page.reload()
    shown = {
        one.locator("dt").inner_text(): int(one.locator("dd").inner_text().rstrip("人"))
        for one in page.locator(".numbers > div").all()
    }
    parts = ("送信済み", "これから", "わからない", "送らなかった")
    assert sum(shown.get(name, 0) for name in parts) == shown["送る相手"], shown
    return shown


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


def who_got(gateway: Town, words: str) -> list[str]:
    """To whom LINE has sent it, by the simulator's book."""
    sends = gateway.call(lambda: list(gateway.simulator.book.sends()))
    return sorted(
        who for send in sends if words in send["messages"][0]["text"] for who in send["userIds"]
    )


def test_paused_cancelled_and_corrected_to_exactly_the_same_people(
    gateway, make_staff, line, open_with, look_at
):
    """Spread over an hour; of the second of four LINE does not say that it took it."""
    set_clock(gateway)
    hanako, taro = make_staff("見本 花子", ALL), make_staff("見本 太郎", ALL)
    for name in ("一", "二", "三", "四"):
        TestResident(gateway, name)
    at = write(hanako, spread="60")
    mine, his = open_with(hanako.browser), open_with(taro.browser)
    his.goto(at)
    press(his, "承認して送る")
    step(his, "予約")
    gateway.clock.move(61)
    step(his, "送信中")
    wait_for(lambda: len(who_got(gateway, TEXT)) == 1)
    mine.goto(at)
    expect(mine.locator("#progress-says")).to_contain_text("4人のうち1人に送信済み")
    look_at(mine, "going")
    press(mine, "一時停止")
    news(mine, "一時停止しました。")
    look_at(mine, "paused")
    assert figures(mine) == {"送る相手": 4, "送信済み": 1, "これから": 3, "送らなかった": 0}
    gateway.call(line.set_faults, [{"endpoint": "multicast", "status": 500, "afterAccept": True}])
    press(mine, "再開する")
    news(mine, "再開しました。")
    wait_for(lambda: len(who_got(gateway, TEXT)) == 2)
    press(mine, "取消")
    step(mine, "取消")
    gateway.clock.move(600)
    wait_for(lambda: figures(mine).get("わからない") == 1)
    assert figures(mine) | {"送信済み": 1, "送らなかった": 2} == figures(mine)
    look_at(mine, "cancelled")
    gateway.call(line.set_faults, [])
    TestResident(gateway, "あとから")
    press(mine, "訂正を作る")
    expect(mine.locator("textarea").first).to_have_value(f"【訂正】{TEXT}")
    look_at(mine, "correcting")
    mine.locator("textarea").first.fill("【訂正】お休みは、あさってです。")
    press(mine, "見本を見る")
    expect(mine.locator(".facts .big")).to_have_text("2人")
    look_at(mine, "correction")
    press(mine, "確認を頼む")
    news(mine, "確認を頼みました。")
    his.goto(mine.url.partition("?")[0])
    press(his, "承認して送る")
    gateway.clock.move(61)
    wait_for(lambda: len(who_got(gateway, "【訂正】")) == 2)
    assert who_got(gateway, "【訂正】") == who_got(gateway, TEXT)
