"""Questions with things to choose from, a consent, and a note that asks nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Option, Partial
from madoguchi.forms.question import (
    LABEL,
    Question,
    ask_text,
    label_of,
    leave_out,
    read,
    tap_item,
    within_limits,
)
from madoguchi.languages import Words
from madoguchi.reading import read_choice
from madoguchi_messages import grapheme_length

Options = (
    Mapping[str, Words]
    | Sequence[Option | tuple[str, Words]]
    | Callable[..., "Mapping[str, Words] | Sequence[Option | tuple[str, Words]]"]
)
"""`{value: label}`, a list, or `options(db, asking)`, which is asked again when it is answered."""
BUTTONS = 10
"""Options that have a button each; LINE shows 13 (R39), and going back or leaving needs some."""
DONE = "*done"
"""The value of the button that ends a choice of several."""


def options_of(options: Options, asking: Asking) -> list[Option]:
    """The options as they are now."""
    found = options(asking.db, asking) if callable(options) else options
    pairs = found.items() if isinstance(found, Mapping) else found
    return [one if isinstance(one, Option) else Option(*one) for one in pairs]


def choose(text: str, options: Sequence[Option], asking: Asking) -> str:
    """The value of the option that was tapped, typed or numbered. Raises `Mistake`."""
    if any(option.value == text for option in options):
        return text
    return read(
        read_choice,
        within_limits(text),
        {option.value: asking.say(option.label) for option in options},
    )


def choose_all(text: str, options: Sequence[Option], asking: Asking) -> list[str]:
    """The same for several in one line: 「1と3」, 「びん、かん」. Raises `Mistake`."""
    try:
        return [choose(text, options, asking)]
    except Mistake as whole:
        words = [word for word in re.split(r"[,，、・/／\s]+|と", text) if word]
        if len(words) < 2:
            raise whole
        return [choose(word, options, asking) for word in words]


def ask_options(
    question: Any, options: Sequence[Option], asking: Asking, more: str = "", done: str = ""
) -> dict[str, Any]:
    """Options as buttons; numbered lines too, where buttons are too few or too short."""
    labels = [asking.say(option.label) for option in options]
    numbered = len(options) > BUTTONS or any(grapheme_length(one) > LABEL for one in labels)
    lines = [f"{n}. {label}" for n, label in enumerate(labels, 1)] if numbered else []
    if len(options) > BUTTONS:
        lines.append(asking.say("番号か名前を送ってください。"))
    items = [tap_item(asking, done, DONE)] if done else []
    for n, option in enumerate(options[: BUTTONS - len(items)], 1):
        label = f"{n}. {labels[n - 1]}" if numbered else labels[n - 1]
        items.append(tap_item(asking, label, option.value))
    return ask_text(question, asking, "\n".join([*lines, *([more] if more else [])]), items)


def shown(value: str, options: Sequence[Option], asking: Asking) -> str:
    """The label of a value; the value itself if the option is there no more."""
    label = next((option.label for option in options if option.value == value), None)
    return asking.say(label) if label is not None else value


@dataclass(frozen=True, slots=True)
class Choice(Question):
    """One of some options; stored is its value."""

    _: KW_ONLY
    options: Options

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """A button for each option."""
        return [ask_options(self, options_of(self.options, asking), asking)]

    def page(self, asking: Asking) -> Control:
        """Radio buttons."""
        chosen = asking.given.texts if asking.given else [asking.value] if asking.value else []
        return Control("choice", options=options_of(self.options, asking), values=chosen)

    def parse(self, given: Given, asking: Asking) -> str | None:
        """The value that was chosen."""
        if given.is_empty:
            return leave_out(self)
        return choose(given.text, options_of(self.options, asking), asking)

    def show(self, value: Any, asking: Asking) -> str:
        """The label."""
        return "" if value is None else shown(value, options_of(self.options, asking), asking)


@dataclass(frozen=True, slots=True)
class Choices(Question):
    """Some of some options; stored is the list of their values, in the order of the options."""

    _: KW_ONLY
    options: Options
    least: int = 1
    most: int | None = None

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """A button for each option that is not chosen yet."""
        options = options_of(self.options, asking)
        chosen = asking.partial or []
        if not chosen:
            hint = asking.say("いくつでも選べます。") if self.most != 1 else ""
            return [ask_options(self, options, asking, hint)]
        now = asking.say("選んだもの：{chosen}", chosen=self.show(chosen, asking))
        left = [option for option in options if option.value not in chosen]
        done = asking.say("これで決める") if len(chosen) >= self.least else ""
        return [ask_options(self, left, asking, now, done)]

    def page(self, asking: Asking) -> Control:
        """Check boxes."""
        chosen = asking.given.texts if asking.given else asking.value or []
        most = self.most or 0
        return Control(
            "choices", options=options_of(self.options, asking), values=chosen, most=most
        )

    def parse(self, given: Given, asking: Asking) -> list[str] | Partial | None:
        """The values that were chosen; in the chat one tap after another."""
        options = options_of(self.options, asking)
        before: list[str] = list(asking.partial or [])
        if before and given.text in (DONE, asking.say("これで決める")):
            return self._checked(before, options)
        if given.is_empty:
            return leave_out(self) if self.optional or self.least else []
        texts = [within_limits(text) for text in given.texts if text.strip()]
        if asking.in_chat:
            # Buttons left out what is chosen, so numbers count what was offered last.
            offered = [one for one in options if one.value not in before] if before else options
            found = [value for text in texts for value in choose_all(text, offered, asking)]
        else:
            found = [choose(text, options, asking) for text in texts]
        chosen = {*before, *found}
        values = [option.value for option in options if option.value in chosen]
        full = len(values) >= (self.most or len(options))
        if asking.in_chat and not full and (given.tapped or len(values) < self.least):
            return Partial(values)
        return self._checked(values, options)

    def _checked(self, values: list[str], options: Sequence[Option]) -> list[str]:
        if len(values) < self.least:
            raise Mistake("{least}つ以上選んでください。", least=self.least)
        if len(values) > (self.most or len(options)):
            raise Mistake("{most}つまで選べます。", most=self.most)
        return values

    def show(self, value: Any, asking: Asking) -> str:
        """The labels, with 、 between them."""
        options = options_of(self.options, asking)
        return asking.say("、").join(shown(one, options, asking) for one in value or ())

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """A column for each option, ○ where it was chosen."""
        heading, chosen = label_of(self, asking), value or ()
        return {
            f"{heading}：{asking.say(option.label)}": "○" if option.value in chosen else ""
            for option in options_of(self.options, asking)
        }


@dataclass(frozen=True, slots=True)
class Consent(Question):
    """A box that has to be ticked; stored is True."""

    WORDS: ClassVar[frozenset[str]] = frozenset(  # nosay
        {"yes", "はい", "同意する", "同意します", "同意", "ok", "agree", "i agree"}
    )

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """One button."""
        return [ask_text(self, asking, "", [tap_item(asking, asking.say("同意する"), "yes")])]

    def page(self, asking: Asking) -> Control:
        """One check box."""
        ticked = bool(asking.given.text) if asking.given else bool(asking.value)
        options = [Option("yes", asking.say("同意する"))]
        return Control("consent", options=options, values=["yes"] if ticked else [])

    def parse(self, given: Given, asking: Asking) -> bool | None:
        """True; None if it is optional and was not ticked."""
        if given.is_empty and self.optional:
            return None
        if given.text.strip().casefold() in self.WORDS | {asking.say("同意する").casefold()}:
            return True
        raise Mistake("先に進むには、同意が必要です。")

    def show(self, value: Any, asking: Asking) -> str:
        """In words."""
        return asking.say("同意する") if value else ""


@dataclass(frozen=True, slots=True)
class Note(Question):
    """A text between questions; it asks nothing and stores nothing."""

    _: KW_ONLY
    optional: bool = True
    asks: ClassVar[bool] = False

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """The text, before the next question."""
        return [{"type": "text", "text": asking.say(self.question)}]

    def page(self, asking: Asking) -> Control:
        """A paragraph."""
        return Control("note")

    def parse(self, given: Given, asking: Asking) -> None:
        """Nothing."""

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """None."""
        return {}
