# nosay: words that residents use
"""What a message means: an entry, a choice, several, a guess, or honestly nothing."""

import re
from collections.abc import Iterable, Iterator
from copy import copy

from madoguchi_garbage_bot.choices import offer_options, question_for
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.folding import VOICELESS, as_written, clean, fold, is_kana, soften
from madoguchi_garbage_bot.index import ALIAS, Hits, Index
from madoguchi_garbage_bot.materials import WORKINGS, find_materials, take_material
from madoguchi_garbage_bot.phrases import (
    Phrase,
    Topic,
    is_small_talk,
    peel,
    read_phrase,
    split_things,
    take_bracket,
)
from madoguchi_garbage_bot.readings import Read, load_reader
from madoguchi_garbage_bot.result import Kind, Result
from madoguchi_garbage_bot.slips import SHORTEST_SLIP, Slips, distance, join_romaji
from madoguchi_garbage_bot.synonyms import KIND, Synonyms, load_synonyms

SURE = 0.75
"""From here on an entry is an answer; below, it is a guess and is called one."""
GUESS = 0.42
CERTAIN = 0.86
"""Found by its name; nothing better is looked for."""
NEAR = 0.1
"""Entries this close to the best are as likely to be meant."""
MOST_GUESSES = 3
LEAST = 0.2
"""Of the same letters, what makes a proposal for staff."""
_MOST_TEXT = 200
_LONGEST = 60
"""Characters of a question; who writes more tells a story."""
_LOOKED_AT = 12
_RELATIVES, _FARTHEST = 4, 5
_ENDINGS = tuple(
    map(fold, ["機", "器", "機器", "類", "本体", "端末", "製品", "用品", "セット", "具", "品"])
)
_CONTAINERS = tuple(
    soften(fold(one))
    for one in [
        "容器",
        "箱",
        "袋",
        "缶",
        "筒",
        "びん",
        "ボトル",
        "パック",
        "ケース",
        "カップ",
        "入れ物",
    ]
)
_PART_WORDS = frozenset(
    map(fold, ["ふた", "キャップ", "芯", "カバー", "ラベル", "シール", "中身", "部品", "パーツ"])
)
_PART_WORDS |= frozenset(map(fold, ["箱", "袋", "容器", "ボトル", "ケース"]))

_KATAKANA = re.compile(r"[ァ-ヺー]+")
_NONE: frozenset[str] = frozenset()


class Search:
    """A dictionary that answers questions; built once for each version of the list."""

    def __init__(
        self,
        dictionary: Dictionary,
        synonyms: Synonyms | None = None,
        read: Read | None = None,
    ) -> None:
        self.dictionary = dictionary
        self._synonyms = synonyms if synonyms is not None else load_synonyms()
        self._index = Index(dictionary.entries, read if read is not None else load_reader())
        called = (word for word in self._synonyms.words if self._find_called(word))
        self._slips = Slips((*self._index.words, *called))
        self._categories = {fold(one) for one in dictionary.categories}
        self._surely = (
            self._find_named,
            self._find_ended,
            self._find_synonym,
            self._find_contained,
            self._find_rewritten,
        )
        self._taught: dict[str, Hits] = {}

    def teach(self, words: Iterable[tuple[str, str, str]]) -> "Search":
        """The same search with words that staff decided: each, and the name and category it means.

        Such a word beats whatever else is found; one whose entry is gone is passed over.
        """
        other = copy(self)
        named: dict[str, Hits] = {}
        for place, entry in enumerate(self.dictionary.entries):
            for key in (entry.name, f"{entry.name}\n{entry.category}"):
                named.setdefault(key, {})[place] = 1.0
        other._taught = {
            soften(fold(word)): hits
            for word, name, category in words
            if (hits := named.get(f"{name}\n{category}") or named.get(name))
        }
        return other

    def is_taught(self, text: str) -> bool:
        """Whether staff decided what a text means."""
        thing = read_phrase(take_bracket(text)[0]).thing
        return any(soften(fold(one)) in self._taught for one in (text, thing) if one)

    def rank(self, text: str, most: int = MOST_GUESSES) -> list[tuple[Entry, float]]:
        """What a text may mean and how sure that is, however little: for people who decide."""
        thing = read_phrase(take_bracket(text)[0]).thing or text
        hits = {**self._find_alike(thing, LEAST), **self._match(thing, _NONE)}
        ranked = sorted(hits.items(), key=lambda one: (-round(one[1], 2), one[0]))[:most]
        return [(self.dictionary.entries[place], round(sure, 2)) for place, sure in ranked]

    def ask(self, text: str) -> Result:
        """Find what a message means. Never raises, touches nothing but memory."""
        if is_small_talk(text):
            return Result(Kind.OTHER, "")
        if taught := self._taught.get(soften(fold(text[:_MOST_TEXT]))):
            return self._decide(clean(text), taught, Phrase(text))
        hits = self._index.find(text[:_MOST_TEXT])
        if max(hits.values(), default=0) > CERTAIN:
            return self._decide(clean(text), self._with_relatives(text, hits), Phrase(text))
        if len(text) > _LONGEST:
            return Result(Kind.OTHER, "")
        inner, bracket = take_bracket(text)
        phrase = read_phrase(inner)
        if not phrase.thing:
            return Result(Kind.OTHER, "", 0.6 * bool(phrase.topic), topic=phrase.topic)
        if is_category(phrase.thing, self._categories):
            return Result(Kind.OTHER, phrase.thing, 0.6, topic=Topic.SERVICE)
        hits = self._match(phrase.thing, find_materials(bracket))
        if max(hits.values(), default=0) < SURE and (several := self._ask_each(text, phrase)):
            return several
        result = self._decide(phrase.thing, hits, phrase)
        if phrase.topic and not result.sure:
            return Result(Kind.OTHER, "", 0.6, topic=phrase.topic)
        return result

    def _ask_each(self, text: str, phrase: Phrase) -> Result | None:
        """Several things at once, if each of them is an item."""
        for things in split_things(read_phrase(text).thing):
            parts = [self._decide(one, self._match(one, frozenset()), phrase) for one in things]
            if all(part.sure for part in parts):
                score = min(part.score for part in parts)
                entries = tuple(part.entries[0] for part in parts)
                return Result(Kind.SEVERAL, phrase.thing, score, entries, parts=tuple(parts))
        return None

    # What an entry may have been called, the surest way first.

    def _match(self, thing: str, materials: frozenset[str]) -> Hits:
        if taught := self._taught.get(soften(fold(thing))):
            return taught
        ways = list(self._ways(thing, materials))
        found: Hits = {}
        for find in self._surely:
            for text, made_of, doubt in ways:
                for place, sure in self._narrow(find(text), made_of, doubt).items():
                    found[place] = max(found.get(place, 0), sure)
                if max(found.values(), default=0) > CERTAIN:
                    return found if made_of else self._with_relatives(text, found)
        if owned := self._find_owned(thing):
            found = {**owned, **found} if max(found.values(), default=0) >= SURE else owned
        if max(found.values(), default=0) >= SURE:
            return found
        for find in (self._find_longer, self._find_slip, self._find_head):
            for text, made_of, doubt in ways:
                hits = self._narrow(find(text), made_of, doubt)
                if max(hits.values(), default=0) >= GUESS:
                    return hits
        return found or self._find_alike(thing)

    def _with_relatives(self, text: str, hits: Hits) -> Hits:
        """The entries, and a few others that go by the same word: 掃除機 and ロボット掃除機."""
        soft, best = soften(fold(text)), max(hits.values())
        if len(soft) < 2:
            return hits
        words, written = self._longer_by_little(soft), soften(as_written(text))
        if written != soft and len(written) < len(soft) < _FARTHEST:
            words = []  # 本 is no ヘッドホン
        if written != soft and len(written) > 1:
            words = self._longer_by_little(written)[:_RELATIVES] + words
        if not is_kana(soft):
            reading = soften(self._index.reading(text))
            words += self._index.ending(reading)[:_RELATIVES]
        words = words[:_RELATIVES]
        if not self._index.at(soft):  # its own parts, if only they are in the list
            words += self._index.starting(soft + "の")[:1]
        words += [one for one, _ in self._synonyms.find(soft)][:_RELATIVES]
        others = [place for word in words for place in self._index.at(word)]
        return dict.fromkeys(others, best - NEAR + 0.01) | hits

    def _longer_by_little(self, soft: str) -> list[str]:
        return [one for one in self._index.ending(soft) if len(one) <= len(soft) + _FARTHEST]

    def _ways(
        self, thing: str, materials: frozenset[str]
    ) -> Iterator[tuple[str, frozenset[str], float]]:
        """The thing without what only describes it, with what it is made of and the doubt."""
        seen = set()
        for text, doubt in [(thing, 0.0), *((rest, 0.03) for rest in peel(thing))]:
            made_of, rest = take_material(text)
            named_so = text.replace("の", "") if made_of else ""
            if named_so not in ("", text, *seen):  # 水銀の体温計 may be listed as 水銀体温計
                seen.add(named_so)
                yield named_so, _NONE, doubt
            owner, _, owned = text.rpartition("の")
            inner, named = take_material(owned) if owner else (frozenset(), "")
            for other, more in ((text, _NONE), (rest, made_of), (f"{owner}の{named}", inner)):
                if other == text and more:
                    continue
                for polite in (other, other[1:] if other[:1] in "おご" else ""):
                    if (
                        len(polite) > 0
                        and polite not in seen
                        and (polite == other or len(polite) > 1)
                    ):
                        seen.add(polite)
                        yield polite, materials | more, doubt + 0.02 * (polite != thing)

    def _narrow(self, hits: Hits, materials: frozenset[str], doubt: float) -> Hits:
        """The entries that are made of what was said, or of nothing in particular."""
        names = self._index.names
        if materials and hits:
            told = {one for one in hits if names[one].materials & materials}
            silent = {one for one in hits if not names[one].materials}
            hits = {one: sure for one, sure in hits.items() if one in (told or silent or hits)}
            if not told and materials & WORKINGS:
                doubt += 0.3
        return {place: sure - doubt for place, sure in hits.items()}

    def _find_named(self, text: str) -> Hits:
        return self._index.find(text)

    def _find_ended(self, text: str) -> Hits:
        """Names that only add what changes nothing: 電話 for 電話機."""
        soft, found = soften(fold(text)), {}
        for ending in _ENDINGS if len(soft) > 1 else ():
            for place, sure in self._index.at(soft + ending).items():
                found[place] = max(found.get(place, 0), sure * 0.9)
        return found

    def _find_synonym(self, text: str) -> Hits:
        return self._find_called(soften(fold(text)))

    def _find_called(self, soft: str) -> Hits:
        """The first that the list has; what it may be called as well comes after it."""
        found, aliased = {}, {}
        for target, weight in self._synonyms.find(soft):
            hits = self._index.at(target)
            if max(hits.values(), default=0) <= ALIAS:  # an example in somebody else's brackets
                aliased = aliased or {place: sure * weight for place, sure in hits.items()}
            elif not found:
                found = {place: sure * weight for place, sure in hits.items()}
            elif weight >= KIND:
                after = max(found.values()) - NEAR + 0.01
                found = {place: min(sure, after) for place, sure in hits.items()} | found
        return found or aliased

    def _find_contained(self, text: str) -> Hits:
        """「…の箱」 of something that is listed as its container: カップ麺 as カップ麺の容器."""
        owner, _, owned = text.rpartition("の")
        if not owner or soften(fold(owned)) not in _CONTAINERS:
            return {}
        for target, weight in self._synonyms.find(soften(fold(owner))):
            if target.endswith(_CONTAINERS) and (hits := self._index.at(target)):
                return {place: sure * weight for place, sure in hits.items()}
        return {}

    def _find_rewritten(self, text: str) -> Hits:
        for other in self._synonyms.rewrite(soften(fold(text))):
            if hits := self._index.at(other) or self._index.at(other.replace("の", "")):
                return {place: sure * 0.86 for place, sure in hits.items()}
        return {}

    def _find_owned(self, text: str) -> Hits:
        """「プリンターのインクカートリッジ」 is an インクカートリッジ, if both are known."""
        owner, _, owned = text.rpartition("の")
        if not owner or not owned:
            return {}
        owner = owner.removesuffix("の中")
        soft = soften(fold(owner))
        also = {soft, *(word for word, _ in self._synonyms.find(soft))}
        hits = self._index.find(owned) or self._find_synonym(owned)
        of_it = {
            place: max(sure, 0.97) * 0.88
            for place, sure in {**self._longer(soften(fold(owned))), **hits}.items()
            if any(len(one) > 1 and one in self._index.soft_names[place] for one in also)
        }
        if of_it:
            return of_it
        known = any(map(self._index.at, also)) or len(also) > 1
        if fold(owned) in _PART_WORDS or (not known and len(fold(owned)) < 2):
            return {place: sure * 0.6 for place, sure in hits.items()} if known else {}
        return {place: sure * (0.85 if known else 0.5) for place, sure in hits.items()}

    def _longer(self, soft: str) -> Hits:
        """Names that end with a text."""
        found: Hits = {}
        for word in self._index.ending(soft)[:_LOOKED_AT]:
            found.update(self._index.at(word))
        return found

    def _find_longer(self, text: str) -> Hits:
        """Names of which the question is the beginning or the end: ビデオ in ビデオデッキ."""
        soft = soften(fold(text))
        if len(soft) < (4 if is_kana(soft) and not _is_katakana(text) else 2):
            return {}
        found: Hits = {}
        for words in (self._index.starting(soft), self._index.ending(soft)):
            for word in words[:_LOOKED_AT]:
                sure = max(0.7 - 0.02 * (len(word) - len(soft)), GUESS)
                for place, of in self._index.at(word).items():
                    found[place] = max(found.get(place, 0), of * sure)
        return found

    def _find_slip(self, text: str) -> Hits:
        """Names that differ by a slip or two."""
        found: Hits = {}
        folded = fold(text)
        if (joined := join_romaji(folded)) != folded:
            found = {place: of * 0.7 for place, of in self._index.at(soften(joined)).items()}
        forms = [folded, as_written(text), self._index.reading(text)]
        for form in dict.fromkeys(map(soften, forms)):
            least = SHORTEST_SLIP + is_kana(form)
            most = 0 if len(form) < least else 1 if len(form) < 7 else 2
            for word in self._slips.near(form) if most else ():
                slips = distance(form, word, most)
                if slips <= most:
                    sure = 1 - (slips + 0.4) / (len(form) + 1) * (1.3 if len(form) > 5 else 1.6)
                    if form.translate(VOICELESS) == word.translate(VOICELESS):
                        sure += 0.1  # ポ for ボ: the likeliest slip of all
                    for place, of in (self._index.at(word) or self._find_called(word)).items():
                        found[place] = max(found.get(place, 0), of * min(sure, 0.85))
        return found

    def _find_head(self, text: str) -> Hits:
        """A known thing with something unknown before it: 電動キックボード is at best a guess."""
        soft = soften(fold(text))
        for start in range(1, len(soft) - 2):
            head = soft[start:]
            if len(head) * 2 < len(soft) or (is_kana(head) and len(head) < 4):
                break
            for word in (head, *(other for other, _ in self._synonyms.find(head))):
                if hits := self._index.at(word):
                    return {place: sure * 0.5 for place, sure in hits.items()}
        return {}

    def _find_alike(self, text: str, least: float = 0.55) -> Hits:
        """Names with much of the same letters."""
        found: Hits = {}
        for form in dict.fromkeys([soften(fold(text)), soften(self._index.reading(text))]):
            for word, share in self._index.alike(form, 6, least):
                for place, of in self._index.at(word).items():
                    found[place] = max(found.get(place, 0), of * share * 0.9)
        return {place: min(sure, SURE - 0.05) for place, sure in found.items()}

    # What to say.

    def _decide(self, thing: str, hits: Hits, phrase: Phrase) -> Result:
        ranked = sorted(hits.items(), key=lambda one: (-round(one[1], 2), one[0]))
        entries = self.dictionary.entries
        best = ranked[0][1] if ranked else 0.0
        if best < GUESS:
            return Result(Kind.NOT_FOUND, thing, 0.55 if phrase.asks else 0.0)
        if best < SURE:
            guesses = tuple(entries[place] for place, _ in ranked[:MOST_GUESSES])
            return Result(Kind.GUESS, thing, 0.6 if phrase.asks else 0.3, guesses)
        near = [place for place, sure in ranked if sure >= best - NEAR]
        score = min(best, 0.97 if phrase.asks else 0.9)
        found = tuple(entries[place] for place in near)
        if len({entry.category for entry in found}) < 2:
            return Result(Kind.ANSWER, thing, score, found)
        options = offer_options(found, [self._index.names[place] for place in near])
        return Result(Kind.CHOICE, thing, score, found, question_for(options), options)


def is_category(thing: str, categories: set[str]) -> bool:
    """Whether a message names a category of the city, and no item."""
    folded = fold(thing)
    return folded in categories and bool(re.search(r"ごみ|資源|収集", folded))


def _is_katakana(text: str) -> bool:
    return bool(_KATAKANA.fullmatch(clean(text)))
