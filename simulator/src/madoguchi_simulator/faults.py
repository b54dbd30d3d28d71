"""Faults on order: slow, failing and dropped calls."""

import random
from dataclasses import dataclass
from typing import Any

from .errors import Refusal

_KEYS = {"endpoint", "share", "status", "message", "delayMs", "afterAccept", "drop", "times"}


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


def _read(rule: Any, index: int) -> Fault:
    where = f"fault {index + 1}"
    if not isinstance(rule, dict) or not isinstance(rule.get("endpoint"), str):
        raise Refusal(400, f'{where}: write an object with "endpoint", for example "push" or "*"')
    if unknown := sorted(set(rule) - _KEYS):
        raise Refusal(400, f"{where}: unknown {', '.join(unknown)}; known: {', '.join(_KEYS)}")
    try:
        return Fault(
            endpoint=rule["endpoint"],
            share=float(rule.get("share", 1.0)),
            status=None if rule.get("status") is None else int(rule["status"]),
            message=rule.get("message"),
            delay_ms=float(rule.get("delayMs") or 0),
            after_accept=bool(rule.get("afterAccept")),
            drop=bool(rule.get("drop")),
            times=None if rule.get("times") is None else int(rule["times"]),
        )
    except (TypeError, ValueError) as error:
        raise Refusal(400, f"{where}: {error}") from None
