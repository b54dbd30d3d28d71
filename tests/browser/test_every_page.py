"""axe on every page there is: each language, with a mistake and without, narrow.

`PAGES`, `MINE` and `PHONE` name each template; one that nobody opens fails the first test.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from madoguchi.testing import TestResident, Town
from madoguchi.testing.town import LIFF_ID

ROOT = Path(__file__).resolve().parents[2]
REPORT, SETTINGS = "/liff/form/everything/report", "/liff/form/everything/settings"
BROKEN = """
from madoguchi import OpenPage, hookimpl

def fail(request):
    raise ValueError("broken on purpose")

@hookimpl
def register_pages():
    return [OpenPage("/page", fail)]
"""


@dataclass
class Tour:
    """A browser with Hanako's session, and Hanako's pages filled in without it."""

    town: Town
    hanako: TestResident
    page: Page

    def goes(self, path: str) -> None:
        """Open a page of the gateway with Hanako's session."""
        self.hanako.opens("/liff")
        self.page.context.add_cookies(self.hanako.browser.session())
        self.page.goto(f"{self.town.pages_url}/{self.town.name}{path}")

    def fills(self, note: str) -> None:
        """Answer all questions of the report."""
        answers = {
            "kind": {"kind": "hole"},
            "place": {"place.address": "本町1-1"},
            "photos": {"skip": "1"},
            "note": {"note": note},
        }
        for question, typed in answers.items():
            self.hanako.opens(f"{REPORT}?q={question}")
            self.hanako.submits(typed)


def ask(tour: Tour) -> None:
    tour.goes(f"{REPORT}?q=kind")


def ask_again(tour: Tour) -> None:
    ask(tour)
    tour.page.locator("main button.go").first.click()
    expect(tour.page.locator("main .errors[data-news]")).to_be_visible()


def check(tour: Tour) -> None:
    tour.fills("穴があります")
    tour.goes(f"{REPORT}?from=check")


def fail(tour: Tour) -> None:
    tour.fills("壊れる")
    tour.goes(f"{REPORT}?from=check")
    tour.page.locator("button[name=send]").click()
    expect(tour.page.locator(".answers")).to_have_count(0)


def finish(tour: Tour) -> None:
    check(tour)
    tour.page.locator("button[name=send]").click()
    expect(tour.page.locator(".done")).to_be_visible()


def set_wrongly(tour: Tour) -> None:
    tour.goes(f"{SETTINGS}?q=nick")
    tour.page.locator("#f-nick").fill("とても長い呼び名")
    tour.page.locator("#row-nick button.go:not([hidden])").first.click()
    expect(tour.page.locator("main .errors[data-news]")).to_be_visible()


def post_from_elsewhere(tour: Tour) -> None:
    address = f"{tour.town.pages_url}/mihon/liff/language"
    tour.page.goto("about:blank")
    tour.page.set_content(f'<form method="post" action="{address}"><button>送る</button></form>')
    tour.page.get_by_role("button").click()
    expect(tour.page.locator("footer.help")).to_be_visible()


def show_number(tour: Tour) -> None:
    tour.goes("/liff/mine/counter")
    tour.page.locator("main button.go").first.click()
    expect(tour.page.locator(".digits")).to_be_visible()


def leave(tour: Tour) -> None:
    tour.goes("/liff")
    tour.page.locator(".help button").click()
    expect(tour.page.locator(".help button")).to_have_count(0)


def meet(trouble: str) -> Callable[[Tour], None]:
    """The entrance, as it ends with this trouble."""

    def open_entrance(tour: Tour) -> None:
        page, body = tour.page, f'{{"trouble": "{trouble}"}}' if trouble != "cookies" else "{}"
        tour.page.context.clear_cookies(name=f"madoguchi-{tour.town.name}-liff")
        page.route("**/liff/session", lambda route: route.fulfill(status=200, body=body))
        page.add_init_script("sessionStorage.madoguchi = JSON.stringify([Date.now(), 9])")
        page.goto(f"{tour.town.pages_url}/mihon/liff")
        expect(page.locator(f"[data-trouble={trouble}]")).to_be_visible()

    return open_entrance


PAGES: dict[str, list[Callable[[Tour], None]]] = {
    "liff/counter.html": [show_number],
    "liff/home.html": [lambda tour: tour.goes("/liff")],
    "liff/about.html": [lambda tour: tour.goes("/liff/about")],
    "liff/question.html": [ask, ask_again],
    "liff/check.html": [check],
    "liff/done.html": [finish],
    "liff/failed.html": [fail],
    "liff/settings.html": [lambda tour: tour.goes(f"{SETTINGS}?q=children"), set_wrongly],
    "liff/missing.html": [lambda tour: tour.goes("/liff/form/everything/nothing")],
    "liff/foreign.html": [post_from_elsewhere],
    "liff/left.html": [leave],
    "liff/entrance.html": [*map(meet, ("refused", "expired", "unavailable", "cookies"))],
}
"""Ways to the pages of residents, by template."""
MINE = {
    f"liff/{name}.html" for name in ("mine", "copy", "file", "used", "receive", "erase", "erased")
}
"""わたしの情報, which `test_own_data` opens in each language."""
PHONE = {
    *("phone.html", "choose.html", "consent.html", "answered.html", "refused.html"),
    "mailbox.html",
}
"""The simulator's pages, which `test_the_phone_and_lines_own_pages` opens."""
GARBAGE = {
    f"garbage_bot/{name}.html"
    for name in ("item", "list", "area", "month_mine", "month_open", "reminders")
}
"""What test_garbage_list.py and test_garbage.py open."""


def test_no_template_is_left_out():
    """Those that others extend or import are seen with them."""
    folders = [*ROOT.glob("*/src/*/templates"), *ROOT.glob("plugins/*/src/*/templates")]
    sources = {
        str(file.relative_to(folder)): file.read_text("utf-8")
        for folder in folders
        for file in folder.rglob("*.html")
    }
    parts = {name for text in sources.values() for name in re.findall(r'% \w+ "([^"]+)"', text)}
    staffs = re.compile("console/|segment/|.*/console/")
    residents = {name for name in sources if not staffs.match(name)}
    assert residents - parts == PAGES.keys() | MINE | PHONE | GARBAGE


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 320, "height": 700}, locale="ja-JP")
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    yield context
    context.close()


@pytest.fixture
def town(make_town, install_plugin, everything) -> Town:
    install_plugin("everything", everything)
    install_plugin("broken", BROKEN)
    return make_town({"everything": {}, "broken": {}, "liff": {}})


def log_in(town: Town, page: Page) -> None:
    """LINE knows this browser from now on."""
    page.goto(f"{town.pages_url}/mihon/liff")
    page.get_by_role("link", name="花子").click()
    page.get_by_role("button", name="許可する", exact=True).click()
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)


@pytest.mark.parametrize(
    "language", ["ja-easy", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ja", "en"))]
)
def test_every_page_of_residents(town, context, look_over, language):
    hanako = TestResident(town)
    hanako.taps({"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}[language])
    log_in(town, context.new_page())
    for template, ways in PAGES.items():
        for number, way in enumerate(ways):
            page = context.new_page()
            way(Tour(town, hanako, page))
            root = page.locator("html")
            expect(root).to_have_attribute("lang", "en" if language == "en" else "ja")
            expect(page.locator("html.easy")).to_have_count(int(language == "ja-easy"))
            look_over(page, f"{language} {template} {number}")
            page.close()


def test_pages_for_when_nothing_else_can_be_shown(town, context, look_over):
    page = context.new_page()
    for path, title in {
        "/mihon/nothing": "ページが見つかりません",
        "/mihon/liff/session": "ページが見つかりません",
        "/nowhere": "ページが見つかりません",
        "/mihon/broken/page": "うまく表示できませんでした",
    }.items():
        page.goto(f"{town.pages_url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator("[lang=en] h2")).to_be_visible()
        expect(page.locator("section.easy h2")).to_be_visible()
        assert page.get_by_role("link", name="0100-00-0000").count() == ("mihon" in path)
        look_over(page, f"sorry {path}")


def test_the_phone_and_lines_own_pages(town, context, look_over):
    hanako = TestResident(town)
    page = context.new_page()
    page.goto(f"{town.platform}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look_over(page, "people", has_large_targets=False)
    page.goto(f"{town.platform}/?resident={hanako.user_id}")
    expect(page.get_by_role("log")).to_contain_text("見本市です。")
    look_over(page, "phone", has_large_targets=False)
    page.goto(f"{town.platform}/mailbox")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look_over(page, "mailbox")
    page.goto(f"{town.platform}/?resident={hanako.user_id}")
    hanako.says(f"{town.platform}/{LIFF_ID}")
    page.get_by_role("log").get_by_role("link").last.click()
    sheet = page.locator("iframe[name=liff-browser]")
    expect(sheet.content_frame.get_by_role("heading", level=1)).to_be_visible()
    look_over(page, "sheet", has_large_targets=False)
    consent = sheet.evaluate("frame => frame.contentWindow.location.href")
    page.goto(consent)
    expect(page.get_by_role("heading", level=1)).to_contain_text("に許可しますか")
    look_over(page, "consent", has_large_targets=False)
    page.get_by_role("button", name="許可しない").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("許可しませんでした")
    look_over(page, "answered", has_large_targets=False)
    page.goto(f"{town.platform}/0000000000-nothing0")
    expect(page.get_by_role("heading", level=1)).to_have_text("このページは開けません")
    look_over(page, "refused", has_large_targets=False)
    page.goto(f"{town.pages_url}/mihon/liff")
    expect(page.get_by_role("heading", level=1)).to_have_text("どなたですか")
    look_over(page, "choose", has_large_targets=False)
