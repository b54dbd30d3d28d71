"""The testing kit itself: what its residents do arrives, and what it promises to find it finds."""

import json
import sys
from importlib import metadata

import pytest

from madoguchi.testing import Page, TestResident, Town
from madoguchi.testing.installing import forget, install
from madoguchi.testing.page import lint

ECHO = """
from madoguchi import *
from madoguchi import hookimpl
from starlette.responses import HTMLResponse

said = {"blocks": []}

@hookimpl
def offer_for_message(message, text):
    return Offer(echo, Fit.EXACT, label="x", data=message)

async def echo(ctx):
    message = ctx.offer.data
    if message["type"] == "image":
        async with ctx.fetch_content() as content:
            size = sum([len(piece) async for piece in content])
        return f"写真 {size} バイト"
    if message["type"] == "location":
        return f"{message['latitude']} {message['address']}"
    if message["type"] == "sticker":
        return [f"{message['packageId']}", {"type": "text", "text": "も", "quoteToken": "q"}]
    if message["text"] == "ボタン":
        actions = [
            {"type": "message", "label": "言う", "text": "言いました"},
            {"type": "postback", "label": "押す", "data": "toy:press?n=1", "displayText": "押した"},
            {"type": "uri", "label": "見る", "uri": "https://city.example/"},
        ]
        items = [{"type": "action", "action": action} for action in actions]
        return {"type": "text", "text": "どれ", "quickReply": {"items": items}}
    return f"{message['text']} {ctx.now:%H:%M}" if message["text"] == "何時" else message["text"]

@hookimpl
def register_postbacks():
    return {"press": lambda ctx: f"押されました {ctx.args['n']}"}

@hookimpl
def on_unsend(ctx, message_id):
    said["unsent"] = message_id

@hookimpl
def register_pages(config):
    return [OpenPage("/good", good), OpenPage("/bad", bad)]

async def good(request):
    return HTMLResponse('<!doctype html><html lang="ja"><title>良</title><h1>良</h1></html>')

async def bad(request):
    return HTMLResponse("<h1>悪</h1><h1>悪</h1>")
"""


@pytest.fixture
def plugins(install_plugin):
    return {install_plugin("toy", ECHO): {}}


def test_a_resident_is_greeted_and_says(resident):
    (greeting,) = resident.greeting
    assert greeting["text"].startswith("見本市です。")
    assert resident.says("こんにちは") == ["こんにちは"]


def test_a_resident_from_before_was_never_greeted(gateway):
    assert TestResident(gateway, "先の人", follow="before").greeting == []
    assert TestResident(gateway, "知らない人", follow=False).greeting == []


def test_texts_are_plain_and_everything_else_is_a_message(resident):
    sticker = {"type": "sticker", "packageId": "446", "stickerId": "1988"}
    assert resident.sends(sticker) == ["446", {"type": "text", "text": "も", "quoteToken": "q"}]


def test_a_resident_taps(resident):
    resident.says("ボタン")
    assert resident.taps("押す") == ["押されました 1"]
    assert resident.taps("言う") == ["言いました"]
    with pytest.raises(AssertionError, match="'見る' is a uri action"):
        resident.taps("見る")
    with pytest.raises(AssertionError, match=r"nothing is labelled '消す'; there are \[.*'押す'"):
        resident.taps("消す")


def test_a_resident_sends_a_photo_and_a_place(resident):
    assert resident.sends_photo(b"\xff\xd8" + b"x" * 98) == ["写真 100 バイト"]
    assert resident.sends_location(35.25, address="北1条") == ["35.25 北1条"]


def test_a_resident_blocks_and_comes_back(resident, gateway):
    assert resident.blocks() == []
    query = "SELECT follows FROM resident"
    assert [bool(row[0]) for row in gateway.wait(gateway.running.store.fetch(query))] == [False]
    assert len(resident.follows()) == 1


def test_a_resident_takes_a_message_back(resident, gateway):
    resident.says("まちがい")
    sent = next(entry["messageId"] for entry in resident.chat() if entry["from"] == "resident")
    resident.unsends(sent)
    assert sys.modules["toy_under_test"].said["unsent"] == sent


def test_time_passes_for_gateway_and_line_alike(resident, gateway, clock, line):
    before = resident.says("何時")
    resident.waits(3600)
    assert resident.says("何時") != before
    sent = [entry["at"] for entry in resident.chat() if entry["from"] == "bot"]
    assert len(set(sent)) > 1
    assert abs(clock.time() - gateway.running.services.clock.time()) < 60


def test_a_resident_opens_pages_and_each_is_linted(resident):
    page = resident.opens("/toy/good")
    assert isinstance(page, Page)
    assert (page.status, "<h1>良</h1>" in page) == (200, True)
    assert "content-security-policy" in page.headers
    with pytest.raises(AssertionError, match=r"toy/bad: <html> has no lang; .* this one has 2"):
        resident.opens("/toy/bad")
    assert resident.opens("/toy/absent").status == 404, "our own pages pass the lint as well"


def test_a_webhook_that_is_refused_is_an_error_of_the_test(resident, gateway, monkeypatch):
    monkeypatch.setattr(gateway.door.counters["mihon"], "_key", b"another secret")
    with pytest.raises(AssertionError, match="answered 401 to the webhook"):
        resident.says("こんにちは")


def test_the_worker_stops_and_the_door_goes_on(resident, gateway):
    gateway.stop_worker()
    message = {"type": "text", "text": "あとで"}
    sent = gateway.wait(gateway.simulator.send_message(resident.user_id, message))
    assert sent["status"] == 200
    gateway.start_worker()
    gateway.wait(gateway.running.feed.wait_for(sent["webhookEventId"]))
    assert [entry["message"]["text"] for entry in resident.chat()][-2:] == ["あとで", "あとで"]


def test_towns_are_made_by_name_with_their_own_words(make_town):
    kita = make_town(name="kita", city={"label": "北市", "greeting": "北市です。"})
    minami = make_town(name="minami", city={"danger": [{"words": ["火事"], "answer": "119"}]})
    assert isinstance(kita, Town)
    assert TestResident(kita).greeting[0]["text"].startswith("北市です。")
    assert TestResident(minami).says("火事")[0] == "119"


# The lint.

GOOD = """<!doctype html><html lang="ja"><head><title>予約</title>
<link rel="stylesheet" href="/x.css"><script src="/x.js"></script></head>
<body><h1>予約</h1><p>一つ<p>二つ<ul><li>一<li>二</ul><img src="x.png" alt="">
<form><label for="day">日</label><input id="day"><input type="hidden" name="n">
<select aria-label="月"><option>一月</select><input type="submit"></form></body></html>"""
POLICY = {"content-security-policy": "default-src 'self'"}


def test_a_good_page_has_no_problems():
    assert lint(GOOD, POLICY) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (' lang="ja"', "", "<html> has no lang"),
        ("<h1>予約</h1>", "", "a page has one <h1>, this one has 0"),
        ("</h1>", "</h1><h1>二</h1>", "a page has one <h1>, this one has 2"),
        ("<title>予約</title>", "<title> </title>", "there is no <title>"),
        ('<label for="day">日</label>', "", "the field day has no <label for>"),
        (' aria-label="月"', "", "the field <select> without id has no <label for>"),
        (' alt=""', "", "an <img> has no alt"),
        ('<script src="/x.js">', "<script>", "an inline <script> (the content policy refuses it)"),
        ("</head>", "<style>a{}</style></head>", "an inline <style> (the content policy refuses"),
        ("<h1>", '<h1 onclick="x()">', "<h1> has the attribute onclick"),
        ("<h1>", '<h1 style="color:red">', "<h1> has the attribute style"),
        ("</h1>", "", "never closed: h1"),
        ("</select>", "", "<select> is not closed before </form>"),
        ("</form>", "", "never closed: form"),
    ],
)
def test_the_lint_finds_each_problem(old, new, problem):
    found = lint(GOOD.replace(old, new, 1), POLICY)
    assert any(one.startswith(problem) for one in found), found


def test_the_lint_wants_a_content_policy():
    assert lint(GOOD, {}) == ["no content-security-policy"]


# Installing.


def test_install_makes_a_package_as_a_vendors_is(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {"__init__.py": "from toy_under_test.words import WORD\n", "words.py": "WORD = 'あ'\n"}
    package = install(tmp_path, "toy", files | {"data/a.json": "[1]"}, version="2.5")
    (entry,) = (e for e in metadata.entry_points(group="madoguchi.plugins") if e.name == "toy")
    assert (entry.dist.name, entry.dist.version) == (package, "2.5")
    module = entry.load()
    assert module.WORD == "あ"
    assert json.loads((tmp_path / package / "data" / "a.json").read_text()) == [1]
    assert {package, f"{package}.words"} <= sys.modules.keys()
    forget(package)
    assert not {package, f"{package}.words"} & sys.modules.keys()


@pytest.mark.parametrize("word", ["one", "two"])
def test_each_test_has_its_own_package_of_the_same_name(install_plugin, word):
    install_plugin("again", f"WORD = {word!r}\n")
    (entry,) = (e for e in metadata.entry_points(group="madoguchi.plugins") if e.name == "again")
    assert vars(entry.load())["WORD"] == word


def test_the_fixtures_come_with_the_package():
    (entry,) = (e for e in metadata.entry_points(group="pytest11") if e.name == "madoguchi")
    assert entry.value == "madoguchi.testing.fixtures"
