"""Identifiers in the shapes that LINE gives them."""

import os
import random
import re
import secrets
from typing import TypeGuard

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_USER_ID = re.compile(r"U[0-9a-f]{32}")


def new_user_id() -> str:
    """``U`` and 32 hexadecimal digits (R50)."""
    return "U" + secrets.token_hex(16)


def is_user_id(value: object) -> TypeGuard[str]:
    """Whether it has the form of a user id; somebody may have it or not."""
    return isinstance(value, str) and _USER_ID.fullmatch(value) is not None


def new_ulid(seconds: float) -> str:
    """A ULID: 48 bits of milliseconds since 1970, 80 random bits, Crockford's base 32 (R7)."""
    number = int(seconds * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


def new_request_id() -> str:
    """A UUID, for ``x-line-request-id``."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def new_token() -> str:
    """32 hexadecimal digits: a reply token."""
    return secrets.token_hex(16)


def new_long_token() -> str:
    """A quote, mark-as-read or access token: opaque, URL-safe."""
    return secrets.token_urlsafe(48)


def message_id(seq: int) -> str:
    """The message id of the chat entry ``seq``: 18 digits, as LINE's are, and never repeated."""
    return str(480_000_000_000_000_000 + seq)


def seq_of(message: str) -> int:
    """The chat entry that a message id belongs to; 0 if it is no message id of ours."""
    is_one = len(message) == 18 and message.isascii() and message.isdecimal()
    return int(message) - 480_000_000_000_000_000 if is_one else 0


def is_whole(text: str) -> bool:
    """Whether a text has no lone surrogate, which JSON can hold and a database cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
