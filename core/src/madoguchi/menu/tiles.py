"""Which tiles the menu has, and what a tap on one does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from madoguchi.config import OWN
from madoguchi.languages import without_readings
from madoguchi.menu.layout import MOST
from madoguchi.types import MenuItem

if TYPE_CHECKING:
    from madoguchi.services import Services

LANGUAGE = "ことば / Language"  # nosay
LANGUAGE_TILE = "ことば Language"  # nosay
ALL = {"ja": "メニュー", "en": "Menu"}  # nosay
"""What the tile for everything says for the resident."""
ROOM = MOST - 2
"""Tiles of the plugins; the last two are ours."""
Action = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile in one language: what it shows, and the action behind it with its spoken label."""

    icon: str
    words: str
    """With readings in `《》`."""
    action: Action


def choose_tiles(services: "Services", language: str) -> list[Tile]:
    """The tiles of this city's rich menu, in the order of its file: 2 to 6 (R45).

    Behind those of the plugins stand two of ours: the language, and the telephone; or, if there is
    no room for all, the menu as text, where the telephone stands too.
    """
    tiles = []
    for plugin in services.plugins.well():
        for item in plugin.collected.menu:
            words = services.languages.spell(item.label, language)[0]
            if action := action_of(services, item, without_readings(words)):
                icon = item.icon or ("chat" if item.says is not None else "page")
                tiles.append(_tile(icon, words, action))
    language_tile = _tile("globe", LANGUAGE_TILE, postback(LANGUAGE, "language"))
    if len(tiles) > ROOM:
        return [*tiles[:ROOM], _all(services, language), language_tile]
    return [*tiles, language_tile, *_telephone(services, language)]


def _all(services: "Services", language: str) -> Tile:
    words = services.languages.spell("すべて", language)[0]
    said = ALL.get(language, ALL["ja"])
    return _tile("list", words, {"type": "message", "label": words, "text": said})


def _telephone(services: "Services", language: str) -> Sequence[Tile]:
    """Calls the city; where its number cannot be dialled, the menu as text shows it."""
    number = "".join(one for one in services.city.phone if one in "+0123456789")
    if not number:
        return [_all(services, language)]
    words = services.languages.spell("電話する", language)[0]
    return [_tile("phone", words, {"type": "uri", "label": words, "uri": f"tel:{number}"})]


def _tile(icon: str, words: str, action: Action) -> Tile:
    label = shorten(without_readings(action["label"]))
    return Tile(icon, shorten(words) if "《" not in words else words, {**action, "label": label})


def action_of(services: "Services", item: MenuItem, label: str) -> Action | None:
    """What a tap on an item does; None where its page cannot be opened."""
    if item.says is not None:
        return {"type": "message", "label": label, "text": item.says}
    address = services.conversation.page_url(item.page or "")
    return {"type": "uri", "label": label, "uri": address} if address else None


def postback(label: str, action: str, shown: str | None = None) -> Action:
    """An action of the core's own."""
    return {
        "type": "postback",
        "label": label,
        "data": f"{OWN}:{action}",
        "displayText": shown or label,
    }


def shorten(label: str) -> str:
    """As much of a label as LINE shows on a button (R39)."""
    return label if len(label) <= 20 else f"{label[:19]}…"
