"""A condition on residents, as a tree of frozen values: what staff build, keep and send to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

Unit = Literal["days", "months", "years"]

LANGUAGE = "language"
"""Stands where a field does: the language that a resident reads."""
FOLLOWED = "followed"
"""The same: the day since which somebody is a friend; friends from before us have none."""


@dataclass(frozen=True, slots=True)
class Age:
    """So many whole days, months or years since a date."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Everyone:
    """全員: all friends, those without settings too."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is known not to hold: who has not answered is not meant."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer to a field is, or holds, one of these options."""

    field: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """未回答: the resident has settings, and has not answered this field."""

    field: str


@dataclass(frozen=True, slots=True)
class Aged:
    """A date of the field lies so far back, both ages included, counted on the day in Tokyo.

    3 to 4 months is from the day on which somebody turns 3 months to the day before they turn 5.
    """

    field: str
    least: Age
    most: Age


@dataclass(frozen=True, slots=True)
class Dated:
    """A date of the field is one of these days, both included; None is open."""

    field: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Followed:
    """Became a friend on one of these days in Tokyo, both included; None is open.

    `days` instead: so many days ago at most.
    """

    first: date | None = None
    last: date | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Speaks:
    """Reads one of these languages."""

    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Is one of those whom a plugin names (`Audience`), with its parameters."""

    audience: str
    given: tuple[tuple[str, str | int | date], ...] = ()


Leaf = Everyone | Chosen | Unanswered | Aged | Dated | Followed | Speaks | Known
Condition = AllOf | AnyOf | Not | Leaf


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The single conditions of a tree, from left to right."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield condition


def fields_of(condition: Condition) -> list[str]:
    """The fields that a tree asks for, each once, in order; `language` and `followed` too."""
    found: dict[str, None] = {}
    for leaf in leaves(condition):
        match leaf:
            case Chosen(field) | Unanswered(field) | Aged(field) | Dated(field):
                found[field] = None
            case Speaks():
                found[LANGUAGE] = None
            case Followed():
                found[FOLLOWED] = None
    return list(found)
