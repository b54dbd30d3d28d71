"""What a question is asked with, what comes back, and how a page draws it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from madoguchi.clock import JST
from madoguchi.languages import Words
from madoguchi.types import City, Resident

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from madoguchi.forms.form import Field


class Mistake(Exception):
    """What was given is no answer; the text tells the resident what to do.

    `values` fill the `{names}` of the text; `part` names the input of the page that is wrong.
    """

    def __init__(self, text: Words, part: str = "", **values: Any) -> None:
        super().__init__(text)
        self.text, self.part, self.values = text, part, values


@dataclass(frozen=True, slots=True)
class Partial:
    """What `parse` returns in the chat while an answer is being put together, photo by photo.

    The question is asked again with it as `asking.partial`. `silent`: without a word, because
    more of the same is on its way.
    """

    value: Any
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was sent: degrees, and the address if LINE knows one."""

    latitude: float
    longitude: float
    address: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What came for one question, from the chat or from a page alike."""

    texts: Sequence[str] = ()
    """What was typed, or the values that were chosen."""
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The named inputs of a page: `question.year` of the page is `year` here."""
    place: Place | None = None
    files: Sequence[int] = ()
    """Numbers of photos and files that are stored already (`media.id`)."""
    tapped: bool = False
    """Whether it is a tap on one of our own buttons in the chat."""
    step: str = ""
    """What the button's question added to `asking.tap`: where in a group it stood."""
    more: bool = False
    """Whether more of the same is on its way: photos that were sent together."""
    message_key: str | None = None
    """A keyed hash of the chat's message, which may still be taken back (R13)."""

    @property
    def text(self) -> str:
        """What was typed or chosen first."""
        return self.texts[0] if self.texts else ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given at all."""
        typed = [*self.texts, *(text for texts in self.parts.values() for text in texts)]
        return not (self.place or self.files or any(text.strip() for text in typed))

    def part(self, name: str) -> str:
        """What was typed into one named input."""
        return next(iter(self.parts.get(name, ())), "")

    def within(self, name: str) -> "Given":
        """What was given for a question inside of this one (`Repeat`)."""
        start = f"{name}."
        inner = {
            key.removeprefix(start): v for key, v in self.parts.items() if key.startswith(start)
        }
        return Given(texts=self.parts.get(name, ()), parts=inner)


def read_given(name: str, inputs: Iterable[tuple[str, str]], files: Sequence[int] = ()) -> Given:
    """What a posted page holds for a question: the inputs `name` and `name.part`, in order."""
    texts: list[str] = []
    parts: dict[str, list[str]] = {}
    for key, text in inputs:
        if key == name:
            texts.append(text)
        elif key.startswith(f"{name}."):
            parts.setdefault(key.removeprefix(f"{name}."), []).append(text)
    return Given(texts, parts, files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a field knows while it asks, draws, reads or shows."""

    gateway: City
    resident: Resident | None
    language: str
    now: datetime
    say: Callable[..., str]
    """`say(text, **values)`: the text in the resident's language."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """What was answered so far, by the names of the questions."""
    value: Any = None
    """The answer that this question has already."""
    given: Given | None = None
    """What was given and refused: a page shows it again, so that nothing is typed twice."""
    partial: Any = None
    """What `parse` collected so far (`Partial`)."""
    in_chat: bool = False
    tap: str = ""
    """The beginning of the postback data of this question's buttons."""
    db: "Session | None" = None

    @property
    def today(self) -> date:
        """The date in Japan."""
        return self.now.astimezone(JST).date()

    def having(self, **changes: Any) -> "Asking":
        """The same with something changed."""
        return replace(self, **changes)

    def postback(self, value: str) -> str:
        """The postback data of a button that answers this question with `value` (R41)."""
        return f"{self.tap}&v={re.sub('[&=%+; ]', lambda m: quote(m[0]), value)}"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: what is stored, and what residents read."""

    value: str
    label: Words
    hint: Words | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.value) <= 60:  # it stands in postback data (R41)
            raise ValueError(f"an option's value has 1 to 60 characters, not {self.value!r}")


@dataclass(frozen=True, slots=True)
class Part:
    """One input of a page: in HTML its name is the question's, then `.name` unless empty."""

    name: str = ""
    label: str = ""
    value: str = ""
    autocomplete: str = ""
    inputmode: str = ""
    hint: str = ""
    width: int = 0
    """About how many characters are expected; 0: as wide as the page."""


@dataclass(frozen=True, slots=True)
class Nested:
    """A question inside of another one (`Repeat`), with the name that its inputs have."""

    field: "Field"
    name: str
    control: "Control"


@dataclass(frozen=True, slots=True)
class Control:
    """How a page draws a question.

    `kind` is one of text, textarea, number, date, choice, choices, place, photos, files, consent,
    note, repeat, address; `template` is a plugin's own, `"<plugin>/<name>.html"`.
    """

    kind: str
    parts: Sequence[Part] = ()
    options: Sequence[Option] = ()
    values: Sequence[str] = ()
    """What is chosen, or which photos and files are there."""
    groups: Sequence[Sequence[Nested]] = ()
    most: int = 0
    """How many photos, files or groups there may be."""
    template: str | None = None


def given_again(control: Control) -> Given:
    """What a page would send back if it were posted as it is drawn."""
    if control.kind in ("photos", "files"):
        return Given(files=[int(value) for value in control.values])
    inputs = [(f"x.{part.name}" if part.name else "x", part.value) for part in control.parts]
    inputs += [("x", value) for value in control.values]
    for group in control.groups:
        for nested in group:
            inner = given_again(nested.control)
            inputs += [(f"x.{nested.name}", text) for text in inner.texts]
            inputs += [
                (f"x.{nested.name}.{key}", text)
                for key, texts in inner.parts.items()
                for text in texts
            ]
    return read_given("x", inputs)
