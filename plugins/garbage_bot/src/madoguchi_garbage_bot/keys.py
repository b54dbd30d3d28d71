"""What stands for an entry in buttons and addresses: its id, and a mark of its name.

A list without numbers numbers its rows, and a button outlives a list: with the mark an old button
finds nothing, where without it it would find the wrong thing.
"""

from collections.abc import Iterable
from zlib import crc32

from madoguchi_garbage_bot.dictionary import Dictionary, Entry

_SIGN = "~"


def key_of(entry: Entry) -> str:
    """The key of an entry: `12~9af3`."""
    return f"{entry.id}{_SIGN}{_mark(entry)}"


def find_entry(dictionary: Dictionary, key: str) -> Entry | None:
    """The entry of a key, or of a plain id; None if it is gone or has become another thing."""
    if entry := dictionary.get(key):
        return entry
    id, _, mark = key.rpartition(_SIGN)
    entry = dictionary.get(id)
    return entry if entry and mark == _mark(entry) else None


def find_entries(dictionary: Dictionary, keys: Iterable[str]) -> tuple[Entry, ...]:
    """The entries of these keys that are still there."""
    return tuple(entry for key in keys if (entry := find_entry(dictionary, key)))


def _mark(entry: Entry) -> str:
    return f"{crc32(entry.name.encode()) & 0xFFFF:04x}"
