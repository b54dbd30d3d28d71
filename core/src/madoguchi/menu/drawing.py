"""The picture of a rich menu: white tiles, a coloured sign and large dark words on each (R45)."""

import io
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from madoguchi.errors import MadoguchiError
from madoguchi.menu.fonts import Font
from madoguchi.menu.icons import draw_icon
from madoguchi.menu.layout import WIDTH, Bounds, arrange
from madoguchi.menu.lettering import (
    LARGEST,
    READING,
    Lettering,
    Measure,
    Row,
    line_height,
    set_text,
    width_of,
)
from madoguchi_messages import find_rich_menu_image_problems

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

GROUND = "#d5dee6"
PAPER = "#ffffff"
INK = "#1a1a1a"
SIGNS = ("#0b57a4", "#1b6e3c", "#a3320b", "#6a2c91", "#0b6670", "#805300")
"""Behind the signs, one after the other; each has a contrast of 4.5 or more to the paper."""
_GAP, _RADIUS = 22, 64
_SIGN = 300
_PADDING, _BETWEEN = 36, 28


@dataclass(frozen=True, slots=True)
class Face:
    """What a tile shows: a sign by its name, and words with readings in `《》`."""

    icon: str
    words: str


@lru_cache(12)
def draw_menu(faces: tuple[Face, ...], of: Font) -> bytes:
    """The picture of these tiles as PNG, kept for the next try.

    Raises `MadoguchiError` if LINE would refuse it.
    """
    from PIL import Image, ImageDraw

    height, places = arrange(len(faces))
    font = of.open()
    picture = Image.new("RGB", (WIDTH, height), GROUND)
    pen = ImageDraw.Draw(picture)
    measure = _measure(font)
    size = min(_set(*tile, measure).size for tile in zip(faces, places, strict=True))
    words = [_set(*tile, measure, size) for tile in zip(faces, places, strict=True)]
    tallest: dict[int, int] = {}
    for place, one in zip(places, words, strict=True):
        tallest[place.y] = max(one.height, tallest.get(place.y, 0))
    for number, (face, place) in enumerate(zip(faces, places, strict=True)):
        pen.rounded_rectangle(_inside(place), _RADIUS, fill=PAPER)
        middle = place.x + place.width // 2
        top = place.y + (place.height - _SIGN - _BETWEEN - tallest[place.y]) // 2
        _draw_sign(picture, pen, face.icon, SIGNS[number % len(SIGNS)], middle, top)
        _draw_words(pen, words[number], middle, top + _SIGN + _BETWEEN, font)
    data = _pack(picture)
    if problems := find_rich_menu_image_problems(WIDTH, height, len(data)):
        raise MadoguchiError(
            f"the menu's picture cannot be used: {problems[0].message} ({problems[0].advice})"
        )
    return data


def _pack(picture: "Image") -> bytes:
    """The smallest file: so few colours need no more than 64 of them."""
    data = io.BytesIO()
    picture.quantize(64).save(data, "PNG", optimize=True)
    return data.getvalue()


def _measure(font: "FreeTypeFont") -> Measure:
    return cache(lambda text: font.getlength(text) / font.size)


def _set(face: Face, place: Bounds, measure: Measure, largest: int = LARGEST) -> Lettering:
    width = place.width - 2 * (_GAP + _PADDING)
    height = place.height - 2 * (_GAP + _PADDING) - _SIGN - _BETWEEN
    return set_text(face.words, width, height, measure, largest)


def _inside(place: Bounds) -> tuple[int, int, int, int]:
    right, bottom = place.x + place.width - _GAP, place.y + place.height - _GAP
    return place.x + _GAP, place.y + _GAP, right, bottom


def _draw_sign(
    picture: "Image", pen: "ImageDraw", icon: str, colour: str, middle: int, top: int
) -> None:
    pen.ellipse((middle - _SIGN // 2, top, middle + _SIGN // 2, top + _SIGN), fill=colour)
    sign = draw_icon(icon, _SIGN * 6 // 10)
    inset = (_SIGN - sign.width) // 2
    picture.paste(PAPER, (middle - sign.width // 2, top + inset), sign)


def _draw_words(
    pen: "ImageDraw", words: Lettering, middle: int, top: int, font: "FreeTypeFont"
) -> None:
    large = font.font_variant(size=words.size)
    small = font.font_variant(size=round(words.size * READING))
    bottom = top
    for row in words.lines:
        bottom += line_height(words.size, row)
        _draw_row(pen, row, middle, bottom, large, small)


def _draw_row(
    pen: "ImageDraw", row: Row, middle: int, bottom: int, large: "FreeTypeFont", small: Any
) -> None:
    """A line of text around the middle; its letters stand a fifth of their size above `bottom`."""
    x = middle - width_of(row, large.getlength) / 2
    base = bottom - large.size * 0.22
    for unit in row:
        room = width_of([unit], large.getlength)
        pen.text((x + room / 2, base), unit.text, INK, large, anchor="ms")
        if unit.reading:
            pen.text(
                (x + room / 2, base - large.size * 0.98), unit.reading, INK, small, anchor="ms"
            )
        x += room
