"""LINE's limits of message objects, checked before anything is queued (R22, R37 to R43)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from unicodedata import normalize

from madoguchi_messages import actions, flex, templates
from madoguchi_messages.rules import (
    HTTPS,
    List,
    Number,
    Object,
    OneOf,
    Problem,
    Rule,
    Text,
    Variant,
    integer,
    unsound,
)

MAX_MESSAGES = 5
MAX_BODY_BYTES = 2_000_000
MAX_EMOJIS = MAX_MENTIONS = 20
MAX_SUBSTITUTIONS = 100


class MessageError(ValueError):
    """LINE would refuse these messages. `problems` say where and why, `str()` also what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self._explain())

    def _explain(self) -> str:
        lines = [f"LINE would refuse this ({len(self.problems)} problem(s)):"]
        for problem in self.problems:
            advice = f" ({problem.advice})" if problem.advice else ""
            lines.append(f"  {problem.property}: {problem.message}{advice}")
        return "\n".join(lines)


def check(messages: Sequence[Mapping[str, object]]) -> None:
    """Raise MessageError if LINE would refuse these messages in one reply, push or multicast."""
    if problems := find_problems(messages):
        raise MessageError(problems)


def find_problems(messages: object) -> tuple[Problem, ...]:
    """All reasons for which LINE would refuse these messages; empty if it would take them.

    Takes anything that may stand under `messages` in a request, and never raises.
    """
    if reason := unsound(messages):
        return (Problem("messages", "must be JSON", reason),)
    return tuple(_MESSAGES.find(messages, "messages"))


def find_body_problems(body: bytes) -> tuple[Problem, ...]:
    """The problem of a request's body above 2 MB (R22; LINE answers 413)."""
    if len(body) <= MAX_BODY_BYTES:
        return ()
    advice = f"it has {len(body)} bytes: send fewer messages or recipients at a time"
    return (Problem("", "the request body must be 2 MB or less", advice),)


def _emojis_stand_on_placeholders(message: Mapping, at: str) -> Iterator[Problem]:
    """Each emoji's index is that of a `$`, counted in UTF-16 code units (R37, R38)."""
    units = message["text"].encode("utf-16-le", "surrogatepass")
    for number, emoji in enumerate(message.get("emojis", ())):
        index = emoji["index"]
        if units[2 * index : 2 * index + 2] != b"$\0":
            advice = f"no $ stands at {index}; emoji and some kanji before it count 2"
            yield Problem(f"{at}.emojis[{number}].index", "invalid value", advice)


BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_KEY = re.compile(r"[0-9A-Za-z_]{1,20}")


def _substitutions_fit(message: Mapping, at: str) -> Iterator[Problem]:
    """Braces are paired or doubled, each name is known, not too many of each (R38)."""
    substitution = message.get("substitution", {})
    kinds: list[str] = []
    for match in BRACES.finditer(message["text"]):
        if match[0] in "{}":
            advice = "write {{ and }} for braces that are meant as such"
            yield Problem(f"{at}.text", "braces must be used in pairs", advice)
        elif (key := match[1]) is not None:
            if key not in substitution:
                advice = f"add {key!r} to 'substitution', or write {{{{{key}}}}}"
                yield Problem(f"{at}.substitution.{key}", "must be specified", advice)
            else:
                kinds.append(substitution[key]["type"])
    for key in substitution:
        if not _KEY.fullmatch(key):
            advice = "use up to 20 of 0-9 A-Z a-z _"
            yield Problem(f"{at}.substitution.{key}", "invalid key", advice)
    if len(substitution) > MAX_SUBSTITUTIONS:
        message_ = f"Size must be between 0 and {MAX_SUBSTITUTIONS}"
        yield Problem(f"{at}.substitution", message_, f"it has {len(substitution)}")
    for kind, most in (("emoji", MAX_EMOJIS), ("mention", MAX_MENTIONS)):
        if kinds.count(kind) > most:
            message_ = f"the number of {kind}s must be {most} or less"
            yield Problem(f"{at}.text", message_, f"it has {kinds.count(kind)}")


def _name_is_not_line(sender: Mapping, at: str) -> Iterator[Problem]:
    """LINE refuses names like its own (R38); オンライン and online are other words."""
    name = normalize("NFKC", sender.get("name", "")).casefold()
    if re.search(r"(?<![a-z])line(?![a-z])", name):
        yield Problem(f"{at}.name", "invalid name", "LINE forbids its own name here")


class _Each:
    """An object under free names, with one rule for all its values."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def find(self, value: object, at: str) -> Iterator[Problem]:
        yield from Object().find(value, at)
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield from self.rule.find(item, f"{at}.{name}")


_TOKEN = {"quoteToken": Text()}
_EMOJI: dict[str, Rule] = {"productId": Text(), "emojiId": Text()}
_MENTIONEE = Variant({"user": Object({"userId": Text()}), "all": Object()})
_ALT_TEXT = Text(1500)

_COMMON: dict[str, Rule] = {
    "quickReply": Object(
        {
            "items": List(
                Object(
                    {"type": OneOf(("action",)), "action": actions.QUICK_REPLY},
                    {"imageUrl": HTTPS},
                ),
                1,
                13,
            )
        }
    ),
    "sender": Object({}, {"name": Text(20), "iconUrl": HTTPS}, (_name_is_not_line,)),
}

_TYPES: dict[str, Object] = {
    "text": Object(
        {"text": Text(5000)},
        {"emojis": List(Object({"index": integer(0), **_EMOJI}), 0, MAX_EMOJIS), **_TOKEN},
        (_emojis_stand_on_placeholders,),
    ),
    "textV2": Object(
        {"text": Text(5000)},
        {
            "substitution": _Each(
                Variant({"mention": Object({"mentionee": _MENTIONEE}), "emoji": Object(_EMOJI)})
            ),
            **_TOKEN,
        },
        (_substitutions_fit,),
    ),
    "sticker": Object({"packageId": Text(), "stickerId": Text()}, _TOKEN),
    "image": Object({"originalContentUrl": HTTPS, "previewImageUrl": HTTPS}),
    "video": Object(
        {"originalContentUrl": HTTPS, "previewImageUrl": HTTPS},
        {
            "trackingId": Text(
                100,
                form=re.compile(r"[!-~]+"),
                advice="use half-width letters, digits and symbols",
            )
        },
    ),
    "audio": Object({"originalContentUrl": HTTPS, "duration": integer(1)}),
    "location": Object(
        {
            "title": Text(100),
            "address": Text(100),
            "latitude": Number(-90, 90),
            "longitude": Number(-180, 180),
        }
    ),
    "imagemap": templates.IMAGEMAP,
    "template": Object({"altText": _ALT_TEXT, "template": templates.TEMPLATES}),
    "flex": Object({"altText": _ALT_TEXT, "contents": flex.CONTAINERS}),
    "coupon": Object(
        {"couponId": Text()},
        {"deliveryTag": Text(30, form=re.compile(r"[0-9A-Za-z_]+"), advice="use 0-9 A-Z a-z _")},
    ),
}

_MESSAGES = List(
    Variant(
        {
            name: Object(rule.required, {**rule.optional, **_COMMON}, rule.also)
            for name, rule in _TYPES.items()
        }
    ),
    1,
    MAX_MESSAGES,
)
