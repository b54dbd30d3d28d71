# nosay: what residents are asked
"""One question with at most four answers, made of what tells the entries apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.materials import is_only_material
from madoguchi_garbage_bot.names import Name

MOST = 4
LONGEST = 20
"""Characters of a button (LINE's limit)."""
_SIZE = re.compile(r"\d|大き|小さ|以上|以下|未満|超")


@dataclass(frozen=True, slots=True)
class Option:
    """What one button says, and the entries it stands for: all of one category."""

    label: str
    entries: tuple[Entry, ...]
    by: str = "name"


def offer_options(entries: Sequence[Entry], names: Sequence[Name]) -> tuple[Option, ...]:
    """At most four options; every category among the entries is one of them or in the last."""
    alike = len({name.base for name in names}) == 1
    labels = [
        name.qualifier if alike and name.qualifier else entry.name
        for entry, name in zip(entries, names, strict=True)
    ]
    by = "name"
    if alike:
        told = [name.qualifier for name in names if name.qualifier]
        by = "material" if is_only_material(told) else "use"
        by = "size" if all(_SIZE.search(one) for one in told) else by
    single = dict(zip(labels, entries, strict=True))
    if len(entries) <= MOST and len(single) == len(entries):
        return tuple(Option(_cut(label), (one,), by) for label, one in single.items())
    groups: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        groups.setdefault(entry.category, []).append(place)
    places = list(groups.values())
    if len(places) > MOST:
        places = [*places[: MOST - 1], [one for group in places[MOST - 1 :] for one in group]]
    return tuple(
        Option(_join([labels[one] for one in group]), tuple(entries[one] for one in group), by)
        for group in places
    )


def question_for(options: Sequence[Option]) -> str:
    """What is asked above the buttons."""
    by = {option.by for option in options}
    if by == {"material"}:
        return "どんな素材ですか。"
    if by == {"size"}:
        return "大きさはどのくらいですか。"
    return "どれですか。"


def _join(labels: Sequence[str]) -> str:
    """As many labels as fit on a button."""
    text, seen = "", list(dict.fromkeys(labels))
    for label in seen:
        longer = f"{text}・{label}" if text else label
        if len(longer) > LONGEST - 2 and text:
            return f"{text}など"
        text = longer
    return _cut(text)


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
