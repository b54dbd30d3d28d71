"""Messages as bytes: the one form in which a body is stored, compared and sent again (R25)."""

import json
from collections.abc import Mapping


def to_bytes(obj: object) -> bytes:
    """Compact UTF-8 JSON with sorted names: equal objects give equal bytes, in every process.

    Lone surrogates, which no UTF-8 can hold, become U+FFFD. Raises ValueError for NaN, infinity
    and circles, TypeError for what is no JSON.
    """
    text = json.dumps(
        obj,
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
        allow_nan=False,
        default=_to_dict,
    )
    return join_surrogates(text).encode()


def join_surrogates(text: str) -> str:
    """The text with surrogate pairs as one character and lone surrogates as U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _to_dict(value: object) -> dict:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
