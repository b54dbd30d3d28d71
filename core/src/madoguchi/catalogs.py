"""`.po` files: one for each language, read as they are, so that a city can edit them.

The Japanese text is the msgid. An entry counts as translated when it has a text, is not marked
`fuzzy`, and names the same `{placeholders}` as the Japanese.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_LINE = re.compile(
    r'\s*|#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(?:[^"\\]|\\.)*"\s*'
)


@dataclass(frozen=True)
class Entries:
    """What one file says: msgid → translation, empty where there is none; and its mistakes."""

    texts: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_entries(file: Path) -> Entries:
    """The texts of a catalog; none if there is no such file. A mistake costs its entry only."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return Entries({})
    return _read(file, stat.st_mtime_ns, stat.st_size)


def read_source(file: Path) -> str:
    """The file's text. Raises `ValueError` that says what is wrong with it, and in which line."""
    try:
        source = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: is not UTF-8: save it in that encoding") from None
    # Babel passes over a line whose quotes do not close, and the text would be gone.
    for number, line in enumerate(source.splitlines(), 1):
        if not _LINE.fullmatch(line):
            raise ValueError(f'{file}:{number}: must be msgid "…", msgstr "…" or "…": {line[:60]}')
    return source


@lru_cache(maxsize=256)  # many gateways read the same plugins
def _read(file: Path, _changed: int, _size: int) -> Entries:
    from babel.messages.pofile import PoFileError, read_po

    try:
        catalog = read_po(read_source(file).splitlines(keepends=True), abort_invalid=True)
    except PoFileError as error:
        return Entries({}, (f"{file}: {error}",))
    except ValueError as error:
        return Entries({}, (str(error),))
    texts, problems = {}, []
    for message in catalog:
        if not isinstance(message.id, str) or not message.id:
            continue
        text = "" if message.fuzzy else str(message.string)
        wanted, named = (set(PLACEHOLDER.findall(one)) for one in (message.id, text))
        if text and wanted != named:
            lines = ", ".join(f"{{{name}}}" for name in sorted(wanted ^ named))
            problems.append(f"{file}: {message.id!r} and its translation differ in {lines}")
            text = ""
        texts[message.id] = text
    return Entries(MappingProxyType(texts), tuple(problems))
