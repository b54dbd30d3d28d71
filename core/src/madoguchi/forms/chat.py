"""What the chat shows of a form: questions with their buttons, the check, the way to the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms.asking import Asking
from madoguchi.forms.choosing import ask_options, options_of
from madoguchi.forms.filling import Desk, Draft, asked, asking, visible
from madoguchi.forms.form import Field, Purpose
from madoguchi.forms.question import LABEL, LONGEST, cut, item, label_of
from madoguchi_messages import MAX_MESSAGES

BUTTONS = 13
"""Quick replies that LINE shows (R39)."""
LINE_OF_CHECK = 60
"""Characters of an answer that the check shows."""
ENTERED = "入力ずみ"
Message = dict[str, Any]


def ask(db: Session, desk: Desk, draft: Draft, first: Sequence[Message] = ()) -> list[Message]:
    """The question that is open, or the check; `first` stands before it."""
    field = desk.form.field(draft.at_field or "")
    if field is None:
        messages = check(db, desk, draft)
    elif field.personal:
        messages = hand_over(desk, draft, field)
    else:
        messages = field.ask(asking(db, desk, draft, field))
        _add(messages, _controls(desk, draft, field))
    notes = [] if draft.partial else _notes(desk, draft)
    return [*first, *notes, *messages][-MAX_MESSAGES:]


def ask_instead(
    db: Session, desk: Desk, draft: Draft, text: str, options: Sequence[Any]
) -> list[Message]:
    """A question that `on_submit` refused: why, and what may be chosen instead."""
    field = desk.form.field(draft.at_field or "")
    said = {"type": "text", "text": text}
    if field is None or field.personal or not options:
        return ask(db, desk, draft, [said])
    inner = asking(db, desk, draft, field)
    messages = [ask_options(field, options_of(options, inner), inner)]
    _add(messages, _controls(desk, draft, field))
    return [said, *messages]


def check(db: Session, desk: Desk, draft: Draft) -> list[Message]:
    """All answers, to be sent or changed; on the page, if personal ones are among them."""
    fields = asked(desk.form, draft.answers)
    if any(one.personal and draft.answers.get(one.name) is not None for one in fields):
        text = desk.say("ご確認と送信は、ページでお願いします。")
        return [_to_page(desk, text, desk.say("ページで確認する")) | _buttons(leave(desk, draft))]
    lines = [desk.say("この内容で送ります。よろしいですか。")]
    lines += [f"・{label}：{text}" for label, text in _answers(db, desk, draft, fields)]
    taps = [
        tap(desk, draft, desk.say("送信する"), "submit"),
        tap(desk, draft, desk.say("直す"), "edit"),
        tap(desk, draft, desk.say("やめる"), "cancel"),
    ]
    return [_text(lines) | _buttons(taps)]


def ask_which(db: Session, desk: Desk, draft: Draft) -> list[Message]:
    """Which answer is to be changed?"""
    return [
        {"type": "text", "text": desk.say("どれを直しますか。")}
        | _buttons([*rows(db, desk, draft), tap(desk, draft, desk.say("もどる"), "resume")])
    ]


def rows(db: Session, desk: Desk, draft: Draft) -> list[Message]:
    """A button for each question that can be asked in the chat."""
    found = []
    for one in asked(desk.form, draft.answers):
        if not one.personal:
            label = label_of(one, asking(db, desk, draft, one))
            found.append(tap(desk, draft, label, "go", one.name))
    return found[: BUTTONS - 2]


def settings(db: Session, desk: Desk, draft: Draft, first: Sequence[Message] = ()) -> list[Message]:
    """A settings list: each row with its answer, a button for each, and the page for the rest."""
    fields = asked(desk.form, draft.answers)
    lines = [desk.say(desk.form.title)]
    lines += [f"・{label}：{text}" for label, text in _answers(db, desk, draft, fields)]
    taps = rows(db, desk, draft)
    if url := page_url(desk):
        taps.append(item({"type": "uri", "label": desk.say("ページで見る"), "uri": url}))
    taps.append(tap(desk, draft, desk.say("おわる"), "cancel"))
    return [*first, _text(lines) | _buttons(taps)][-MAX_MESSAGES:]


def hand_over(desk: Desk, draft: Draft, field: Field) -> list[Message]:
    """A personal question is asked on the page (R68): why, and the way there."""
    lines = [desk.say("ここから先は、ページで入力してください。トークには書かないでください。")]
    if desk.form.purpose:
        lines += purpose_lines(desk, desk.form.purpose)
    page = _to_page(desk, desk.say(field.question), desk.say("ページで入力する"))
    taps = _controls(desk, draft, field)
    return [_text(lines), page | _buttons(taps)]


def purpose_lines(desk: Desk, purpose: Purpose) -> list[str]:
    """What, why, how long and who, a line each."""
    said = {
        "お預かりする情報": purpose.what,
        "使う目的": purpose.why,
        "保管する期間": purpose.how_long,
        "見る人": purpose.who,
    }
    return [f"{desk.say(heading)}：{desk.say(text)}" for heading, text in said.items()]


def reminder(desk: Desk, draft_id: int) -> Message:
    """What follows an answer that interrupted the form."""
    title = desk.say(desk.form.title)
    text = desk.say("「{title}」のとちゅうです。", title=title)
    data = f"madoguchi:form?d={draft_id}"
    taps = [
        _tap(desk.say("続ける"), f"{data}&a=resume"),
        _tap(desk.say("やめる"), f"{data}&a=cancel"),
    ]
    return {"type": "text", "text": text} | _buttons(taps)


def page_url(desk: Desk) -> str | None:
    """Where the form is filled in on a page; None if the city has no pages."""
    return liff_url(desk.gateway, f"form/{desk.name}")


def liff_url(city: Any, path: str) -> str | None:
    """The address that opens a page inside of LINE (R62); None without a LIFF id."""
    if not city.liff:
        return None
    return f"{city.platform or 'https://liff.line.me'}/{city.liff[0]}/{path}"


def tap(desk: Desk, draft: Draft, label: str, action: str, step: str = "") -> Message:
    """A quick reply that does something with the form."""
    data = f"madoguchi:form?d={draft.id}&a={action}"
    return _tap(label, f"{data}&s={step}" if step else data)


def leave(desk: Desk, draft: Draft) -> list[Message]:
    """The button that ends the form."""
    return [tap(desk, draft, desk.say("やめる"), "cancel")]


def _tap(label: str, data: str) -> Message:
    shown = cut(label, LABEL)
    return item({"type": "postback", "label": shown, "data": data, "displayText": shown})


def _controls(desk: Desk, draft: Draft, field: Field) -> list[Message]:
    taps = []
    if field.optional and draft.at_field == field.name and not draft.partial:
        taps.append(tap(desk, draft, desk.say("とばす"), "skip", field.name))
    fields = asked(desk.form, draft.answers)
    if desk.form.layout == "list" or (fields and fields[0].name != field.name):
        taps.append(tap(desk, draft, desk.say("もどる"), "back"))
    return taps + leave(desk, draft)


def _text(lines: Sequence[str]) -> Message:
    return {"type": "text", "text": cut("\n".join(lines), LONGEST)}


def _buttons(items: Sequence[Message]) -> Message:
    return {"quickReply": {"items": list(items)[:BUTTONS]}}


def _add(messages: list[Message], controls: Sequence[Message]) -> None:
    """Put more buttons below the last message, behind its own."""
    last = dict(messages[-1])
    own = last.get("quickReply", {}).get("items", [])
    messages[-1] = last | _buttons([*own[: BUTTONS - len(controls)], *controls])


def _to_page(desk: Desk, text: str, label: str) -> Message:
    if (url := page_url(desk)) is None:
        words = desk.say("この手続きは、お電話でお願いします。")
        city = desk.gateway
        return {"type": "text", "text": f"{words}\n{city.label} {city.phone}（{city.hours}）"}
    return {
        "type": "template",
        "altText": cut(f"{text} {url}", 300),
        "template": {
            "type": "buttons",
            "text": cut(text, 150),
            "actions": [{"type": "uri", "label": cut(label, LABEL), "uri": url}],
        },
    }


def _notes(desk: Desk, draft: Draft) -> list[Message]:
    """The notes that stand right before the question that is open."""
    notes: list[str] = []
    for one in visible(desk.form, draft.answers):
        if one.name == draft.at_field:
            break
        asks = getattr(one, "asks", True)
        notes = [] if asks else [*notes, desk.say(one.question)]
    return [{"type": "text", "text": "\n".join(notes)}] if notes and draft.at_field else []


def _answers(
    db: Session, desk: Desk, draft: Draft, fields: Sequence[Field]
) -> list[tuple[str, str]]:
    """Label and answer of each question; of a personal one no more than the chat may hold."""
    found = []
    for one in fields:
        inner, value = asking(db, desk, draft, one), draft.answers.get(one.name)
        text = desk.say("（なし）") if value is None else _spoken(one, value, inner)
        found.append((label_of(one, inner), cut(text, LINE_OF_CHECK)))
    return found


def _spoken(field: Field, value: Any, inner: Asking) -> str:
    if not field.personal:
        return field.show(value, inner)
    mention = getattr(field, "mention", None)
    return mention(value, inner) if mention else inner.say(ENTERED)


def merge(message: Mapping[str, Any], following: Message) -> Message:
    """The following message with the buttons of both, as LINE shows the last message's only."""
    own = message.get("quickReply", {}).get("items", [])
    return following | _buttons([*following["quickReply"]["items"], *own])
