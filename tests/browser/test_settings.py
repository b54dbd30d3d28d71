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


# As many topics as a large city has, in each language


LABELS = {
    "ja": ("市からのお知らせ", "健診・予防接種・こどもの医療費助成のお知らせ"),
    "ja-easy": (
        "市《し》からの お知《し》らせ",
        "子《こ》どもの 病気《びょうき》の 注射《ちゅうしゃ》",
    ),
    "en": ("City news", "Check-ups, vaccinations and children's medical expenses"),
}
AREAS = [
    {"id": f"a{n}", "label": f"見本町{n}丁目", "school": f"見本市立第{n}小学校"}
    for n in range(1, 41)
]
NAMES = {"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}
BORN = "#f-children-0-birthdate-{}"


def many_topics(count: int) -> list[dict]:
    return [
        {
            "id": f"t{n}",
            "label": {code: f"{both[n % 2]} {n}" for code, both in LABELS.items()},
            "hint": {code: both[1] for code, both in LABELS.items()},
        }
        for n in range(count)
    ]


def has_room(page: Page, name: str) -> None:
    wide = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide[0] <= wide[1], f"{name} scrolls sideways: {wide}"


@pytest.mark.parametrize(
    ("language", "count"), [("ja-easy", 30), pytest.param("en", 4, marks=pytest.mark.slow)]
)
def test_four_to_thirty_topics_at_320_px_and_twice_as_large(
    make_town, page, look_over, complaints, language, count
):
    settings = {"topics": many_topics(count), "areas": AREAS}
    town = make_town({"liff": {}, "segment": {"settings": settings}})
    hanako = TestResident(town)
    hanako.taps(NAMES[language])
    hanako.opens("/liff")
    page.set_viewport_size({"width": 320, "height": 640})
    page.context.add_cookies(hanako.browser.session())
    address = f"{town.pages_url}/mihon/liff/form/segment/settings"
    page.goto(address)
    boxes = page.locator("#row-topics input[type=checkbox]")
    expect(boxes).to_have_count(count)
    look_over(page, f"{language}: {count} topics")
    for n in range(count):
        boxes.nth(n).check()
    page.locator("#row-topics button.go:not([hidden])").first.click()
    expect(page.locator(".saved[data-news]")).to_be_focused()
    look_over(page, f"{language}: {count} topics are set")
    for row in ("living", "area", "age", "sex"):
        page.goto(f"{address}?q={row}")
        expect(page.locator(f"#row-{row} .purpose h2")).to_be_visible()
        look_over(page, f"{language} {row}")
    page.goto(f"{address}?q=children")
    for part, number in (("year", "2024"), ("month", "13"), ("day", "3")):
        page.locator(BORN.format(part)).fill(number)
    page.locator("#row-children button.go:not([hidden])").first.click()
    expect(page.get_by_role("alert")).to_be_focused()
    look_over(page, f"{language} children, wrong")
    tops = [page.locator(BORN.format(part)).bounding_box()["y"] for part in ("year", "day")]
    assert tops[0] == tops[1], "a date stands in one line"
    page.locator(BORN.format("month")).fill("5")
    page.locator("#row-children button.go:not([hidden])").first.click()
    expect(page.locator(".saved[data-news]")).to_be_focused()
    page.goto(f"{address}?q=area")
    page.locator("#row-area details.purpose summary").click()
    look_over(page, f"{language} area, its purpose looked up")
    for row in ("topics", "area", "children"):
        page.goto(f"{address}?q={row}")
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        has_room(page, f"{language} {row}, twice as large")
    complaints[:] = [one for one in complaints if "status of 422" not in one]
