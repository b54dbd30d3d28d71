# nosay: words that lists use
"""The name of an entry, taken apart: what it is called, and what tells it from its like."""

import re
from dataclasses import dataclass

from madoguchi_garbage_bot.materials import cut_qualifier, find_materials, is_qualifier

_BRACKET = re.compile(r"[（(「【\[〔][^（(「【\[〔）)」】\]〕]*[）)」】\]〕]?")
_APART = re.compile(r"[・、,，／/;；]|\s+または\s*|または|及び|および")
_FILLER = re.compile(r"(など|等|類|その他)(?=[のふ容]|$)|などの?(?=容器)")
_KIND_OF = re.compile(r"(製|製品|用|型|形|式|タイプ)$")
_SHORT = 8
_MARKS = re.compile(r"^[?？※●○◎★☆■□◆◇*\s]+|[※*\s]+$")


@dataclass(frozen=True, slots=True)
class Name:
    """`terms` are the ways to say it, the best first; `aliases` stand in brackets.

    `joined` are the name and what tells it from others in one word: 筒型乾電池 for 乾電池（筒型）.
    `base` is what it is called as a whole, `qualifier` what tells it from others of that base.
    """

    base: str
    terms: tuple[str, ...]
    aliases: tuple[str, ...]
    joined: tuple[str, ...]
    qualifier: str
    materials: frozenset[str]


def take_apart(name: str) -> Name:
    """Find the ways to say a name of the list."""
    plain, inside = _MARKS.sub("", name), []
    while found := _BRACKET.search(plain):
        inside.append(found[0].strip("（()）「」【】[]〔〕"))
        rest = plain[found.end() :]
        if rest and not rest.startswith(("の", "・", "、", "　", " ")) and is_qualifier(rest):
            inside.append(rest)
            rest = ""
        plain = plain[: found.start()] + rest
    plain, size = cut_qualifier(plain.strip())
    if size:
        inside.append(size)
    words = plain.split()
    base = words[0] if words else name
    more = [word for word in words[1:] if not is_qualifier(word)]
    inside += [word for word in words[1:] if is_qualifier(word)]
    terms = [plain, *_spread(base), *(part for word in more for part in _spread(word))]
    joined: list[str] = []
    aliases = [part for text in inside for part in _APART.split(text) if not is_qualifier(part)]
    for part in (part for text in inside for part in _APART.split(text)):
        if 1 < len(part) <= _SHORT:
            joined += [part + base, _KIND_OF.sub("", part) + base]
    return Name(
        base=_FILLER.sub("", base),
        terms=tuple(dict.fromkeys(filter(None, map(_tidy, terms)))),
        aliases=tuple(dict.fromkeys(filter(None, map(_tidy, aliases)))),
        joined=tuple(dict.fromkeys(filter(None, map(_tidy, joined)))),
        qualifier="・".join(filter(None, inside)),
        materials=find_materials("・".join(inside)),
    )


def _spread(text: str) -> list[str]:
    """Every name in a list of names: 「油・オイルの容器」 is 油の容器 and オイルの容器.

    So it is with 用: 「スキー・スノーボード用ブーツ」.
    """
    parts = [part for part in _APART.split(text) if part]
    if len(parts) < 2:
        return parts
    first, last = parts[0], parts[-1]
    before = first[: first.rindex("の") + 1] if "の" in first else ""
    joint = next((one for one in "の用" if one in last[1:-1]), "")
    after = last[last.index(joint) :] if joint and not before else ""
    if any("の" in part for part in parts[1:-1]):
        return []
    if before:
        return [first, *(before + part for part in parts[1:])]
    if after:
        return [*(part + after for part in parts[:-1]), last]
    return parts


def _tidy(term: str) -> str:
    return _FILLER.sub("", _MARKS.sub("", term)).strip()
