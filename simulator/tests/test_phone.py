"""The phone page in a real browser, against the real simulator; the tests play the bot."""

import asyncio
import json
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request as Call
from urllib.request import urlopen

import pytest
import uvicorn
from playwright.sync_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from madoguchi_simulator import Channel, Simulator

QUICK_REPLIES = {
    "items": [
        {
            "type": "action",
            "action": {"type": "message", "label": "何時まで？", "text": "図書館は何時まで？"},
        },
        {
            "type": "action",
            "action": {
                "type": "postback",
                "label": "ごみの日",
                "data": "garbage=1",
                "displayText": "ごみの日を知りたい",
            },
        },
        {
            "type": "action",
            "action": {
                "type": "datetimepicker",
                "label": "日をえらぶ",
                "data": "day=1",
                "mode": "date",
                "initial": "2030-05-01",
            },
        },
        {"type": "action", "action": {"type": "location", "label": "場所を送る"}},
        {
            "type": "action",
            "action": {
                "type": "postback",
                "label": "自分で書く",
                "data": "write=1",
                "inputOption": "openKeyboard",
                "fillInText": "わたしの住所は",
            },
        },
    ]
}

FLEX = {
    "type": "flex",
    "altText": "開館案内",
    "contents": {
        "type": "bubble",
        "body": {
            "type": "box",
            "layout": "vertical",
            "contents": [
                {"type": "text", "text": "駅前分館", "weight": "bold"},
                {
                    "type": "box",
                    "layout": "vertical",
                    "action": {"type": "postback", "data": "box=1", "displayText": "箱をえらぶ"},
                    "contents": [{"type": "text", "text": "この箱をえらべます"}],
                },
                {
                    "type": "button",
                    "action": {"type": "uri", "label": "電話する", "uri": "tel:0312345678"},
                },
            ],
        },
    },
}


class Server:
    """An ASGI application in a thread; ``port`` stays the same when it starts again."""

    def __init__(self, app: object, port: int = 0) -> None:
        self.app, self.port = app, port
        self.start()

    def start(self) -> None:
        config = uvicorn.Config(
            self.app, port=self.port, log_level="critical", timeout_graceful_shutdown=1, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            self._thread.join(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Bot:
    """A bot as somebody would write it: it takes webhooks and replies over HTTP."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.simulator = ""
        self.token = ""

    def app(self) -> Starlette:
        return Starlette(routes=[WebRoute("/webhook", self._webhook, methods=["POST"])])

    async def _webhook(self, request: Request) -> Response:
        events = json.loads(await request.body())["events"]
        self.events += events
        if any(event.get("message", {}).get("text") == "こわれて" for event in events):
            return Response(status_code=503)
        for event in events:
            if messages := self._answer(event):
                await asyncio.to_thread(self._reply, event["replyToken"], messages)
        return Response()

    def _answer(self, event: dict) -> list[dict]:
        match event["type"], event.get("message", {}).get("type"):
            case "follow", _:
                return [text("ようこそ、見本市へ。")]
            case "postback", _:
                postback = event["postback"]
                when = postback.get("params", {}).get("date", "")
                return [text(f"{postback['data']} {when}".strip() + " を受け取りました")]
            case "message", "text" if event["message"]["text"] == "案内":
                return [FLEX]
            case "message", "text" if event["message"]["text"] == "写真":
                here = f"https://{urlsplit(self.simulator).netloc}/static/town.svg"
                return [{"type": "image", "originalContentUrl": here, "previewImageUrl": here}]
            case "message", "text":
                answer = text(f"「{event['message']['text']}」ですね。18時までです。")
                return [answer | {"quickReply": QUICK_REPLIES}]
            case "message", "location":
                return [text(f"場所は {event['message']['title']} ですね。")]
            case "message", kind:
                return [text(f"{kind} を受け取りました")]
            case _:
                return []

    def _reply(self, reply_token: str, messages: list[dict]) -> None:
        post(
            f"{self.simulator}/v2/bot/message/reply",
            {"replyToken": reply_token, "messages": messages},
            self.token,
        )

    def of(self, user_id: str, kind: str) -> list[dict]:
        """Events of one resident and one kind, as they came."""
        return [
            event
            for event in self.events
            if event["type"] == kind and event["source"]["userId"] == user_id
        ]


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def post(address: str, body: dict, token: str = "") -> dict:
    call = Call(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    if token:
        call.add_header("Authorization", f"Bearer {token}")
    with urlopen(call, timeout=10) as answer:
        return json.load(answer)


def png(path: Path, colour: tuple[int, int, int]) -> Path:
    """A small picture without a picture library."""
    rows = (b"\0" + bytes(colour) * 60) * 40

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60, 40, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + body)
    return path


@pytest.fixture(scope="module")
def bot() -> Bot:
    return Bot()


@pytest.fixture(scope="module")
def simulator(bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    bot_server = Server(bot.app())
    channel = Channel(webhook_url=f"http://127.0.0.1:{bot_server.port}/webhook")
    platform = Simulator(channel, data=tmp_path_factory.mktemp("simulator"))
    server = Server(platform.app)
    bot.simulator, bot.token = f"http://127.0.0.1:{server.port}", channel.access_token
    yield server
    server.stop()
    bot_server.stop()
    platform.close()


@pytest.fixture
def page(open_page, simulator: Server) -> Page:
    """The phone page of the module's simulator."""
    return open_page(f"http://127.0.0.1:{simulator.port}")


def become(page: Page, name: str) -> str:
    """Make a resident on the first view; returns the user id."""
    page.goto("/")
    page.get_by_label("名前", exact=True).fill(name)
    page.get_by_role("button", name="新しい住民を作る").click()
    expect(page.get_by_role("button", name="友だち追加")).to_be_visible()
    return re.search(r"resident=(U[0-9a-f]{32})", page.url)[1]


def befriend(page: Page, name: str) -> str:
    """A resident who is a friend and has been greeted."""
    user_id = become(page, name)
    page.get_by_role("button", name="友だち追加").click()
    expect(log(page)).to_contain_text("ようこそ、見本市へ。")
    return user_id


def log(page: Page) -> Locator:
    return page.get_by_role("log")


def write(page: Page, words: str) -> None:
    field = page.get_by_label("メッセージ", exact=True)
    field.fill(words)
    field.press("Enter")


def tray(page: Page, name: str) -> Locator:
    page.get_by_role("button", name="写真などを送る").click()
    return page.get_by_role("button", name=name, exact=True)


def own(page: Page, words: str) -> Locator:
    """The resident's own bubble with these words."""
    return page.locator(".row.from-resident", has_text=words)


def test_a_newcomer_adds_the_account_asks_and_taps_quick_replies(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "見本 花子")
    write(page, "図書館")
    expect(log(page)).to_contain_text("「図書館」ですね。18時までです。")
    chips = page.get_by_role("group", name="返事の候補")
    chips.get_by_role("button", name="何時まで？").click()
    expect(log(page)).to_contain_text("「図書館は何時まで？」ですね。")
    chips.get_by_role("button", name="ごみの日").click()
    expect(own(page, "ごみの日を知りたい")).to_have_count(1)
    expect(log(page)).to_contain_text("garbage=1 を受け取りました")
    expect(chips).to_be_hidden()  # the newest message has none (R39)
    sent = [event["message"]["text"] for event in bot.of(user_id, "message")]
    assert sent == ["図書館", "図書館は何時まで？"]


def test_reload_keeps_all(page: Page) -> None:
    befriend(page, "見本 太郎")
    write(page, "図書館")
    chips = page.get_by_role("group", name="返事の候補")
    expect(chips).to_be_visible()
    before = log(page).inner_text()
    page.reload()
    expect(chips).to_be_visible()
    assert log(page).inner_text() == before
    expect(page.get_by_label("メッセージ", exact=True)).to_be_visible()


def test_picking_a_date_and_filling_in_text(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "佐藤 さくら")
    write(page, "図書館")
    page.get_by_role("button", name="日をえらぶ").click()
    page.get_by_label("日にち").fill("2030-05-03")
    page.get_by_role("button", name="決定").click()
    expect(log(page)).to_contain_text("day=1 2030-05-03 を受け取りました")
    assert bot.of(user_id, "postback")[-1]["postback"]["params"] == {"date": "2030-05-03"}
    write(page, "図書館")
    page.get_by_role("button", name="自分で書く").click()
    expect(page.get_by_label("メッセージ", exact=True)).to_have_value("わたしの住所は")
    expect(page.get_by_label("メッセージ", exact=True)).to_be_focused()


def test_photos_chosen_together_arrive_as_one_set_r48(page: Page, bot: Bot, tmp_path: Path) -> None:
    user_id = befriend(page, "鈴木 健一")
    photos = [png(tmp_path / "a.png", (200, 80, 60)), png(tmp_path / "b.png", (60, 120, 200))]
    with page.expect_file_chooser() as chooser:
        tray(page, "写真・動画").click()
    chooser.value.set_files(photos)
    pictures = log(page).get_by_role("button", name="写真を大きく見る")
    expect(log(page).get_by_text("image を受け取りました")).to_have_count(2)
    expect(pictures).to_have_count(2)
    sets = [event["message"]["imageSet"] for event in bot.of(user_id, "message")]
    assert len({one["id"] for one in sets}) == 1
    assert {one["total"] for one in sets} == {2}
    page.reload()  # now they come from the simulator
    expect(pictures).to_have_count(2)
    expect(pictures.first.locator("img")).to_have_js_property("naturalWidth", 60)
    pictures.first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_place_and_sticker(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "高橋 陽子")
    tray(page, "位置情報").click()
    page.get_by_label("場所の名前").fill("駅前広場")
    page.get_by_role("button", name="この場所を送る").click()
    expect(log(page)).to_contain_text("場所は 駅前広場 ですね。")
    tray(page, "スタンプ").click()
    page.get_by_role("button", name="いいね").click()
    expect(log(page)).to_contain_text("sticker を受け取りました")
    expect(log(page).get_by_role("img", name="いいね")).to_be_visible()
    place, sticker = [event["message"] for event in bot.of(user_id, "message")]
    assert (place["title"], place["latitude"]) == ("駅前広場", 35.687574)
    assert (sticker["packageId"], sticker["stickerId"]) == ("446", "1989")


def test_block_and_unblock(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "田中 翔")
    page.get_by_role("button", name="メニュー").click()
    page.get_by_role("button", name="ブロック").click()
    expect(page.get_by_text("ブロックしています")).to_be_visible()
    expect(page.get_by_label("メッセージ", exact=True)).to_be_hidden()
    page.reload()
    page.get_by_role("button", name="ブロック解除").click()
    expect(page.get_by_label("メッセージ", exact=True)).to_be_visible()
    assert len(bot.of(user_id, "unfollow")) == 1
    assert bot.of(user_id, "follow")[-1]["follow"]["isUnblocked"] is True


def test_unsending_takes_the_words_away_r13(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "伊藤 美咲")
    write(page, "まちがい")
    expect(log(page)).to_contain_text("「まちがい」ですね。")
    own(page, "まちがい").get_by_role("button", name="このメッセージの操作").click()
    page.get_by_role("button", name="送信取消").click()
    expect(log(page)).to_contain_text("メッセージの送信を取り消しました")
    page.reload()
    expect(log(page)).to_contain_text("メッセージの送信を取り消しました")
    expect(own(page, "まちがい")).to_have_count(0)
    assert len(bot.of(user_id, "unsend")) == 1


def test_a_refused_webhook_is_said_in_the_chat(page: Page) -> None:
    befriend(page, "渡辺 誠")
    write(page, "こわれて")
    expect(own(page, "こわれて")).to_contain_text("窓口に届きませんでした (503)")


def test_flex_is_readable_and_its_parts_work_by_key_and_tap(page: Page) -> None:
    befriend(page, "山本 ひかり")
    write(page, "案内")
    expect(log(page)).to_contain_text("駅前分館")
    log(page).get_by_text("電話する").click()
    expect(page.get_by_role("dialog")).to_contain_text("0312345678")
    page.keyboard.press("Escape")
    log(page).locator("[role=button][data-action]", has_text="この箱をえらべます").focus()
    page.keyboard.press("Enter")
    expect(own(page, "箱をえらぶ")).to_have_count(1)
    expect(log(page)).to_contain_text("box=1 を受け取りました")


def test_a_picture_of_this_machine_is_seen_though_it_has_no_https(page: Page) -> None:
    befriend(page, "中村 けい")
    write(page, "写真")
    picture = log(page).locator("img[src$='town.svg']")
    expect(picture).to_be_visible()
    page.wait_for_function("one => one.complete && one.naturalWidth", arg=picture.element_handle())


def test_the_enter_of_a_conversion_does_not_send(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "中村 大輔")
    field = page.get_by_label("メッセージ", exact=True)
    field.fill("としょかん")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(field).to_have_value("としょかん")
    assert bot.of(user_id, "message") == []
    field.press("Shift+Enter")
    assert bot.of(user_id, "message") == []
    field.press("Enter")
    expect(log(page)).to_contain_text("「としょかん」ですね。")


def test_the_dots_move_until_the_answer_r34(page: Page, bot: Bot) -> None:
    user_id = befriend(page, "小林 あおい")
    dots = page.get_by_role("img", name="返事を準備しています")
    body = {"chatId": user_id, "loadingSeconds": 20}
    post(f"{bot.simulator}/v2/bot/chat/loading/start", body, bot.token)
    expect(dots).to_be_visible()
    write(page, "図書館")
    expect(log(page)).to_contain_text("「図書館」ですね。")
    expect(dots).to_have_count(0)


def test_the_clock_moves_a_day(page: Page, bot: Bot) -> None:
    befriend(page, "加藤 葵")
    with urlopen(f"{bot.simulator}/sim/settings", timeout=10) as answer:
        before = json.load(answer)["clock"]
    page.get_by_role("button", name="メニュー").click()
    page.get_by_role("button", name="時計を1日進める").click()
    expect(page.get_by_text(re.compile("^今は .+ です$"))).to_be_visible()
    with urlopen(f"{bot.simulator}/sim/settings", timeout=10) as answer:
        assert json.load(answer)["clock"] == pytest.approx(before + 86400, abs=1)


def test_the_page_finds_the_simulator_again(
    page: Page, simulator: Server, complaints: list[str]
) -> None:
    befriend(page, "吉田 蓮")
    simulator.stop()
    expect(page.get_by_text("つなぎ直しています")).to_be_visible()
    write(page, "だれかいますか")
    expect(own(page, "だれかいますか")).to_contain_text("送れませんでした")
    simulator.start()
    expect(page.get_by_text("つなぎ直しています")).to_be_hidden()
    page.get_by_role("button", name="もう一度送る").click()
    expect(log(page)).to_contain_text("「だれかいますか」ですね。")
    expect(own(page, "だれかいますか")).to_have_count(1)
    complaints.clear()  # the browser does notice that nobody is there


def test_residents_stand_side_by_side_and_each_has_a_chat(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    first = befriend(page, "山田 桜")
    page.get_by_label("名前", exact=True).fill("佐々木 湊")
    page.get_by_role("button", name="新しい住民を作る").click()
    phones = page.locator(".phone")
    expect(phones).to_have_count(2)
    phones.nth(1).get_by_role("button", name="友だち追加").click()
    expect(phones.nth(1).get_by_role("log")).to_contain_text("ようこそ")
    phones.nth(1).get_by_label("メッセージ", exact=True).fill("わたしだけ")
    phones.nth(1).get_by_role("button", name="送信").click()
    expect(phones.nth(1).get_by_role("log")).to_contain_text("「わたしだけ」ですね。")
    expect(phones.nth(0).get_by_role("log")).not_to_contain_text("わたしだけ")
    page.reload()
    expect(phones).to_have_count(2)
    phones.nth(0).get_by_role("button", name=re.compile("電話を閉じる")).click()
    expect(phones).to_have_count(1)
    assert first not in page.url


@pytest.mark.parametrize("percent", [100, 200])
def test_nothing_goes_sideways_at_320_pixels(page: Page, percent: int) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () =>"
        f" document.documentElement.style.setProperty('font-size', '{percent}%'))"
    )

    def width() -> int:
        return page.evaluate("document.documentElement.scrollWidth")

    page.goto("/")
    assert width() == 320
    befriend(page, f"グエン・ラン {percent}")
    write(page, "とても長い言葉" * 12 + "https://example.lg.jp/" + "x" * 80)
    expect(log(page)).to_contain_text("18時までです。")
    assert width() == 320
    tray(page, "位置情報").click()
    assert width() == 320
    page.keyboard.press("Escape")
    sideways = page.locator(".log").evaluate("log => log.scrollWidth - log.clientWidth")
    assert sideways == 0
    small = page.evaluate(
        """() => [...document.querySelectorAll("button:not(.own-tools), a.icon-button, input")]
            .filter((one) => one.checkVisibility())
            .map((one) => [one.className, one.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44)
            .map(([name]) => name)"""
    )
    assert small == [], "targets under 44 px"


def test_the_page_is_strict_and_has_a_language(bot: Bot, simulator: Server) -> None:
    with urlopen(f"{bot.simulator}/", timeout=10) as answer:
        policy, html = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert '<html lang="ja">' in html
    assert html.count("<h1") == 1
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", html)
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', html):
        with urlopen(f"{bot.simulator}{name}", timeout=10) as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
