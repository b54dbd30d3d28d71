"""What the platform answers when it does not do what it was asked."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """An error answer: status, ``message``, ``details`` and headers as LINE documents them.

    ``extra`` are further members of the JSON body, ``body`` replaces it altogether (the token
    endpoints have another shape of error).
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        details: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})
        self._extra = dict(extra or {})
        self._body = body

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        if self._body is not None:
            return dict(self._body)
        details = {"details": [dict(one) for one in self.details]} if self.details else {}
        return {"message": self.message, **details, **self._extra}


def field_errors(problems: Sequence[tuple[str, str]], status: int = 400) -> Refusal:
    """400 for fields that break a rule: ``problems`` are pairs of property and message."""
    return Refusal(
        status,
        f"The request body has {len(problems)} error(s)",
        details=[{"message": message, "property": name} for name, message in problems],
    )


def invalid_property(name: str) -> Refusal:
    """400 for one property that means nothing, such as a user id nobody has (R29)."""
    return Refusal(
        400, f"The property, {name}, in the request body is invalid (line: -, column: -)"
    )
