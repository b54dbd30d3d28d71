"""What LINE fetches from the addresses in a message: formats and sizes (R40, R43)."""

from typing import Literal

from madoguchi_messages.rules import Problem

Use = Literal[
    "image", "preview", "video", "audio", "imagemap", "thumbnail", "flex", "animated", "icon"
]

_MB = 1_000_000
_PICTURES = frozenset({"image/jpeg", "image/png"})
_PNG = frozenset({"image/png"})
_SOUNDS = frozenset({"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"})

_LIMITS: dict[str, tuple[frozenset[str], int]] = {
    "image": (_PICTURES, 10 * _MB),
    "preview": (_PICTURES, _MB),
    "video": (frozenset({"video/mp4"}), 200 * _MB),
    "audio": (_SOUNDS, 200 * _MB),
    "imagemap": (_PICTURES, 10 * _MB),
    "thumbnail": (_PICTURES, 10 * _MB),
    "flex": (_PICTURES, 10 * _MB),
    "animated": (_PNG, 300_000),
    "icon": (_PNG, _MB),
}


def find_media_problems(use: Use, content_type: str, size: int) -> tuple[Problem, ...]:
    """The problems of a file of `size` bytes that is to be shown as `use` in a message (R43).

    The addresses in a message say nothing about the files behind them: who serves a file asks
    here before it puts the address into a message.
    """
    formats, most = _LIMITS[use]
    problems = []
    if content_type.partition(";")[0].strip().lower() not in formats:
        advice = f"LINE shows {', '.join(sorted(formats))} here"
        problems.append(Problem("contentType", f"invalid content type {content_type}", advice))
    if not 0 < size <= most:
        advice = f"it has {size} bytes"
        problems.append(Problem("size", f"Size must be between 1 and {most}", advice))
    return tuple(problems)
