"""A form: a list of questions, declared once, filled in in the chat or on a page."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from madoguchi.forms.asking import Asking, Control, Given
from madoguchi.languages import Words
from madoguchi.types import City, Resident

if TYPE_CHECKING:
    from madoguchi.plugins import Plugin

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a form or a question may be called: it stands in addresses, inputs and postbacks."""


@runtime_checkable
class Field(Protocol):
    """A question. Any object with these will do; there is no class to inherit from."""

    @property
    def name(self) -> str:
        """What the answer is called."""
        ...

    @property
    def question(self) -> Words:
        """What residents are asked."""
        ...

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        ...

    @property
    def personal(self) -> bool:
        """Whether it is asked on a page only (R68)."""
        ...

    @property
    def when(self) -> Mapping[str, Sequence[Any]] | None:
        """It is asked only if an earlier question was answered with one of these values."""
        ...

    @property
    def help(self) -> Words | None:
        """A sentence below the question."""
        ...

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """The messages that ask it in the chat."""
        ...

    def page(self, asking: Asking) -> Control:
        """How a page draws it, with `asking.value` or `asking.given` filled in."""
        ...

    def parse(self, given: Given, asking: Asking) -> Any:
        """The canonical answer, ready for JSON; None if it is left out. Raises `Mistake`."""
        ...

    def show(self, value: Any, asking: Asking) -> str:
        """The answer as people read it."""
        ...

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """The answer as columns of a table: heading → text."""
        ...


@dataclass(frozen=True, slots=True)
class Purpose:
    """What stands before the first personal question."""

    what: Words
    """お預かりする情報: which data."""
    why: Words
    how_long: Words
    who: Words
    """Who sees it, such as 土木課の職員."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """What `on_submit` returns if it cannot take a form: back to a question, answers kept.

    `options` are offered instead, such as the slots that are still free.
    """

    field: str
    text: Words
    options: Sequence[Any] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form that was filled in, as `on_submit(db, submission)` gets it."""

    id: int | None
    """Its number in the table `submission`; None for one row of a settings list."""
    form: str
    """`plugin/name`."""
    version: str
    resident: Resident
    answers: Mapping[str, Any]
    """Canonical answers by name; what a condition hid is not there, what was left out is None."""
    key: str
    """Unguessable, and the same however often the form is sent."""
    at: datetime
    language: str
    gateway: City
    plugin: "Plugin"
    say: Callable[..., str]
    """`say(text, **values)`: the text in the resident's language."""
    send: Callable[..., int]
    """`send(db, residents, messages, key, not_before=None)`: see `Context.send`."""


@dataclass(frozen=True)
class Form:
    """A list of questions. `on_submit(db, submission)` stores it and returns a reply or `Refuse`.

    `layout="list"` is for settings: `current(db, resident_id)` gives the answers as they are now,
    each row saves at once, and `on_submit` gets the one answer that was changed.
    """

    name: str
    title: Words
    fields: Sequence[Field]
    on_submit: Callable[..., Any]
    purpose: Purpose | None = field(default=None, kw_only=True)
    layout: Literal["steps", "list"] = field(default="steps", kw_only=True)
    current: Callable[..., Mapping[str, Any]] | None = field(default=None, kw_only=True)
    tells: Callable[..., Sequence[str]] | None = field(default=None, kw_only=True)
    """For a list: `tells(db, desk)` gives lines that stand below it, in the resident's language."""
    done: Words | None = field(default=None, kw_only=True)
    """What the last page says; the chat gets what `on_submit` returns."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        if problem := _problem(self):
            raise ValueError(f"form {self.name!r}: {problem}")

    @cached_property
    def version(self) -> str:
        """Changes whenever a question does."""
        declared = json.dumps(_plain(self.fields), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(declared.encode()).hexdigest()[:12]

    @property
    def is_personal(self) -> bool:
        """Whether one of its questions is."""
        return any(one.personal for one in self.fields)

    def field(self, name: str) -> Field | None:
        """The question of a name."""
        return next((one for one in self.fields if one.name == name), None)


def _problem(form: Form) -> str | None:
    """The first thing that is wrong with a declaration, or None."""
    if not NAME.fullmatch(form.name):
        return "its name is written with a-z, 0-9 and _, at most 40 characters"
    if form.layout not in ("steps", "list"):
        return f'layout is "steps" or "list", not {form.layout!r}'
    if form.layout == "list" and form.current is None:
        return "a list of settings needs current=, which reads the answers as they are now"
    if not callable(form.on_submit):
        return f"on_submit is a function, not {form.on_submit!r}"
    earlier: set[str] = set()
    for one in form.fields:
        if not isinstance(one, Field):
            return f"{one!r} is no field: a field has name, question, ask, page, parse, show, …"
        if not NAME.fullmatch(one.name):
            return f"a question is named with a-z, 0-9 and _, not {one.name!r}"
        if one.name in earlier:
            return f"two questions are called {one.name!r}"
        if unknown := set(one.when or ()) - earlier:
            return f"{one.name!r} depends on {sorted(unknown)}: name questions that stand before it"
        if getattr(one, "always_personal", False) and not one.personal:
            return f"{one.name!r}: a {type(one).__name__} is always personal"
        if one.personal and form.purpose is None:
            return (
                f"{one.name!r} is personal: say what, why, how long and who in purpose=Purpose(…)"
            )
        if form.layout == "list" and getattr(one, "upload", None):
            return f"{one.name!r}: photos and files cannot stand in a list of settings"
        earlier.add(one.name)
    asks = any(getattr(one, "asks", True) for one in form.fields)
    return None if asks else "it asks nothing"


def _plain(value: Any) -> Any:
    """A declaration as JSON; functions by name, as what they return may change at any time."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return [type(value).__name__, inner]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    return (
        str(value)
        if not hasattr(value, "__dict__")
        else [type(value).__name__, _plain(vars(value))]
    )
