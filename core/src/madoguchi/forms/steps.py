"""One step of a form in the chat: a plain function over a Session, run as the event's unit."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms import chat, filling, media, submitting
from madoguchi.forms.asking import Given, Mistake, Partial
from madoguchi.forms.filling import Desk, Draft
from madoguchi.forms.form import Field, Refuse
from madoguchi.forms.media import Upload
from madoguchi.forms.question import ANSWERED

Messages = list[dict[str, Any]]
WORDS = {  # nosay
    "cancel": {
        "やめる",
        "やめます",
        "キャンセル",
        "中止",
        "終了",
        "おわる",
        "cancel",
        "stop",
        "quit",
    },
    "back": {"もどる", "戻る", "前に戻る", "前にもどる", "ひとつ前", "back"},
    "resume": {"続ける", "つづける", "続き", "つづき", "再開", "continue", "resume"},
    "skip": {"とばす", "飛ばす", "スキップ", "skip"},
    "restart": {"最初から", "はじめから", "始めから", "restart"},
}
"""What residents type to steer a form; it counts only while one is open."""
SEND = {"送信する", "送信", "送る", "おくる", "はい", "send", "ok", "yes"}  # nosay
EDIT = {"直す", "なおす", "訂正", "修正", "change", "edit"}  # nosay
CHANGED = "用紙が新しくなりました。読みとれた答えは残してあります。"


class NotTaken(Exception):
    """The open question cannot use what came; if nobody else answers it, these messages do."""

    def __init__(self, messages: Messages) -> None:
        super().__init__("not for the form")
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Move:
    """What a resident did while a form was open."""

    given: Given
    draft_id: int
    action: str = ""
    """What a button or a word asks for; empty: it is an answer."""
    step: str = ""
    """The question whose button it is."""
    upload: Upload | Mistake | None = None
    """A photo, or why it is none."""
    message_key: str | None = None
    image_set: tuple[str, int, int] | None = None
    """LINE's name for photos that were sent together, which of them this is, and how many."""


def steer(typed: str) -> str:
    """The action that a word asks for; empty if it is none."""
    word = typed.strip().casefold()
    return next((action for action, words in WORDS.items() if word in words), "")


def begin(db: Session, desk: Desk, answers: dict[str, Any] | None, fresh: bool = False) -> Messages:
    """Open the form in the chat, or go on where it was left."""
    draft = filling.open_draft(db, desk, answers, fresh=fresh)
    if desk.form.layout == "list":
        return chat.settings(db, desk, _current(db, desk, filling.go_to(db, desk, draft, None)))
    first = [_text(desk, CHANGED)] if draft.changed else []
    if not draft.changed and set(draft.answers) - set(answers or {}):
        words = "前の続きです。はじめからにするときは「はじめから」と送ってください。"
        first = [_text(desk, words)]
    return chat.ask(db, desk, draft, first)


def take(db: Session, desk: Desk, move: Move) -> Messages:
    """Do what the resident asked for, or take the answer. Raises `NotTaken`: nothing changes."""
    draft = filling.find_draft(db, desk, move.draft_id)
    if draft is None:
        return [_text(desk, ANSWERED)]
    if desk.form.layout == "list":
        draft = _current(db, desk, draft)
    if draft.changed:
        return _show(db, desk, draft, [_text(desk, CHANGED)])
    if move.action:
        return _do(db, desk, draft, move)
    if move.given.tapped and move.step.partition(".")[0] != draft.at_field:
        return _show(db, desk, draft, [_text(desk, ANSWERED)])
    return _take_answer(db, desk, draft, move)


def _do(db: Session, desk: Desk, draft: Draft, move: Move) -> Messages:
    match move.action:
        case "cancel":
            filling.cancel(db, draft)
            if desk.form.layout == "list":
                return [_text(desk, "わかりました。")]
            title = desk.say(desk.form.title)
            return [_text(desk, "「{title}」をやめました。答えは消しました。", title=title)]
        case "restart":
            return begin(db, desk, None, fresh=True)
        case "back" if desk.form.layout == "list":
            draft = filling.go_to(db, desk, draft, None)
        case "back":
            draft = filling.go_back(db, desk, draft)
        case "skip" if field := desk.form.field(draft.at_field or ""):
            if move.step and move.step != field.name:
                return _show(db, desk, draft, [_text(desk, ANSWERED)])
            return _skip(db, desk, draft, field)
        case "go" if move.step in {one.name for one in filling.asked(desk.form, draft.answers)}:
            draft = filling.go_to(db, desk, draft, move.step)
        case "edit" if draft.at_field is None:
            return chat.ask_which(db, desk, draft)
        case "submit" if draft.at_field is None and desk.form.layout == "steps":
            return _submit(db, desk, draft)
        case "resume":
            draft = filling.touch(db, desk, draft)
        case "submit" | "edit" | "go":
            return _show(db, desk, draft, [_text(desk, ANSWERED)])
    return _show(db, desk, draft)


def _skip(db: Session, desk: Desk, draft: Draft, field: Field) -> Messages:
    try:
        if desk.form.layout == "list":
            return _saved(db, desk, draft, submitting.save_setting(db, desk, field, None))
        return chat.ask(db, desk, filling.skip(db, desk, draft, field))
    except Mistake as mistake:
        return _show(db, desk, draft, [_text(desk, mistake.text, **mistake.values)])


def _submit(db: Session, desk: Desk, draft: Draft) -> Messages:
    fields = filling.asked(desk.form, draft.answers)
    if any(one.personal and draft.answers.get(one.name) is not None for one in fields):
        return chat.ask(db, desk, draft)  # what is personal is handed in where it was asked
    found = submitting.submit(db, desk, draft)
    if isinstance(found, Refuse):
        draft = replace(draft, at_field=found.field)
        return chat.ask_instead(db, desk, draft, desk.say(found.text), found.options)
    return found.messages or [_text(desk, desk.form.done or "受け付けました。")]


def _take_answer(db: Session, desk: Desk, draft: Draft, move: Move) -> Messages:
    field = desk.form.field(draft.at_field or "")
    if field is None:
        return _at_the_check(db, desk, draft, move.given.text)
    given = move.given
    if field.personal or (given.is_empty and move.upload is None):
        raise NotTaken(chat.ask(db, desk, draft))
    try:
        if isinstance(move.upload, Mistake):
            raise move.upload
        given = _store_upload(db, desk, draft, move)
        if desk.form.layout == "list":
            return _save_setting(db, desk, draft, field, given)
        later = filling.answer(db, desk, draft, field, given)
    except Mistake as mistake:
        said = _text(desk, mistake.text, **mistake.values)
        raise NotTaken(chat.ask(db, desk, draft, [said])) from mistake
    if given.more and later.at_field == field.name:
        return []  # photos that were sent together get one answer
    return chat.ask(db, desk, later)


def _at_the_check(db: Session, desk: Desk, draft: Draft, typed: str) -> Messages:
    word = typed.strip().casefold()
    if desk.form.layout == "list":
        raise NotTaken(_show(db, desk, draft))
    if word in SEND | {desk.say("送信する").casefold()}:
        return _submit(db, desk, draft)
    if word in EDIT | {desk.say("直す").casefold()}:
        return chat.ask_which(db, desk, draft)
    raise NotTaken(chat.ask(db, desk, draft))


def _store_upload(db: Session, desk: Desk, draft: Draft, move: Move) -> Given:
    if not isinstance(move.upload, Upload):
        return move.given
    name, index, total = move.image_set or (None, 1, 1)
    number = media.store(
        db,
        draft.id,
        desk.resident.id,
        move.upload,
        desk.now,
        message_key=move.message_key,
        image_set=name,
    )
    # One of them may be no photo, and they may come in any order: two answers beat none.
    more = name is not None and index < total > media.count_set(db, draft.id, name)
    return replace(move.given, files=[number], more=more)


# Settings: each row saves at once, then the list is shown again.


def _current(db: Session, desk: Desk, draft: Draft) -> Draft:
    now = desk.form.current(db, desk.resident.id) if desk.form.current else {}
    return replace(draft, answers=dict(now))


def _save_setting(db: Session, desk: Desk, draft: Draft, field: Field, given: Given) -> Messages:
    value = submitting.read_setting(db, desk, field, given, draft.partial)
    if isinstance(value, Partial):
        return _show(db, desk, filling.keep_partial(db, desk, draft, value))
    return _saved(db, desk, draft, submitting.store_setting(db, desk, field, value))


def _saved(db: Session, desk: Desk, draft: Draft, found: Any) -> Messages:
    if isinstance(found, Refuse):
        return chat.ask_instead(db, desk, draft, desk.say(found.text), found.options)
    draft = _current(db, desk, filling.go_to(db, desk, draft, None))
    return chat.settings(db, desk, draft, found.messages)


def _show(db: Session, desk: Desk, draft: Draft, first: Messages | None = None) -> Messages:
    if desk.form.layout == "list" and draft.at_field is None:
        return chat.settings(db, desk, draft, first or [])
    return chat.ask(db, desk, draft, first or [])


def _text(desk: Desk, words: Any, **values: Any) -> dict[str, Any]:
    return {"type": "text", "text": desk.say(words, **values)}
