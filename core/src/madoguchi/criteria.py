# nosay: what is said here, staff read
"""What residents can be picked by: answers that they gave, and what only a plugin knows of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from madoguchi.collected import Collected

FIELD_KINDS = ("choice", "choices", "date", "dates")
PARAMETER_KINDS = ("choice", "number", "text", "date")


@dataclass(frozen=True, slots=True)
class FieldOption:
    """One thing that can be chosen, as staff read it."""

    value: str
    """What a condition names; it never changes."""
    label: str
    answers: tuple[str, ...] = ()
    """The stored answers that count as this one; none: its own value."""

    @property
    def stored(self) -> tuple[str, ...]:
        """The stored answers that count as this one."""
        return self.answers or (self.value,)


@dataclass(frozen=True, slots=True)
class ProfileField:
    """A question about residents that audiences can use: its answers are in the core's profile.

    `ProfileField("area", "お住まいの地域", "choice", options, phrase="{options}に住む人")`.
    """

    name: str
    label: str
    """What staff read."""
    kind: Literal["choice", "choices", "date", "dates"]
    """A text, a list of texts, a date as text, or a list of tables with a date in each."""
    options: Sequence[FieldOption] = ()
    phrase: str = "{label}が{answer}"
    """What a condition on it is called in a sentence: with `{answer}`, and `{label}` if it helps.
    It ends in 人, or goes on with で."""
    question: str | None = None
    """The name under which the plugin stores the answer; None: `name`."""
    part: str | None = None
    """Of `dates`: which value of each table is the date."""

    def __post_init__(self) -> None:
        if self.kind not in FIELD_KINDS:
            raise ValueError(f"a field's kind is one of {', '.join(FIELD_KINDS)}, not {self.kind}")
        if self.kind in ("choice", "choices") and not self.options:
            raise ValueError(f"the field {self.name!r} has nothing to choose from: give it options")
        if (self.kind == "dates") != (self.part is not None):
            raise ValueError(f"the field {self.name!r}: `dates` has a part=, and nothing else has")
        _check_options(self.name, self.options)
        _check_phrase(self.name, self.phrase, {"answer"}, {"answer", "label"})

    @property
    def stored(self) -> str:
        """The name under which the plugin stores the answer."""
        return self.question or self.name

    def option(self, value: str) -> FieldOption | None:
        """The option that this value names, or whose place it has gone into."""
        own = next((one for one in self.options if one.value == value), None)
        return own or next((one for one in self.options if value in one.answers), None)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What staff fill in where they use an audience of a plugin's."""

    name: str
    label: str
    kind: Literal["choice", "number", "text", "date"] = "choice"
    options: Sequence[FieldOption] = ()
    least: int = 0
    most: int = 1_000_000
    """Of a number."""

    def __post_init__(self) -> None:
        if self.kind not in PARAMETER_KINDS:
            kinds = ", ".join(PARAMETER_KINDS)
            raise ValueError(f"a parameter's kind is one of {kinds}, not {self.kind}")
        if (self.kind == "choice") != bool(self.options):
            raise ValueError(f"the parameter {self.name!r}: a choice, and no other, has options")
        _check_options(self.name, self.options)


@dataclass(frozen=True, slots=True)
class Audience:
    """Residents whom only the plugin can name, such as those who have a booking.

    `select(now=…, **parameters)` returns a SQLAlchemy SELECT of one column, ids of residents. It
    runs inside the one statement that counts or sends, so it reads no rows itself. A date arrives
    as a `date`, a number as an `int`.
    """

    name: str
    label: str
    """What staff read where they choose it."""
    select: Callable[..., Any]
    parameters: Sequence[Parameter] = ()
    phrase: str = ""
    """What it is called in a sentence, with `{parameter}`; "" is the label."""

    def __post_init__(self) -> None:
        if not callable(self.select):
            raise TypeError(f"an audience's select is a function, not {self.select!r}")
        names = [one.name for one in self.parameters]
        if len(set(names)) < len(names) or "now" in names:
            raise ValueError(f"the audience {self.name!r}: a parameter's name is there twice")
        _check_phrase(self.name, self.phrase, set(), set(names))


@dataclass(frozen=True, slots=True)
class Criteria:
    """Everything that the plugins in service declare now, by `plugin/name`, in the file's order."""

    fields: Mapping[str, ProfileField] = field(default_factory=dict)
    audiences: Mapping[str, Audience] = field(default_factory=dict)


def gather(declared: "Iterable[tuple[str, Collected]]") -> Criteria:
    """What plugins declare, each with its name."""
    everybody = list(declared)
    return Criteria(
        {f"{name}/{one.name}": one for name, found in everybody for one in found.fields},
        {f"{name}/{one.name}": one for name, found in everybody for one in found.audiences},
    )


def _check_options(name: str, options: Sequence[FieldOption]) -> None:
    stored = [answer for one in options for answer in one.stored]
    values = [one.value for one in options]
    if len(set(values)) < len(values) or len(set(stored)) < len(stored):
        raise ValueError(f"{name!r}: an option, or an answer that counts as one, is there twice")


def _check_phrase(name: str, phrase: str, needed: set[str], known: set[str]) -> None:
    found = {part for _, part, _, _ in Formatter().parse(phrase) if part is not None}
    if not needed <= found or not found <= known:
        names = ", ".join(f"{{{one}}}" for one in sorted(known)) or "nothing in braces"
        raise ValueError(f"{name!r}: its phrase {phrase!r} is written with {names}")
