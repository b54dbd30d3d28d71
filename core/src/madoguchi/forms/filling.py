"""Filling in a form: plain functions over a Session, the same for the chat and for pages.

A draft is a row; every answer is stored the moment it is given. A mixture of chat and pages gives
the same answers, because both go through `answer` and `submit`.
"""

import dataclasses
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import tables
from madoguchi.forms import media
from madoguchi.forms.asking import Asking, Given, Mistake, Partial, given_again
from madoguchi.forms.form import Field, Form
from madoguchi.forms.question import MISSING
from madoguchi.types import City, Resident

if TYPE_CHECKING:
    from madoguchi.plugins import Plugin

DRAFT_LIFE = 24 * 3600.0
"""Seconds after its last change that a draft is kept."""
LOOKED = 3600.0
"""Seconds after which a look at a page counts as a change, too, so that the draft lives on."""
HIDDEN = "この質問には、いまは答える必要がありません。"

_draft = tables.draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a resident sits with a form: what filling it in needs, from the chat and from pages."""

    gateway: City
    plugin: "Plugin"
    form: Form
    resident: Resident
    now: datetime
    say: Callable[..., str]
    """`say(text, **values)`: the text in the resident's language."""
    send: Callable[..., int]
    """`send(db, residents, messages, key, not_before=None)`: see `Context.send`."""
    in_chat: bool = False

    @property
    def name(self) -> str:
        """`plugin/form`, under which everything is stored."""
        return f"{self.plugin.name}/{self.form.name}"

    @property
    def language(self) -> str:
        """What the resident reads."""
        return self.resident.language or "ja"


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that is being filled in."""

    id: int
    key: str
    """Unguessable; a page names the draft by it, and it becomes the submission's."""
    form: str
    version: str
    answers: Mapping[str, Any]
    """By name; None was left out. What a condition hides now is kept for the time being."""
    at_field: str | None
    """The question that is open; None: all are answered, the check page is."""
    partial: Any
    place: str
    """"chat" while it is open there, else "page"."""
    updated: float
    heard: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Question → the keyed hash of the message in the chat that answered it."""
    changed: bool = False
    """Whether the form changed since; what could still be read was kept."""


def open_draft(
    db: Session, desk: Desk, answers: Mapping[str, Any] | None = None, *, fresh: bool = False
) -> Draft:
    """The resident's draft of this form, or a new one with these answers. `fresh`: begin again.

    In the chat it becomes the one that is open there. ValueError for answers that the form does
    not have, or that are personal (R68).
    """
    for name in answers or {}:
        found = desk.form.field(name)
        if found is None or found.personal:
            why = "is personal" if found else "is no question of it"
            raise ValueError(f"form {desk.name} cannot be opened with {name!r}: it {why}")
    draft = find_draft(db, desk)
    if draft is not None and fresh:
        cancel(db, draft)
        draft = None
    if draft is None:
        draft = _make(db, desk, dict(answers or {}))
    elif answers:
        draft = _save(db, desk, draft, answers={**draft.answers, **answers})
    if not desk.in_chat:  # the way from the chat to a page is one way
        return _save(db, desk, draft, place="page")
    others = (_draft.c.resident_id == desk.resident.id) & (_draft.c.id != draft.id)
    db.execute(update(_draft).where(others).values(place="page"))
    at = _following(desk.form, draft.answers)
    return _save(db, desk, draft, place="chat", at_field=at, partial=None)


def _make(db: Session, desk: Desk, answers: dict[str, Any]) -> Draft:
    now = desk.now.timestamp()
    db.execute(delete(_draft).where(_is_of(desk)))  # one that is older than a day
    values = {
        "key": secrets.token_urlsafe(16),
        "form": desk.name,
        "version": desk.form.version,
        "answers": answers,
        "at_field": _following(desk.form, answers),
        "partial": None,
        "place": "page",
        "updated": now,
        "heard": {},
    }
    made = insert(_draft).values(resident_id=desk.resident.id, created=now, **values)
    return Draft(db.execute(made.returning(_draft.c.id)).scalar_one(), **values)


def find_draft(db: Session, desk: Desk, id: int | None = None) -> Draft | None:
    """The resident's draft of this form, locked against other processes; None after a day.

    If the form changed since it was opened, answers that can still be read stay.
    """
    draft = _load(db, desk, DRAFT_LIFE, _own_columns().with_for_update())
    if draft is None or (id is not None and draft.id != id):
        return None
    return draft if draft.version == desk.form.version else _renew(db, desk, draft)


def look_at_draft(db: Session, desk: Desk) -> Draft | None:
    """The draft for a page that only shows it: read, not locked, nothing is written.

    None if `open_draft` has something to do first: to make it, to renew it after its form changed,
    to take it over from the chat, or to note that somebody is there.
    """
    draft = _load(db, desk, LOOKED, _own_columns())
    is_ready = draft is not None and (draft.version, draft.place) == (desk.form.version, "page")
    return draft if is_ready else None


def _own_columns() -> Any:
    return select(
        _draft.c.id,
        _draft.c.key,
        _draft.c.form,
        _draft.c.version,
        _draft.c.answers,
        _draft.c.at_field,
        _draft.c.partial,
        _draft.c.place,
        _draft.c.updated,
        _draft.c.heard,
    )


def _load(db: Session, desk: Desk, life: float, sql: Any) -> Draft | None:
    """The draft that was changed in the last `life` seconds."""
    row: Any = db.execute(sql.where(_is_of(desk))).one_or_none()
    if row is None or row.updated < desk.now.timestamp() - life:
        return None
    return Draft(*row)


def _is_of(desk: Desk) -> Any:
    return (_draft.c.resident_id == desk.resident.id) & (_draft.c.form == desk.name)


def _renew(db: Session, desk: Desk, draft: Draft) -> Draft:
    kept: dict[str, Any] = {}
    for field in desk.form.fields:
        if field.name in draft.answers:
            try:
                kept[field.name] = _again(
                    db, desk, replace(draft, answers=kept), field, draft.answers
                )
            except Mistake:
                continue
    at = _following(desk.form, kept)
    version = desk.form.version
    return replace(
        _save(db, desk, draft, answers=kept, version=version, at_field=at, partial=None),
        changed=True,
    )


def visible(form: Form, answers: Mapping[str, Any]) -> list[Field]:
    """The questions that are asked, given these answers: those whose conditions hold."""
    shown: dict[str, Field] = {}
    for field in form.fields:
        holds = all(
            name in shown and _is_one_of(answers.get(name), wanted)
            for name, wanted in (field.when or {}).items()
        )
        if holds:
            shown[field.name] = field
    return list(shown.values())


def _is_one_of(answer: Any, wanted: Sequence[Any]) -> bool:
    given = answer if isinstance(answer, list) else [answer]
    return any(one in wanted for one in given)


def asked(form: Form, answers: Mapping[str, Any]) -> list[Field]:
    """The same without notes, which ask nothing."""
    return [one for one in visible(form, answers) if getattr(one, "asks", True)]


def next_field(form: Form, answers: Mapping[str, Any]) -> Field | None:
    """The first question that has no answer yet; None: on to the check page."""
    return next((one for one in asked(form, answers) if one.name not in answers), None)


def _following(form: Form, answers: Mapping[str, Any]) -> str | None:
    following = next_field(form, answers)
    return following.name if following else None


def asking(
    db: Session | None, desk: Desk, draft: Draft, field: Field, given: Given | None = None
) -> Asking:
    """What the field is asked with. `given`: what was refused, to be drawn again."""
    return Asking(
        gateway=desk.gateway,
        resident=desk.resident,
        language=desk.language,
        now=desk.now,
        say=desk.say,
        answers=draft.answers,
        value=draft.answers.get(field.name),
        given=given,
        partial=draft.partial if draft.at_field == field.name else None,
        in_chat=desk.in_chat,
        tap=f"madoguchi:form?d={draft.id}&s={field.name}" if desk.in_chat else "",
        db=db,
    )


def answer(db: Session, desk: Desk, draft: Draft, field: Field, given: Given) -> Draft:
    """Read what was given for a question and store it. Raises `Mistake`: nothing is stored.

    The draft that comes back is at the next question; at the same one, with more in `partial`, if
    the chat has a part of the answer only.
    """
    if field not in asked(desk.form, draft.answers):
        raise Mistake(HIDDEN)
    value = field.parse(_own(db, desk, draft, given), asking(db, desk, draft, field))
    heard = {name: key for name, key in draft.heard.items() if name != field.name}
    if given.message_key:
        heard[field.name] = given.message_key
    if isinstance(value, Partial):
        here = _save(db, desk, draft, at_field=field.name, heard=heard)
        return keep_partial(db, desk, here, value)
    if value is None and not field.optional:
        raise Mistake(MISSING)
    answers = {**draft.answers, field.name: value}
    at = _following(desk.form, answers)
    return _save(db, desk, draft, answers=answers, at_field=at, partial=None, heard=heard)


def keep_partial(db: Session, desk: Desk, draft: Draft, partial: Partial) -> Draft:
    """Keep what the chat has of the answer to the open question."""
    return _save(db, desk, draft, partial=partial.value)


def skip(db: Session, desk: Desk, draft: Draft, field: Field) -> Draft:
    """Leave a question out. Raises `Mistake` if it has to be answered."""
    if not field.optional:
        raise Mistake(MISSING)
    answers = {**draft.answers, field.name: None}
    at = _following(desk.form, answers)
    return _save(db, desk, draft, answers=answers, at_field=at, partial=None)


def go_to(db: Session, desk: Desk, draft: Draft, name: str | None) -> Draft:
    """Open another question; None: the check page."""
    return _save(db, desk, draft, at_field=name, partial=None)


def touch(db: Session, desk: Desk, draft: Draft) -> Draft:
    """The resident is back: the question is not idle any more."""
    return _save(db, desk, draft)


def go_back(db: Session, desk: Desk, draft: Draft) -> Draft:
    """Open the question before this one; its answer stays until there is another."""
    names = [one.name for one in asked(desk.form, draft.answers)]
    here = names.index(draft.at_field) if draft.at_field in names else len(names)
    return go_to(db, desk, draft, names[max(here - 1, 0)] if names else None)


def cancel(db: Session, draft: Draft) -> None:
    """Forget the draft, with its photos and files."""
    db.execute(delete(_draft).where(_draft.c.id == draft.id))


def take_back(db: Session, resident_id: int, message_key: str) -> None:
    """Forget the answer that a message gave before it was taken back (R13); it is asked again."""
    rows = db.execute(
        select(_draft.c.id, _draft.c.answers, _draft.c.heard, _draft.c.at_field).where(
            _draft.c.resident_id == resident_id
        )
    )
    for number, answers, heard, at_field in rows.all():
        gone = {name for name, key in heard.items() if key == message_key}
        if not gone:
            continue
        changes: dict[str, Any] = {
            "answers": {name: value for name, value in answers.items() if name not in gone},
            "heard": {name: key for name, key in heard.items() if name not in gone},
        }
        if at_field is None or at_field in gone:
            changes |= {"at_field": min(gone), "partial": None}
        db.execute(update(_draft).where(_draft.c.id == number).values(**changes))


def read_again(db: Session, desk: Desk, draft: Draft, field: Field) -> Any:
    """The stored answer, read once more: options may have gone. Raises `Mistake`."""
    return _again(db, desk, draft, field, draft.answers)


def _again(db: Session, desk: Desk, draft: Draft, field: Field, answers: Mapping[str, Any]) -> Any:
    if answers.get(field.name) is None:
        if field.optional:
            return None
        raise Mistake(MISSING)
    on_page = replace(desk, in_chat=False)
    inner = asking(db, on_page, draft, field).having(value=answers[field.name], partial=None)
    given = given_again(field.page(inner))
    return field.parse(_own(db, desk, draft, given), inner.having(value=None))


def _own(db: Session, desk: Desk, draft: Draft, given: Given) -> Given:
    """Without photos and files that are not this draft's."""
    if not given.files:
        return given
    return replace(given, files=media.belonging(db, draft.id, given.files))


def _save(db: Session, desk: Desk, draft: Draft, **changes: Any) -> Draft:
    changes["updated"] = desk.now.timestamp()
    db.execute(update(_draft).where(_draft.c.id == draft.id).values(**changes))
    return replace(draft, **changes)
