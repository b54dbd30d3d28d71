"""The vocabulary in which the limits of messages are written down: one rule per kind of value.

A rule has one method: `find(value, at)` yields the problems of a value that stands at `at`, in
LINE's notation of properties. The tables of messages, templates, Flex components and actions are
made of rules and nothing else.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeGuard
from urllib.parse import unquote_to_bytes

from madoguchi_messages.lengths import grapheme_length, utf16_length


@dataclass(frozen=True)
class Problem:
    """One reason for which LINE would refuse a request.

    `property` is LINE's notation (`messages[0].text`), `message` LINE's words where they are
    known, `advice` what the author of the message can do.
    """

    property: str
    message: str
    advice: str = field(default="", compare=False)


class Rule(Protocol):
    """What a value must be."""

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """The problems of the value that stands at `at`."""
        ...


Condition = Callable[[Mapping, str], Iterable[Problem]]

MISSING = "must be specified"
EMPTY = "May not be empty"


@dataclass(frozen=True)
class Text:
    """A string of at most `most` units; `count` says which unit (R37)."""

    most: int | None = None
    least: int = 1
    count: Callable[[str], int] = utf16_length
    form: re.Pattern[str] | None = None
    advice: str = ""

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other types, the empty string, a text that is too long or of another form."""
        if not isinstance(value, str):
            yield Problem(at, "must be a string", f"it is {kind_of(value)}")
        elif not value and self.least:
            yield Problem(at, EMPTY, "write a text, or leave out what it belongs to")
        # A code point counts 2 at most: the exact length of short texts need not be known.
        elif self.most is not None and (
            len(value) > self.most // 2 and (length := self.count(value)) > self.most
        ):
            unit = "grapheme clusters" if self.count is grapheme_length else "UTF-16 code units"
            advice = f"it has {length} {unit}: shorten it by {length - self.most}"
            yield Problem(at, f"Length must be between 0 and {self.most}", advice)
        elif self.form is not None and not self.form.fullmatch(value):
            yield Problem(at, "invalid value", self.advice)


def label(most: int) -> Text:
    """A text that LINE counts in grapheme clusters (R37)."""
    return Text(most, count=grapheme_length)


_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_AUTHORITY = re.compile(r"//[^/?#]+")


@dataclass(frozen=True)
class Uri:
    """A URI of at most `most` characters, percent-encoded UTF-8, with one of `schemes` (R42)."""

    most: int
    schemes: tuple[str, ...] = ("http", "https", "line", "tel")

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other schemes, characters that are not percent-encoded, an absent host."""
        problems = list(Text(self.most).find(value, at))
        yield from problems
        if problems or not isinstance(value, str):
            return
        scheme, colon, rest = value.partition(":")
        scheme = scheme.lower()
        if not colon or scheme not in self.schemes:
            advice = f"write the whole address, beginning with {' or '.join(self.schemes)}"
            yield Problem(at, "invalid uri", advice)
        elif not rest or (scheme in {"http", "https"} and not _AUTHORITY.match(rest)):
            yield Problem(at, "invalid uri", f"nothing useful stands after {scheme}:")
        elif not _URI.fullmatch(value) or not _is_utf8(unquote_to_bytes(value)):
            advice = "percent-encode it as UTF-8, for instance with urllib.parse.quote"
            yield Problem(at, "invalid uri", advice)


HTTPS = Uri(2000, ("https",))  # of images, videos, sounds and icons (R38, R43)
LINK = Uri(1000)  # of uri actions (R38)


@dataclass(frozen=True)
class OneOf:
    """One of a few strings."""

    values: tuple[str, ...]

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse any other value."""
        if not isinstance(value, str) or value not in self.values:
            yield unknown_value(value, at, self.values)


def unknown_value(value: object, at: str, values: Iterable[str]) -> Problem:
    """The problem of a value that is none of those that LINE knows."""
    given = repr(value[:40]) if isinstance(value, str) else kind_of(value)
    message = f"Must be one of the following values: [{', '.join(values)}]"
    return Problem(at, message, f"it is {given}")


@dataclass(frozen=True)
class Number:
    """A finite number between two bounds, both included."""

    least: float = -math.inf
    most: float = math.inf
    types: tuple[type, ...] = (int, float)

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other types (a boolean is no number) and what is out of bounds."""
        if not isinstance(value, self.types) or isinstance(value, bool):
            noun = "a number" if float in self.types else "an integer"
            yield Problem(at, f"must be {noun}", f"it is {kind_of(value)}")
        elif value < self.least:  # type: ignore[operator]
            yield Problem(at, f"must be greater than or equal to {self.least:g}")
        elif value > self.most:  # type: ignore[operator]
            yield Problem(at, f"must be less than or equal to {self.most:g}")


def integer(least: float = -math.inf, most: float = math.inf) -> Number:
    """A whole number between two bounds, both included."""
    return Number(least, most, (int,))


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse anything that is not a boolean."""
        if not isinstance(value, bool):
            yield Problem(at, "must be a boolean", f"it is {kind_of(value)}")


@dataclass(frozen=True)
class List:
    """An array of `least` to `most` items that all obey one rule."""

    item: Rule
    least: int = 0
    most: int | None = None

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other types, a wrong number of items, and report each item's problems."""
        if not is_array(value):
            yield Problem(at, "must be an array", f"it is {kind_of(value)}")
            return
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            most = self.most if self.most is not None else "any"
            message = f"Size must be between {self.least} and {most}"
            yield Problem(at, message, f"it has {len(value)}")
        for index, item in enumerate(value):
            yield from self.item.find(item, f"{at}[{index}]")


@dataclass(frozen=True)
class Object:
    """An object with required and optional properties; what LINE may add later is let through.

    `also` are conditions on several properties at once. They are asked when each property is
    well on its own, so that they need not look at types again. `absent` is what LINE says of a
    required property that is not there, where it does not say what it usually does.
    """

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    also: tuple[Condition, ...] = ()
    absent: str = ""

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other types, absent properties, nulls, and report each property's problems."""
        if not isinstance(value, (dict, Mapping)):
            yield Problem(at, "must be an object", f"it is {kind_of(value)}")
            return
        well = True
        for problem in self._find_in_properties(value, at):
            well = False
            yield problem
        if well:
            for condition in self.also:
                yield from condition(value, at)

    def _find_in_properties(self, value: Mapping[str, object], at: str) -> Iterator[Problem]:
        for name, rule in self.required.items():
            if value.get(name) is None:
                usual = EMPTY if isinstance(rule, (Text, Uri)) else MISSING
                yield Problem(f"{at}.{name}", self.absent or usual, f"add {name!r}")
            else:
                yield from rule.find(value[name], f"{at}.{name}")
        for name, item in value.items():
            if rule := self.optional.get(name):
                if item is None:
                    yield Problem(f"{at}.{name}", EMPTY, f"leave {name!r} out instead of null")
                else:
                    yield from rule.find(item, f"{at}.{name}")


@dataclass(frozen=True)
class Variant:
    """An object whose property `by` says which of several rules it obeys."""

    rules: Mapping[str, Rule]
    by: str = "type"

    def find(self, value: object, at: str) -> Iterator[Problem]:
        """Refuse other types and unknown variants; then what the variant's rule refuses."""
        if not isinstance(value, (dict, Mapping)):
            yield Problem(at, "must be an object", f"it is {kind_of(value)}")
            return
        variant = value.get(self.by)
        if variant is None:
            yield Problem(f"{at}.{self.by}", MISSING, f"one of {', '.join(self.rules)}")
        elif not isinstance(variant, str) or variant not in self.rules:
            yield unknown_value(variant, f"{at}.{self.by}", self.rules)
        else:
            yield from self.rules[variant].find(value, at)


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Whether the value becomes an array in JSON."""
    return isinstance(value, (list, tuple))


def kind_of(value: object) -> str:
    """What a value is, in JSON's words, for an error message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "an array"
    return f"no JSON but a Python {type(value).__name__}"


MAX_DEPTH = 60


def unsound(value: object) -> str | None:
    """Why a value is no JSON that can be sent (or is nested deeper than 60), None if it is.

    Looks level by level, so that neither depth nor a circle can harm it. Everything after this
    look may rely on having JSON before it.
    """
    level: Sequence[object] = [value]
    for _ in range(MAX_DEPTH):
        below: dict[int, object] = {}
        for one in level:
            if one is None or isinstance(one, (str, int)):
                continue
            if isinstance(one, (dict, Mapping)):
                if not all(isinstance(name, str) for name in one):
                    return "the names of properties must be strings"
                below.update((id(child), child) for child in one.values())
            elif is_array(one):
                below.update((id(child), child) for child in one)
            elif not isinstance(one, float):
                return f"a {type(one).__name__} cannot be written as JSON"
            elif not math.isfinite(one):
                return "JSON knows neither NaN nor infinity"
        if not below:
            return None
        level = list(below.values())
    return f"nested more than {MAX_DEPTH} levels deep"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
