"""Plain text: cleaned, counted as people count, never longer than asked."""

import re
import unicodedata

TYPED_MOST = 10_000
"""Characters; nobody types more, so nothing longer is looked at."""

# NFC replaces these by other ideographs, and some are in people's names (神 U+FA19).
_COMPATIBILITY = re.compile("[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")
_BREAKS = re.compile("\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
# Marks that turn text around or hide in it; the joiners of emoji and Indic scripts stay.
_HIDDEN = dict.fromkeys(
    [0xFEFF, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
_DASHES = {ord(dash): "-" for dash in "‐‑‒–—―−─━﹣ー"}  # nosay


class Unreadable(ValueError):
    """What was typed cannot be read. `text` tells the resident in Japanese what to do.

    `text` is a msgid with `{name}` placeholders for `values`; say it with `madoguchi.languages`.
    """

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text.format_map(values))
        self.text, self.values = text, values


def clean(text: str) -> str:
    """Without control characters, lone surrogates and hidden marks; NFC; line ends are `\\n`."""
    text = _BREAKS.sub("\n", text).translate(_HIDDEN).replace("\t", " ")
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return _COMPATIBILITY.sub(lambda run: unicodedata.normalize("NFC", run[0]), text)


def fold(text: str, most: int = 200) -> str:
    """One form for all widths and dashes, without spaces; empty if longer than `most`.

    For what is read as a value and not kept: `ー` becomes `-` as well.
    """
    if len(text) > most:
        return ""
    return "".join(unicodedata.normalize("NFKC", text).translate(_DASHES).split())


def length(text: str) -> int:
    """How many characters a person sees: an emoji or a letter with its marks is one."""
    count, joined, flags = 0, False, 0
    for character in text:
        joins = character == "\u200d"
        flags = flags + 1 if "\U0001f1e6" <= character <= "\U0001f1ff" else 0
        extends = unicodedata.category(character) in ("Mn", "Mc", "Me") or (
            "\U0001f3fb" <= character <= "\U0001f3ff"
        )
        if not (joined or joins or extends or flags == 2):
            count += 1
        joined, flags = joins, flags % 2
    return count


def read_text(text: str, most: int = TYPED_MOST) -> str:
    """A text of several lines, at most `most` characters as people count them."""
    if len(text) > TYPED_MOST:
        raise _too_long(len(text), min(most, TYPED_MOST))
    lines = (line.rstrip() for line in clean(text).split("\n"))
    found = "\n".join(lines).strip()
    seen = length(found)
    if not seen:
        raise Unreadable("文字を入力してください。")
    if seen > most:
        raise _too_long(seen, most)
    return found


def read_line(text: str, most: int = 200) -> str:
    """A text of one line: any run of spaces and line ends becomes one space."""
    if len(text) > TYPED_MOST:
        raise _too_long(len(text), most)
    return read_text(" ".join(clean(text).split()), most)


def _too_long(length: int, most: int) -> Unreadable:
    return Unreadable(
        "{most}文字までで入力してください。いまは{length}文字です。", most=most, length=length
    )
