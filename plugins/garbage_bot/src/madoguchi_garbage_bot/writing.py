# nosay: what is said here, staff read
"""The list and the log as files: what is written can be read again."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence

from madoguchi.sheets import escape
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.layouts import TITLES

_PLAIN = ("id", "name", "reading", "category", "note", "fee")
LOG = ("kind", "query", "expect", "item_ids", "item_names", "categories", "ambiguous", "count")
_ABOUT = "# ごみの質問の記録。item_namesに品名を書き足すと、garbage evaluateで測れます。"


def write_list(dictionary: Dictionary) -> bytes:
    """The list as CSV (UTF-8 with BOM), in columns that `load_dictionary` finds."""
    more = list(dict.fromkeys(key for entry in dictionary.entries for key in entry.texts))
    heads = [*(TITLES[one] for one in _PLAIN), TITLES["synonyms"], *map(_head_of, more)]
    rows = (
        [
            *(getattr(entry, one) for one in _PLAIN),
            "、".join(entry.synonyms),
            *(entry.texts.get(key, "") for key in more),
        ]
        for entry in dictionary.entries
    )
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([escape(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def write_log(rows: Iterable[tuple[str, str, int, Entry | None, bool]]) -> bytes:
    """Questions as the table that `garbage evaluate` reads.

    Each is kind, text, how often, the entry that staff chose, and whether staff said that it is no
    garbage. One that nobody decided yet is an item without a name: it counts as missed.
    """
    lines = [_ABOUT, "\t".join(LOG)]
    for kind, text, count, entry, ignored in rows:
        named = ("", entry.name.replace("|", "／"), entry.category) if entry else ("", "", "")
        expect = "other" if ignored else "item"
        cells = (kind, text, expect, *named, "0", str(count))
        lines.append("\t".join(escape(" ".join(cell.split())) for cell in cells))
    return ("\n".join(lines) + "\n").encode()


def find_lost(words: Iterable[tuple[str, str, str]], names: Collection[str]) -> Sequence[str]:
    """The words of staff whose entry is none of these names."""
    return [word for word, name, _ in words if name not in names]


def _head_of(key: str) -> str:
    """`note.en` is 注意点_en."""
    field, _, language = key.partition(".")
    return f"{TITLES[field]}_{language}"
