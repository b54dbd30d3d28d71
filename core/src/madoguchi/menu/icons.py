"""The signs on the tiles, as strokes on a field of 24 by 24."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw
    from PIL.Image import Image

FIELD = 24
_SMOOTH = 4
"""Drawn so many times larger than needed, because Pillow draws without smooth edges."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line with round ends and corners."""

    points: Sequence[Point]
    width: float = 2.0

    def draw(self, on: "ImageDraw.ImageDraw", scale: float) -> None:
        """Draw it in white."""
        points = [(x * scale, y * scale) for x, y in self.points]
        half = self.width * scale / 2
        on.line(points, fill=255, width=round(2 * half))
        for x, y in points:
            on.ellipse((x - half, y - half, x + half, y + half), fill=255)


@dataclass(frozen=True, slots=True)
class Oval:
    """An ellipse: filled, only its edge (`width`), or cut out."""

    x: float
    y: float
    across: float
    down: float
    width: float = 0.0
    cut: bool = False

    def draw(self, on: "ImageDraw.ImageDraw", scale: float) -> None:
        """Draw it in white, or in black if it is cut out."""
        box = (
            (self.x - self.across) * scale,
            (self.y - self.down) * scale,
            (self.x + self.across) * scale,
            (self.y + self.down) * scale,
        )
        if self.width:
            on.ellipse(box, outline=255, width=round(self.width * scale))
        else:
            on.ellipse(box, fill=0 if self.cut else 255)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners: filled, or only its edge (`width`)."""

    corners: tuple[float, float, float, float]
    radius: float = 1.0
    width: float = 0.0

    def draw(self, on: "ImageDraw.ImageDraw", scale: float) -> None:
        """Draw it in white."""
        box, radius = tuple(edge * scale for edge in self.corners), self.radius * scale
        if self.width:
            on.rounded_rectangle(box, radius, outline=255, width=round(self.width * scale))
        else:
            on.rounded_rectangle(box, radius, fill=255)


Stroke = Line | Oval | Box


def _dot(x: float, y: float, radius: float = 1.4, cut: bool = False) -> Oval:
    return Oval(x, y, radius, radius, cut=cut)


ICONS: Mapping[str, Sequence[Stroke]] = {
    "bell": [
        Oval(12, 9.5, 6, 6),
        Box((6, 9.5, 18, 17), 0),
        Box((3.5, 15.5, 20.5, 18.2), 1.3),
        _dot(12, 20, 2.2),
        _dot(12, 3.4, 1.5),
    ],
    "bin": [
        Line([(4, 6.5), (20, 6.5)]),
        Line([(9, 6.5), (9, 3.5), (15, 3.5), (15, 6.5)], 1.8),
        Line([(6, 7), (7, 20.5), (17, 20.5), (18, 7)]),
        Line([(10, 10.5), (10.4, 17)], 1.6),
        Line([(14, 10.5), (13.6, 17)], 1.6),
    ],
    "book": [
        Line([(12, 6.5), (8, 5), (3, 5), (3, 18), (8, 18), (12, 19.5)]),
        Line([(12, 6.5), (16, 5), (21, 5), (21, 18), (16, 18), (12, 19.5), (12, 6.5)]),
    ],
    "calendar": [
        Box((3.2, 5, 20.8, 21), 2, 2),
        Line([(4, 10), (20, 10)]),
        Line([(8, 3), (8, 6.8)], 2.2),
        Line([(16, 3), (16, 6.8)], 2.2),
        *(_dot(x, y, 1.3) for x in (8, 12, 16) for y in (13.4, 17.2)),
    ],
    "camera": [
        Box((2.5, 7, 21.5, 20), 2.2),
        Box((8, 4, 16, 9), 1.6),
        _dot(12, 13.4, 4.6, cut=True),
        _dot(12, 13.4, 2.7),
    ],
    "chat": [
        Box((2.5, 4, 21.5, 17), 3.4),
        *(Line([(7.5, 16), (7.5, 20.5), (12, 16)], 1.2), Line([(8.6, 16.5), (8.6, 18.4)], 2)),
        *(_dot(x, 10.5, 1.5, cut=True) for x in (7.4, 12, 16.6)),
    ],
    "globe": [
        Oval(12, 12, 9.6, 9.6, 1.9),
        Oval(12, 12, 4.4, 9.6, 1.7),
        Line([(3, 12), (21, 12)], 1.7),
        Line([(4.6, 7.4), (19.4, 7.4)], 1.4),
        Line([(4.6, 16.6), (19.4, 16.6)], 1.4),
    ],
    "list": [
        shape for y in (6, 12, 18) for shape in (_dot(4.6, y, 1.7), Line([(9.5, y), (20, y)], 2.4))
    ],
    "page": [
        Box((4.5, 2.8, 19.5, 21.2), 2, 2),
        *(Line([(8.2, y), (15.8, y)], 1.8) for y in (8, 12, 16)),
    ],
    "phone": [
        Line([(6.4, 6.4), (7.6, 10), (10.4, 13.6), (14, 16.4), (17.6, 17.6)], 3),
        Line([(5.2, 5.6), (7.4, 8)], 4.6),
        Line([(16, 16.6), (18.4, 18.8)], 4.6),
    ],
}
"""By the name that a `MenuItem` gives."""


def draw_icon(name: str, size: int) -> "Image":
    """The sign as a mask, white on black, `size` pixels wide and high."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (size * _SMOOTH, size * _SMOOTH))
    pen = ImageDraw.Draw(large)
    for stroke in ICONS[name]:
        stroke.draw(pen, size * _SMOOTH / FIELD)
    return large.resize((size, size), Image.Resampling.LANCZOS)
