"""Keys for each use, from the one secret of a gateway: HKDF with SHA-256 (RFC 5869).

What leaks from one use says nothing about another, and no use needs a secret of its own.
"""

import hashlib
import hmac

from madoguchi.city_file import CityFile


def derive(secret: str, use: str, length: int = 32) -> bytes:
    """The key of `length` bytes, at most 8,160, for one use, such as "liff session"."""
    if not 0 < length <= 255 * 32:
        raise ValueError(f"a derived key has 1 to 8,160 bytes, not {length}")
    source = hmac.digest(b"madoguchi", secret.encode(), hashlib.sha256)
    key = block = b""
    for number in range(-(-length // 32)):
        block = hmac.digest(source, block + use.encode() + bytes([number + 1]), hashlib.sha256)
        key += block
    return key[:length]


def sign(key: bytes, *parts: str | int) -> str:
    """Parts without hyphens, and a seal: what stands in an address that nobody else can make."""
    text = "-".join(map(str, parts))
    return f"{text}-{hmac.digest(key, text.encode(), hashlib.sha256).hex()}"


def read_signed(key: bytes, text: str) -> list[str] | None:
    """The parts that were signed with this key; None if they were not."""
    parts = text.split("-")[:-1]
    known = sign(key, *parts)
    return parts if parts and hmac.compare_digest(known.encode(), text.encode()) else None


def secret_of(settings: CityFile) -> str:
    """The secret of a city's file; the channel secret stands in where none is set."""
    return settings.secret or settings.line.channel_secret
