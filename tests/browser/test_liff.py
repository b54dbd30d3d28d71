"""Residents' pages in Chromium: as LINE opens them, by keyboard, large, narrow, without scripts."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import func, select

from madoguchi.tables import submission
from madoguchi.testing import TestResident, Town
from madoguchi.testing.town import LIFF_ID

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10_000
PHOTO = {"name": "a.png", "mimeType": "image/png"}
LANGUAGES = {"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}


@pytest.fixture
def town(make_town: Callable[..., Town], install_plugin: Callable, everything: str) -> Town:
    install_plugin("everything", everything)
    return make_town({"everything": {}, "liff": {}})


@pytest.fixture
def hanako(town: Town) -> TestResident:
    return TestResident(town)


@pytest.fixture
def open_page(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    """Open Chromium on a phone: it may talk to this machine alone and complains of nothing."""
    expect.set_options(timeout=PATIENCE)
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def note(text: str) -> None:
        # Pages with a mistake, and those that are not there, are so on purpose.
        if not re.search(r"status of (422|401|404)", text):
            troubles.append(text)

    def make(width: int = 390, resident: TestResident | None = None, **options: object) -> Page:
        size = {"width": width, "height": 700}
        context = browser.new_context(viewport=size, locale="ja-JP", **options)
        contexts.append(context)
        if resident is not None:
            resident.opens("/liff")
            context.add_cookies(resident.browser.session())
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        context.on("request", lambda r: urlsplit(r.url).hostname != "127.0.0.1" and note(r.url))
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
    """Wait until LINE's SDK and htmx are there."""
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(1)
    page.wait_for_function("() => window.htmx !== undefined")


def next_page(page: Page, button: str = "次へ") -> None:
    page.get_by_role("button", name=button, exact=True).click()


def press(page: Page, within: str = "main") -> None:
    """Press the button that sends."""
    page.locator(f"{within} button.go:not([type=button])").first.click()


def submissions(town: Town) -> int:
    def count(db):
        return db.execute(select(func.count(submission.c.id))).scalar_one()

    return town.wait(town.running.store.read(count))


def fill_report(page: Page) -> None:
    page.get_by_label("あぶない").check()
    next_page(page)
    page.get_by_label("住所や目印").fill("本町1-1")
    next_page(page)
    next_page(page, "答えずに次へ")
    page.get_by_label("ほかに伝えたいこと").fill("穴があります")
    next_page(page)
    page.get_by_label("連絡先の電話番号").fill("090-9876-5432")
    next_page(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("答えを確かめて、送ってください")


def test_from_the_chat_into_a_page_and_back(make_town, install_plugin, browser):
    """A friend, a word, a button: LINE opens the page in a sheet; the chat has the last word.

    The account has it: nothing is sent in the resident's name (R61).
    """
    install_plugin("chatty", (ROOT / "liff" / "tests" / "chatty.py").read_text("utf-8"))
    town = make_town({"chatty": {}, "liff": {}})
    hanako = TestResident(town)
    hanako.says("通報")
    hanako.taps("穴")
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    phone = context.new_page()
    phone.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    phone.on("console", lambda said: said.type == "error" and troubles.append(said.text))
    phone.on("pageerror", lambda error: troubles.append(str(error)))
    phone.goto(f"{town.platform}/?resident={hanako.user_id}")
    phone.get_by_role("log").get_by_role("link").or_(
        phone.get_by_role("log").get_by_role("button", name="ページ")
    ).last.click()
    sheet = phone.frame_locator("iframe[name=liff-browser]")
    sheet.get_by_role("button", name="許可する", exact=True).click()
    heading = sheet.get_by_role("heading", level=1)
    expect(heading).to_have_text("電話番号は何番ですか")
    expect(sheet.get_by_text("お預かりする情報")).to_be_visible()
    sheet.get_by_label("電話番号は何番ですか").fill("090-9876-5432")
    sheet.get_by_role("button", name="次へ", exact=True).click()
    sheet.get_by_role("button", name="送る", exact=True).click()
    expect(heading).to_have_text("受け付けました")
    sheet.get_by_role("button", name="閉じて、トークに戻る").click()
    expect(phone.locator("iframe[name=liff-browser]")).to_have_count(0)
    expect(phone.get_by_role("log")).to_contain_text("受け付けました。")
    assert "090-9876-5432" not in phone.get_by_role("log").inner_text()
    assert [one["via"] for one in hanako.chat() if one["from"] == "bot"][-1] == "push"
    typed = [one["message"].get("text") for one in hanako.chat() if one["from"] == "resident"]
    assert typed == ["通報", "穴"]
    context.close()
    assert not troubles


@pytest.mark.parametrize("width", [390, 320])
def test_a_form_with_htmx(town, hanako, open_page, width):
    page = open_page(width, hanako)
    page.goto(address(town, "/form/everything/report"))
    improved(page)
    page.evaluate("window.stays = true")
    fill_report(page)
    assert page.evaluate("window.stays"), "pages were swapped, not loaded"
    page.go_back()
    expect(page.get_by_label("連絡先の電話番号")).to_have_value("090-9876-5432")
    page.wait_for_load_state("networkidle")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("答えを確かめて、送ってください")
    page.get_by_role("button", name="送る").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("受け付けました")
    assert submissions(town) == 1
    assert hanako.hears() == ["受け付けました。番号は1です。"]
    page.reload()
    expect(page.get_by_text("受付番号：1")).to_be_visible()
    assert submissions(town) == 1


def test_r57_until_lines_sdk_has_run_nothing_moves_and_the_page_works(town, hanako, open_page):
    """A slow SDK: no `pushState`, no htmx, and what is pressed is sent as without scripts."""
    page = open_page(390, hanako)
    held: list[Route] = []
    page.route("**/sdk.js", lambda route: held.append(route))
    page.add_init_script("""
      window.moved = [];
      for (const name of ["pushState", "replaceState"]) {
        const own = history[name];
        history[name] = (...given) => { moved.push(name); return own.apply(history, given); };
      }""")
    path = address(town, "/form/everything/report?q=kind")
    page.goto(path, wait_until="commit")
    page.get_by_label("あぶない").check()
    page.wait_for_function("() => document.querySelector('script[src$=\"sdk.js\"]')")
    assert page.evaluate("[moved, location.href, typeof htmx]") == [[], path, "undefined"]
    page.get_by_role("button", name="次へ", exact=True).click(no_wait_after=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("場所を教えてください")
    expect(page.locator("body[hx-boost\\:inherited]")).to_have_count(0)
    assert page.evaluate("moved") == []
    while len(held) < 2:
        page.wait_for_timeout(50)
    held[-1].continue_()
    improved(page)
    page.evaluate("window.stays = true")
    page.get_by_label("住所や目印").fill("本町1-1")
    next_page(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("写真を送ってください")
    assert page.evaluate("window.stays && moved.includes('pushState')"), "from now on it may"


def test_a_form_without_scripts(town, hanako, open_page):
    page = open_page(320, hanako, java_script_enabled=False)
    page.goto(address(town, "/form/everything/report"))
    next_page(page)
    expect(page.get_by_role("alert")).to_be_visible()
    fill_report(page)
    next_page(page, "送る")
    expect(page.get_by_role("heading", level=1)).to_have_text("受け付けました")
    assert submissions(town) == 1


def test_by_keyboard_alone(town, hanako, open_page):
    page = open_page(390, hanako)
    page.goto(address(town, "/form/everything/report"))
    improved(page)
    focused = "document.activeElement.{}"

    def tab_to(words: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if words in page.evaluate("document.activeElement.innerText ?? ''"):
                return
        raise AssertionError(f"nothing says {words!r}")

    page.keyboard.press("Tab")
    assert page.evaluate(focused.format("className")) == "skip"
    page.keyboard.press("Enter")
    tab_to("次へ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("道路の穴")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("あぶない")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("場所を教えてください")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("本町1-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("写真を送ってください")


def test_one_topic_in_three_taps_from_a_link(town, hanako, open_page):
    """Row, box, save; the link in the chat opens the row already."""
    page = open_page(390, hanako)
    page.goto(address(town, "/form/everything/settings?q=topics"))
    page.get_by_label("ごみ").check()
    next_page(page, "保存する")
    expect(page.get_by_text("保存しました：")).to_be_focused()
    expect(page.locator("#row-topics .now")).to_have_text("ごみ")


# What every page has to be, in every language, with mistakes and without


ANSWERS: dict[str, Callable[[Page], None]] = {
    "choice": lambda page: page.locator("#f-choice").check(),
    "choices": lambda page: page.locator("#f-choices").check(),
    "text": lambda page: page.locator("#f-text").fill("こんにちは"),
    "kana": lambda page: page.locator("#f-kana").fill("みほん"),
    "long": lambda page: page.locator("#f-long").fill("長い\n話"),
    "number": lambda page: page.locator("#f-number").fill("三人"),
    "date": lambda page: fill_date(page, "date", "令和8", "12", "1"),
    "born": lambda page: fill_date(page, "born", "平成元", "1", "8"),
    "phone": lambda page: page.locator("#f-phone").fill("090-1234-5678"),
    "email": lambda page: page.locator("#f-email").fill("a@example.jp"),
    "address": lambda page: fill_address(page),
    "place": lambda page: page.locator("#f-place-address").fill("駅前"),
    "photos": lambda page: page.locator("#f-photos").set_input_files(
        [{**PHOTO, "buffer": PNG}, {**PHOTO, "buffer": PNG}]
    ),
    "files": lambda page: None,
    "children": lambda page: fill_child(page),
    "consent": lambda page: page.locator("#f-consent").check(),
}
WRONG: dict[str, Callable[[Page], None]] = {
    "date": lambda page: fill_date(page, "date", "2026", "13", ""),
    "email": lambda page: page.locator("#f-email").fill("a"),
    "photos": lambda page: page.locator("#f-photos").set_input_files(
        [{**PHOTO, "buffer": b"none"}]
    ),
    "children": lambda page: page.locator("#f-children-0-nick").fill("太郎"),
    "choices": lambda page: None,
    "long": lambda page: page.locator("#f-long").fill("長" * 2_001),
    "files": lambda page: page.locator("#f-files").set_input_files([{**PHOTO, "buffer": b"none"}]),
}
"""How an answer is made wrong; by default it is left out."""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def fill_date(page: Page, name: str, *parts: str) -> None:
    for part, text in zip(("year", "month", "day"), parts, strict=True):
        page.locator(f"#f-{name}-{part}").fill(text)


def fill_address(page: Page) -> None:
    page.locator("#f-address-postcode").fill("１００－０００１")
    page.locator("button[name=_look]").click()
    expect(page.locator("#f-address-address")).to_have_value("見本県見本市本町")


def fill_child(page: Page) -> None:
    page.locator("#f-children-0-nick").fill("太郎")
    fill_date(page, "children-0-born", "2024", "5", "3")


@pytest.mark.parametrize(
    "language",
    [
        pytest.param("ja", marks=pytest.mark.slow),
        "ja-easy",
        pytest.param("en", marks=pytest.mark.slow),
    ],
)
def test_every_question_with_and_without_a_mistake(town, hanako, open_page, look_over, language):
    page = open_page(320, hanako)
    page.goto(address(town, ""))
    page.locator(".tongues summary").click()
    look_over(page, "home")
    page.get_by_role("button", name=LANGUAGES[language], exact=True).click()
    expect(page.locator("html.easy")).to_have_count(1 if language == "ja-easy" else 0)
    page.goto(address(town, "/form/everything/all"))
    improved(page)
    seen = []
    while name := re.search(r"q=(\w+)|all$", page.url):
        name = name[1] or "choice"
        seen.append(name)
        look_over(page, f"{language} {name}")
        if name in WRONG or not page.locator("button[name=_skip]").count():
            if wrong := WRONG.get(name):
                wrong(page)
            if name != "choices":
                press(page)
                expect(page.locator("main .errors[data-news]")).to_be_focused()
                look_over(page, f"{language} {name}, wrong")
        ANSWERS[name](page)
        before = page.url
        press(page)
        page.wait_for_function("was => location.href !== was", arg=before)
        page.wait_for_function("() => !document.querySelector('form[data-busy]')")
    assert seen == list(ANSWERS)
    look_over(page, f"{language} check")
    page.locator("button[name=send]").click()
    expect(page.locator(".done")).to_be_visible()
    look_over(page, f"{language} done")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_settings(town, hanako, open_page, look_over, language):
    page = open_page(320, hanako)
    page.goto(address(town, "/form/everything/settings"))
    page.locator(".tongues summary").click()
    page.get_by_role("button", name=LANGUAGES[language], exact=True).click()
    for row in ("topics", "area", "nick", "children"):
        page.goto(address(town, f"/form/everything/settings?q={row}"))
        improved(page)
        look_over(page, f"{language} {row}")
    fill_date(page, "children-0-born", "2024", "13", "3")
    press(page, "#row-children")
    expect(page.locator("main .errors[data-news]")).to_be_focused()
    look_over(page, f"{language} settings, wrong")
    fill_date(page, "children-0-born", "2024", "5", "3")
    press(page, "#row-children")
    expect(page.locator("main .saved")).to_be_focused()
    look_over(page, f"{language} settings, saved")


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_twice_as_large(town, hanako, open_page, language):
    hanako.taps(LANGUAGES[language])
    forms = ("/form/everything/all", "/form/everything/settings?q=children")
    for width in (320, 390):
        page = open_page(width, hanako)
        for path in ("", "/about", "/mine", "/mine/erase", *forms):
            page.goto(address(town, path))
            page.evaluate("document.documentElement.style.fontSize = '225%'")
            wide = page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert wide[0] <= wide[1], f"{path} at {width}: {wide}"


# The entrance


def log_in(page: Page) -> None:
    """LINE's own login page, as the simulator plays it."""
    expect(page.get_by_role("heading", name="どなたですか")).to_be_visible()
    page.get_by_text("花子").click()


def test_an_external_browser_logs_in_and_with_an_old_token_once_more(town, hanako, open_page):
    page = open_page()
    page.goto(address(town, "/form/everything/report?q=kind"))
    log_in(page)
    allow(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("どんな不具合ですか")
    page.context.clear_cookies()
    town.clock.move(3700)
    page.goto(address(town, "/form/everything/report"))
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("どんな不具合ですか")


def allow(page: Page) -> None:
    page.get_by_role("button", name="許可する", exact=True).click()


def change_tokens(page: Page, change: Callable[[str], str]) -> list[int]:
    """What the page sends is no longer what LINE gave it; how each was answered."""
    answered: list[int] = []

    def send(route: Route) -> None:
        sent = dict(parse_qsl(route.request.post_data or ""))
        sent["id_token"] = change(sent["id_token"])
        answer = route.fetch(post_data=urlencode(sent))
        answered.append(answer.status)
        route.fulfill(response=answer)

    page.route("**/liff/session", send)
    return answered


def forge(token: str) -> str:
    """Somebody else's name under the signature."""
    head, _, signature = token.split(".")
    other = json.dumps(claims_of(token) | {"sub": "U" + "0" * 32}).encode()
    return f"{head}.{urlsafe_b64encode(other).decode().rstrip('=')}.{signature}"


def unsign(token: str) -> str:
    """`alg: none`."""
    head = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize("how", ["forged", "alg none", "expired", "of another channel"])
def test_a_token_that_is_not_good_leads_back_to_line(town, hanako, open_page, look_over, how):
    """R54: the gateway says 401, and the page how to open it again; nobody comes in."""
    path = "/form/everything/report"
    old = hanako.id_token()
    foreign = town.call(town.simulator.logins.signing.sign, {**claims_of(old), "aud": "1"})
    if how == "expired":
        town.clock.move(3700)
    page = open_page(320)
    answered = change_tokens(
        page,
        {
            "forged": forge,
            "alg none": unsign,
            "expired": lambda _: old,
            "of another channel": lambda _: foreign,
        }[how],
    )
    page.goto(address(town, path))
    log_in(page)  # LINE remembers the consent
    told = page.locator("[data-trouble]:not([hidden])")
    for _ in range(3):  # after an old token it logs out and in again, once (R55)
        expect(told.or_(page.get_by_role("heading", name="どなたですか"))).to_be_visible()
        if told.count():
            break
        log_in(page)
    words = "時間がたちました" if how == "expired" else "ご本人かどうかを確かめられませんでした"
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    again = page.get_by_role("link", name="LINEで開きなおす")
    expect(again).to_have_attribute("href", f"{town.platform}/{LIFF_ID}{path}")
    look_over(page, how)
    assert set(answered) == {401}
    assert all("liff" not in cookie["name"] for cookie in page.context.cookies(town.pages_url))


def claims_of(token: str) -> dict:
    return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 200, "body": '{"trouble": null}'}, "このブラウザーでは開けません"),
        ({"status": 503, "body": '{"trouble": "unavailable"}'}, "LINEにつながりませんでした"),
        (None, "LINEにつながりませんでした"),
    ],
)
def test_trouble_at_the_entrance_ends_and_is_explained(
    town, hanako, browser, look_over, answer, words
):
    """R55: a guard against loops; every way in ends with a sentence and a way on."""
    context = browser.new_context(viewport={"width": 320, "height": 700}, locale="ja-JP")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if answer is None:
        page.route("**/liff/session", lambda route: route.abort())
    else:
        page.route("**/liff/session", lambda route: route.fulfill(**answer))
    page.goto(address(town, ""))
    log_in(page)
    allow(page)
    for _ in range(5):
        told = page.locator("[data-trouble]:not([hidden])")
        expect(told.or_(page.get_by_role("heading", name="どなたですか"))).to_be_visible()
        if page.locator("[data-trouble]:not([hidden])").count():
            break
        log_in(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(words)
    expect(heading).to_be_focused()
    expect(page.get_by_role("link", name="LINEで開きなおす")).to_be_visible()
    look_over(page, words)
    context.close()
