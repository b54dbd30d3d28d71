"""A rich menu in one language, ready for LINE: the menu object, its name, and how it is drawn."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from madoguchi.languages import LANGUAGES
from madoguchi.menu.drawing import Face, draw_menu
from madoguchi.menu.fonts import Font
from madoguchi.menu.layout import WIDTH, arrange
from madoguchi.menu.tiles import Tile, choose_tiles

if TYPE_CHECKING:
    from madoguchi.services import Services

OURS = "madoguchi:"
"""Begins the names of our menus at LINE; menus of other names are never touched."""
_LOOKS = ("drawing", "icons", "layout", "lettering")


@dataclass(frozen=True, slots=True)
class Design:
    """One menu. The same tiles in the same look have the same name, at LINE, too."""

    language: str
    name: str
    tiles: Sequence[Tile]
    bar: str

    def menu(self) -> dict[str, Any]:
        """The menu object that LINE takes."""
        height, places = arrange(len(self.tiles))
        return {
            "size": {"width": WIDTH, "height": height},
            "selected": True,
            "name": self.name,
            "chatBarText": self.bar,
            "areas": [
                {"bounds": asdict(place), "action": tile.action}
                for place, tile in zip(places, self.tiles, strict=True)
            ],
        }

    def draw(self, font: Font) -> bytes:
        """Its picture, as PNG. Takes a second: not for an event loop."""
        return draw_menu(tuple(Face(tile.icon, tile.words) for tile in self.tiles), font)


def design_menus(services: "Services", font: Font) -> list[Design]:
    """The city's menu in each language; the first one is for everybody without another."""
    return [_design(services, language, font) for language in LANGUAGES]


def _design(services: "Services", language: str, font: Font) -> Design:
    tiles = choose_tiles(services, language)
    bar = services.languages.say("メニュー", language)
    said = [_look(), Path(font.file).name, bar, [asdict(tile) for tile in tiles]]
    mark = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]
    return Design(language, f"{OURS}{language}:{mark}", tiles, bar)


@cache
def _look() -> str:
    """Another one as soon as menus are drawn in another way."""
    sources = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in _LOOKS]
    return hashlib.sha256(b"".join(sources)).hexdigest()
