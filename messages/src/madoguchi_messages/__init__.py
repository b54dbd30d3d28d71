"""LINE messages without dependencies: LINE's limits (R22, R37 to R45), stored bytes, and HTML."""

from madoguchi_messages.encoding import to_bytes
from madoguchi_messages.flex import flex_bytes
from madoguchi_messages.lengths import grapheme_length, utf16_length
from madoguchi_messages.limits import (
    MAX_BODY_BYTES,
    MAX_MESSAGES,
    MessageError,
    check,
    find_body_problems,
    find_problems,
)
from madoguchi_messages.media import find_media_problems
from madoguchi_messages.render import render, render_all, render_quick_replies, stylesheet
from madoguchi_messages.rich_menus import (
    find_rich_menu_image_problems,
    find_rich_menu_problems,
)
from madoguchi_messages.rules import Problem

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_MESSAGES",
    "MessageError",
    "Problem",
    "check",
    "find_body_problems",
    "find_media_problems",
    "find_problems",
    "find_rich_menu_image_problems",
    "find_rich_menu_problems",
    "flex_bytes",
    "grapheme_length",
    "render",
    "render_all",
    "render_quick_replies",
    "stylesheet",
    "to_bytes",
    "utf16_length",
]
