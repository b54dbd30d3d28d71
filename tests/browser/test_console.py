"""The console in Chromium: the first login, every page with axe, keys, lists that are live."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from madoguchi.testing import TestResident, TestStaff, Town
from madoguchi.testing.staff import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "console" / "src" / "madoguchi_console" / "templates"


@pytest.fixture
def plugins():
    return {"segment": {}, "liff": {}, "console": {}}


def test_the_first_login_with_an_app(gateway, make_staff, page):
    hanako = make_staff("見本 花子", log_in=False)
    page.goto(f"{gateway.pages_url}/mihon/console")
    page.get_by_role("link", name="招待の紙").click()
    page.get_by_label("招待の番号").fill(hanako.slip.lower())
    page.get_by_label("新しいパスワード", exact=False).first.fill(PASSWORD)
    page.get_by_label("もう一度").fill(PASSWORD)
    page.get_by_role("button", name="次へ").click()
    page.get_by_role("link", name="スマートフォンのアプリ").click()
    expect(page.get_by_alt_text("アプリで読み取る画像")).to_be_visible()
    hanako.secret = page.locator("p.code").inner_text().replace(" ", "")
    page.get_by_label("6けたの番号").fill(hanako.app_code())
    page.get_by_role("button", name="登録する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("見本 花子さん")
    page.get_by_role("button", name="ログアウト").click()
    gateway.clock.move(30)
    page.get_by_label("メールアドレス").fill(hanako.mail)
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("button", name="次へ").click()
    page.get_by_label("番号").fill(hanako.app_code())
    page.get_by_role("button", name="ログイン").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("見本 花子さん")


Way = Callable[["Tour"], None]


class Tour:
    """An administrator who may do everything, their browser, and a resident."""

    def __init__(self, town: Town, staff: TestStaff, resident: TestResident, page: Page) -> None:
        self.town, self.staff, self.resident, self.page = town, staff, resident, page

    def goes(self, path: str) -> None:
        self.page.goto(f"{self.town.pages_url}/mihon/console{path}")

    def presses(self, name: str) -> None:
        self.page.locator("main").get_by_role("button", name=name, exact=True).first.click()

    def fills(self, **typed: str) -> None:
        for name, value in typed.items():
            self.page.locator(f"main [name='{name}']").first.fill(value)


def at(path: str) -> Way:
    return lambda tour: tour.goes(path)


def outside(path: str) -> Way:
    def go(tour: Tour) -> None:
        tour.page.context.clear_cookies()
        tour.goes(path)

    return go


def enrolling(how: str) -> Way:
    def go(tour: Tour) -> None:
        newcomer = TestStaff(tour.town, "新しい人", log_in=False)
        tour.page.context.clear_cookies()
        tour.goes(f"/login/welcome?slip={newcomer.slip}")
        tour.fills(password=PASSWORD, again=PASSWORD)
        tour.presses("次へ")
        expect(tour.page.locator(".choices")).to_be_visible()
        tour.goes(f"/login/second?how={how}")

    return go


def refused_login(tour: Tour) -> None:
    outside("/login")(tour)
    tour.fills(mail="nobody@mihon.example", password="wrong")
    tour.presses("次へ")
    expect(tour.page.locator(".trouble[role=alert]")).to_be_visible()


def ask_code(tour: Tour) -> None:
    outside("/login")(tour)
    tour.fills(mail=tour.staff.mail, password=PASSWORD)
    tour.presses("次へ")
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("番号を入力してください")


def wrong_person(tour: Tour) -> None:
    tour.goes("/staff/new")
    tour.fills(name="x", mail="nothing")
    tour.presses("登録する")
    expect(tour.page.locator(".wrong")).to_be_visible()


def slip(tour: Tour) -> None:
    tour.goes("/staff/1")
    tour.presses("招待の紙を作る")
    expect(tour.page.locator(".slip")).to_be_visible()


def look(tour: Tour) -> None:
    tour.goes("/settings/city")
    tour.fills(phone="0100-00-2222")
    tour.page.get_by_role("button", name="影響を確かめる").last.click()
    expect(tour.page.get_by_role("heading", name="変わるところ")).to_be_visible()


def grow(tour: Tour) -> None:
    tour.goes("/settings/segment")
    tour.page.get_by_role("button", name="を足す").first.click()
    expect(tour.page.locator("details[open]")).to_have_count(1)


def resident(tour: Tour) -> None:
    tour.goes("/residents")
    tour.fills(number="1", words="登録内容の訂正の請求")
    tour.page.get_by_label("理由").select_option("paper")
    tour.page.get_by_role("button", name="開く").last.click()
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("登録番号 1")


def erase(tour: Tour) -> None:
    resident(tour)
    tour.page.get_by_role("link", name="本人に頼まれて消す").click()
    expect(tour.page.get_by_role("button", name="消す", exact=True)).to_be_visible()


def erased(tour: Tour) -> None:
    erase(tour)
    tour.fills(again="1")
    tour.presses("消す")
    expect(tour.page.get_by_role("heading", level=1)).to_contain_text("消しました")


def kept(tour: Tour) -> None:
    tour.staff.opens("/sections")
    tour.staff.waits(31 * 60)
    tour.staff.submits({"name": "書きかけの課"}, "作る")
    tour.staff.logs_in()
    tour.page.context.add_cookies(tour.staff.browser.session())
    tour.goes("/me/kept")
    expect(tour.page.get_by_text("書きかけの課")).to_be_visible()


def foreign(tour: Tour) -> None:
    address = f"{tour.town.pages_url}/mihon/console/me/kept"
    tour.page.goto("about:blank")
    tour.page.set_content(f'<form method="post" action="{address}"><button>送る</button></form>')
    tour.page.get_by_role("button").click()
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("受け付けられませんでした")


def forbidden(tour: Tour) -> None:
    tour.page.context.add_cookies(TestStaff(tour.town, "権限のない人").browser.session())
    tour.goes("/staff")
    expect(tour.page.get_by_role("heading", level=1)).to_have_text("このページは開けません")


def change_second(tour: Tour) -> None:
    tour.goes("/me/second?how=app")
    tour.fills(password_now=PASSWORD)
    tour.presses("次へ")
    expect(tour.page.locator(".qr")).to_be_visible()


PAGES: dict[str, list[Way]] = {
    "home": [at("")],
    "kept": [kept],
    "list": [at("/staff"), at("/audit"), at("/staff?q=%E3%81%AA%E3%81%84")],
    "person_new": [at("/staff/new"), wrong_person],
    "person": [at("/staff/1")],
    "slip": [slip],
    "sections": [at("/sections")],
    "section": [at("/sections/1")],
    "me": [at("/me")],
    "ask_password": [at("/me/second?how=paper")],
    "settings": [at("/settings")],
    "settings_form": [at("/settings/city"), at("/settings/segment"), at("/settings/console"), grow],
    "settings_look": [look],
    "settings_history": [at("/settings/city/history")],
    "words": [at("/unanswered")],
    "calendar": [at("/calendar")],
    "residents": [at("/residents")],
    "resident": [resident],
    "resident_erase": [erase],
    "resident_erased": [erased],
    "missing": [at("/staff/999")],
    "foreign": [foreign],
    "login": [outside("/login"), refused_login],
    "code": [ask_code],
    "welcome": [outside("/login/welcome")],
    "second": [enrolling("app"), enrolling("paper"), enrolling(""), change_second],
    "forbidden": [forbidden],
}
"""Ways to each template of the console."""


def test_no_template_of_the_console_is_left_out():
    sources = {file.stem: file.read_text("utf-8") for file in TEMPLATES.rglob("*.html")}
    parts = {
        name
        for text in sources.values()
        for name in re.findall(r'% \w+ "console/(\w+)\.html"', text)
    }
    assert sources.keys() - parts == PAGES.keys() - parts


def test_every_page_of_staff(gateway, window, staff, look_over):
    hanako = TestResident(gateway)
    hanako.says("でんちの捨て方")
    for template, ways in PAGES.items():
        for number, way in enumerate(ways):
            window.add_cookies(staff.browser.session())
            page = window.new_page()
            way(Tour(gateway, staff, hanako, page))
            look_over(page, f"{template} {number}")
            page.close()


def test_keys_go_through_a_list_and_back(gateway, make_staff, page):
    staff = make_staff("管理 花子", admin=True)
    for name in ("あ", "い", "う"):
        make_staff(f"職員{name}", log_in=False)
    page.context.add_cookies(staff.browser.session())
    page.goto(f"{gateway.pages_url}/mihon/console/staff?sort=name")
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("tr.chosen")).to_contain_text("職員あ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("職員あ")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("職員")
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.get_by_label("課・係")).to_be_focused()


@pytest.mark.parametrize("way", ["stream", "polling"])
def test_a_list_is_live(gateway, make_staff, page, way):
    staff, other = (make_staff(name, admin=True) for name in ("管理 花子", "管理 太郎"))
    page.context.add_cookies(staff.browser.session())
    if way == "polling":
        page.add_init_script("delete window.EventSource")
    page.goto(f"{gateway.pages_url}/mihon/console/staff")
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)
    other.opens("/staff/new")
    other.submits({"name": "新しい人", "mail": "new@mihon.example"}, "登録する")
    expect(page.get_by_role("link", name="新しい人")).to_be_visible()


def test_without_javascript_everything_works(gateway, browser, make_staff):
    context = browser.new_context(java_script_enabled=False, locale="ja-JP")
    staff = make_staff("管理 花子", admin=True)
    context.add_cookies(staff.browser.session())
    page = context.new_page()
    page.goto(f"{gateway.pages_url}/mihon/console/settings/city")
    page.locator("[name=phone]").fill("0100-00-3333")
    page.get_by_role("button", name="影響を確かめる").last.click()
    page.get_by_role("button", name="変える").click()
    expect(page.locator(".news")).to_have_text("保存しました。")
    context.close()
