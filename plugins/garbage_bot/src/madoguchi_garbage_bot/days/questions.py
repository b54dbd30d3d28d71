# nosay: what residents type
"""Questions about collection days: 今日は何ごみ? 次のプラは? When is plastic?

A text is one only if every word of it is known: a time, a category, garbage, collecting, asking, or
a small word. 「電池はいつ」 and 「不燃ごみの出し方」 hold another word, so they are not ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from madoguchi_garbage_bot.days.words import (
    LEXICON,
    Meaning,
    Span,
    fold_words,
    own_words,
    usual_words,
)

LONGEST = 60
"""Characters; a longer text is no such question."""

_DATE = re.compile(r"(\d{1,2})(?:月|/)(\d{1,2})日?|(\d{1,2})日(?!後)")
_LATER = re.compile(r"(\d{1,2})日後")
_MONTH = re.compile(r"(\d{1,2})月(?!曜)")


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know."""

    span: Span | None = None
    """None: when it is next."""
    categories: tuple[str, ...] = ()
    """Names of the city's categories that may be meant; () is all of them."""
    is_sure: bool = True
    """False: nothing in it speaks of garbage, as in 「明日」 alone."""


class QuestionReader:
    """Reads questions with the names that one city gives its categories."""

    def __init__(self, categories: Mapping[str, Iterable[str]]) -> None:
        """`categories`: name → further words for it, in any language."""
        own = _by_word({name: own_words(name, words) for name, words in categories.items()})
        usual = _by_word({name: usual_words(name) for name in categories})
        # What a category is called counts before what people may call it.
        self._lexicon = usual | own | LEXICON
        self._longest = max(map(len, self._lexicon))

    def read(self, typed: str) -> Question | None:
        """The question, or None for whatever is not one about collection days."""
        if len(typed) > LONGEST * 2:
            return None
        text = fold_words(typed)
        if not text or len(text) > LONGEST or text == "今日は":  # a greeting
            return None
        meanings = self._understand(text)
        return _compose(meanings) if meanings else None

    def _understand(self, text: str) -> list[Meaning] | None:
        """The text as known words, as few as possible; None if something is left over."""
        best: list[list[Meaning] | None] = [[], *[None] * len(text)]
        for start in range(len(text)):
            before = best[start]
            if before is None:
                continue
            for end, meaning in self._words_at(text, start):
                known = best[end]
                if known is None or len(before) + 1 < len(known):
                    best[end] = [*before, meaning]
        return best[-1]

    def _words_at(self, text: str, start: int) -> Iterable[tuple[int, Meaning]]:
        for end in range(start + 1, min(len(text), start + self._longest) + 1):
            if meaning := self._lexicon.get(text[start:end]):
                yield end, meaning
        if text[start].isdecimal():
            for pattern in (_DATE, _LATER, _MONTH):
                found = pattern.match(text, start)
                if found and (span := _read_span(found)):
                    yield found.end(), Meaning("span", span)


def _by_word(words: Mapping[str, Iterable[str]]) -> dict[str, Meaning]:
    named: dict[str, list[str]] = {}
    for name, known in words.items():
        for word in known:
            named.setdefault(word, []).append(name)
    return {word: Meaning("category", None, tuple(names)) for word, names in named.items()}


def _read_span(found: re.Match[str]) -> Span | None:
    numbers = [int(number) for number in found.groups() if number]
    if found.re is _LATER:
        return Span("day", numbers[0])
    if found.re is _MONTH:
        return Span("month_of", numbers[0]) if 1 <= numbers[0] <= 12 else None
    month, day = (numbers[0], numbers[1]) if len(numbers) > 1 else (None, numbers[0])
    is_day = 1 <= day <= 31 and (month is None or 1 <= month <= 12)
    return Span("date", month, day) if is_day else None


def _compose(meanings: list[Meaning]) -> Question | None:
    """The question that these words make, if they make one."""
    kinds = {meaning.kind for meaning in meanings}
    categories = tuple(dict.fromkeys(name for one in meanings for name in one.categories))
    is_sure = bool(kinds & {"category", "garbage", "collection day"})
    spans = [meaning.span for meaning in meanings if meaning.span]
    if spans:
        span = _join(spans)
        return Question(span, categories, is_sure) if span else None
    asks = kinds & {"when", "next", "collection day"} or (is_sure and "day" in kinds)
    # 「いつ出せますか」 may mean a form; 「次は」 nothing at all.
    if asks and (is_sure or kinds >= {"collecting", "when"}):
        return Question(None, categories, is_sure)
    return None


def _join(spans: list[Span]) -> Span | None:
    """One span of all that were named: 来週 and 月曜 are next week's Monday. None: too many."""
    first = spans[0]
    if len(set(spans)) == 1:
        return first
    if len(spans) == 2 and (first.kind, spans[1].kind) == ("week", "weekday"):
        return Span("weekday", first.number, spans[1].day)
    return None
