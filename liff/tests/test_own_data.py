"""わたしの情報, through the public door: seen, handed out once, erased for good."""

import asyncio
import io
import os
import re
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from PIL import Image
from sqlalchemy import func, make_url, select

from madoguchi import privacy, retention, serving
from madoguchi.own_data import GONE
from madoguchi.tables import audit, erasure, own_copy, resident
from madoguchi.testing import TestResident, Town, until
from madoguchi.testing.visitor import Visitor

EVERYTHING = (Path(__file__).parent / "everything.py").read_text("utf-8")
SERVER = "MADOGUCHI_TEST_DATABASE_URL"
TILL = """
from datetime import date
from madoguchi import Erased, Kept, PluginInfo, Record, hookimpl

@hookimpl
def plugin_info():
    return PluginInfo("手数料", "手数料を受け取ります。", {"領収書": "会計のため。5年"})

@hookimpl
def export_personal_data(resident):
    return [Record("領収書", {"番号": f"till-{resident.id}"})]

@hookimpl
def erase_personal_data(resident):
    return Erased({"お知らせ": 2}, [Kept("領収書", "地方自治法", date(2031, 3, 31))])
"""
CANARY = {
    "kana": "カナリア",
    "phone": "090-9876-5432",
    "email": "canary@example.jp",
    "address": "カナリア町1の2",
    "note": "CANARY-long",
    "nick": "CANARY-nick",
    "typed": "CANARY-typed",
    "place": "CANARY-place",
}
STORED = {**CANARY, "phone": "09098765432"}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL database of this module's own."""
    if not (server := os.environ.get(SERVER)):
        pytest.skip(f"{SERVER} is not set")
    at = make_url(server).set(drivername="postgresql")
    name = f"madoguchi_test_{uuid.uuid4().hex[:12]}"
    address = at.render_as_string(hide_password=False)
    asyncio.run(execute(address, f"CREATE DATABASE {name}"))
    yield at.set(database=name).render_as_string(hide_password=False)
    asyncio.run(execute(address, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def make(make_city: Callable[..., Town], install_plugin: Callable) -> Callable[..., Town]:
    install_plugin("till", TILL)
    return lambda **options: make_city({"till": {}}, **options)


@pytest.fixture
def gateway(make: Callable[..., Town]) -> Town:
    return make()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, make: Callable[..., Town]) -> Town:
    if request.param == "sqlite":
        return make()
    url = request.getfixturevalue("database")
    asyncio.run(execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"))
    return make(database_url=url)


def fill_in(who: TestResident) -> None:
    """A canary in every personal field, through pages and the chat."""
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(photo, "JPEG")
    who.opens("/liff/form/everything/all")
    for answer in (
        {"choice": "lamp"},
        {"choices": ["garbage"]},
        {"text": "こんにちは"},
        {"kana": "カナリア"},
        {"long": CANARY["note"]},
        {"number": "3"},
        {"date.year": "2026", "date.month": "12", "date.day": "1"},
        {"born.year": "昭和64", "born.month": "1", "born.day": "7"},
        {"phone": CANARY["phone"]},
        {"email": CANARY["email"]},
        {
            "address.postcode": "100-0001",
            "address.address": CANARY["address"],
            "address.building": "",
        },
        {"place.address": CANARY["place"]},
        {"photos": [("photo.jpg", "image/jpeg", photo.getvalue())]},
        {"files": [("a.pdf", "application/pdf", b"%PDF-1.7 CANARY-file")]},
        {
            "children.0.nick": CANARY["nick"],
            "children.0.born.year": "2024",
            "children.0.born.month": "5",
            "children.0.born.day": "3",
        },
        {"consent": "yes"},
    ):
        assert who.submits(answer).status == 200, answer
    who.submits({}, "送る")
    who.hears()
    who.opens("/liff/form/everything/settings?q=topics")
    settings = "/mihon/liff/form/everything/settings"
    who.browser.posts(f"{settings}?q=topics", [("topics", "child")])
    born = [("children.0.born.year", "2024"), ("children.0.born.month", "5")]
    who.browser.posts(f"{settings}?q=children", [*born, ("children.0.born.day", "3")])
    who.hears()
    who.says(CANARY["typed"])
    who.sends_location(address="CANARY-chatplace")


def fetch(url: str, data: bytes | None = None) -> tuple[int, Any, bytes]:
    """Status, headers and bytes: a browser that knows nobody."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def address_of_copy(who: TestResident, town: Town) -> str:
    who.opens("/liff/mine/copy")
    page = who.submits({}, "写しを用意する")
    found = re.search(r'href="([^"]+)" data-external', page.html)[1]
    assert "openExternalBrowser=1" in found, "R60: LINE's own browser keeps no files"
    return town.pages_url + found.replace("&amp;", "&")


def number_of(town: Town, who: TestResident) -> int:
    return read(town, privacy.find_person, who.user_id).resident.id


def read(town: Town, fn: Callable, *args: Any) -> Any:
    return town.wait(town.running.store.read(fn, *args))


def count(town: Town, table: Any, *where: Any) -> int:
    rows = select(func.count()).select_from(table).where(*where)
    return read(town, lambda db: db.execute(rows).scalar_one())


def everything_stored(town: Town) -> bytes:
    """All bytes in the data folder; on PostgreSQL, all rows as well."""
    folder = town.folder / town.name
    found = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    url = town._database_url
    return found + (asyncio.run(rows_of(url)) if url else b"")


async def rows_of(url: str) -> bytes:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        rows = [
            row for (table,) in tables for row in await connection.fetch(f'SELECT * FROM "{table}"')
        ]
    finally:
        await connection.close()
    return b" ".join(
        one if isinstance(one, bytes) else str(one).encode() for row in rows for one in row
    )


def left(town: Town, who: TestResident) -> set[str]:
    content = everything_stored(town)
    wanted = {*STORED.values(), "CANARY-file", "CANARY-chatplace", who.user_id}
    return {one for one in wanted if one.encode() in content}


def texts_of(who: TestResident) -> list[str]:
    return [entry["message"].get("text", "") for entry in who.chat()]


def presses(who: TestResident) -> Any:
    who.opens("/liff/mine/erase")
    return who.submits({"sure": "yes"}, "すべて消す")


# Looking


def test_what_is_kept_is_shown_as_staff_see_it(gateway, hanako):
    fill_in(hanako)
    page = hanako.opens("/liff/mine")
    assert page.status == 200
    assert page.headers["cache-control"] == "no-store"
    for words in (
        "everything",  # the plugin has given itself no label
        "送信された内容（全部の質問）",
        "直してから1年",
        "街灯が消えている",
        "2026年12月1日（火）",
        "1989年1月7日（土） 昭和64年1月7日",
        CANARY["phone"],
        "子育て",
        "2024年5月3日（金） 令和6年5月3日",
        "答えを消すまで。ブロックしたときは、90日後まで",
        "LINEで受け取ったもの",
        "30日後まで。場所は1日後まで",
        CANARY["typed"],
        "手数料",
        "領収書：会計のため。5年",
        f"till-{number_of(gateway, hanako)}",
    ):
        assert words in page.html, words
    assert "LINEからのデータ" not in page.html
    assert "T0" not in page.html, "times are told as people tell them"


def test_others_are_not_shown(gateway, hanako):
    fill_in(hanako)
    taro = TestResident(gateway, "太郎")
    page = taro.opens("/liff/mine")
    assert not [one for one in CANARY.values() if one in page.html]
    assert 'data-place="entrance"' in Visitor(gateway.pages_url).opens("/mihon/liff/mine")


@pytest.mark.parametrize(
    ("language", "words"),
    [("English", ("What we keep about you", "Until: ", "Delete everything")), ("やさしい", ())],
)
def test_in_other_languages(gateway, hanako, language, words):
    hanako.opens("/liff/mine")
    page = hanako.submits({}, language)
    for one in words:
        assert one in page.html
    assert "登録された内容" not in page.html


def test_a_page_leads_to_it_from_everywhere(gateway, hanako):
    for path in ("", "/about", "/form/everything/settings"):
        assert 'href="/mihon/liff/mine"' in hanako.opens(f"/liff{path}")
    page = hanako.opens("/liff/mine")
    assert 'href="/mihon/liff/form/everything/settings"' in page, "one answer is deleted there"


def test_a_plugin_that_fails_costs_its_own_part(gateway, hanako, monkeypatch):
    hooks = gateway.running.services.plugins.all["till"].hooks
    monkeypatch.setitem(hooks, "export_personal_data", lambda given: "nonsense")
    page = hanako.opens("/liff/mine")
    assert page.status == 200
    assert "いま見られない情報があります" in page
    assert "LINEで受け取ったもの" in page


def test_it_is_looked_for_once_however_often_it_is_asked_at_once(gateway, hanako, monkeypatch):
    hanako.opens("/liff")
    hooks = gateway.running.services.plugins.all["till"].hooks
    real, calls = hooks["export_personal_data"], []

    def slow(given):
        calls.append(given)
        time.sleep(0.5)  # all ask meanwhile
        return real(given)

    monkeypatch.setitem(hooks, "export_personal_data", slow)
    browsers = [Visitor(gateway.pages_url, cookies=hanako.browser.cookies) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(lambda one: one.opens("/mihon/liff/mine"), browsers))
    assert {page.status for page in pages} == {200}
    assert len(calls) < 6


# A copy


def test_r60_a_copy_is_taken_in_any_browser_once(place):
    hanako = TestResident(place)
    fill_in(hanako)
    address = address_of_copy(hanako, place)
    for _ in range(2):
        status, headers, page = fetch(address)
        assert status == 200, "opening it uses nothing up"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert b"<script" not in page, "no script of LINE's learns the address"
    assert not [one for one in CANARY.values() if one.encode() in page]
    status, headers, data = fetch(address, b"")
    assert status == 200
    assert headers["content-disposition"].startswith("attachment")
    assert headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {"index.html", "export.json", "export.txt"} <= set(files)
    table, page = files["export.json"].decode(), files["index.html"].decode()
    assert {one for one in STORED.values() if one not in table} == set()
    assert {one for one in CANARY.values() if one not in page} == set()
    photos = [name for name in files if name.startswith("files/")]
    assert len(photos) == 3, "the photo, as it was taken too, and the file"
    assert any(b"CANARY-file" in data for data in files.values())
    for again in (None, b""):
        status, headers, page = fetch(address, again)
        assert status == 410
        assert "このアドレスは、もう使えません" in page.decode()
        assert headers["referrer-policy"] == "no-referrer"
    made = audit.c.action == "resident.export"
    assert count(place, audit, made, audit.c.actor_kind == "resident") == 1


def test_of_two_who_press_at_once_one_gets_it(gateway, hanako):
    address = address_of_copy(hanako, gateway)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch(address, b"")[0], range(4)))
    assert sorted(found) == [200, 410, 410, 410]


def test_an_address_ends_after_ten_minutes_and_there_is_one_at_a_time(gateway, hanako, clock):
    address = address_of_copy(hanako, gateway)
    hanako.browser.posts("/mihon/liff/mine/copy", [])
    assert address.partition("?")[2].replace("&", "&amp;") in hanako.browser.page, "the same one"
    clock.move(601)
    assert fetch(address)[0] == fetch(address, b"")[0] == 410
    second = address_of_copy(hanako, gateway)
    assert second != address
    assert fetch(address, b"")[0] == 410, "a newer one took its place"
    assert fetch(second, b"")[0] == 200
    assert "次は、" in hanako.opens("/liff/mine/copy")
    hanako.browser.posts("/mihon/liff/mine/copy", [])
    assert "data-external" not in hanako.browser.page, "not again within ten minutes"
    clock.move(601)
    assert fetch(address_of_copy(hanako, gateway), b"")[0] == 200


def test_a_copy_of_somebody_else_is_not_there(gateway, hanako):
    taro = TestResident(gateway, "太郎")
    address = address_of_copy(hanako, gateway)
    path = address.removeprefix(gateway.pages_url)
    taro.opens("/liff")
    assert taro.browser.opens(path).status == 404, "somebody else is logged in here"
    assert taro.browser.posts(path, []).status == 404
    token = re.search(r"t=([\w-]+)", path)[1]
    whose, nonce, seal = token.split("-")
    others = number_of(gateway, taro)
    for forged in (
        f"{others}-{nonce}-{seal}",
        f"{whose}-{'0' * 32}-{seal}",
        f"{whose}-{nonce}-{'0' * 64}",
        f"{whose}-{nonce}",
        whose,
        "",
        "---",
        "窓口",
    ):
        base = f"{gateway.pages_url}/mihon/liff/copy?t={urllib.request.quote(forged)}"
        assert fetch(base)[0] == fetch(base, b"")[0] == 404, forged
    assert fetch(address, b"")[0] == 200, "it was not used up by them"


def test_the_address_of_a_copy_is_in_no_log(gateway, hanako, caplog, monkeypatch):
    caplog.set_level("DEBUG")
    hooks = gateway.running.services.plugins.all["till"].hooks
    monkeypatch.setitem(hooks, "export_personal_data", lambda given: "nonsense")
    address = address_of_copy(hanako, gateway)
    fetch(address)
    assert fetch(address, b"")[0] == 200
    assert fetch(address, b"")[0] == 410
    # uvicorn's own log is off (`serving`); pytest listens to it all the same.
    said = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    assert serving.prepare(None).config.access_log is False
    token = re.search(r"t=([\w-]+)", address)[1]
    assert not [one for one in said if token in one]
    assert "export_personal_data failed" in caplog.text, "something was logged meanwhile"


# Erasing


def test_what_goes_and_what_stays_is_said_before(gateway, hanako):
    fill_in(hanako)
    page = hanako.opens("/liff/mine/erase")
    for words in (
        "元にもどせません",
        "送信された内容　1件",
        "お知らせ　2件",
        "手数料：領収書",
        "残す決まり：地方自治法",
        "2031年3月31日（月）まで",
        "ブロックしてください",
        "1096日後まで",
    ):
        assert words in page.html, words
    assert count(gateway, erasure) == 0
    assert left(gateway, hanako), "nothing is deleted by looking"


def test_nothing_is_deleted_without_the_second_step(gateway, hanako):
    hanako.opens("/liff/mine/erase")
    page = hanako.submits({}, "すべて消す")
    assert page.status == 422
    assert "しるしをつけてください" in page
    assert 'aria-invalid="true"' in page
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "null"}):
        sent = [("sure", "yes")]
        refused = hanako.browser.posts("/mihon/liff/mine/erase", sent, headers=headers)
        assert refused.status == 403
    stranger = Visitor(gateway.pages_url)
    assert stranger.posts("/mihon/liff/mine/erase", [("sure", "yes")]).status == 401
    assert count(gateway, erasure) == 0


def test_everything_is_gone_everywhere_and_nobody_elses(place):
    hanako, taro = TestResident(place), TestResident(place, "太郎")
    fill_in(hanako)
    fill_in(taro)
    number = number_of(place, hanako)
    assert len(left(place, hanako)) == len(STORED) + 3
    address = address_of_copy(hanako, place)
    before = len(hanako.chat())
    page = presses(hanako)
    assert page.status == 200
    assert "消しました" in page
    assert "お知らせ　2件" in page
    assert "2031年3月31日（月）まで" in page
    assert hanako.browser.posts(hanako.browser.url, []).status == 405
    assert not [one for one in hanako.browser.cookies if one.name == "madoguchi-mihon-liff"]
    assert 'data-place="entrance"' in Visitor(
        place.pages_url, cookies=hanako.browser.cookies
    ).opens("/mihon/liff/mine")
    until(lambda: len(hanako.chat()) > before)
    (said,) = [entry for entry in hanako.chat()[before:] if entry["from"] == "bot"]
    assert said["message"]["text"] == GONE
    assert said["via"] == "push"
    assert fetch(address)[0] == 404, "the copy went with them"
    place.wait(place.door.counters[place.name].inbox.settle())
    # What others left holds the same words, so only what is Hanako's alone can be looked for.
    assert hanako.user_id not in left(place, hanako)
    assert taro.user_id.encode() in everything_stored(place)
    presses(taro)
    place.wait(place.door.counters[place.name].inbox.settle())
    until(lambda: not left(place, taro))
    assert count(place, resident) == 0
    begun = audit.c.action == "resident.erase"
    mine = (audit.c.actor_kind == "resident") & (audit.c.actor_id == str(number))
    assert count(place, audit, begun, mine, audit.c.object == f"resident:{number}") == 1
    keys = read(place, lambda db: set(db.scalars(select(erasure.c.line_key))))
    office = place.running.services.office
    assert keys == {office.key_of("erasure", one.user_id) for one in (hanako, taro)}
    written = (place.folder / place.name / privacy.ERASURES).read_text("ascii")
    assert all(key in written for key in keys), "an older copy of the database repeats it"


def test_pressing_twice_is_one_erasure(place):
    hanako = TestResident(place)
    fill_in(hanako)
    hanako.opens("/liff/mine")
    session = next(c for c in hanako.browser.cookies if c.name == "madoguchi-mihon-liff")
    given = {"cookie": f"{session.name}={session.value}"}

    def press(_: object) -> Any:
        browser = Visitor(place.pages_url)
        return browser.posts("/mihon/liff/mine/erase", [("sure", "yes")], headers=given)

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(press, range(4)))
    pages.append(press(None))  # long after, with the old session
    for page in pages:
        assert page.status == 200
        assert "消しました" in page, page.html
        assert "送信された内容　1件" in page
        assert "お知らせ　2件" in page
    assert count(place, erasure) == 1
    assert count(place, audit, audit.c.action == "resident.erase") == 1
    assert count(place, audit, audit.c.action == "resident.erased") == 1
    assert count(place, resident) == 0, "nobody new was made of them"
    told = [GONE]
    until(lambda: [t for t in texts_of(hanako) if t == GONE] == told)


def test_a_part_that_fails_is_said_and_done_later(gateway, hanako):
    hooks = gateway.running.services.plugins.all["till"].hooks
    works = hooks["erase_personal_data"]

    def fail(given):
        raise ValueError("broken")

    hooks["erase_personal_data"] = fail
    assert "すぐに消せない情報があります" in hanako.opens("/liff/mine/erase")
    page = hanako.submits({"sure": "yes"}, "すべて消す")
    assert "まだ消えていない情報があります：手数料" in page
    receipt = hanako.browser.url
    session = Visitor(gateway.pages_url, cookies=hanako.browser.cookies)
    assert 'data-place="entrance"' in session.opens("/mihon/liff/mine")
    hooks["erase_personal_data"] = works
    gateway.wait(privacy.finish_erasures(gateway.running.services.office))
    page = Visitor(gateway.pages_url).opens(receipt)
    assert "消しました" in page
    assert "まだ消えていない" not in page


def test_a_session_that_outlived_its_resident_is_nobodys(gateway, hanako, monkeypatch):
    """While a plugin's part waits, the row is there, and opens nothing."""
    hanako.opens("/liff/mine")
    old = next(c.value for c in hanako.browser.cookies if c.name == "madoguchi-mihon-liff")

    def fail(given):
        raise ValueError("broken")

    hooks = gateway.running.services.plugins.all["till"].hooks
    monkeypatch.setitem(hooks, "erase_personal_data", fail)
    presses(hanako)
    assert count(gateway, resident) == 1
    browser = Visitor(gateway.pages_url)
    given = {"cookie": f"madoguchi-mihon-liff={old}"}
    page = browser._go(f"{gateway.pages_url}/mihon/liff/mine", headers=given)
    assert 'data-place="entrance"' in page


def test_a_receipt_of_ones_own_making_is_not_there(gateway, hanako):
    presses(hanako)
    whose, seal = re.search(r"t=(\d+)-(\w+)", hanako.browser.url).groups()
    for forged in (f"{int(whose) + 1}-{seal}", whose, f"{whose}-{seal[:-1]}0x", ""):
        page = Visitor(gateway.pages_url).opens(f"/mihon/liff/mine/erased?t={forged}")
        assert page.status == 404, forged


def test_who_has_blocked_the_account_is_told_on_the_page_alone(gateway, hanako):
    hanako.opens("/liff/mine")
    hanako.blocks()
    before = len(hanako.chat())
    assert "消しました" in presses(hanako)
    until(lambda: not gateway.running.services.background)
    assert len(hanako.chat()) == before


def test_addresses_of_copies_are_forgotten(gateway, hanako, clock):
    address_of_copy(hanako, gateway)
    clock.move(2 * 86400)
    store, office = gateway.running.store, gateway.running.services.office
    kinds = retention.kinds(office.gateway.settings.retention)
    gateway.wait(retention.forget_due(store.write, kinds, clock.now()))
    assert count(gateway, own_copy) == 0
