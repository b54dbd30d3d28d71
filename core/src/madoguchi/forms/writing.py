"""Questions that are answered by typing: a line, a text, a number, a telephone number, a mail."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Part
from madoguchi.forms.question import Question, Typed, ask_text, leave_out, read, tap_item
from madoguchi.languages import Words
from madoguchi.reading import (
    read_email,
    read_kana,
    read_line,
    read_number,
    read_phone,
    read_postcode,
    read_text,
    show_phone,
    show_postcode,
)


@dataclass(frozen=True, slots=True)
class Text(Typed):
    """One line. `kana=True`: the reading of a name; ひらがな and ｶﾅ become カタカナ."""

    _: KW_ONLY
    most: int = 200
    kana: bool = False

    def parse(self, given: Given, asking: Asking) -> str | None:
        """The line, without spaces around it."""
        if (text := self._typed(given)) is None:
            return None
        line = read(read_line, text, self.most)
        return read(read_kana, line) if self.kana else line


@dataclass(frozen=True, slots=True)
class LongText(Typed):
    """Some lines, at most `most` characters."""

    _: KW_ONLY
    most: int = 2_000
    kind: ClassVar[str] = "textarea"

    def parse(self, given: Given, asking: Asking) -> str | None:
        """The text."""
        text = self._typed(given)
        return None if text is None else read(read_text, text, self.most)


@dataclass(frozen=True, slots=True)
class Number(Typed):
    """A whole number from `least` to `most`; 「３」「三」「3人」 are 3. `unit` stands behind it."""

    _: KW_ONLY
    least: int = 0
    most: int = 1_000_000
    unit: Words = ""
    inputmode: ClassVar[str] = "numeric"
    kind: ClassVar[str] = "number"

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """Buttons where there are few numbers."""
        if self.most - self.least >= 10:
            return [ask_text(self, asking)]
        numbers = range(self.least, self.most + 1)
        items = [tap_item(asking, self.show(n, asking), str(n)) for n in numbers]
        return [ask_text(self, asking, "", items)]

    def page(self, asking: Asking) -> Control:
        """One input, the unit behind it."""
        stored = "" if asking.value is None else str(asking.value)
        typed = asking.given.text if asking.given else stored
        unit = asking.say(self.unit) if self.unit else ""
        return Control(self.kind, [Part(value=typed, inputmode="numeric", hint=unit, width=10)])

    def parse(self, given: Given, asking: Asking) -> int | None:
        """The number."""
        text = self._typed(given)
        return None if text is None else read(read_number, text, self.least, self.most)

    def show(self, value: Any, asking: Asking) -> str:
        """The number with its unit."""
        return "" if value is None else f"{value}{asking.say(self.unit) if self.unit else ''}"


@dataclass(frozen=True, slots=True)
class Phone(Typed):
    """A telephone number of Japan; always personal."""

    _: KW_ONLY
    personal: bool = True
    always_personal: ClassVar[bool] = True
    autocomplete: ClassVar[str] = "tel"
    inputmode: ClassVar[str] = "tel"

    def parse(self, given: Given, asking: Asking) -> str | None:
        """Its digits: `0312345678`."""
        text = self._typed(given)
        return None if text is None else read(read_phone, text)

    def show(self, value: Any, asking: Asking) -> str:
        """With hyphens."""
        return "" if value is None else show_phone(value)


@dataclass(frozen=True, slots=True)
class Email(Typed):
    """A mail address; always personal."""

    _: KW_ONLY
    personal: bool = True
    always_personal: ClassVar[bool] = True
    autocomplete: ClassVar[str] = "email"
    inputmode: ClassVar[str] = "email"

    def parse(self, given: Given, asking: Asking) -> str | None:
        """The address."""
        text = self._typed(given)
        return None if text is None else read(read_email, text)


@dataclass(frozen=True, slots=True)
class PostalAddress(Question):
    """A postal address of Japan; always personal. Stored: `{postcode, address, building}`.

    `lookup(postcode)` gives what is known of a postcode (`"見本県見本市本町"`) or None.
    """

    _: KW_ONLY
    personal: bool = True
    always_personal: ClassVar[bool] = True
    lookup: Callable[[str], str | None] | None = None

    def page(self, asking: Asking) -> Control:
        """Three inputs; the address of a known postcode is filled in."""
        value = asking.value or {}
        given = asking.given
        typed = {
            part: given.part(part) if given else value.get(part, "")
            for part in ("postcode", "address", "building")
        }
        if not typed["address"] and typed["postcode"]:
            typed["address"] = self._look_up(typed["postcode"])
        say = asking.say
        return Control(
            "address",
            [
                Part(
                    "postcode",
                    say("郵便番号"),
                    typed["postcode"],
                    "postal-code",
                    "numeric",
                    width=8,
                ),
                Part("address", say("住所（番地まで）"), typed["address"], "street-address"),
                Part("building", say("建物名と部屋番号"), typed["building"], "address-line3"),
            ],
        )

    def parse(self, given: Given, asking: Asking) -> dict[str, str] | None:
        """The three parts."""
        if given.is_empty:
            return leave_out(self)
        postcode = read(read_postcode, given.part("postcode"), part="postcode")
        if not given.part("address").strip():
            raise Mistake("住所を番地まで入れてください。", "address")
        address = read(read_line, given.part("address"), 200, part="address")
        building = given.part("building")
        building = read(read_line, building, 100, part="building") if building.strip() else ""
        return {"postcode": postcode, "address": address, "building": building}

    def _look_up(self, typed: str) -> str:
        try:
            postcode = read(read_postcode, typed)
        except Mistake:
            return ""
        return (self.lookup(postcode) if self.lookup else None) or ""

    def show(self, value: Any, asking: Asking) -> str:
        """In one line."""
        if value is None:
            return ""
        postcode = show_postcode(value["postcode"])
        return " ".join(filter(None, [postcode, value["address"], value["building"]]))
