"""The font of the menu's picture: the city's own, or one that this machine has for Japanese."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from madoguchi.errors import MadoguchiError

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FAMILY = "Noto Sans CJK JP:bold:lang=ja"
MAC = "/System/Library/Fonts/ヒラギノ角ゴシック W6.ttc"  # nosay
NOWHERE = "\U0010fffd"
"""A letter that no font has: what is drawn for it is drawn for whatever is missing."""
_PROBE = "あ市"  # nosay


class NoFont(MadoguchiError):
    """There is no font with which Japanese can be drawn."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font on this machine: its file, and which one of those in it."""

    file: str
    index: int = 0

    def open(self, size: float = 100) -> "FreeTypeFont":
        """Ready to draw with, in this size. Raises `OSError` or `ValueError`."""
        from PIL import ImageFont

        return ImageFont.truetype(self.file, size, index=self.index & 0xFFFF)


@cache
def find_font(own: Path | None) -> Font:
    """The font to draw with; `own` is what the city's file names. Raises `NoFont`."""
    for font in [Font(str(own))] if own else _candidates():
        if _knows_japanese(font):
            return font
    if own:
        raise NoFont(
            f"[menu] font: {own} is no font file with Japanese letters: name a .ttf, .otf or .ttc,"
            " or leave the key out"
        )
    raise NoFont(
        "no font with Japanese letters was found: install one (Debian, Ubuntu: `apt-get install"
        " fonts-noto-cjk`; Fedora: `dnf install google-noto-sans-cjk-fonts`), or name a file in"
        ' the city\'s file: [menu] font = "/path/to/font.otf"'
    )


def _candidates() -> Iterator[Font]:
    try:
        found = subprocess.run(
            ["fc-match", "-f", "%{file}|%{index}", FAMILY],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        found = ""
    file, _, index = found.partition("|")
    if file and index.isdecimal():
        yield Font(file, int(index))
    yield Font(MAC)


def _knows_japanese(font: Font) -> bool:
    """Whether Japanese can be drawn with it: letters that it lacks look all the same."""
    try:
        opened = font.open()
    except (OSError, ValueError):
        return False
    return all(_shape(opened, one) != _shape(opened, NOWHERE) for one in _PROBE)


def _shape(font: "FreeTypeFont", letter: str) -> tuple[object, ...]:
    return font.getbbox(letter), *font.getmask(letter).histogram()
