"""Settings: one list, each row opens and is saved at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms import Field, Given, Mistake, Purpose, Refuse, filling, submitting
from madoguchi.forms.filling import Desk, Draft
from madoguchi.languages import Words
from madoguchi_liff.drawing import Drawn, Say, draw
from madoguchi_liff.posting import Post
from madoguchi_liff.steps import Go, Way, label_of


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One row: what is set now, and the question behind it."""

    name: str
    label: Any
    shown: str
    question: Drawn
    action: str
    purpose: Purpose | None
    is_told: bool
    """Whether something personal was answered before: what it is for can be looked up."""
    is_open: bool
    is_upload: bool
    can_add: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """What settings.html shows."""

    title: Words
    rows: list[SettingRow]
    saved: Any
    errors: list[tuple[str, Any]]
    told: Sequence[str] = ()
    """What the form says below the list."""


def look(db: Session, desk: Desk, way: Way, say: Say, name: str, saved: str) -> SettingsPage:
    """The list; the row `name` is open, the row `saved` was just saved.

    Who has set nothing yet finds the first row open: a tap less.
    """
    if not name and not _current(db, desk):
        name = next((one.name for one in filling.asked(desk.form, {})), "")
    return _list(db, desk, way, say, name, saved=saved)


def save(db: Session, desk: Desk, way: Way, say: Say, name: str, post: Post) -> SettingsPage | Go:
    """Save one row. What cannot be read is shown again, as it was typed."""
    field = _named(db, desk, name)
    if field is None:
        return Go(way.base)
    given = post.given(field)
    if post.get("_look"):
        return _list(db, desk, way, say, name, given=given)
    try:
        if post.trouble:
            raise post.trouble
        outcome = submitting.save_setting(db, desk, field, None if post.get("_skip") else given)
        if isinstance(outcome, Refuse):
            refused, offered = Mistake(outcome.text), outcome.options
            return _list(db, desk, way, say, name, given=given, mistake=refused, offered=offered)
    except Mistake as mistake:
        return _list(db, desk, way, say, name, given=given, mistake=mistake)
    submitting.announce(db, desk, outcome, f"{desk.name} {name} {desk.now.timestamp()}")
    return Go(way.question(name) if post.get("_more") else f"{way.base}?saved={name}")


def _current(db: Session, desk: Desk) -> dict[str, Any]:
    return dict(desk.form.current(db, desk.resident.id)) if desk.form.current else {}


def _named(db: Session, desk: Desk, name: str) -> Field | None:
    asked = filling.asked(desk.form, _current(db, desk))
    return next((one for one in asked if one.name == name), None)


def _list(
    db: Session,
    desk: Desk,
    way: Way,
    say: Say,
    opened: str,
    *,
    saved: str = "",
    given: Given | None = None,
    mistake: Mistake | None = None,
    offered: Sequence[Any] = (),
) -> SettingsPage:
    current = _current(db, desk)
    rows, errors = [], []
    asked = filling.asked(desk.form, current)
    is_told = any(one.personal and current.get(one.name) is not None for one in asked)
    for field in asked:
        is_open = field.name == opened
        draft = Draft(0, "", desk.name, desk.form.version, current, field.name, None, "page", 0.0)
        asking = filling.asking(db, desk, draft, field, given if is_open else None)
        wrong, other = (mistake, offered) if is_open else (None, ())
        drawn = draw(field, asking, say, mistake=wrong, level=3, offered=other)
        if mistake and is_open:
            errors.append((drawn.target, say(mistake.text, **mistake.values)))
        groups = drawn.control.groups
        row = SettingRow(
            field.name,
            label_of(field, say),
            field.show(current.get(field.name), asking),
            drawn,
            way.question(field.name),
            desk.form.purpose if field.personal else None,
            is_told,
            is_open,
            getattr(field, "upload", None) is not None,
            drawn.control.kind == "repeat" and len(groups) < drawn.control.most,
        )
        rows.append(row)
    changed = desk.form.field(saved) if saved else None
    return SettingsPage(
        title=desk.form.title,
        rows=rows,
        saved=label_of(changed, say) if changed else "",
        errors=errors,
        told=desk.form.tells(db, desk) if desk.form.tells else (),
    )
