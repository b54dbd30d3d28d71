"""Forms with one question a page: asked, checked, sent. The draft is a row; pages hold nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms import Field, Given, Mistake, Purpose, Refuse, filling, media, submitting
from madoguchi.forms.filling import Desk, Draft
from madoguchi.languages import Words
from madoguchi_liff.drawing import Drawn, Say, draw
from madoguchi_liff.posting import Post

NEWS = {
    "changed": "質問が新しくなりました。前の答えは、使えるものを残してあります。",
    "hidden": filling.HIDDEN,
}
"""What the next page says first, by the name that its address gives it."""
STALE = "前の用紙は、もう使えません。答えを確かめて、もう一度押してください。"
CHECK = "check"


@dataclass(frozen=True, slots=True)
class Way:
    """Addresses of one form's pages."""

    base: str
    name: str
    """`plugin/form`."""
    from_check: bool = False
    news: str = ""

    def question(self, name: str, *, from_check: bool = False) -> str:
        """The page of a question."""
        return f"{self.base}?q={name}" + ("&from=check" if from_check else "")

    @property
    def check(self) -> str:
        """The page with all answers."""
        return f"{self.base}?from=check"

    @staticmethod
    def telling(address: str, news: str) -> str:
        """The same page, which says something first."""
        return f"{address}{'&' if '?' in address else '?'}news={news}" if news else address

    def done(self, key: str) -> str:
        """The last page."""
        return f"{self.base}?done={key}"

    def media(self, number: str) -> str:
        """A photo."""
        return f"{self.base}/media/{number}"


@dataclass(frozen=True, slots=True)
class Go:
    """To another page."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPage:
    """What question.html shows."""

    question: Drawn
    notes: list[Any]
    purpose: Purpose | None
    back: str | None
    action: str
    key: str
    errors: list[tuple[str, Any]]
    news: Any
    is_upload: bool
    can_add: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of the check page."""

    label: Any
    shown: str
    photos: list[str]
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """What check.html shows."""

    rows: list[Row]
    back: str | None
    action: str
    key: str
    errors: list[tuple[str, Any]]
    news: Any


@dataclass(frozen=True, slots=True)
class DonePage:
    """What done.html shows."""

    title: Words
    text: Words
    number: int | None


View = QuestionPage | CheckPage | DonePage | Go


def look(db: Session, desk: Desk, way: Way, say: Say, name: str, done: str) -> View | None:
    """The page of a question, of all answers, or the last one; where the draft is, if unnamed.

    It only reads. None: the draft is not ready to be looked at, `begin` makes it so.
    """
    if done and (submitted := submitting.find_submission(db, desk, done)):
        return _done(desk, submitted.id)
    draft = filling.look_at_draft(db, desk)
    return None if draft is None else _look(db, desk, draft, way, say, name)


def begin(db: Session, desk: Desk, way: Way, say: Say, name: str) -> View:
    """The same page, once there is a draft."""
    return _look(db, desk, filling.open_draft(db, desk), way, say, name)


def _look(db: Session, desk: Desk, draft: Draft, way: Way, say: Say, name: str) -> View:
    if name == "" and way.from_check and filling.next_field(desk.form, draft.answers) is None:
        return _check(db, desk, draft, way, say)
    return _ask(db, desk, draft, way, say, name)


def take(db: Session, desk: Desk, way: Way, say: Say, name: str, post: Post) -> View:
    """Read an answer, store it, and go on. What cannot be read is shown again, as it was typed."""
    draft = filling.open_draft(db, desk)
    news = "changed" if draft.changed else ""
    field = _named(desk, draft, name)
    if field is None:
        return Go(way.telling(way.base, news or "hidden"))
    stored = [
        media.store(db, draft.id, desk.resident.id, upload, desk.now) for upload in post.uploads
    ]
    given = post.given(field, stored)
    if post.get("_look"):
        return _ask(db, desk, draft, way, say, name, given=given)
    try:
        if post.trouble:
            raise post.trouble
        if post.get("_draft") != draft.key:
            raise Mistake(STALE)
        if post.get("_skip"):
            draft = filling.skip(db, desk, draft, field)
        else:
            draft = filling.answer(db, desk, draft, field, given)
    except Mistake as mistake:
        return _ask(db, desk, draft, way, say, name, given=given, mistake=mistake)
    following = field if post.get("_more") else filling.next_field(desk.form, draft.answers)
    if following is None:
        return Go(way.telling(way.check, news))
    return Go(way.telling(way.question(following.name, from_check=way.from_check), news))


def send(db: Session, desk: Desk, way: Way, say: Say, post: Post) -> View:
    """Hand the form in, once however often the button was pressed; one message into the chat."""
    key = post.get("_draft")
    draft = filling.find_draft(db, desk)
    if draft is None or draft.key != key:
        if submitting.find_submission(db, desk, key):
            return Go(way.done(key))
        draft = filling.open_draft(db, desk)
        if filling.next_field(desk.form, draft.answers) is not None:
            return _ask(db, desk, draft, way, say, "", mistake=Mistake(STALE))
        return _check(db, desk, draft, way, say, Mistake(STALE))
    if post.get("cancel"):
        filling.cancel(db, draft)
        return DonePage("やめました", "答えは消しました。何も送っていません。", None)
    if draft.changed:  # what they confirmed is not what they would send
        return Go(way.telling(way.check, "changed"))
    outcome = submitting.submit(db, desk, draft)
    if isinstance(outcome, Refuse):
        draft = filling.open_draft(db, desk)
        mistake = Mistake(outcome.text)  # type: ignore[arg-type]
        offered = outcome.options
        return _ask(db, desk, draft, way, say, outcome.field, mistake=mistake, offered=offered)
    submitting.announce(db, desk, outcome, key)
    return Go(way.done(key))


def _named(desk: Desk, draft: Draft, name: str) -> Field | None:
    """The question of this name, if it is asked now."""
    asked = filling.asked(desk.form, draft.answers)
    return next((one for one in asked if one.name == name), None)


def _ask(
    db: Session,
    desk: Desk,
    draft: Draft,
    way: Way,
    say: Say,
    name: str,
    *,
    given: Given | None = None,
    mistake: Mistake | None = None,
    offered: Sequence[Any] = (),
) -> View:
    asked = filling.asked(desk.form, draft.answers)
    # A form may have changed, a link may be old: then it goes on where the draft is.
    field = (
        _named(desk, draft, name)
        or _named(desk, draft, draft.at_field or "")
        or filling.next_field(desk.form, draft.answers)
    )
    if field is None:
        return _check(db, desk, draft, way, say, mistake)
    asking = filling.asking(db, desk, draft, field, given)
    drawn = draw(field, asking, say, mistake=mistake, media=way.media, offered=offered)
    number = asked.index(field)
    before = [one.name for one in asked[:number]]
    back = way.check if way.from_check else way.question(before[-1]) if before else None
    is_first_personal = field.personal and not any(one.personal for one in asked[:number])
    control = drawn.control
    return QuestionPage(
        question=drawn,
        notes=_notes(desk, draft, field, say),
        purpose=desk.form.purpose if is_first_personal else None,
        back=back,
        action=way.question(field.name, from_check=way.from_check),
        key=draft.key,
        errors=[(drawn.target, _error_of(drawn))] if mistake else [],
        news=_news(draft, way, say),
        is_upload=getattr(field, "upload", None) is not None,
        can_add=control.kind == "repeat" and len(control.groups) < control.most,
    )


def _news(draft: Draft, way: Way, say: Say) -> Any:
    words = NEWS.get("changed" if draft.changed else way.news)
    return say(words) if words else ""


def _error_of(drawn: Drawn) -> Any:
    inner = [one.error for group in drawn.groups for one in group.questions if one.error]
    return drawn.error or inner[0]


def _notes(desk: Desk, draft: Draft, field: Field, say: Say) -> list[Any]:
    """The notes that stand right before a question."""
    notes: list[Any] = []
    for one in filling.visible(desk.form, draft.answers):
        if one is field:
            break
        notes = [] if getattr(one, "asks", True) else [*notes, say(one.question)]
    return notes


def _check(
    db: Session, desk: Desk, draft: Draft, way: Way, say: Say, mistake: Mistake | None = None
) -> View:
    asked = filling.asked(desk.form, draft.answers)
    rows = []
    for field in asked:
        value = draft.answers.get(field.name)
        is_photo = getattr(field, "upload", None) == "photo"
        shown = field.show(value, filling.asking(db, desk, draft, field))
        photos = [way.media(str(number)) for number in value or ()] if is_photo else []
        change = way.question(field.name, from_check=True)
        rows.append(Row(label_of(field, say), shown, photos, change))
    return CheckPage(
        rows=rows,
        back=way.question(asked[-1].name) if asked else None,
        action=f"{way.base}?send=1",
        key=draft.key,
        errors=[("main", say(mistake.text, **mistake.values))] if mistake else [],
        news=_news(draft, way, say),
    )


def label_of(field: Field, say: Callable[..., Any]) -> Any:
    """What stands before an answer."""
    return say(getattr(field, "label", None) or field.question)


def _done(desk: Desk, number: int | None) -> DonePage:
    text = desk.form.done or "同じ内容を、トークにもお送りします。"
    return DonePage("受け付けました", text, number)
