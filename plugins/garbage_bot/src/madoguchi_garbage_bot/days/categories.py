# nosay: names of columns
"""Categories as residents see them: name, colour, how to prepare; from `description.csv`.

5374's columns are label, sublabel, description, styles (a picture) and bgcolor. Ours may add those
of other languages (`label:en`, `description:ja-easy`) and `words`, what residents call it.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from madoguchi_garbage_bot.days.headers import Row, part_header
from madoguchi_garbage_bot.days.unread import Unread

CONTRAST = 4.5
"""What letters need on their ground (WCAG AA)."""
GREY = "#4d4d4d"
"""The colour of a category that has none."""
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Category:
    """A category of garbage."""

    name: str
    """As in the calendar's header."""
    label: Mapping[str, str]
    """Language → name."""
    prepare: Mapping[str, str]
    """Language → how to prepare it, plain text with line ends."""
    colour: str = GREY
    picture: str = ""
    words: tuple[str, ...] = ()
    """What residents call it, in any language."""

    @property
    def ink(self) -> str:
        """Black or white, whichever is read better on the colour; at least 4.5 : 1."""
        return max("#000000", "#ffffff", key=lambda ink: contrast(self.colour, ink))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours `#rrggbb`, 1 to 21 (WCAG 2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def read_categories(
    file: str, rows: Iterable[Row]
) -> tuple[tuple[Category, ...], tuple[Unread, ...]]:
    """The categories of a file, and what of it was not taken."""
    header, body = part_header(rows)
    names = [name.strip("\ufeff ").lower() for name in header[1]] if header else []
    if "label" not in names:
        return (), (Unread(file, 1, "label", "", "種類の名前の列（label）がありません。"),)
    found: dict[str, Category] = {}
    problems = []
    for number, row in body:
        cells = {name: row[n].strip() if n < len(row) else "" for n, name in enumerate(names)}
        name, colour = cells["label"], cells.get("bgcolor", "").lower()
        if not name or name in found:
            why = "同じ種類が前の行にあります。" if name else "種類の名前がありません。"
            problems.append(Unread(file, number, "label", name, why))
            continue
        if colour and not _COLOUR.fullmatch(colour):
            why = "色は #33aa55 のように書いてください。"
            problems.append(Unread(file, number, "bgcolor", colour, why))
            colour = ""
        found[name] = Category(
            name,
            {"ja": name} | _languages(cells, "label"),
            _languages(cells, "description"),
            colour or GREY,
            cells.get("styles", ""),
            tuple(cells.get("words", "").split()),
        )
    return tuple(found.values()), tuple(problems)


def match_categories(
    columns: Iterable[str], categories: Iterable[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Columns of a calendar → categories of another file by name, loosely; and those without one.

    資源 is 資源ごみ, and プラスチック製容器包装 is プラスチック if nothing else holds that word.
    """
    known = list(categories)
    found: dict[str, str] = {}
    lost = []
    for column in columns:
        short = _short(column)
        same = [one for one in known if _short(one) == short]
        near = [one for one in known if short and (short in _short(one) or _short(one) in short)]
        best = same or near
        if len(best) == 1:
            found[column] = best[0]
        else:
            lost.append(column)
    return found, tuple(lost)


def _short(name: str) -> str:
    name = re.sub(r"[（(].*?[)）]|[\s　]", "", name).replace("ゴミ", "ごみ")
    return re.sub("(?:ごみ|類|物)+$", "", name) or name


def _languages(cells: Mapping[str, str], key: str) -> dict[str, str]:
    return {
        name.partition(":")[2] or "ja": _plain(text)
        for name, text in cells.items()
        if text and name.partition(":")[0] == key
    }


def _plain(text: str) -> str:
    """Without the HTML that some cities write here."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
