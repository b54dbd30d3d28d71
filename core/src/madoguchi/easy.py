"""やさしい日本語: what its texts must look like, and what is wrong with one."""

import re
from functools import cache
from pathlib import Path

from madoguchi.catalogs import PLACEHOLDER
from madoguchi.languages import KANJI, RUBY, without_readings

SENTENCE_MOST = 40
"""Characters of a sentence, readings and placeholders not counted."""
_WORDS = Path(__file__).parent / "locale" / "ja-easy-words.txt"
_KATAKANA = "ァ-ヺー"  # nosay


@cache
def hard_words() -> dict[str, str]:
    """Words that easy Japanese avoids, each with what to say instead."""
    lines = _WORDS.read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def find_problems(text: str) -> list[str]:
    """What is wrong with a text of a `ja-easy.po`, each with what to do; empty if nothing is.

    Hard words, kanji without a reading, and sentences longer than `SENTENCE_MOST`.
    """
    plain = PLACEHOLDER.sub("", without_readings(text))
    problems = [f"「{word}」→「{hard_words()[word]}」" for word in _hard_in(plain)]
    bare = re.findall(f"[{KANJI}]+", RUBY.sub("", text))
    problems += [f"「{kanji}」 needs its reading: {kanji}《…》" for kanji in bare]
    for sentence in re.split(r"[。！？\n]", plain):
        if len(sentence.strip()) > SENTENCE_MOST:
            problems.append(f"a sentence of {len(sentence.strip())} characters: 「{sentence}」")
    return problems


def _hard_in(plain: str) -> list[str]:
    """The longest ones that stand in the text: 申請書 hides 申請."""
    found = [word for word in hard_words() if _stands(word, plain)]
    return [word for word in found if not any(word != other and word in other for other in found)]


def _stands(word: str, plain: str) -> bool:
    """A katakana word counts when it stands alone: not メール in メールアドレス."""
    if word not in plain:
        return False
    if not re.fullmatch(f"[{_KATAKANA}]+", word):
        return True
    return bool(re.search(rf"(?<![{_KATAKANA}]){word}(?![{_KATAKANA}])", plain))
