# nosay: letters
"""Texts without the differences nobody means: width, kana, long vowels, small kana, voicing.

Three depths, each of them a key of an index: `fold` keeps what is written, `soften` drops what
people forget or add (ー, っ, small kana), `VOICELESS` what they mix up (バッグ and バック).
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_DASHES = re.compile(r"(?<=[ぁ-ゖァ-ヺー])[\-‐‑‒–—―−─━〜~ｰ]")
_KANA = re.compile(r"[ぁ-ゖー]+")
_NOISE = re.compile(r"[^0-9a-zぁ-ゖァ-ヺー一-鿿㐀-䶿々〆ヶ가-힣à-ỹ\U00020000-\U0002ffff]+")
_SMALL = str.maketrans("ぁぃぅぇぉゃゅょゎゕゖ", "あいうえおやゆよわかけ")
VOICELESS = str.maketrans(
    "がぎぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽ",
    "かきくけこさしすせそたてとはひふへほはひふへほ",
)
_FOREIGN = [
    ("ゔぁ", "ば"), ("ゔぃ", "び"), ("ゔぇ", "べ"), ("ゔぉ", "ぼ"), ("ゔ", "ぶ"), ("ふぉ", "ほ"),
    ("ふぃ", "ひ"), ("ふい", "ひ"), ("ぢ", "じ"), ("づ", "ず"), ("ちぇ", "てぃ"), ("でゅ", "じゅ"),
]  # fmt: skip
_RARE = re.compile("|".join(foreign for foreign, _ in _FOREIGN))
_LONG = re.compile(
    r"(?<=[えけせてねへめれげぜでべぺ])[いえ]|(?<=[おこそとのほもよろごぞどぼぽょ])[うお]"
)
_PAIR = re.compile(r"([あいう])\1")
_OKURIGANA = re.compile(r"(?<=[一-鿿])[ぁ-ねは-ん]{1,2}(?=[一-鿿ァ-ヺ])|(?<=[一-鿿])[ぁ-ん]{1,2}$")


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """One width and one case; marks and pictures become single blanks."""
    text = unicodedata.normalize("NFKC", text).lower()
    return " ".join(_NOISE.sub(" ", _DASHES.sub("ー", text)).split())


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """What is written: hiragana, one way to write each common word, no blanks."""
    return to_kana(clean(text)).replace(" ", "")


def as_written(text: str) -> str:
    """A cleaned text with its kanji kept: slips are made in what is typed, not in how it sounds."""
    return clean(text).replace(" ", "").translate(_KATAKANA)


def to_kana(text: str) -> str:
    """Common words in kana whichever way they are written (椅子, いす, イス)."""
    begun, place, parts = _writings(), 0, []
    while place < len(text):
        for form, kana in begun.get(text[place], ()):
            if text.startswith(form, place):
                parts.append(kana)
                place += len(form)
                break
        else:
            parts.append(text[place])
            place += 1
    return "".join(parts).translate(_KATAKANA)


@lru_cache(maxsize=4096)
def soften(folded: str) -> str:
    """A folded text without what people forget or add."""
    if _RARE.search(folded):
        for foreign, plain in _FOREIGN:
            folded = folded.replace(foreign, plain)
    text = folded.replace("ー", "").replace("っ", "").translate(_SMALL)
    return _PAIR.sub(r"\1", _LONG.sub("", text))


def drop_okurigana(text: str) -> str:
    """A cleaned text with its kanji closed up: 割り箸 and 割箸; empty if it has too few."""
    bare = _OKURIGANA.sub("", text).replace(" ", "")
    kanji = sum("一" <= one <= "鿿" for one in bare)
    return bare.translate(_KATAKANA) if kanji >= 2 or (kanji and len(bare) > 2) else ""


def is_kana(text: str) -> bool:
    """Whether a folded text is nothing but kana."""
    return bool(_KANA.fullmatch(text))


@cache
def _writings() -> dict[str, list[tuple[str, str]]]:
    """Ways to write a word and its kana, the longest first, by the letter they begin with."""
    kana: dict[str, str] = {}
    lines = (files(__package__) / "data" / "writings.tsv").read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            word, *forms = line.split()
            kana |= dict.fromkeys(forms, word)
    begun: dict[str, list[tuple[str, str]]] = {}
    for form in sorted(kana, key=len, reverse=True):
        begun.setdefault(form[0], []).append((form, kana[form]))
    return begun
