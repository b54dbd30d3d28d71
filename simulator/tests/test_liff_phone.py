"""LIFF pages on the phone and in an external browser, in Chromium (R54 to R62).

The toy page is served by the test on a port of its own, with the policy that the README asks for.
"""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from playwright.sync_api import Frame, FrameLocator, Page, expect

APP, TALL, COMPACT = "2000000002-aaaaaaaa", "2000000002-tall0001", "2000000002-comp0001"
MOVED, ABOVE, PUSHED = "2000000002-moved001", "2000000002-above001", "2000000002-pushed01"
SAME = "2000000002-same0001"
CHANNEL, ISSUER = "2000000002", "https://access.line.me"

PAGE = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><title>受け取り設定</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<script src="{sdk}"></script><script src="/toy.js?{liff_id}" defer></script></head>
<body><h1>受け取り設定</h1><p id="state">待っています</p><p id="who"></p>
<button id="send">トークに送る</button> <button id="login">ログイン</button>
<button id="close">閉じる</button> <a id="next" href="/app/next">次へ</a></body></html>"""

SCRIPT = """
const show = (id, text) => (document.getElementById(id).textContent = text);
const liffId = location.pathname.startsWith("/pushed") ? "2000000002-pushed01"
  : new URL(document.querySelector("script[src^='/toy.js']").src).search.slice(1);
if (location.pathname.startsWith("/pushed")) history.pushState(null, "", "/pushed/elsewhere");
document.querySelector("#login").onclick = () => liff.login({ redirectUri: location.href });
document.querySelector("#close").onclick = () => liff.closeWindow();
document.querySelector("#send").onclick = async () => {
  await liff.sendMessages([{ type: "text", text: "設定しました" }]);
  liff.closeWindow();
};
const withLoginOnExternalBrowser = location.search.includes("auto");
liff.init({ liffId, withLoginOnExternalBrowser }).then(
  async () => {
    show("state", liff.isLoggedIn() ? "ログイン済み" : "ログインしていません");
    if (liff.isLoggedIn()) show("who", (await liff.getProfile()).displayName);
  },
  (error) => show("state", `${error.code}: ${error.message}`),
);
"""


class Toy:
    """A LIFF page as somebody would write it, and what its server got to see."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.seen: list[tuple[str, dict[str, str]]] = []
        toy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                toy.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                path = urlsplit(self.path).path
                if path == "/moved":  # as a server does that wants a slash at the end
                    return self._answer(301, b"", Location="/moved/?" + urlsplit(self.path).query)
                if path == "/above/there":
                    return self._answer(302, b"", Location="/above")
                if path == "/toy.js":
                    return self._answer(200, SCRIPT.encode(), "text/javascript")
                return self._answer(200, toy.page(path).encode(), "text/html; charset=utf-8")

            def _answer(self, status: int, body: bytes, kind: str = "text/html", **more: str):
                self.send_response(status)
                policy = (
                    f"default-src 'none'; script-src 'self' {toy.platform};"
                    f" connect-src 'self' {toy.platform}; img-src data:;"
                    f" frame-ancestors {toy.platform}"
                )
                headers = {"Content-Security-Policy": policy, "Content-Type": kind, **more}
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path: str) -> str:
        ids = {"app": APP, "tall": TALL, "compact": COMPACT, "moved": MOVED, "above": ABOVE}
        liff_id = ids.get(path.split("/")[1], APP)
        sdk = f"{self.platform}/liff/edge/versions/2.27.3/sdk.js"
        return PAGE.replace("{sdk}", sdk).replace("{liff_id}", liff_id)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def toy(line) -> Iterator[Toy]:
    toy = Toy(line.base)
    apps = [
        {"liffId": APP, "endpoint": f"{toy.url}/app"},
        {"liffId": TALL, "endpoint": f"{toy.url}/tall?x=1", "size": "tall", "name": "予約"},
        {"liffId": COMPACT, "endpoint": f"{toy.url}/compact", "size": "compact"},
        {"liffId": MOVED, "endpoint": f"{toy.url}/moved"},
        {"liffId": ABOVE, "endpoint": f"{toy.url}/above/there"},
        {"liffId": PUSHED, "endpoint": f"{toy.url}/pushed"},
        {"liffId": SAME, "endpoint": f"{toy.url}/app"},
    ]
    assert line.put("/sim/liff", {"apps": apps}).status == 200
    yield toy
    toy.stop()


@pytest.fixture
def hanako(line) -> str:
    return line.resident("花子", language="ja")


@pytest.fixture
def phone(open_page, line, hanako) -> Page:
    page = open_page(line.base)
    page.goto(f"/?resident={hanako}")
    return page


def link(line, phone: Page, user_id: str, rest: str = "", app: str = APP, host: str = "") -> None:
    """The bot sends a button with a LIFF URL; the resident taps it."""
    uri = f"{host or line.base}/{app}{rest}"
    button = {"type": "button", "action": {"type": "uri", "label": "設定する", "uri": uri}}
    body = {"type": "box", "layout": "vertical", "contents": [button]}
    flex = {"type": "flex", "altText": "設定", "contents": {"type": "bubble", "body": body}}
    buttons = phone.locator(".log [data-action]", has_text="設定する")
    before = len(line.chat(user_id))
    answer = line.post("/v2/bot/message/push", {"to": user_id, "messages": [flex]})
    assert answer.status == 200, answer
    expect(phone.locator(".log .row")).to_have_count(before + 1)
    buttons.last.click()


def inside(phone: Page) -> FrameLocator:
    return phone.frame_locator("dialog.sheet-liff iframe")


def frame_of(phone: Page, toy: Toy) -> Frame:
    (frame,) = (one for one in phone.frames if urlsplit(one.url).port == toy.port)
    return frame


def allow(phone: Page) -> None:
    inside(phone).get_by_role("button", name="許可する", exact=True).click()


def state(phone: Page):
    return inside(phone).locator("#state")


def check(line, token: str, user_id: str) -> dict[str, Any]:
    """Verify an ID token as a server does: key from the JWKS, algorithm pinned."""
    key = jwt.PyJWKClient(f"{line.base}/oauth2/v2.1/certs").get_signing_key_from_jwt(token).key
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=CHANNEL, issuer=ISSUER)
    assert claims["sub"] == user_id
    return claims


VERIFY = """async ([token, keys]) => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const [head, body, signature] = token.split(".");
  const { kid } = JSON.parse(atob(head));
  const ec = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const jwk = keys.find((key) => key.kid === kid);
  const key = await crypto.subtle.importKey("jwk", jwk, ec, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  return crypto.subtle.verify(ec, key, bytes(signature), signed);
}"""


def test_r55_r57_r58_from_the_chat_to_the_page_and_back(line, toy, phone, hanako, eventually):
    link(line, phone, hanako, "/form?id=3#top", host="https://liff.line.me")
    expect(inside(phone).get_by_role("heading", name="「見本市」に許可しますか")).to_be_visible()
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame = frame_of(phone, toy)
    # R57: the primary redirect brought liff.state, init() made the secondary one of it
    assert frame.url == f"{toy.url}/app/form?id=3#top"
    paths = [path for path, _ in toy.seen if not path.startswith("/toy.js")]
    assert [urlsplit(path).path for path in paths] == ["/app", "/app/form"]
    assert parse_qs(urlsplit(paths[0]).query) == {"liff.state": ["/form?id=3#top"]}
    # R58: nothing that opens anything reaches the page's server
    token = frame.evaluate("liff.getIDToken()")
    access = frame.evaluate("liff.getAccessToken()")
    for secret in (token, access, hanako):
        assert secret not in json.dumps(toy.seen)
    assert not any("cookie" in headers for _, headers in toy.seen)
    assert "referer" not in toy.seen[0][1]
    # R54: PyJWT and the browser's own cryptography agree on the signature
    check(line, token, hanako)
    keys = line.get("/oauth2/v2.1/certs").json["keys"]
    assert phone.evaluate(VERIFY, [token, keys]) is True
    head, _, signature = token.split(".")
    forged = f"{head}.{'x' * 40}.{signature}"
    assert phone.evaluate(VERIFY, [forged, keys]) is False
    assert frame.evaluate("liff.getDecodedIDToken()")["name"] == "花子"
    assert frame.evaluate("[liff.isInClient(), liff.id, liff.getLanguage()]") == [True, APP, "ja"]
    assert frame.evaluate("liff.getContext()")["type"] == "utou"
    assert frame.evaluate("liff.getFriendship()") == {"friendFlag": True}
    # the next page of the same app calls init() again and is the same session
    inside(phone).locator("#next").click()
    frame.wait_for_url(f"{toy.url}/app/next")
    expect(inside(phone).locator("#who")).to_have_text("花子")
    assert frame.evaluate("liff.getAccessToken()") == access
    phone.get_by_role("button", name="閉じる", exact=True).first.click()
    expect(phone.locator("dialog")).to_have_count(0)
    # R55: closed is revoked
    bearer = {"Authorization": f"Bearer {access}"}
    eventually(lambda: line.get("/v2/profile", **bearer).status == 401)
    # and the second time nobody is asked
    link(line, phone, hanako)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    assert frame_of(phone, toy).evaluate("liff.getAccessToken()") != access


def test_who_does_not_allow_is_back_in_the_chat(line, toy, phone, hanako):
    link(line, phone, hanako)
    inside(phone).get_by_role("button", name="許可しない").click()
    expect(phone.locator("dialog")).to_have_count(0)
    assert toy.seen == []
    link(line, phone, hanako)
    expect(inside(phone).get_by_role("button", name="許可する", exact=True)).to_be_visible()


def test_r61_send_messages_and_close(line, toy, phone, hanako, bot):
    link(line, phone, hanako)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    inside(phone).locator("#send").click()
    expect(phone.locator("dialog")).to_have_count(0)
    expect(phone.locator(".row.from-resident", has_text="設定しました")).to_have_count(1)
    assert bot.events[-1]["message"]["text"] == "設定しました"
    assert bot.events[-1]["replyToken"]


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (MOVED, "redirected before liff.init()"),
        (ABOVE, "not at or below the endpoint URL"),
        (PUSHED, "The URL was changed"),
        (SAME, f"{SAME} was opened"),
    ],
    ids=["redirect", "above", "pushState", "another app"],
)
def test_r57_init_fails(line, toy, phone, hanako, app, words):
    link(line, phone, hanako, app=app)
    allow(phone)
    expect(state(phone)).to_contain_text("INIT_FAILED")
    expect(state(phone)).to_contain_text(words)


def test_the_sizes_of_the_sheet(line, toy, phone, hanako):
    heights = {}
    for name, app in (("full", APP), ("tall", TALL), ("compact", COMPACT)):
        link(line, phone, hanako, app=app)
        allow(phone)
        expect(inside(phone).locator("#who")).to_have_text("花子")
        heights[name] = phone.locator(".sheet-box").bounding_box()["height"]
        expect(phone.locator("dialog h2")).to_have_text("受け取り設定")
        inside(phone).locator("#close").click()
        expect(phone.locator("dialog")).to_have_count(0)
    screen = phone.locator(".screen").bounding_box()["height"]
    assert heights["full"] == screen > heights["tall"] > heights["compact"] > screen / 3


def test_two_phones_side_by_side_are_two_people(line, toy, open_page, hanako):
    taro = line.resident("太郎")
    page = open_page(line.base)
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(f"/?resident={hanako}&resident={taro}")
    phones = page.locator(".phone")
    for user_id in (hanako, taro):  # allowed before, so nobody is asked
        line.post(f"/sim/residents/{user_id}/id-token", {"liffId": APP})
        line.push(user_id, f"https://liff.line.me/{APP}")
    for place in (0, 1):
        expect(phones.nth(place).locator(".log a")).to_be_visible()
    phones.nth(0).locator(".log a").click()
    expect(inside(page).locator("#who")).to_have_text("花子")
    page.locator("dialog .sheet-close").click()
    phones.nth(1).locator(".log a").click()
    expect(inside(page).locator("#who")).to_have_text("太郎")


def test_an_endpoint_with_a_query_keeps_it(line, toy, phone, hanako):
    link(line, phone, hanako, "/a?y=2", TALL)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    assert frame_of(phone, toy).url == f"{toy.url}/tall/a?x=1&y=2"


def test_r60_an_external_browser_logs_in(line, toy, phone, hanako, complaints):
    line.resident("太郎")
    link(line, phone, hanako, "/form?id=3#top")
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    with phone.context.expect_page() as opened:
        phone.get_by_role("link", name="ほかのブラウザーで開く").click()
    tab = opened.value
    expect(tab.locator("#state")).to_have_text("ログインしていません")
    assert tab.url == f"{toy.url}/app/form?id=3#top"
    assert tab.evaluate("[liff.isInClient(), liff.getIDToken()]") == [False, None]
    assert tab.evaluate("liff.getContext()")["type"] == "external"
    tab.locator("#login").click()
    expect(tab.get_by_role("heading", name="どなたですか")).to_be_visible()
    tab.get_by_role("link", name="太郎").click()
    tab.get_by_role("button", name="許可する", exact=True).click()
    expect(tab.locator("#who")).to_have_text("太郎")
    # the code is gone from the address
    assert tab.url == f"{toy.url}/app/form?id=3#top"
    token = tab.evaluate("liff.getIDToken()")
    claims = check(line, token, jwt.decode(token, options={"verify_signature": False})["sub"])
    assert claims["name"] == "太郎"
    tab.reload()
    expect(tab.locator("#who")).to_have_text("太郎")
    # R55: the SDK goes on giving a token that is no longer good
    line.settings(clock=3700)
    tab.reload()
    expect(tab.locator("#who")).to_have_text("太郎")
    assert tab.evaluate("liff.getIDToken()") == token
    form = {"id_token": token, "client_id": CHANNEL}
    answer = line.post_form("/oauth2/v2.1/verify", **form)
    assert answer.json["error_description"] == "IdToken expired."
    # after 12 hours the login itself has ended
    line.settings(clock=43300)
    tab.reload()
    expect(tab.locator("#state")).to_have_text("ログインしていません")
    complaints.clear()  # the browser does notice the 400 of the ended token
    # R61: not in an external browser
    code = "liff.sendMessages([{type: 'text', text: 'x'}]).catch((error) => error.code)"
    assert tab.evaluate(code) == "FORBIDDEN"


def test_logout_and_login_again(line, toy, open_page, hanako):
    tab = open_page(line.base)
    tab.goto(f"/{APP}")
    tab.locator("#login").click()
    tab.get_by_role("link", name="花子").click()
    tab.get_by_role("button", name="許可する", exact=True).click()
    expect(tab.locator("#who")).to_have_text("花子")
    tab.evaluate("liff.logout()")
    tab.reload()
    expect(tab.locator("#state")).to_have_text("ログインしていません")
    tab.locator("#login").click()
    tab.get_by_role("link", name="花子").click()  # allowed already
    expect(tab.locator("#who")).to_have_text("花子")


def test_init_can_log_in_by_itself(line, toy, open_page, hanako):
    tab = open_page(line.base)
    tab.goto(f"/{APP}?auto=1")
    tab.get_by_role("link", name="花子").click()
    tab.get_by_role("button", name="許可する", exact=True).click()
    expect(tab.locator("#who")).to_have_text("花子")
    assert tab.url == f"{toy.url}/app?auto=1"


def test_who_does_not_allow_in_the_browser_stays_logged_out(line, toy, open_page, hanako):
    tab = open_page(line.base)
    tab.goto(f"/{APP}")
    tab.locator("#login").click()
    tab.get_by_role("link", name="花子").click()
    tab.get_by_role("button", name="許可しない").click()
    expect(tab.locator("#state")).to_have_text("ログインしていません")
    assert tab.url == f"{toy.url}/app"


def test_a_fault_reaches_init(line, toy, open_page, complaints):
    line.put("/sim/faults", [{"endpoint": "liffApp", "status": 500}])
    tab = open_page(line.base)
    tab.goto(f"/{APP}")
    expect(tab.locator("#state")).to_contain_text("INIT_FAILED")
    complaints.clear()  # of the 500


def test_r62_permanent_links_and_the_scanner(line, toy, phone, hanako):
    link(line, phone, hanako, app=TALL)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame = frame_of(phone, toy)
    made = frame.evaluate("liff.permanentLink.createUrlBy(location.origin + '/tall/a?x=1&y=2#z')")
    assert made == f"{line.base}/{TALL}/a?y=2#z"
    refused = frame.evaluate(
        "liff.permanentLink.createUrlBy(location.origin + '/').catch((error) => error.code)"
    )
    assert refused == "INVALID_ARGUMENT"
    assert frame.evaluate("liff.scanCodeV2().catch((error) => error.code)") == "FORBIDDEN"
    inside(phone).locator("#close").click()
    link(line, phone, hanako)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame_of(phone, toy).evaluate(
        "void liff.scanCodeV2().then(({value}) => (document.title = value))"
    )
    phone.get_by_label("コードの中身").fill("12345")
    phone.get_by_role("button", name="読み取る").click()
    expect(phone.locator("dialog h2")).to_have_text("12345")


def test_a_page_shares_with_whom_the_resident_chooses(line, toy, phone, hanako, bot, complaints):
    for name in ("太郎", "次郎"):
        line.resident(name)
    link(line, phone, hanako)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame = frame_of(phone, toy)
    before = len(bot.events)
    share = "liff.shareTargetPicker([{type: 'text', text: %s}], {isMultiple: %s})"
    ends = ".then((done) => (document.title = done ? done.status : 'やめた'))"
    assert frame.evaluate("liff.isApiAvailable('shareTargetPicker')") is True
    frame.evaluate("void " + share % ("'どうぞ'", "true") + ends)
    dialog = phone.get_by_role("dialog", name="シェア")
    expect(dialog.get_by_label("花子")).to_have_count(0)
    for name in ("太郎", "次郎"):
        dialog.get_by_role("checkbox", name=name).check()
    dialog.get_by_role("button", name="送る").click()
    expect(phone.locator("dialog h2")).to_have_text("success")
    frame.evaluate("void " + share % ("'どうぞ'", "false") + ends)
    expect(dialog.get_by_role("radio")).to_have_count(2)
    dialog.get_by_role("button", name="閉じる").click()
    expect(phone.locator("dialog h2")).to_have_text("やめた")
    refused = share % ("''", "true") + ".then(() => 'taken', (error) => error.name)"
    assert frame.evaluate(refused) != "taken"
    complaints.clear()  # of the message that was refused
    assert len(bot.events) == before, "the bot is no friend that was chosen"


def test_a_page_asks_for_friendship(line, toy, phone, hanako, bot, eventually):
    link(line, phone, hanako)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame = frame_of(phone, toy)
    assert frame.evaluate("liff.isApiAvailable('requestFriendship')") is True
    frame.evaluate("liff.requestFriendship()")  # a friend already: over at once
    ask = "void liff.requestFriendship().then(() => (document.title = 'お答え'))"
    line.post(f"/sim/residents/{hanako}/unfollow")
    frame.evaluate(ask)
    phone.get_by_role("dialog", name="見本市").get_by_role("button", name="閉じる").click()
    expect(phone.locator("dialog h2")).to_have_text("お答え")
    assert frame.evaluate("liff.getFriendship()") == {"friendFlag": False}
    frame.evaluate(ask)
    phone.locator("dialog.sheet-form").get_by_role("button", name="ブロック解除").click()
    eventually(lambda: bot.events[-1].get("follow") == {"isUnblocked": True})
    assert frame.evaluate("liff.getFriendship()") == {"friendFlag": True}


def test_a_page_that_is_not_full_may_not_ask_for_friendship(line, toy, phone, hanako):
    link(line, phone, hanako, app=COMPACT)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    refused = "liff.requestFriendship().catch((error) => error.code)"
    assert frame_of(phone, toy).evaluate(refused) == "FORBIDDEN"


def test_r63_more_is_asked_when_it_is_needed(line, toy, phone, hanako, complaints):
    app = {"liffId": APP, "endpoint": f"{toy.url}/app", "simplified": True}
    line.put("/sim/liff", {"apps": [app]})
    link(line, phone, hanako)
    allow(phone)
    expect(state(phone)).to_have_text("ログイン済み")
    frame = frame_of(phone, toy)
    ask = "liff.permission.query('profile').then(({state}) => state)"
    assert frame.evaluate(ask) == "prompt"
    frame.evaluate(
        "void (window.asked = liff.permission.requestAll().then(() => 'yes', (e) => e.code))"
    )
    second = phone.frame_locator("dialog >> nth=1 >> iframe")
    second.get_by_role("button", name="許可する", exact=True).click()
    assert frame.evaluate("window.asked") == "yes"
    assert frame.evaluate(ask) == "granted"
    assert frame.evaluate("liff.getProfile()")["displayName"] == "花子"
    complaints.clear()  # of the profile that was refused at first


def test_it_works_without_cookies_and_storage_on_another_site(line, toy, phone, hanako):
    """Third-party cookies and storage blocked: the phone is 127.0.0.1, the page localhost."""
    site = f"http://localhost:{toy.port}"
    toy.platform = line.base
    line.put("/sim/liff", {"apps": [{"liffId": APP, "endpoint": f"{site}/app"}]})
    phone.context.add_init_script(
        """if (location.hostname === "localhost") {
          const denied = { get() { throw new DOMException("denied", "SecurityError"); } };
          for (const name of ["localStorage", "sessionStorage"])
            Object.defineProperty(window, name, denied);
          Object.defineProperty(document, "cookie", denied);
        }"""
    )
    phone.reload()
    link(line, phone, hanako, "/form")
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    assert frame_of(phone, toy).url == f"{site}/app/form"


def test_another_page_in_the_frame_is_told_nothing(line, toy, phone, hanako, open_page):
    """Only the endpoint's origin gets an answer; a page elsewhere waits for ever."""
    link(line, phone, hanako)
    allow(phone)
    expect(inside(phone).locator("#who")).to_have_text("花子")
    frame_of(phone, toy).evaluate(f"location.href = 'http://localhost:{toy.port}/app'")
    expect(state(phone)).to_have_text(re.compile("INIT_FAILED|待っています"))
    frame = frame_of(phone, toy)
    frame.wait_for_url(f"http://localhost:{toy.port}/app")
    # The phone's own listener hears a message before this one does.
    phone.evaluate(
        """() => addEventListener("message", ({ source, data }) =>
          data.liff === "init" && setTimeout(() => source.postMessage("later", "*")))"""
    )
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    heard = frame.evaluate(
        """() => new Promise((resolve) => {
          addEventListener("message", ({ data }) => resolve(data));
          parent.postMessage({ liff: "init", number: 1, liffId: liff.id, url: location.href }, "*");
        })"""
    )
    assert heard == "later"
    assert not any("/session" in url for url in asked)


def test_r60_a_link_can_ask_for_an_external_browser(line, toy, phone, hanako):
    with phone.context.expect_page() as opened:
        link(line, phone, hanako, "/form?openExternalBrowser=1")
    expect(opened.value.locator("#state")).to_have_text("ログインしていません")
    expect(phone.locator("dialog")).to_have_count(0)


def test_targets_and_width_at_320_pixels(line, toy, open_page, hanako):
    page = open_page(line.base)
    page.set_viewport_size({"width": 320, "height": 640})
    query = (
        f"response_type=code&client_id={CHANNEL}&liff_id={APP}&state=s&code_challenge={'c' * 43}"
        f"&code_challenge_method=S256&redirect_uri={toy.url}/app"
    )
    for path in (f"?{query}", f"?{query}&resident={hanako}"):
        page.goto(f"/oauth2/v2.1/authorize{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.locator("h1").count() == 1
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, a, .asked label, input[type=search]")]
                .map((one) => one.getBoundingClientRect())
                .filter(({ width, height }) => width < 44 || height < 44).length"""
        )
        assert small == 0
