"""One of several answers, by its number, its words or how they begin."""

import re
from collections.abc import Mapping

from madoguchi.reading.numbers import read_number
from madoguchi.reading.texts import Unreadable, fold

_NUMBER = re.compile("[0-9]+")
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def read_choice(text: str, options: Mapping[str, str]) -> str:
    """The value of the option that is meant. `options`: value → label, in the order shown.

    What is typed may be a label or a value (widths, kana and case aside), the number of the line
    (2, ②, 2番), or the beginning of one label only.
    """
    labels = {value: _key(label) for value, label in options.items()}
    values = {value: _key(value) for value in options}
    as_typed = _key(text)
    for typed in filter(None, (as_typed, as_typed.removesuffix("デス"))):
        candidates = [
            [value for value, label in labels.items() if label == typed],
            [value for value, key in values.items() if key == typed],
            _by_number(typed, labels),
            [value for value, label in labels.items() if label.startswith(typed)],
        ]
        for found in candidates:
            if len(found) == 1:
                return found[0]
    shown = "、".join(list(options.values())[:10])
    raise Unreadable("次の中から1つ選んでください。{options}", options=shown)


def _key(text: str) -> str:
    return fold(text).removesuffix("。").casefold().translate(_KATAKANA)


def _by_number(typed: str, labels: Mapping[str, str]) -> list[str]:
    """The line of this number; where labels begin with numbers themselves, theirs counts."""
    first = {value: found[0] for value, label in labels.items() if (found := _NUMBER.match(label))}
    if first:
        return [value for value, number in first.items() if number == typed]
    try:
        return [list(labels)[read_number(typed, 1, len(labels)) - 1]]
    except Unreadable:
        return []
