"""The way of a new friend: greeting, language, settings with a mistake, and word in the chat."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from madoguchi.testing import TestResident, Town

TOPICS = [{"id": "city", "label": "市からのお知らせ"}, {"id": "garbage", "label": "ごみ"}]
TITLE = "お知らせの受け取り設定"
BORN = "#f-children-0-birthdate-{}"
LARGE = """document.addEventListener("DOMContentLoaded", () => {
  const { fontSize } = getComputedStyle(document.documentElement);
  document.documentElement.style.fontSize = `${2 * parseFloat(fontSize)}px`;
});"""
"""As a phone does whose owner has set letters twice as large."""


@dataclass
class Hand:
    """How somebody uses the phone; it counts what was tapped."""

    page: Page
    width: int = 390
    is_large: bool = False
    by_keyboard: bool = False
    has_scripts: bool = True
    taps: list[str] = field(default_factory=list)

    def tap(self, at: Locator) -> None:
        """Tap a button, a link or a box."""
        expect(at).to_be_visible()
        self.taps.append(at.inner_text() or "a box")
        if not self.by_keyboard:
            return at.click()
        self.reach(at)
        is_box = at.evaluate("node => node.type === 'checkbox'")
        return self.page.keyboard.press("Space" if is_box else "Enter")

    def write(self, at: Locator, text: str) -> None:
        """Write into a field, over what stands there."""
        if not self.by_keyboard:
            return at.fill(text)
        self.reach(at)
        self.page.keyboard.press("Control+A")
        return self.page.keyboard.type(text)

    def reach(self, at: Locator) -> None:
        """Press Tab until the focus is there."""
        has_focus = "node => document.hasFocus() && node === document.activeElement"
        for _ in range(60):
            if at.evaluate(has_focus):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not get to {at}")

    def has_the_focus(self, at: Locator) -> None:
        """The news has the focus; without scripts it stands there."""
        expect(at).to_be_visible()
        if self.has_scripts:
            expect(at).to_be_focused()


WAYS = {
    "390 px": {},
    "320 px": {"width": 320},
    "letters twice as large": {"is_large": True},
    "by keyboard": {"by_keyboard": True},
    "without scripts": {"has_scripts": False},
}


@pytest.fixture
def town(make_town) -> Town:
    settings = {"topics": TOPICS, "rows": ["living", "children"]}
    return make_town({"liff": {}, "segment": {"settings": settings}})


def has_room(sheet: Page | FrameLocator) -> None:
    """Nothing stands out of the page."""
    wide = sheet.locator("html").evaluate("root => [root.scrollWidth, root.clientWidth]")
    assert wide[0] <= wide[1], f"it scrolls sideways: {wide}"


def open_sheet(hand: Hand, browser: Browser, town: Town) -> Page | FrameLocator:
    """The page that the menu opens; without scripts, the same address with the same session."""
    page = hand.page
    hand.tap(page.get_by_role("button", name=TITLE, exact=True).last)
    sheet = page.frame_locator("iframe[name=liff-browser]")
    allow = sheet.get_by_role("button", name="許可する", exact=True)
    if hand.by_keyboard:
        hand.reach(allow)
        page.keyboard.press("Enter")
    else:
        allow.click()
    expect(sheet.get_by_role("heading", level=1)).to_have_text(TITLE)
    if hand.has_scripts:
        return sheet
    plain = browser.new_context(java_script_enabled=False, viewport=page.viewport_size)
    plain.add_cookies(page.context.cookies())
    bare = plain.new_page()
    bare.goto(f"{town.pages_url}/mihon/liff/form/segment/settings")
    return bare


@pytest.mark.parametrize("way", WAYS)
def test_from_friend_to_confirmation(town, browser, page, complaints, way):
    hanako = TestResident(town, follow=False)
    hand = Hand(page, **WAYS[way])
    page.set_viewport_size({"width": hand.width, "height": 844})
    if hand.is_large:
        page.add_init_script(LARGE)
    page.goto(f"{town.platform}/?resident={hanako.user_id}")
    log = page.get_by_role("log")
    hand.tap(page.get_by_role("button", name="友だち追加"))
    expect(log).to_contain_text("You can use this")
    hand.tap(page.get_by_role("button", name="日本語", exact=True).last)
    expect(log).to_contain_text("これから、このことばでお答えします。")

    hand.taps.clear()
    sheet = open_sheet(hand, browser, town)
    has_room(sheet)
    hand.tap(sheet.get_by_label("市からのお知らせ"))
    hand.tap(sheet.locator("#row-topics").get_by_role("button", name="保存する", exact=True))
    hand.has_the_focus(sheet.locator(".saved[data-news]"))
    assert len(hand.taps) <= 3, "one topic, from the chat to saved"

    children = sheet.locator("#row-children")
    hand.tap(children.locator("summary"))
    for part, number in (("year", "2099"), ("month", "5"), ("day", "3")):
        hand.write(sheet.locator(BORN.format(part)), number)
    hand.tap(children.get_by_role("button", name="保存する", exact=True))
    errors = sheet.get_by_role("alert")
    hand.has_the_focus(errors)
    has_room(sheet)
    hand.tap(errors.get_by_role("link"))
    expect(sheet.locator(BORN.format("year"))).to_be_focused()
    expect(sheet.locator(BORN.format("month"))).to_have_value("5")
    hand.write(sheet.locator(BORN.format("year")), "2024")
    hand.tap(children.get_by_role("button", name="保存する", exact=True))
    hand.has_the_focus(sheet.locator(".saved[data-news]"))
    expect(children.locator(".now")).to_contain_text("2024年5月3日")
    has_room(sheet)

    hand.tap(page.get_by_role("button", name="閉じる", exact=True).first)
    expect(page.locator("iframe[name=liff-browser]")).to_have_count(0)
    town.clock.move(120)
    expect(log).to_contain_text("市からのお知らせ")
    expect(log).to_contain_text("お子さん1人")
    assert "2024" not in log.inner_text(), "dates stay out of the chat (R68)"
    if isinstance(sheet, Page):
        sheet.context.close()
    complaints[:] = [one for one in complaints if "status of 422" not in one]
