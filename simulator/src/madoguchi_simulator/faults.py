"""Faults on order: slow, failing and dropped calls."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Refusal


@dataclass
class Fault:
    """One rule. ``endpoint`` is a name such as ``push``, or ``*``; ``share`` of its calls fail.

    delay_ms: the answer comes that much later. status and message: answered instead.
    after_accept: the call is carried out first, so that only its answer is lost (R25).
    drop: the connection is closed without an answer. times: the rule ends after so many.
    """

    endpoint: str
    share: float = 1.0
    status: int | None = None
    message: str | None = None
    delay_ms: float = 0.0
    after_accept: bool = False
    drop: bool = False
    times: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The rule as the control API writes it; ``times`` is what is left of it."""
        return {
            "endpoint": self.endpoint,
            "share": self.share,
            "status": self.status,
            "message": self.message,
            "delayMs": self.delay_ms,
            "afterAccept": self.after_accept,
            "drop": self.drop,
            "times": self.times,
        }

    def refusal(self) -> Refusal | None:
        """The error this rule answers, None if it only delays or drops."""
        if self.status is None:
            return None
        return Refusal(self.status, self.message or _MESSAGES.get(self.status, "Injected fault"))


_MESSAGES = {
    429: "The API rate limit has been exceeded. Try again later.",
    500: "Internal server error",
    503: "Service unavailable",
}


class Faults:
    """The rules in force; the first that matches a call and hits is taken."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def replace(self, rules: list[dict[str, Any]]) -> None:
        """Put new rules in force. Refusal 400 names what is wrong with one."""
        self.rules = [_read(rule, index) for index, rule in enumerate(rules)]

    def take(self, endpoint: str) -> Fault | None:
        """The fault that this call of ``endpoint`` meets, if any."""
        for rule in self.rules:
            if rule.endpoint not in (endpoint, "*") or rule.times == 0:
                continue
            if rule.share < 1 and random.random() >= rule.share:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_count(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and _is_number(value, least, most)


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "endpoint": (lambda value: isinstance(value, str), 'a text, for example "push" or "*"'),
    "share": (lambda value: _is_number(value, 0, 1), "a number from 0 to 1"),
    "status": (lambda value: _is_count(value, 200, 599), "a status from 200 to 599"),
    "message": (lambda value: isinstance(value, str), "a text"),
    "delayMs": (lambda value: _is_number(value, 0, 1e9), "milliseconds"),
    "afterAccept": (lambda value: isinstance(value, bool), "true or false"),
    "drop": (lambda value: isinstance(value, bool), "true or false"),
    "times": (lambda value: _is_count(value, 0, 10**9), "how often, a whole number"),
}


def _read(rule: Any, index: int) -> Fault:
    where = f"fault {index + 1}"
    if not isinstance(rule, dict) or rule.get("endpoint") is None:
        raise Refusal(400, f'{where}: write an object with "endpoint", for example "push" or "*"')
    if unknown := sorted(set(rule) - set(_FIELDS)):
        raise Refusal(400, f"{where}: unknown {', '.join(unknown)}; known: {', '.join(_FIELDS)}")
    given = {name: value for name, value in rule.items() if value is not None}
    for name, value in given.items():
        is_right, meant = _FIELDS[name]
        if not is_right(value):
            raise Refusal(400, f'{where}: "{name}" is {meant}')
    return Fault(
        endpoint=given["endpoint"],
        share=given.get("share", 1.0),
        status=given.get("status"),
        message=given.get("message"),
        delay_ms=given.get("delayMs", 0.0),
        after_accept=given.get("afterAccept", False),
        drop=given.get("drop", False),
        times=given.get("times"),
    )
