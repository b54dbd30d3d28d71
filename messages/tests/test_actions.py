"""What may happen on a tap, and which addresses may be opened (R41, R42)."""

import pytest

from .building import URL, bubble, buttons, flex, found, length, letter, quick


def picker(**more):
    return quick({"type": "datetimepicker", "label": "日付", "data": "d", **more})


@pytest.mark.parametrize(
    ("mode", "good", "bad"),
    [
        ("date", ["1900-01-01", "2100-12-31"],
         ["1899-12-31", "2101-01-01", "2026-02-30", "2026-2-3", "2026-04-01T09:00"]),
        ("time", ["00:00", "23:59"], ["24:00", "9:00", "09:00:00"]),
        ("datetime", ["1900-01-01T00:00", "2100-12-31t23:59"],
         ["2026-04-01 09:00", "2026-04-01T09:00Z", "2026-04-01T09:00+09:00", "2101-01-01T00:00"]),
    ],
)  # fmt: skip
def test_r41_dates_are_in_the_modes_format_from_1900_to_2100(mode, good, bad):
    for value in good:
        assert found(picker(mode=mode, initial=value)) == []
    for value in bad:
        refused = ("messages[0].quickReply.items[0].action.initial", "invalid value")
        assert found(picker(mode=mode, initial=value)) == [refused]


def test_r41_min_is_before_max():
    assert found(picker(mode="date", min="2026-04-01", max="2026-04-02")) == []
    for last in ("2026-04-01", "2026-03-31"):
        refused = ("messages[0].quickReply.items[0].action.max", "must be greater than min")
        assert found(picker(mode="date", min="2026-04-01", max=last)) == [refused]


@pytest.mark.parametrize("kind", ["camera", "cameraRoll", "location"])
def test_r41_camera_and_location_are_for_quick_replies_only(kind):
    action = {"type": kind, "label": "開く"}
    assert found(quick(action)) == []
    for message in (
        buttons(actions=[action]),
        flex(bubble({"type": "button", "action": action})),
        flex(bubble(letter(), action=action)),
    ):
        ((at, words),) = found(message)
        assert at.endswith(("action.type", "actions[0].type"))
        assert words.startswith("Must be one of the following values: [postback, message, uri")


def test_r41_richmenuswitch_is_for_rich_menus_only():
    action = {"type": "richmenuswitch", "label": "次", "richMenuAliasId": "b", "data": "d"}
    for message in (
        quick(action),
        buttons(actions=[action]),
        flex(bubble(letter(), action=action)),
    ):
        ((at, words),) = found(message)
        assert at.endswith(".type")
        assert "richmenuswitch" not in words


def test_r41_display_text_and_text_exclude_each_other():
    action = {"type": "postback", "label": "a", "data": "d", "displayText": "a"}
    assert found(buttons(actions=[action])) == []
    assert len(found(buttons(actions=[{**action, "text": "a"}]))) == 1


def opened(uri):
    return found(quick({"type": "uri", "label": "開く", "uri": uri}))


@pytest.mark.parametrize(
    "uri",
    [
        "https://city.example.jp/%E3%81%94%E3%81%BF?a=b&c=d#e",
        "http://city.example.jp",
        "HTTPS://city.example.jp:8443/~a",
        "https://[2001:db8::1]/",
        "tel:0312345678",
        "line://ti/p/@city",
        "https://line.me/R/ti/p/%40city",
    ],
)
def test_r42_links(uri):
    assert opened(uri) == []


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,a",
        "mailto:a@city.example.jp",
        "city.example.jp",
        "//city.example.jp/",
        "https://",
        "https:///a",
        "https:city",
        "tel:",
        "https://city.example.jp/ごみ",
        "https://city.example.jp/a b",
        "https://city.example.jp/%",
        "https://city.example.jp/%zz",
        "https://city.example.jp/%82%A0",  # percent-encoded, but Shift_JIS
        "https://city.example.jp/\n",
    ],
)
def test_r42_no_links(uri):
    assert opened(uri) == [("messages[0].quickReply.items[0].action.uri", "invalid uri")]


def test_r42_a_link_has_1000_characters():
    assert opened(URL.ljust(1000, "a")) == []
    assert opened(URL.ljust(1001, "a")) == length(1000, "quickReply.items[0].action.uri")
