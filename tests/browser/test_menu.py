"""The rich menu on the phone, in three languages: made from tiles, published, tapped."""

import pytest
from playwright.sync_api import expect

from madoguchi.menu import publishing
from madoguchi.testing import TestResident

WHO = {"kind": "system", "id": "cli:test", "label": "試験"}
TILES = {
    "日本語": ["お知らせの受け取り設定", "ことば / Language", "電話する"],
    "やさしい日本語": ["お知らせを えらぶ", "ことば / Language", "電話を する"],
    "English": ["News you get", "ことば / Language", "Call the city"],
}
TOPICS = [{"id": "city", "label": "市からのお知らせ"}]


@pytest.fixture
def town(make_town):
    town = make_town({"liff": {}, "segment": {"settings": {"topics": TOPICS}}})
    publish = publishing.deeds(town.running.services)["menu.publish"]
    while not town.wait(publish(actor=WHO)):
        pass
    return town


def test_the_menu_follows_the_language(town, page, complaints):
    hanako = TestResident(town)
    page.goto(f"{town.platform}/?resident={hanako.user_id}")
    menu = page.get_by_role("group", name="リッチメニュー")
    buttons = menu.get_by_role("button")
    for language, labels in TILES.items():
        hanako.says(language)
        for number, label in enumerate(labels):
            expect(buttons.nth(number)).to_have_accessible_name(label)
        expect(buttons).to_have_count(len(labels))
        expect(menu.locator("img")).to_have_js_property("naturalWidth", 2500)
    menu.get_by_role("button", name="ことば / Language").click()
    expect(page.get_by_text("Please choose your language.").last).to_be_visible()
    menu.get_by_role("button", name="News you get").click()
    sheet = page.frame_locator("iframe[name=liff-browser]")
    expect(sheet.get_by_role("button", name="許可する", exact=True)).to_be_visible()
    assert complaints == []
