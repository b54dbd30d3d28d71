"""What residents read, in their language: ja, ja-easy (やさしい日本語) and en.

A `str` is Japanese and the key of its translations; texts that are data carry all languages:
`{"ja": "図書館", "en": "Library"}`. Where a translation is missing the Japanese is shown, and in
pages marked as such.

In ja-easy the reading of kanji follows in `《》`: `市役所《しやくしょ》`. `｜` begins a base
that is more than a run of kanji: `｜３か月《さんかげつ》`. Pages show ruby, chats brackets.
"""

import logging
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup, escape

from madoguchi.catalogs import PLACEHOLDER, read_entries

log = logging.getLogger("madoguchi.languages")

Words = str | Mapping[str, str]
"""A text for residents: Japanese, or language → text."""
LANGUAGES = ("ja", "ja-easy", "en")
NAMES = {"ja": "日本語", "ja-easy": "やさしい日本語", "en": "English"}  # nosay
"""What each language calls itself."""
KANJI = "㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff々〆ヶ"  # nosay
RUBY = re.compile(rf"(?:｜([^｜《》\n]+)|([{KANJI}]+))《([^《》\n]+)》")
_CORE = Path(__file__).parent


class Languages:
    """The texts of one gateway in all languages, read once."""

    def __init__(self, folders: Iterable[Path] = (), overrides: Path | None = None) -> None:
        """`folders`: of packages; their `locale/<language>.po` and the core's own are read.

        `overrides` is the city's folder, whose `locale/` comes before all others; after it the
        core's counts, then those of `folders` in their order. A mistake in a file is logged and
        stands in `problems`; what it spoils falls back to Japanese.
        """
        places = [_CORE, *folders] if overrides is None else [overrides, _CORE, *folders]
        self.problems: list[str] = []
        self._known: set[str] = set()
        self._texts = {language: self._chain(places, language) for language in LANGUAGES[1:]}

    def _chain(self, places: list[Path], language: str) -> ChainMap[str, str]:
        found = [read_entries(place / "locale" / f"{language}.po") for place in places]
        self._known.update(*(entries.texts for entries in found))
        problems = [problem for entries in found for problem in entries.problems]
        for problem in problems:
            log.error("%s", problem)
        self.problems += problems
        # An entry without a translation must not hide one that has it.
        return ChainMap(*({key: text for key, text in one.texts.items() if text} for one in found))

    def say(self, words: Words, language: str | None, /, **values: object) -> str:
        """The text for the chat; `{name}` is replaced by the value of that name.

        A value that is itself language → text is said in the same language. In ja-easy each reading
        stands in brackets behind its first appearance.
        """
        text, found = self.spell(words, language)
        if found == "ja-easy":
            text = _in_brackets(text)
        return PLACEHOLDER.sub(
            lambda name: str(self._value(values.get(name[1], name[0]), language)), text
        )

    def html(self, words: Words, language: str | None, /, **values: object) -> Markup:
        """The text for a page, escaped, with ruby; not for attributes, `<option>` and `<title>`.

        Values are escaped unless they are Markup. A text that is missing in the language is marked
        `lang="ja"`.
        """
        text, found = self.spell(words, language)
        markup = str(escape(text))
        if found == "ja-easy":
            markup = RUBY.sub(_as_ruby, markup)
        markup = PLACEHOLDER.sub(
            lambda name: str(escape(self._value(values.get(name[1], name[0]), language))), markup
        )
        foreign = html_language(found) != html_language(language)
        return Markup(f'<span lang="{found}">{markup}</span>' if foreign else markup)

    def missing(self, language: str) -> list[str]:
        """Texts that some catalog knows and that have no translation into this language."""
        return sorted(self._known - self._texts[language].keys())

    def spell(self, words: Words, language: str | None) -> tuple[str, str]:
        """The text as in a catalog, readings in `《》`, and the language that it is in."""
        wanted = language or "ja"
        if isinstance(words, str):
            text = self._texts[wanted].get(words) if wanted in self._texts else None
            return (text, wanted) if text else (words, "ja")
        for each in (wanted, "ja", *words):
            if words.get(each):
                return words[each], each
        return "", "ja"

    def _value(self, value: object, language: str | None) -> object:
        return self.say(value, language) if isinstance(value, Mapping) else value


def html_language(language: str | None) -> str:
    """What a page's `lang` attribute says: ja for ja-easy."""
    return "ja" if language in (None, "ja-easy") else str(language)


def without_readings(text: str) -> str:
    """A text of ja-easy as plain Japanese: `市役所《しやくしょ》` → `市役所`."""
    return RUBY.sub(lambda ruby: ruby[1] or ruby[2], text)


def _in_brackets(text: str) -> str:
    seen: set[str] = set()

    def show(ruby: re.Match[str]) -> str:
        base = ruby[1] or ruby[2]
        again = base in seen
        seen.add(base)
        return base if again else f"{base}（{ruby[3]}）"

    return RUBY.sub(show, text)


def _as_ruby(ruby: re.Match[str]) -> str:
    base = ruby[1] or ruby[2]
    return f"<ruby>{base}<rp>（</rp><rt>{ruby[3]}</rt><rp>）</rp></ruby>"
