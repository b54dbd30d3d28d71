"""Actions: what happens when a resident taps something (R37, R41, R42)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from madoguchi_messages.lengths import grapheme_length
from madoguchi_messages.rules import (
    LINK,
    Condition,
    Object,
    OneOf,
    Problem,
    Rule,
    Text,
    Uri,
    Variant,
    label,
)

_FORMATS = {
    "date": ("%Y-%m-%d", re.compile(r"\d{4}-\d{2}-\d{2}"), "2026-04-01"),
    "time": ("%H:%M", re.compile(r"\d{2}:\d{2}"), "09:30"),
    "datetime": ("%Y-%m-%dT%H:%M", re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}"),
                 "2026-04-01T09:30"),
}  # fmt: skip


def _dates_fit(action: Mapping, at: str) -> Iterator[Problem]:
    """Formats as the mode says, years 1900 to 2100, min before max (R41)."""
    mode = str(action["mode"])
    moments: dict[str, datetime] = {}
    for name in ("initial", "min", "max"):
        if name not in action:
            continue
        moment = _moment(mode, str(action[name]))
        if moment is None:
            advice = f"mode {mode!r} wants a value like {_FORMATS[mode][2]}, years 1900 to 2100"
            yield Problem(f"{at}.{name}", "invalid value", advice)
        else:
            moments[name] = moment
    if "min" in moments and "max" in moments and moments["min"] >= moments["max"]:
        yield Problem(f"{at}.max", "must be greater than min", "swap them, or leave one out")


def _moment(mode: str, value: str) -> datetime | None:
    format_, form, _ = _FORMATS[mode]
    if not form.fullmatch(value):
        return None
    try:
        moment = datetime.strptime(value.upper(), format_)
    except ValueError:
        return None
    return moment if 1900 <= moment.year <= 2100 else None


def _one_echo(action: Mapping, at: str) -> Iterator[Problem]:
    """LINE: displayText and text can't both be used at the same time."""
    if "displayText" in action and "text" in action:
        message = "displayText and text can't both be used at the same time"
        yield Problem(f"{at}.text", message, "keep displayText; text is deprecated")


_DATA = Text(300, least=0)
_ECHO = Text(300, count=grapheme_length)
_INPUTS = ("closeRichMenu", "openRichMenu", "openKeyboard", "openVoice")
ALIAS = Text(32, form=re.compile(r"[a-z0-9_-]+"), advice="use a-z, 0-9, _ and - alone")


def tap(label_: Rule, *, labelled: bool, pictures: bool = False, menus: bool = False) -> Variant:
    """The rule of an action: LINE's limits of the label depend on where the action stands.

    `labelled`: the label must be there. `pictures`: camera, cameraRoll and location may be used,
    which is so in quick replies only. `menus`: richmenuswitch, which is so in rich menus only.
    """

    def action(
        required: Mapping[str, Rule],
        optional: Mapping[str, Rule] | None = None,
        also: tuple[Condition, ...] = (),
    ) -> Object:
        must = {"label": label_} if labelled else {}
        may = {} if labelled else {"label": label_}
        return Object({**must, **required}, {**may, **(optional or {})}, also)

    rules = {
        "postback": action(
            {"data": _DATA},
            {
                "displayText": _ECHO,
                "text": _ECHO,
                "inputOption": OneOf(_INPUTS),
                "fillInText": _ECHO,
            },
            (_one_echo,),
        ),
        "message": action({"text": _ECHO}),
        "uri": action({"uri": LINK}, {"altUri": Object(optional={"desktop": Uri(1000)})}),
        "datetimepicker": action(
            {"data": _DATA, "mode": OneOf(tuple(_FORMATS))},
            {"initial": Text(), "min": Text(), "max": Text()},
            (_dates_fit,),
        ),
        "clipboard": action({"clipboardText": Text(1000)}),
    }
    if pictures:
        rules |= {kind: action({}) for kind in ("camera", "cameraRoll", "location")}
    if menus:
        rules["richmenuswitch"] = action({"richMenuAliasId": ALIAS, "data": _DATA})
    return Variant(rules)


TEMPLATE = tap(label(20), labelled=True)
IMAGE_CAROUSEL = tap(label(12), labelled=False)
QUICK_REPLY = tap(label(20), labelled=True, pictures=True)
FLEX_BUTTON = tap(label(40), labelled=True)
FLEX_AREA = tap(label(40), labelled=False)
RICH_MENU = tap(label(20), labelled=False, menus=True)
