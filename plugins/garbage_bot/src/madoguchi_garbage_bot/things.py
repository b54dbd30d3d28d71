"""An entry as residents see it: in words of every language, with the colour of its category."""

from collections.abc import Mapping
from dataclasses import dataclass

from madoguchi.languages import LANGUAGES, Words
from madoguchi_garbage_bot.days.categories import GREY, Category
from madoguchi_garbage_bot.dictionary import Entry

SPOKEN = {  # nosay
    "zh-hans": "简体中文",
    "zh-hant": "繁體中文",
    "ko": "한국어",
    "vi": "Tiếng Việt",
    "pt": "Português",
    "es": "Español",
    "tl": "Filipino",
    "ne": "नेपाली",
    "id": "Bahasa Indonesia",
}
"""What a language of a list calls itself."""
UNDECIDED = "決まっていません"
"""What is said of an entry whose category the list leaves open."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An entry and the category of `description.csv` that it belongs to, if there is one."""

    entry: Entry
    category: Category | None

    @property
    def name(self) -> Words:
        """What it is."""
        return self._say("name")

    @property
    def kind(self) -> Words:
        """What it is garbage of."""
        if not self.entry.category:
            return UNDECIDED
        labels = self.category.label if self.category else {}
        return {**labels, **self._say("category")}

    @property
    def note(self) -> Words:
        """What the list says about preparing this very thing; may be empty."""
        return self._say("note")

    @property
    def prepare(self) -> Words:
        """How everything of its category is prepared and put out; may be empty."""
        return self.category.prepare if self.category else {}

    @property
    def fee(self) -> Words:
        """What it costs; may be empty."""
        return self._say("fee")

    @property
    def colour(self) -> str:
        """The ground of its category."""
        return self.category.colour if self.category else GREY

    @property
    def ink(self) -> str:
        """The letters on that ground: at least 4.5 : 1."""
        return self.category.ink if self.category else "#ffffff"

    @property
    def picture(self) -> str:
        """The style of its category."""
        return self.category.picture if self.category else "none"

    @property
    def elsewhere(self) -> list[tuple[str, Mapping[str, str]]]:
        """What the list says in languages that our pages do not speak: language → field → text."""
        found: dict[str, dict[str, str]] = {}
        for place, text in self.entry.texts.items():
            field, _, language = place.partition(".")
            if language not in LANGUAGES:
                found.setdefault(language, {})[field] = text
        return [(language, texts) for language, texts in found.items() if "name" in texts]

    def _say(self, what: str) -> dict[str, str]:
        own = {"ja": getattr(self.entry, what)} if getattr(self.entry, what) else {}
        others = {
            place.partition(".")[2]: text
            for place, text in self.entry.texts.items()
            if place.partition(".")[0] == what
        }
        return {**own, **others}
