"""The rich menu on the phone, in Chromium: areas, tabs, folding, keys, and two widths."""

import re
import struct
import zlib
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect

GREEN, BLUE = (0xD8, 0xF0, 0xE0), (0xDC, 0xE8, 0xF8)
JST = timezone(timedelta(hours=9))
SIZE = {"width": 2500, "height": 1686}


def picture(colour: tuple[int, int, int]) -> bytes:
    """A menu of one colour with a line around its six tiles."""
    width, height = 1000, 674
    line, inside = bytes((255, 255, 255)), bytes(colour)
    row = b"\0" + (line * 6 + inside * 322 + line * 5) * 3 + line
    white = b"\0" + line * width

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    rows = [white if y % 337 < 6 else row for y in range(height)]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def areas(*actions: dict) -> list[dict]:
    return [
        {
            "bounds": {
                "x": 833 * (place % 3),
                "y": 843 * (place // 3),
                "width": 834,
                "height": 843,
            },
            "action": action,
        }
        for place, action in enumerate(actions)
    ]


def post(data: str, label: str, **more: str) -> dict:
    return {"type": "postback", "label": label, "data": data, **more}


@pytest.fixture
def menus(line) -> dict[str, str]:
    """Two tabs; everybody sees the first."""
    line.settings(rateScale=0)
    tabs = {
        "tab-a": areas(
            post("waste", "ごみの日", displayText="ごみの日は?"),
            {"type": "message", "label": "図書館", "text": "図書館は何時まで?"},
            {"type": "uri", "label": "電話", "uri": "tel:0312345678"},
            {"type": "datetimepicker", "label": "日をえらぶ", "data": "day", "mode": "date"},
            post("fold", "たたむ", inputOption="closeRichMenu"),
            {"type": "richmenuswitch", "label": "くらし", "richMenuAliasId": "tab-b", "data": "b"},
        ),
        "tab-b": areas(
            {"type": "richmenuswitch", "label": "もどる", "richMenuAliasId": "tab-a", "data": "a"}
        ),
    }
    made = {}
    for alias, colour in (("tab-a", GREEN), ("tab-b", BLUE)):
        menu = {"size": SIZE, "selected": True, "name": alias, "chatBarText": "メニュー"}
        answer = line.post("/v2/bot/richmenu", {**menu, "areas": tabs[alias]})
        made[alias] = answer.json["richMenuId"]
        path = f"/v2/bot/richmenu/{made[alias]}/content"
        line.call("POST", path, picture(colour), {"Content-Type": "image/png"})
        line.post("/v2/bot/richmenu/alias", {"richMenuAliasId": alias, "richMenuId": made[alias]})
    line.post(f"/v2/bot/user/all/richmenu/{made['tab-a']}")
    return made


def phone_of(open_page, line, user_id: str) -> Page:
    page = open_page(line.base)
    page.goto(f"/?resident={user_id}")
    expect(page.get_by_label("メッセージ", exact=True)).to_be_visible()
    return page


def face(page: Page):
    return page.get_by_role("group", name="リッチメニュー")


def counted(line, menu_id: str) -> list[int]:
    """How often each area was tapped, as LINE's insight says tomorrow."""
    line.settings(insightLeast=1, clock=86_400)
    day = datetime.now(JST)
    path = f"/v2/bot/insight/richmenu/{menu_id}/summary?from={day:%Y%m%d}&to={day:%Y%m%d}"
    clicks = line.get(path).json.get("clicks", [])
    line.settings(clock=0)
    return [one["metrics"]["count"] for one in clicks]


def test_areas_do_what_their_actions_say(open_page, line, bot, menus, eventually):
    user_id = line.resident()
    page = phone_of(open_page, line, user_id)
    face(page).get_by_role("button", name="ごみの日").click()
    expect(page.get_by_role("log")).to_contain_text("ごみの日は?")
    eventually(lambda: bot.events[-1].get("postback") == {"data": "waste"})
    face(page).get_by_role("button", name="図書館").click()
    expect(page.get_by_role("log")).to_contain_text("図書館は何時まで?")
    eventually(lambda: bot.events[-1].get("message", {}).get("text") == "図書館は何時まで?")
    face(page).get_by_role("button", name="電話").click()
    expect(page.get_by_role("dialog")).to_contain_text("0312345678")
    eventually(lambda: counted(line, menus["tab-a"]) == [1, 1, 1, 0, 0, 0])
    page.keyboard.press("Escape")
    face(page).get_by_role("button", name="日をえらぶ").click()
    page.get_by_role("dialog").get_by_label("日にち").fill("2030-05-01")
    page.get_by_role("button", name="決定").click()
    eventually(
        lambda: bot.events[-1].get("postback") == {"data": "day", "params": {"date": "2030-05-01"}}
    )
    face(page).get_by_role("button", name="たたむ").click()
    expect(face(page)).to_be_hidden()
    page.locator(".menu-bar").click()
    expect(face(page)).to_be_visible()


def test_tabs_by_key(open_page, line, bot, menus, eventually):
    user_id = line.resident()
    page = phone_of(open_page, line, user_id)
    bar = page.locator(".menu-bar")
    expect(bar).to_have_attribute("aria-expanded", "true")
    bar.focus()
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(face(page).get_by_role("button", name="くらし")).to_be_focused()
    page.keyboard.press("Enter")
    back = face(page).get_by_role("button", name="もどる")
    expect(back).to_be_focused()
    params = {"newRichMenuAliasId": "tab-b", "status": "SUCCESS"}
    eventually(lambda: bot.events[-1].get("postback") == {"data": "b", "params": params})
    assert line.get(f"/v2/bot/user/{user_id}/richmenu").json["richMenuId"] == menus["tab-b"]
    page.keyboard.press("Space")
    expect(face(page).get_by_role("button", name="ごみの日")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(bar).to_have_attribute("aria-expanded", "false")
    expect(face(page)).to_be_hidden()


def test_the_phone_follows_when_the_bot_changes_the_menu(open_page, line, menus):
    user_id = line.resident()
    page = phone_of(open_page, line, user_id)
    expect(face(page).get_by_role("button", name="ごみの日")).to_be_visible()
    line.post(f"/v2/bot/user/{user_id}/richmenu/{menus['tab-b']}")
    expect(face(page).get_by_role("button", name="もどる")).to_be_visible()
    line.call("DELETE", f"/v2/bot/user/{user_id}/richmenu")
    line.call("DELETE", "/v2/bot/user/all/richmenu")
    expect(page.locator(".rich-menu")).to_be_hidden()
    managers = {"size": SIZE, "selected": True, "name": "前から", "chatBarText": "前からのメニュー"}
    link = {"type": "uri", "label": "市のホームページ", "uri": "https://www.city.example.jp/"}
    line.put("/sim/richmenu", {"richMenu": {**managers, "areas": areas(link)}})
    # It has no picture, so the label is drawn.
    expect(face(page).get_by_text("市のホームページ")).to_be_visible()
    line.post(f"/sim/residents/{user_id}/unfollow")
    page.reload()
    expect(page.get_by_role("button", name="ブロック解除")).to_be_visible()
    expect(page.locator(".rich-menu")).to_be_hidden()


def test_a_menu_gives_way_to_what_was_said(open_page, line, menus):
    user_id = line.resident()
    page = phone_of(open_page, line, user_id)
    page.set_viewport_size({"width": 320, "height": 568})
    face(page).get_by_role("button", name="ごみの日").focus()
    action = {"type": "message", "label": "はい", "text": "はい"}
    items = {"quickReply": {"items": [{"type": "action", "action": action}]}}
    asks = {"type": "text", "text": "予約しますか。", **items}
    line.post("/v2/bot/message/push", {"to": user_id, "messages": [asks]})
    expect(face(page)).to_be_hidden()
    expect(page.get_by_text("予約しますか。")).to_be_in_viewport()
    bar = page.locator(".menu-bar")
    expect(bar).to_be_focused()
    bar.click()
    expect(face(page)).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_the_menu_fits_and_areas_are_large_enough(open_page, line, bot, menus, width):
    user_id = line.resident()
    line.push(user_id, "こんにちは。見本市です。")
    page = phone_of(open_page, line, user_id)
    page.set_viewport_size({"width": width, "height": 568 if width == 320 else 844})
    expect(face(page).get_by_role("button")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    box = face(page).bounding_box()
    assert box["width"] == pytest.approx(width)
    assert box["height"] == pytest.approx(width * SIZE["height"] / SIZE["width"], abs=1)
    assert box["y"] + box["height"] <= page.viewport_size["height"] + 1
    for button in face(page).get_by_role("button").all():
        size = button.bounding_box()
        assert min(size["width"], size["height"]) >= 44
        assert re.fullmatch(r"\S+", button.get_attribute("aria-label"))
    expect(page.get_by_text("こんにちは。見本市です。")).to_be_in_viewport()
    image = face(page).locator("img")
    page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
