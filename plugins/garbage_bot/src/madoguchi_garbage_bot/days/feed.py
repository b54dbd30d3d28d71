"""Collections as an iCalendar feed (RFC 5545): whole days, so no time zone is needed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

WIDTH = 75
"""Octets of a line without its end (RFC 5545, 3.1)."""


@dataclass(frozen=True, slots=True)
class Event:
    """A whole day with a title."""

    uid: str
    day: date
    title: str
    text: str = ""


def uid_of(area: str, category: str, day: date, host: str) -> str:
    """The same for the same collection whenever it is asked: phones replace and do not add.

    `day` is the planned one where there is one, so that a moved collection moves on the phone.
    """
    digest = hashlib.sha256(f"{area}\0{category}".encode()).hexdigest()[:16]
    return f"{day}-{digest}@{host}"


def write_feed(name: str, events: Iterable[Event], stamp: datetime) -> bytes:
    """The feed. `stamp` is when the calendar was last changed, so that equal feeds are equal bytes.

    `stamp` has a time zone.
    """
    written = f"{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//madoguchi//garbage//JA",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escape(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",
    ]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escape(event.uid)}",
            f"DTSTAMP:{written}",
            f"DTSTART;VALUE=DATE:{event.day.isoformat().replace('-', '')}",
            f"SUMMARY:{_escape(event.title)}",
            *([f"DESCRIPTION:{_escape(event.text)}"] if event.text else []),
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_fold(line) for line in lines)


def _escape(text: str) -> str:
    text = "".join(c for c in text if c >= " " or c == "\n").encode(errors="ignore").decode()
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> bytes:
    """A line in pieces of 75 octets, never inside a character; later ones begin with a blank."""
    pieces, piece = [], b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > WIDTH:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
