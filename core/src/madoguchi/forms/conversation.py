"""Forms in the chat (dispatch rule 2): what a form hears, and what interrupts it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from madoguchi.content import ContentGone, ContentMissing, ContentTooLarge, ContentUnavailable
from madoguchi.errors import MadoguchiError, without_words
from madoguchi.forms import chat, filling, media, steps
from madoguchi.forms.asking import Given, Mistake, Place
from madoguchi.forms.filling import DRAFT_LIFE, Desk
from madoguchi.forms.form import Form
from madoguchi.forms.media import Upload
from madoguchi.forms.question import ANSWERED
from madoguchi.forms.steps import Move, NotTaken
from madoguchi.types import PASS, Fit, Resident

if TYPE_CHECKING:
    from madoguchi.context import Context
    from madoguchi.plugins import Plugin
    from madoguchi.services import Services
    from madoguchi.turn import Turn

IDLE = 600.0
"""Seconds without an answer after which anything that is typed interrupts a form."""


@dataclass(slots=True)
class OpenForm:
    """The form that is open in a resident's chat, as one turn sees it."""

    draft_id: int
    plugin: "Plugin"
    form: Form
    at_field: str | None
    idle: bool
    desk: Desk
    interrupted: bool = False
    """Whether something else is answered now, and the form is to be remembered after it."""
    instead: list[dict[str, Any]] = field(default_factory=list)
    """What is said if nobody else can use what came."""

    @property
    def asks(self) -> bool:
        """Whether a question waits; a list of settings just stands there until a row is tapped."""
        return self.form.layout == "steps" or self.at_field is not None

    def listens(self, typed: str) -> bool:
        """Whether a message may be for the form."""
        return self.asks or bool(steps.steer(typed))

    def may_interrupt(self, fit: Fit) -> bool:
        """Whether an offer of this fit is answered while the form is open."""
        return self.idle or fit == Fit.EXACT

    def remember(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An answer, and that the form waits; at most five messages (R22)."""
        if not self.interrupted or not messages:
            return messages
        reminder = chat.reminder(self.desk, self.draft_id)
        if messages[-1:] == [reminder]:
            return messages
        return [*messages[:4], chat.merge(messages[-1], reminder)]


class Conversation:
    """The forms of one gateway, in its chats."""

    def __init__(self, services: "Services") -> None:
        self._s = services

    def find(self, resident: Resident, row: Sequence[Any]) -> OpenForm | None:
        """The open form of a row `draft id, form, at_field, updated`; None if there is none."""
        number, name, at_field, updated = row
        now = self._s.clock.time()
        if number is None or updated < now - DRAFT_LIFE:
            return None
        found = self._s.plugins.find_form(name)
        if found is None:
            return None
        desk = self._desk(*found, resident)
        return OpenForm(number, *found, at_field, updated < now - IDLE, desk)

    async def open(self, turn: "Turn", name: str, answers: Mapping[str, Any] | None) -> Any:
        """See `Context.open_form`."""
        found = self._s.plugins.find_form(name)
        if found is None or turn.resident is None:
            why = "there is no such form" if found is None else "nobody is there to fill it in"
            raise LookupError(f"open_form({name!r}): {why}")
        if turn.form is not None:
            turn.form.interrupted = False  # it rests; nobody is asked about two at once
        desk = self._desk(*found, turn.resident)
        return await self._write(turn, desk, steps.begin, dict(answers or {}))

    async def hear(self, ctx: "Context") -> Any:
        """The handler of what comes while a form is open: `PASS` if it is not for the form."""
        turn = ctx._turn
        open_form = turn.form
        assert open_form is not None  # dispatch asks only while one is open
        if open_form.idle and ctx.event.text and not steps.steer(ctx.event.text):
            open_form.interrupted = True
            open_form.instead = [chat.reminder(open_form.desk, open_form.draft_id)]
            return PASS
        try:
            move = await self._move(ctx, open_form)
            return await self._write(turn, open_form.desk, steps.take, move)
        except NotTaken as not_taken:
            open_form.instead = not_taken.messages
        open_form.interrupted = True
        return PASS

    @staticmethod
    async def _write(turn: "Turn", desk: Desk, fn: Callable[..., Any], *given: Any) -> Any:
        """The event's unit; how it fails is told without words if the form is personal (R68)."""
        try:
            return await turn.write(desk.plugin, fn, desk, *given)
        except (MadoguchiError, NotTaken):
            raise
        except Exception as error:
            if not desk.form.is_personal:
                raise
            raise without_words(error) from None

    async def _move(self, ctx: "Context", open_form: OpenForm) -> Move:
        """What the resident did; a photo is fetched and read before the unit."""
        event, message = ctx.event, ctx.event.message or {}
        number = open_form.draft_id
        if ctx.args:
            return Move(
                _tapped(event.raw, ctx.args), number, ctx.args.get("a", ""), ctx.args.get("s", "")
            )
        key = self._s.key_of(str(message.get("id", "")))
        if event.text:
            typed = Given([event.text], message_key=key)
            return Move(typed, number, steps.steer(event.text))
        if message.get("type") == "location":
            return Move(Given(place=_place(message), message_key=key), number)
        question = open_form.form.field(open_form.at_field or "")
        if message.get("type") != "image" or getattr(question, "upload", None) != "photo":
            return Move(Given(), number)
        upload: Upload | Mistake
        try:
            upload = await self._photo(ctx)
        except Mistake as mistake:
            upload = mistake
        return Move(Given(), number, upload=upload, message_key=key, image_set=_image_set(message))

    async def _photo(self, ctx: "Context") -> Upload:
        """The photo that was sent. Raises `Mistake` if it is none or cannot be had."""
        try:
            async with ctx.fetch_content() as content:
                data = b"".join([chunk async for chunk in content])
        except (ContentGone, ContentMissing) as error:
            raise Mistake(media.NO_PHOTO) from error
        except ContentTooLarge as error:
            raise Mistake("写真が大きすぎます。小さくしてから送ってください。") from error
        except ContentUnavailable as error:
            raise Mistake("写真を受け取れませんでした。もう一度送ってください。") from error
        return await asyncio.to_thread(media.read_photo, data)

    def _desk(self, plugin: "Plugin", form: Form, resident: Resident) -> Desk:
        s = self._s
        return Desk(
            gateway=s.city,
            plugin=plugin,
            form=form,
            resident=resident,
            now=s.clock.now(),
            say=partial(_say, s.languages, _language(resident)),
            send=partial(s.send, plugin),
            in_chat=True,
        )

    def page_url(self, path: str) -> str | None:
        """See `Context.liff_url`."""
        return chat.liff_url(self._s.city, path)

    def answered(self, resident: Resident | None) -> str:
        """What is said to a tap on a button of a question that is closed."""
        return self._s.languages.say(ANSWERED, _language(resident))

    def take_back(self, db: Session, key: str, resident: Resident | None) -> None:
        """Forget the photo or the answer of a message that was taken back (R13)."""
        media.take_back(db, key)
        if resident is not None:
            filling.take_back(db, resident.id, key)


def _language(resident: Resident | None) -> str:
    return (resident.language if resident else None) or "ja"


def _say(languages: Any, language: str, text: Any, **values: Any) -> str:
    return languages.say(text, language, **values)


def _tapped(raw: Mapping[str, Any], args: Mapping[str, str]) -> Given:
    """A tap on a button: its value, or the date that was picked."""
    postback = raw.get("postback")
    params = postback.get("params") if isinstance(postback, Mapping) else None
    picked = params.get("date") if isinstance(params, Mapping) else None
    value = picked if isinstance(picked, str) else args.get("v", "")
    return Given([value], tapped=True, step=args.get("s", "").partition(".")[2])


def _place(message: Mapping[str, Any]) -> Place | None:
    lat, lon, address = (message.get(key) for key in ("latitude", "longitude", "address"))
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    return Place(float(lat), float(lon), address if isinstance(address, str) else "")


def _image_set(message: Mapping[str, Any]) -> tuple[str, int, int] | None:
    found = message.get("imageSet")
    if not isinstance(found, Mapping):
        return None
    name, index, total = (found.get(key) for key in ("id", "index", "total"))
    if not isinstance(name, str) or not isinstance(index, int) or not isinstance(total, int):
        return None  # older apps leave the numbers out (R48): each photo gets its answer
    return name, index, total
