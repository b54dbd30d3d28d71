# nosay: what is drawn here, staff read
"""The menu that residents see now, and beside it the one that they shall see: a picture of both."""

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING

from madoguchi.menu.drawing import GROUND, INK, PAPER

if TYPE_CHECKING:
    from PIL.Image import Image

    from madoguchi.menu.calls import RichMenuCalls
    from madoguchi.menu.designs import Design
    from madoguchi.menu.fonts import Font
    from madoguchi.menu.publishing import Sight

HALF = 1250
"""Pixels of each menu's width: half of what LINE has, so that both fit on a screen."""
MARGIN, HEAD = 40, 120
"""Pixels around the menus, and above them for the labels."""
LABELS = ("いま", "これから")
NOTHING = "窓口のメニューは、まだありません。\n管理画面で作ったものは、ここに出ません。"


async def compare(sight: "Sight", line: "RichMenuCalls", folder: Path) -> list[Path]:
    """Draw both menus of each language into a folder; the files. Raises `LineError`."""
    listed = {menu.id for menu in sight.listed}
    files = []
    for number, design in enumerate(sight.designs):
        linked = sight.kept.live.get(design.language) if number else None
        seen = linked if linked in listed else sight.default
        now = await line.menu_image(seen) if seen else None
        file = folder / f"{design.language}.png"
        await asyncio.to_thread(_write, file, now, design, sight.font)
        files.append(file)
    return files


def _write(file: Path, now: bytes | None, design: "Design", font: "Font") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draw_both(now, design.draw(font), font).save(file)


def draw_both(now: bytes | None, then: bytes, font: "Font") -> "Image":
    """Both menus side by side, labelled. `now` is None if LINE has no picture of it."""
    from PIL import Image, ImageDraw

    right = _open(then)
    left = _open(now) if now else _say_nothing(right.size, font)
    height = HEAD + max(left.height, right.height) + MARGIN
    both = Image.new("RGB", (2 * HALF + 3 * MARGIN, height), PAPER)
    pen = ImageDraw.Draw(both)
    for number, (label, half) in enumerate(zip(LABELS, (left, right), strict=True)):
        x = MARGIN + number * (HALF + MARGIN)
        pen.text((x, HEAD // 2), label, INK, font.open(64), anchor="lm")
        both.paste(half, (x, HEAD))
    return both


def _open(picture: bytes) -> "Image":
    from PIL import Image

    opened = Image.open(io.BytesIO(picture)).convert("RGB")
    return opened.resize((HALF, round(opened.height * HALF / opened.width)))


def _say_nothing(size: tuple[int, int], font: "Font") -> "Image":
    from PIL import Image, ImageDraw

    empty = Image.new("RGB", size, GROUND)
    middle = (size[0] // 2, size[1] // 2)
    pen = ImageDraw.Draw(empty)
    pen.text(middle, NOTHING, INK, font.open(44), anchor="mm", align="center", spacing=24)
    return empty
