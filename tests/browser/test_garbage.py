"""A question about garbage, from the phone to the desk and back, with the demo city's list."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from madoguchi import JST
from madoguchi.testing import TestResident, TestStaff, Town

GARBAGE = Path(__file__).parents[2] / "config" / "mihon" / "garbage"
UNKNOWN = "たこ焼きプレート"
"""It is not in the list; the best proposal is ホットプレート."""
TUESDAY = "2027-06-01"


@pytest.fixture
def town(make_town) -> Town:
    table = {
        "dictionary": str(GARBAGE / "items.csv"),
        "calendar": str(GARBAGE),
        "section": "環境課",
        "phone": "0100-00-0053",
    }
    return make_town({"garbage_bot": table, "liff": {}, "console": {}, "segment": {}})


@pytest.fixture
def look_into(page: Page, look_over, keep_picture) -> Iterator[Callable[[str], None]]:
    """`look_into(name)`: the page that lies over the chat is sound by itself, too."""
    beside = page.context.new_page()

    def look(name: str) -> None:
        beside.goto(page.frame("liff-browser").url)
        look_over(beside, name)
        keep_picture(beside, f"garbage-{name}")

    yield look
    beside.close()


def set_clock(town: Town, when: str) -> None:
    moment = datetime.fromisoformat(f"{TUESDAY} {when}").replace(tzinfo=JST)
    town.clock.move(moment.timestamp() - town.clock.time())


def write(page: Page, words: str) -> None:
    field = page.get_by_label("メッセージ", exact=True)
    field.fill(words)
    field.press("Enter")


def tap(page: Page, name: str) -> None:
    """The newest button of that name; one that opens a page is a link."""
    link = page.get_by_role("link", name=name, exact=True)
    page.get_by_role("button", name=name, exact=True).or_(link).last.click()


def open_sheet(page: Page, name: str) -> FrameLocator:
    """What a button opens over the chat; LINE asks for consent the first time."""
    tap(page, name)
    sheet = page.frame_locator("iframe[name=liff-browser]")
    consent = sheet.get_by_role("button", name="許可する", exact=True)
    title = sheet.locator("main h1")
    expect(consent.or_(title).first).to_be_visible()
    if consent.is_visible():
        consent.click()
    expect(title).to_be_visible()
    return sheet


def close_sheet(page: Page) -> None:
    page.get_by_role("button", name="閉じる", exact=True).first.click()
    expect(page.locator("iframe[name=liff-browser]")).to_have_count(0)


def newest(page: Page) -> Locator:
    """What stands last in the chat."""
    return page.get_by_role("log").locator(".row").last


def test_a_question_goes_from_the_phone_to_the_desk_and_back(
    town, page, open_with, look_over, keep_picture, look_into
):
    set_clock(town, "10:00")
    hanako = TestResident(town)
    page.goto(f"{town.platform}/?resident={hanako.user_id}")

    def look_at_chat(name: str) -> None:
        look_over(page, f"chat, {name}", has_large_targets=False)
        keep_picture(page, f"garbage-chat-{name}")

    # A thing, and a thing of several materials.
    write(page, "傘")
    expect(newest(page)).to_contain_text("燃やさないごみ")
    look_at_chat("answered")
    write(page, "ハンガー")
    expect(newest(page)).to_contain_text("どれですか。")
    look_at_chat("choice")
    tap(page, "ハンガー（木製）")
    expect(newest(page)).to_contain_text("ハンガー（木製）")
    expect(newest(page)).to_contain_text("燃やすごみ")
    sheet = open_sheet(page, "くわしく")
    expect(sheet.get_by_role("heading", level=1)).to_have_text("ハンガー（木製）")
    look_into("item")

    # Where she lives, searched as she types; then the month, and a reminder.
    sheet.get_by_role("link", name="地区をえらぶと、次に集める日がわかります。").click()
    expect(sheet.get_by_role("heading", level=1)).to_have_text("ごみの地区")
    look_into("area")
    sheet.get_by_label("町の名前か、郵便番号").press_sequentially("ほん")
    found = sheet.locator("#found").get_by_role("button", name="本町")
    expect(found).to_be_visible()
    found.click()
    expect(sheet.get_by_role("heading", level=1)).to_have_text("ごみの日")
    expect(sheet.locator(".saved")).to_contain_text("地区を「本町」にしました。")
    expect(sheet.locator(".near")).to_contain_text("プラスチック")
    look_into("month")
    sheet.get_by_role("link", name="通知をうけとる").click()
    sheet.get_by_label("前の日の夜").select_option("19:00")
    look_into("reminders")
    sheet.get_by_role("button", name="保存する").click()
    expect(sheet.locator(".saved")).to_contain_text("保存しました。")
    close_sheet(page)
    set_clock(town, "19:00:01")
    expect(newest(page)).to_contain_text("明日、6月2日（水）は「古紙・古布」の日です。")
    look_at_chat("reminded")

    # What the list does not know, and what it got wrong.
    write(page, "ごみの分け方")
    expect(newest(page)).to_contain_text("捨てたい物の名前を送ってください。")
    look_at_chat("how")
    write(page, UNKNOWN)
    expect(newest(page)).to_contain_text(f"「{UNKNOWN}」は、一覧に見つかりませんでした。")
    look_at_chat("not-found")
    tap(page, "わかったら教えてもらう")
    expect(newest(page)).to_contain_text("わかったら、ここでお知らせします。")
    write(page, "スリッパ")
    expect(newest(page)).to_contain_text("燃やすごみ")
    tap(page, "ちがう")
    expect(newest(page)).to_contain_text("担当の職員が見直します。")
    said = page.get_by_role("log").locator(".row.from-resident")
    expect(said.filter(has_text="ちがう")).to_have_count(1)
    look_at_chat("wrong")

    # Staff answer it with one click.
    staff = TestStaff(
        town,
        "見本 太郎",
        ["garbage_bot.words", "garbage_bot.list", "garbage_bot.reminders"],
    )
    desk = open_with(staff.browser, "phone")
    desk.goto(f"{town.pages_url}/mihon/console/garbage_bot/changes?week=0")
    keep_picture(desk, "garbage-changes")
    look_over(desk, "changes")
    desk.goto(f"{town.pages_url}/mihon/console/garbage_bot/list")
    keep_picture(desk, "garbage-staff-list")
    look_over(desk, "list of staff")
    desk.get_by_role("link", name="ごみの質問", exact=True).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("答えられなかったごみの質問")
    keep_picture(desk, "garbage-words")
    look_over(desk, "words")
    expect(desk.get_by_role("form", name="スリッパ")).to_contain_text("「ちがう」")
    card = desk.get_by_role("form", name=UNKNOWN)
    expect(card).to_contain_text("1人が答えを待っています。")
    adopted = card.locator(".proposals b").first.inner_text()
    card.get_by_role("button", name="この言葉で答える").first.click()
    expect(desk.locator(".news")).to_have_text("保存しました。")
    expect(card).to_have_count(0)
    expect(desk.get_by_role("form", name="スリッパ")).to_have_count(1)
    keep_picture(desk, "garbage-adopted")
    look_over(desk, "adopted")

    # She is told, and from now on it is answered.
    told = page.get_by_role("log").get_by_text("ごみの質問の答えが、わかりました。")
    expect(told).to_be_visible()
    expect(told).to_contain_text(adopted)
    look_at_chat("told")
    write(page, UNKNOWN)
    expect(newest(page).get_by_role("button", name="ちがう", exact=True)).to_be_visible()
    expect(newest(page)).to_contain_text(adopted)
