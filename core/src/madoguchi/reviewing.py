"""What a change of settings means for residents: the plugins say so in sentences, or refuse it.

Asked for a dry run, and again in the unit that stores the change, so nothing slips in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from madoguchi.differences import Difference, compare
from madoguchi.errors import ConfigError, PluginError
from madoguchi.plugins import PLUGIN_FAULTS, reason_of
from madoguchi.types import Consequence

INDENT = "    "
"""Stands before a consequence; a difference begins with its place, `[…]`."""


@dataclass(frozen=True, slots=True)
class Change:
    """New settings of one owner, not stored yet."""

    owner: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    ask: Callable[[Session], Any] | None
    """The plugin's `review_settings` for this change; None: there is nobody to ask."""


def explain(db: Session, changes: Sequence[Change], file: str) -> dict[str, list[str]]:
    """By owner, what differs, and below each difference what it means.

    `ConfigError` has a line for each refusal, and for each plugin that cannot say what it means.
    """
    lines: dict[str, list[str]] = {}
    problems: list[str] = []
    for change in changes:
        try:
            said = _ask(db, change)
        except DBAPIError:
            raise  # perhaps a lock or a lost connection: the store knows, and runs the unit again
        except PLUGIN_FAULTS as error:
            problems.append(f"{file} [{change.owner}]: {failure(error)}")
            continue
        problems += [
            f"{file} [{change.owner}]{one.at and f' {one.at}'}: {_line(one)}"
            for one in said
            if one.refused
        ]
        differences = compare(change.before, change.after, change.owner)
        lines[change.owner] = lay_out(differences, said)
    if problems:
        raise ConfigError(problems)
    return lines


def failure(error: BaseException) -> str:
    """Say in one line that a plugin could not be asked."""
    told = f"{error.orig}" if isinstance(error, DBAPIError) else reason_of(error)
    return f"the plugin cannot say what this means for residents: {' '.join(told.split())}"


def lay_out(differences: Sequence[Difference], said: Sequence[Consequence]) -> list[str]:
    """The differences, each consequence below the last one at its place, or at the end."""
    places = [".".join(difference.place[1:]) for difference in differences]
    below: list[list[str]] = [[] for _ in differences]
    for one in said:
        theirs = [n for n, place in enumerate(places) if one.at and _lies(place, one.at)]
        below[theirs[-1] if theirs else -1].append(INDENT + _line(one))
    return [
        line
        for difference, sentences in zip(differences, below, strict=True)
        for line in (str(difference), *sentences)
    ]


def _ask(db: Session, change: Change) -> Sequence[Consequence]:
    found = change.ask(db) if change.ask else ()
    if not isinstance(found, Sequence):
        raise PluginError(f"`review_settings` returned {type(found).__name__}, not Sequence")
    for one in found:
        if not isinstance(one, Consequence):
            raise PluginError(
                f"`review_settings` returned a {type(one).__name__} among its Consequences"
            )
    return found


def _lies(place: str, at: str) -> bool:
    """Whether a place is this one, or inside it: `rows no. 3` is in `rows`."""
    return place == at or place.startswith((f"{at} ", f"{at}."))


def _line(one: Consequence) -> str:
    return " ".join(one.says.split())
