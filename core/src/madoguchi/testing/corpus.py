"""What residents send, at its oddest: every offer has to stand it."""

from collections.abc import Mapping, Sequence
from typing import Any

TEXTS: Sequence[str] = (
    "",
    " ",
    "　\n\t　",
    "a",
    "?",
    "あ",
    "こんにちは",
    "電池の捨て方を教えてください",
    "\N{FACE WITH TEARS OF JOY}",
    "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER J}\N{REGIONAL INDICATOR SYMBOL LETTER P}",
    "が",  # two code points
    "ｶﾞｽ ＧＡＳ　１２３",
    "𠮷野家の髙橋さん",
    "あ" * 5000,
    "\N{FACE WITH TEARS OF JOY}" * 2500,
    "( " * 2500,
    "\x00",
    "\x00\x01\x07\x1b[31m\x7f\x9f",
    "\ud83d",  # half of an emoji
    "\udfff\ud800電池",
    "\u202eevil\u202c \u200b\ufeff",
    "مرحبا بالعالم",
    "שלום",
    "ผู้อยู่อาศัย",
    "0",
    "-1",
    "1e400",
    "٣٤",
    "１２３４５６７８９０",
    "0100-00-0000",
    "2026-02-30",
    "令和８年２月３１日",
    "'; DROP TABLE resident; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {name} %s %(x)d ${x}",
    "../../etc/passwd",
    "https://example.jp/?a=1#b",
    "a\r\nb\rc d",
    "madoguchi:choose?event=1",
)
"""Empty, blank, long, full-width, right-to-left, broken, and what looks like something else."""

MESSAGES: Sequence[Mapping[str, Any]] = (
    *({"type": "text", "text": text} for text in TEXTS),
    {"type": "sticker", "packageId": "446", "stickerId": "1988"},
    {"type": "location", "latitude": 35.0, "longitude": 139.0},
    {"type": "location", "title": "ここ", "address": "見本市", "latitude": -90, "longitude": 180},
    {"type": "image", "contentProvider": {"type": "line"}},
    {"type": "file", "fileName": "", "fileSize": 0},
)
"""Message objects as in a webhook, without their ids; optional keys may be missing (R11)."""
