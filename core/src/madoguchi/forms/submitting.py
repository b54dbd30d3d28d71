"""Handing a form in: checked once more, stored once, given to the plugin in the same unit."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from madoguchi import tables
from madoguchi.forms import media
from madoguchi.forms.asking import Given, Mistake
from madoguchi.forms.filling import Desk, Draft, asked, asking, cancel, go_to, read_again
from madoguchi.forms.form import Field, Refuse, Submission
from madoguchi.forms.question import MISSING
from madoguchi.replies import messages_of

_submission = tables.submission


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form that was taken."""

    id: int | None
    """Its number in the table `submission`; None for one row of a settings list."""
    messages: list[dict[str, Any]]
    """What goes to the chat; personal answers do not stand in it (R68)."""
    again: bool = False
    """Whether it was handed in before: a double tap, a page that was loaded again."""


def submit(db: Session, desk: Desk, draft: Draft) -> Submitted | Refuse:
    """Check every answer once more, store the form and call `on_submit`, all in this unit.

    With `Refuse` the draft is at that question again, and all answers are kept.
    """
    answers: dict[str, Any] = {}
    for field in desk.form.fields:
        if field not in asked(desk.form, {**draft.answers, **answers}):
            continue
        try:
            answers[field.name] = read_again(
                db, desk, replace(draft, answers={**draft.answers, **answers}), field
            )
        except Mistake as mistake:
            go_to(db, desk, draft, field.name)
            return Refuse(field.name, desk.say(mistake.text, **mistake.values))
    row = {
        "form": desk.name,
        "version": desk.form.version,
        "resident_id": desk.resident.id,
        "answers": answers,
        "key": draft.key,
        "at": desk.now,
    }
    with db.begin_nested() as point:
        made = insert(_submission).values(row).returning(_submission.c.id)
        number = db.execute(made).scalar_one()
        media.keep(db, draft.id, number, _media_of(desk, answers))
        reply = desk.form.on_submit(db, _submission_of(desk, answers, draft.key, number))
        if isinstance(reply, Refuse):
            point.rollback()
    if isinstance(reply, Refuse):
        return _refused(db, desk, draft, reply)
    cancel(db, draft)
    return Submitted(number, _spoken(db, desk, answers, reply))


def find_submission(db: Session, desk: Desk, key: str) -> Submitted | None:
    """The form that was handed in under a draft's key, for who sends it once more."""
    theirs = (_submission.c.key == key) & (_submission.c.resident_id == desk.resident.id)
    number = db.execute(select(_submission.c.id).where(theirs)).scalar()
    return None if number is None else Submitted(number, [], again=True)


def save_setting(db: Session, desk: Desk, field: Field, given: Given | None) -> Submitted | Refuse:
    """Store one row of a settings list at once; None leaves it out. Raises `Mistake`."""
    return store_setting(db, desk, field, read_setting(db, desk, field, given))


def read_setting(
    db: Session, desk: Desk, field: Field, given: Given | None, partial: Any = None
) -> Any:
    """The answer to one row; in the chat it may be `Partial`. Raises `Mistake`."""
    now = dict(desk.form.current(db, desk.resident.id)) if desk.form.current else {}
    draft = Draft(0, "", desk.name, desk.form.version, now, field.name, None, "page", 0.0)
    value = None
    if given is not None and not given.is_empty:
        value = field.parse(given, asking(db, desk, draft, field).having(partial=partial))
    if value is None and not field.optional:
        raise Mistake(MISSING)
    return value


def store_setting(db: Session, desk: Desk, field: Field, value: Any) -> Submitted | Refuse:
    """Store the answer to one row, which was read."""
    answers = {field.name: value}
    with db.begin_nested() as point:
        reply = desk.form.on_submit(db, _submission_of(desk, answers, "", None))
        if isinstance(reply, Refuse):
            point.rollback()
            return reply
    return Submitted(None, _spoken(db, desk, answers, reply))


def announce(db: Session, desk: Desk, submitted: Submitted, key: str) -> None:
    """Say in the chat what a page took; `key` makes a repetition harmless."""
    if submitted.messages and not submitted.again:
        desk.send(db, [desk.resident.id], submitted.messages, f"form {key}")


def _submission_of(
    desk: Desk, answers: Mapping[str, Any], key: str, number: int | None
) -> Submission:
    return Submission(
        id=number,
        form=desk.name,
        version=desk.form.version,
        resident=desk.resident,
        answers=answers,
        key=key,
        at=desk.now,
        language=desk.language,
        gateway=desk.gateway,
        plugin=desk.plugin,
        say=desk.say,
        send=desk.send,
    )


def _media_of(desk: Desk, answers: Mapping[str, Any]) -> list[int]:
    uploads = [one.name for one in desk.form.fields if getattr(one, "upload", None)]
    return [number for name in uploads for number in answers.get(name) or ()]


def _refused(db: Session, desk: Desk, draft: Draft, refuse: Refuse) -> Refuse:
    if refuse.field not in {one.name for one in asked(desk.form, draft.answers)}:
        raise ValueError(
            f"form {desk.name}: on_submit refused {refuse.field!r}, which was not asked"
        )
    go_to(db, desk, draft, refuse.field)
    return refuse


def _spoken(
    db: Session, desk: Desk, answers: Mapping[str, Any], reply: Any
) -> list[dict[str, Any]]:
    """The reply as messages; without what a plugin repeats of personal answers (R68)."""
    messages = messages_of(reply)
    said = str(messages)
    for field in desk.form.fields:
        if not field.personal or answers.get(field.name) is None:
            continue
        if any(_repeats(said, secret) for secret in _secrets(answers[field.name])):
            desk.plugin.log.error(
                "%s: the reply repeats the personal answer %r: it is not sent (R68)",
                desk.name,
                field.name,
            )
            return messages_of(desk.say("受け付けました。"))
    return messages


def _repeats(said: str, secret: str) -> bool:
    """Whether the words hold the secret; telephone numbers and dates however they are written."""
    digits = re.sub(r"\D", "", secret)
    return secret in said or (len(digits) >= 7 and digits in re.sub(r"\D", "", said))


def _secrets(value: Any) -> Iterable[str]:
    """Texts of an answer that are long enough to be somebody's."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _secrets(one)
    elif isinstance(value, str) and len(value) >= 4:
        yield value
