"""The two ways in which LINE counts the characters of a text (R37).

Most properties are counted in UTF-16 code units, labels and the texts of templates in grapheme
clusters. Python's `len` counts code points, which is neither.
"""

import re
from functools import lru_cache
from unicodedata import category


def utf16_length(text: str) -> int:
    """The number of UTF-16 code units: 🍎 and 𠮷 count 2 (R37)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def grapheme_length(text: str) -> int:
    """The number of extended grapheme clusters of UAX #29 (R37): a family emoji or が (か + ゙) is 1.

    Conjuncts of Indic scripts count as separate clusters, as they did before Unicode 15.1: LINE
    does not say which version it uses, and counting one more is the safe side.
    """
    if text.isascii():
        return len(text) - text.count("\r\n")
    clusters = 0
    before = ""
    pictograph = False  # the cluster so far is \p{Extended_Pictographic} Extend* (GB11)
    flags = 0  # regional indicators in a row (GB12, GB13)
    for character in text:
        kind = _kind(character)
        if not before or _breaks(before, kind, joins=pictograph, flags=flags):
            clusters += 1
        if kind not in {"Extend", "ZWJ"}:
            pictograph = kind == "Pictograph"
        flags = flags + 1 if kind == "Flag" else 0
        before = kind
    return clusters


_HANGUL = {("L", "L"), ("L", "V"), ("L", "LV"), ("L", "LVT"), ("LV", "V"), ("LV", "T")}
_HANGUL |= {("V", "V"), ("V", "T"), ("LVT", "T"), ("T", "T")}


def _breaks(before: str, after: str, *, joins: bool, flags: int) -> bool:
    """Whether a cluster ends between two characters of these kinds (GB3 to GB999)."""
    if before == "CR" and after == "LF":
        return False
    if before in {"CR", "LF", "Control"} or after in {"CR", "LF", "Control"}:
        return True
    if after in {"Extend", "ZWJ", "SpacingMark"} or before == "Prepend":
        return False
    if before == "ZWJ" and after == "Pictograph":
        return not joins
    if before == after == "Flag":
        return flags % 2 == 0
    return (before, after) not in _HANGUL


@lru_cache(maxsize=8192)
def _kind(character: str) -> str:
    """The Grapheme_Cluster_Break property, with Extended_Pictographic as one more value."""
    code = ord(character)
    if special := _SPECIAL.get(code):
        return special
    match category(character):
        case "Mn" | "Me":
            return "Extend"
        case "Mc":
            return "SpacingMark"
        case "Cc" | "Cf" | "Cs" | "Zl" | "Zp":
            return "Control"
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return "Pictograph" if _PICTOGRAPHS.match(character) else "Other"


def _codes(ranges: str) -> list[int]:
    codes: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        codes.extend(range(int(first, 16), int(last or first, 16) + 1))
    return codes


# Where the property differs from the general category (derived from Unicode 14).
_SPECIAL: dict[int, str] = {
    code: kind
    for kind, ranges in {
        "CR": "D",
        "LF": "A",
        "ZWJ": "200D",
        "Flag": "1F1E6-1F1FF",
        "L": "1100-115F A960-A97C",
        "V": "1160-11A7 D7B0-D7C6",
        "T": "11A8-11FF D7CB-D7FB",
        "SpacingMark": "E33 EB3",
        "Prepend": "600-605 6DD 70F 890-891 8E2 D4E 110BD 110CD 111C2-111C3 1193F 11941 11A3A "
        "11A84-11A89 11D46",
        "Extend": "9BE 9D7 B3E B57 BBE BD7 CC2 CD5-CD6 D3E D57 DCF DDF 1B35 200C 302E-302F "
        "FF9E-FF9F 1133E 11357 114B0 114BD 115AF 11930 1D165 1D16E-1D172 1F3FB-1F3FF E0020-E007F",
        "Control": "2065 FFF0-FFF8 E0000 E0002-E001F E0080-E00FF E01F0-E0FFF",
        "Other": "102B-102C 1038 1062-1064 1067-106D 1083 1087-108C 108F 109A-109C 1A61 "
        "1A63-1A64 AA7B AA7D 11720-11721",
    }.items()
    for code in _codes(ranges)
}

_PICTOGRAPHS = re.compile(
    "[©®‼⁉™ℹ↔-↙↩↪⌚⌛⌨⎈⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-★☇-☒☔-⚅⚐-✅✈-✒✔✖✝✡✨✳✴❄❇❌❎❓-❕❗❣-❧➕-➗➡➰➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e-\U0001f17f"
    "\U0001f18e\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f"
    "\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d"
    "\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff"
    "\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f"
    "\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff"
    "\U0001fc00-\U0001fffd]"
)
