"""わたしの情報 in Chromium: by keyboard, without scripts, in three languages."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from madoguchi.testing import TestResident, Town

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = (ROOT / "liff" / "tests" / "everything.py").read_text("utf-8")
PATIENCE = 30_000
LANGUAGES = {"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}
TILL = """
from datetime import date
from madoguchi import Erased, Kept, PluginInfo, Record, hookimpl

@hookimpl
def plugin_info():
    return PluginInfo("手数料", "手数料を受け取ります。", {"領収書": "会計のため。5年"})

@hookimpl
def export_personal_data(resident):
    return [Record("領収書", {"番号": f"{number}"}) for number in range(30)]

@hookimpl
def erase_personal_data(resident):
    return Erased({"お知らせ": 2}, [Kept("領収書", "地方自治法", date(2031, 3, 31))])
"""


@pytest.fixture
def town(make_town: Callable[..., Town], install_plugin: Callable) -> Town:
    install_plugin("everything", EVERYTHING)
    install_plugin("till", TILL)
    return make_town({"everything": {}, "till": {}, "liff": {}})


@pytest.fixture
def hanako(town: Town) -> TestResident:
    """Somebody who told us something."""
    who = TestResident(town)
    who.says("こんにちは")
    settings = "/mihon/liff/form/everything/settings"
    who.opens("/liff/form/everything/settings")
    who.browser.posts(f"{settings}?q=topics", [("topics", "child"), ("topics", "garbage")])
    born = [("children.0.born.year", "2024"), ("children.0.born.month", "5")]
    who.browser.posts(f"{settings}?q=children", [*born, ("children.0.born.day", "3")])
    return who


@pytest.fixture
def open_page(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    """A page of a phone, with this resident's session."""
    expect.set_options(timeout=PATIENCE)
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def note(text: str) -> None:
        if not re.search(r"status of (422|410|404)", text):
            troubles.append(text)

    def make(who: TestResident | None, width: int = 390, **options: object) -> Page:
        size = {"width": width, "height": 800}
        context = browser.new_context(viewport=size, locale="ja-JP", **options)
        contexts.append(context)
        if who is not None:
            who.opens("/liff")
            context.add_cookies(who.browser.session())
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and note(said.text))
        page.on("pageerror", lambda error: note(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not troubles


def address(town: Town, path: str) -> str:
    return f"{town.pages_url}/mihon/liff{path}"


def improved(page: Page) -> None:
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)
    page.wait_for_function("() => window.htmx !== undefined")


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def look_over(page: Page, name: str, folder: Path) -> None:
    """axe finds nothing, nothing scrolls sideways, every target is large enough."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide[0] <= wide[1], f"{name} scrolls sideways: {wide}"
    small = page.evaluate(
        """() => [...document.querySelectorAll('a, button, summary, input')]
        .filter((node) => node.offsetParent && !node.classList.contains('skip'))
        .map((node) => node.closest('label.option, .rows summary') ?? node)
        .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.height < 44 || box.width < 44))
        .map(([html, box]) => `${html} ${box.width}×${box.height}`)"""
    )
    assert not small, f"{name}: {small}"


@pytest.mark.parametrize(
    ("language", "width"),
    [
        ("ja", 390),
        ("ja-easy", 320),
        *(
            pytest.param(language, width, marks=pytest.mark.slow)
            for language, width in [("ja", 320), ("ja-easy", 390), ("en", 320), ("en", 390)]
        ),
    ],
)
def test_every_page_in_every_language(town, hanako, open_page, language, width, tmp_path):
    def look(page: Page, name: str) -> None:
        look_over(page, f"{language}-{width}-{name}", tmp_path)

    page = open_page(hanako, width)
    page.goto(address(town, "/mine"))
    page.locator(".tongues summary").click()
    page.get_by_role("button", name=LANGUAGES[language], exact=True).click()
    expect(page.locator("html.easy")).to_have_count(1 if language == "ja-easy" else 0)
    look(page, "mine")
    for summary in page.locator("main summary").all():
        summary.click()
    look(page, "mine-open")
    page.goto(address(town, "/mine/copy"))
    look(page, "copy")
    page.locator("main button.go").click()
    expect(page.locator("[data-external]")).to_be_visible()
    look(page, "copy-ready")
    other = open_page(None, width)
    other.goto(town.pages_url + page.locator("[data-external]").get_attribute("href"))
    look(other, "receive")
    with other.expect_download():
        other.locator("main button.go").click()
    other.reload()
    expect(other.locator("main button.go")).to_have_count(0)
    look(other, "used")
    page.goto(address(town, "/mine/copy"))
    look(page, "copy-taken")
    page.goto(address(town, "/mine/erase"))
    look(page, "erase")
    page.locator("main button.go").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "erase-unsure")
    page.locator("#sure").check()
    page.locator("main button.go").click()
    expect(page.locator(".done")).to_be_visible()
    look(page, "erased")


def test_the_way_with_htmx(town, hanako, open_page):
    """From home to the copy and to the end; another browser opens the copy."""
    page = open_page(hanako)
    page.goto(address(town, ""))
    improved(page)
    page.get_by_role("link", name="わたしの情報を見る、消す").click()
    heading(page, "わたしの情報")
    page.get_by_text("登録された内容").first.click()
    expect(page.get_by_text("ごみ、子育て")).to_be_visible()
    page.get_by_role("link", name="写しを受け取る").click()
    page.get_by_role("button", name="写しを用意する").click()
    link = page.get_by_role("link", name="受け取る画面を開く")
    expect(link).to_be_visible()
    other = open_page(None)
    other.goto(town.pages_url + link.get_attribute("href"))
    with other.expect_download() as waiting:
        other.get_by_role("button", name="写しを受け取る").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        read = archive.read("index.html").decode()
    assert "ごみ、子育て" in read
    assert "2024年5月3日（金）" in read
    page.get_by_role("link", name="戻る").click()
    heading(page, "わたしの情報")
    page.get_by_role("link", name="すべて消す").click()
    heading(page, "すべて消す")
    page.get_by_label("元にもどせないことが、わかりました。").check()
    page.get_by_role("button", name="すべて消す").dblclick()
    heading(page, "消しました")
    assert hanako.hears()[-1] == "お預かりしていた情報を消しました。"
    page.reload()
    heading(page, "消しました")
    assert not [one for one in page.context.cookies() if one["name"] == "madoguchi-mihon-liff"]


def test_the_file_looks_right_by_itself(town, hanako, open_page, tmp_path):
    page = open_page(hanako)
    page.goto(address(town, "/mine/copy"))
    page.get_by_role("button", name="写しを用意する").click()
    other = open_page(None)
    other.goto(town.pages_url + page.locator("[data-external]").get_attribute("href"))
    with other.expect_download() as waiting:
        other.get_by_role("button", name="写しを受け取る").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        archive.extract("index.html", tmp_path)
    other.goto((tmp_path / "index.html").as_uri())
    heading(other, "わたしの情報")
    look_over_file(other, tmp_path)


def look_over_file(page: Page, folder: Path) -> None:
    page.screenshot(path=folder / "file.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_without_scripts(town, hanako, open_page):
    page = open_page(hanako, 320, java_script_enabled=False)
    page.goto(address(town, "/mine"))
    page.get_by_role("link", name="写しを受け取る").click()
    page.get_by_role("button", name="写しを用意する").click()
    page.get_by_role("link", name="受け取る画面を開く").click()
    with page.expect_download():
        page.get_by_role("button", name="写しを受け取る").click()
    page.goto(address(town, "/mine"))
    page.get_by_role("link", name="すべて消す").click()
    page.get_by_role("button", name="すべて消す").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("元にもどせないことが、わかりました。").check()
    page.get_by_role("button", name="すべて消す").click()
    heading(page, "消しました")


def test_by_keyboard_alone(town, hanako, open_page):
    page = open_page(hanako)
    page.goto(address(town, "/mine/erase"))
    improved(page)

    def tab_to(script: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(script):
                return
        raise AssertionError(f"nothing is {script}")

    button = "document.activeElement.matches('button.grave')"
    tab_to(button)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#sure")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#sure")).to_be_checked()
    tab_to(button)
    page.keyboard.press("Enter")
    heading(page, "消しました")


def test_r60_inside_of_line_the_copy_opens_outside(make_town, browser):
    """From the chat: LINE's sheet opens わたしの情報, and the address in another window."""
    topics = [{"id": "city", "label": "市からのお知らせ"}]
    town = make_town({"liff": {}, "segment": {"settings": {"topics": topics}}})
    taro = TestResident(town, "太郎")
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    phone = context.new_page()
    phone.set_default_timeout(PATIENCE)
    phone.goto(f"{town.platform}/?resident={taro.user_id}")
    phone.get_by_label("メッセージ", exact=True).fill("メニュー")
    phone.keyboard.press("Enter")
    phone.get_by_text("お知らせの受け取り設定", exact=True).last.click()
    sheet = phone.frame_locator("iframe")
    sheet.get_by_role("button", name="許可する", exact=True).click()
    sheet.get_by_role("link", name="わたしの情報を見る、消す").click()
    sheet.get_by_role("link", name="写しを受け取る").click()
    sheet.get_by_role("button", name="写しを用意する").click()
    with context.expect_page() as waiting:
        sheet.get_by_role("link", name="受け取る画面を開く").click()
    outside = waiting.value
    with outside.expect_download():
        outside.get_by_role("button", name="写しを受け取る").click()
    context.close()
