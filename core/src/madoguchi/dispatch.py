"""Who answers what. The rules of order live here and nowhere else.

0 danger words add a telephone number to whatever is answered; 1 a postback goes to its owner;
2 the open form keeps what its question can read; what interrupts it is answered, and then the form
is mentioned; 3 メニュー is the menu, else offers, ranked: a higher fit first, then the score, then
the order in the city's file; 4 the city's fallback, and the word is kept as unanswered.
"""

import asyncio
import logging
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from madoguchi import residents, unanswered, welcome
from madoguchi.config import OWN
from madoguchi.context import Context, OfferContext
from madoguchi.errors import PluginError
from madoguchi.languages import LANGUAGES
from madoguchi.outgoing import address_letter
from madoguchi.plugins import Plugin
from madoguchi.rates import RatesUnavailable
from madoguchi.turn import Turn
from madoguchi.types import PASS, Fit, Offer, Resident

if TYPE_CHECKING:
    from madoguchi.forms.conversation import OpenForm
    from madoguchi.services import Services

log = logging.getLogger("madoguchi.dispatch")

TOO_OLD = timedelta(minutes=10)
"""Typed text that waited longer than this through a breakdown is not answered any more."""
CLOSE = 0.1
"""Two search offers nearer than this make the bot ask which was meant."""
LOADING_AFTER = 1.0
LOADINGS = 5
"""Loading animations asked for at once: LINE allows 100 a second, and when everything is slow an
extra call for each event would make it slower."""
KINDS = {"text", "image", "video", "audio", "file", "location", "sticker"}


class Dispatcher:
    """Handles events one at a time; the caller keeps the order of each resident's events."""

    def __init__(self, services: "Services") -> None:
        self._s = services

    async def handle(self, turn: Turn, recovered: bool) -> str:
        """Handle one event; how it ended, for its mark. `EventDone` if it was handled before."""
        event = turn.event
        if event.source != "user" or event.user_id is None:
            return await self._notify(turn, "on_line_event", event=event)
        if event.type == "unfollow":
            await self._follow(turn, False)
            return "noted"
        turn.resident = await self._resident(turn)
        if event.type == "unsend":
            return await self._unsend(turn)
        if event.mode != "active":  # R10: another service speaks with this resident now
            if event.type == "follow":
                await self._follow(turn, True)
            return await self._notify(turn, "on_line_event", event=event)
        if not turn.resident.follows and turn.address is not None and event.type != "follow":
            turn.address = replace(turn.address, may_push=False)  # R28: they have blocked us
        match event.type:
            case "message" if recovered and event.text and self._s.clock.now() - event.at > TOO_OLD:
                return "too old"
            case "message" if turn.event.message is None:
                return await self._notify(turn, "on_line_event", event=event)
            case "message":
                return await self._message(turn)
            case "postback":
                return await self._postback(turn)
            case "follow":
                return await self._greet(turn)
        return await self._notify(turn, "on_line_event", event=event)

    async def _resident(self, turn: Turn) -> Resident:
        event = turn.event
        rows = await self._s.store.fetch(residents.LOAD, event.user_id)
        if rows:
            resident = Resident(rows[0][0], bool(rows[0][1]), rows[0][2])
            turn.form = self._s.conversation.find(resident, rows[0][3:])
            return resident
        return await self._s.store.write(residents.meet, event.user_id, event.at)

    async def _follow(self, turn: Turn, follows: bool) -> bool:
        event = turn.event
        return await self._s.store.write(residents.set_following, event.user_id, follows, event.at)

    async def _greet(self, turn: Turn) -> str:
        if not await self._follow(turn, True):
            return "noted"  # they have blocked the account since (R9)
        if turn.resident is not None:
            turn.resident = replace(turn.resident, follows=True)
        greeting = Turn(self._s, turn.event, turn.lane, turn.epoch, turn.address, turn.resident)
        greeting.unit = f"{turn.event.id}/greeting"
        await self._answer(greeting, welcome.greet(self._s))
        return await self._notify(turn, "on_follow")

    async def _unsend(self, turn: Turn) -> str:
        unsend = turn.event.raw.get("unsend")
        message_id = unsend.get("messageId") if isinstance(unsend, Mapping) else None
        if not isinstance(message_id, str):
            return await self._notify(turn, "on_line_event", event=turn.event)
        key = self._s.key_of(message_id)
        await self._s.store.write(unanswered.take_back, key)
        await self._s.store.write(self._s.conversation.take_back, key, turn.resident)
        return await self._notify(turn, "on_unsend", message_id=message_id)

    async def _notify(self, turn: Turn, hook: str, **given: Any) -> str:
        def context(plugin: Plugin) -> Context:
            own = Turn(self._s, turn.event, turn.lane, turn.epoch, None, turn.resident)
            own.unit = f"{turn.event.id}/{plugin.name}"
            return own.context(plugin)

        failed = await self._s.plugins.notify(hook, context, **given)
        return "failed" if failed else "noted"

    # -- answering ----------------------------------------------------------------------------

    async def _postback(self, turn: Turn) -> str:
        postback = turn.event.raw.get("postback")
        data = postback.get("data") if isinstance(postback, Mapping) else None
        data = data if isinstance(data, str) else ""
        target, _, query = data.partition("?")
        owner, _, action = target.partition(":")
        args = dict(parse_qsl(query, keep_blank_values=True))
        if owner == OWN and action == "form":
            return await self._form_tapped(turn, args)
        if turn.form is not None:
            turn.form.interrupted = turn.form.asks
        if owner == OWN and action == "choose":
            return await self._chosen(turn, args)
        if owner == OWN and action == "language":
            return await self._choose_language(turn, args.get("v", ""))
        plugin = self._s.plugins.all.get(owner)
        handler = plugin.postbacks.get(action) if plugin else None
        if plugin is None or handler is None:
            return await self._fall_back(turn, "")
        self._decided(turn, 1, [], plugin.name)
        outcome = await self._run(turn, plugin, handler, turn.context(plugin, args=args))
        return await self._fall_back(turn, "") if outcome == "passed" else outcome

    async def _message(self, turn: Turn) -> str:
        message = turn.event.message or {}
        if str(message.get("type")) not in KINDS:
            await self._notify(turn, "on_line_event", event=turn.event)
            return await self._fall_back(turn, "")
        typed = normalise(turn.event.text)
        turn.danger = [turn.say(answer) for answer in self._s.danger.answers(typed)]
        if turn.form is not None and not turn.form.listens(typed):
            turn.form = None
        if turn.form is not None and (outcome := await self._hear(turn, turn.form)) != "passed":
            return outcome
        if typed.lower() in welcome.MENU:
            self._decided(turn, 3, [], "the menu")
            language = turn.resident.language if turn.resident else None
            return await self._answer(turn, welcome.show_menu(self._s, language))
        if (language := welcome.SPOKEN.get(typed.lower())) is not None:
            self._decided(turn, 3, [], "the language")
            return await self._choose_language(turn, language)
        ranked = self._ranked(turn.resident, message, typed)
        if turn.form is not None:
            ranked = [bid for bid in ranked if turn.form.may_interrupt(bid[1].fit)]
        if question := self._ask_which(turn, ranked):
            self._decided(turn, 3, ranked, "asked which")
            return await self._answer(turn, question)
        for plugin, offer in ranked:
            outcome = await self._run(
                turn, plugin, offer.handler, turn.context(plugin, offer=offer)
            )
            if outcome != "passed":
                self._decided(turn, 3, ranked, plugin.name)
                return outcome
        if turn.form is not None:
            return await self._ask_again(turn, turn.form)
        self._decided(turn, 4, ranked, "fallback")
        return await self._fall_back(turn, typed)

    async def _hear(
        self, turn: Turn, form: "OpenForm", args: Mapping[str, str] | None = None
    ) -> str:
        """Let the open form take what came; "passed" if it is nothing for its question."""
        ctx = turn.context(form.plugin, args=args or {})
        outcome = await self._run(turn, form.plugin, self._s.conversation.hear, ctx)
        if outcome != "passed":
            self._decided(turn, 2, [], form.plugin.name)
        return outcome

    async def _form_tapped(self, turn: Turn, args: Mapping[str, str]) -> str:
        """A button of a question: the open form's, or of one that was answered."""
        form = turn.form
        if form is None or args.get("d") != str(form.draft_id):
            return await self._answer(turn, self._s.conversation.answered(turn.resident))
        outcome = await self._hear(turn, form, args)
        return await self._ask_again(turn, form) if outcome == "passed" else outcome

    async def _ask_again(self, turn: Turn, form: "OpenForm") -> str:
        """Nobody else could use it either: the question once more, and how to answer it."""
        form.interrupted = False
        self._decided(turn, 2, [], form.plugin.name)
        return await self._answer(turn, form.instead)

    def _ranked(
        self, resident: Resident | None, message: Mapping[str, Any], typed: str
    ) -> list[tuple[Plugin, Offer]]:
        now = self._s.clock.now()
        offers = self._s.plugins.offers(
            lambda plugin: OfferContext(self._s.city, plugin, resident, now), message, typed
        )
        return sorted(offers, key=rank)

    def _ask_which(self, turn: Turn, ranked: Sequence[tuple[Plugin, Offer]]) -> dict | None:
        choices = [
            (turn.say(offer.label)[:20], {"event": turn.event.id, "plugin": name})
            for name, offer in list(close_calls(ranked).items())[:12]
        ]
        if not choices:
            return None
        return {
            "type": "text",
            "text": turn.say("どちらのことですか。"),
            "quickReply": {"items": [_choice(label, args) for label, args in choices]},
        }

    async def _choose_language(self, turn: Turn, language: str) -> str:
        if turn.resident is None or language not in LANGUAGES:
            return await self._answer(turn, welcome.ask_language())
        await turn.write(None, welcome.choose_language, self._s, turn.resident, language)
        await self._send_written(turn)
        return "answered"

    async def _chosen(self, turn: Turn, args: Mapping[str, str]) -> str:
        """The answer to "which did you mean?": the words are read again from the inbox."""
        asked = await self._s.find_event(args.get("event", ""))
        if asked is None or asked.user_id != turn.event.user_id or asked.message is None:
            return await self._fall_back(turn, "")
        typed = normalise(asked.text)
        for plugin, offer in self._ranked(turn.resident, asked.message, typed):
            if plugin.name == args.get("plugin"):
                self._decided(turn, 1, [], plugin.name)
                context = replace(turn.context(plugin, offer=offer), event=asked)
                outcome = await self._run(turn, plugin, offer.handler, context)
                if outcome != "passed":
                    return outcome
        return await self._fall_back(turn, typed)

    async def _run(
        self, turn: Turn, plugin: Plugin, handler: Callable[..., Any], ctx: Context
    ) -> str:
        """Run a handler and send what it returns; a plugin that fails costs one apology."""
        loading = self._show_loading_later(turn)
        try:
            reply = await plugin.run(self._s.beat, handler, ctx)
            if reply is PASS and turn.written is None:
                return "passed"
            if turn.written is None:
                await self._send(turn, reply)
        except (TypeError, ValueError) as error:
            plugin.fail("its reply", error)
            await self._answer(turn, self._s.apology(turn.language))
            return "failed"
        except PluginError:
            if turn.written is None:
                await self._answer(turn, self._s.apology(turn.language))
                return "failed"
        finally:
            loading.cancel()
        await self._send_written(turn)
        return "answered"

    async def _answer(self, turn: Turn, reply: Any) -> str:
        """Answer in the city's own words."""
        await self._send(turn, reply)
        await self._send_written(turn)
        return "answered"

    async def _send(self, turn: Turn, reply: Any) -> None:
        """Send a reply from memory; one that has to be pushed becomes a row first."""
        if turn.address is None:
            return
        letter = address_letter(turn.address, turn.messages(reply), self._s.clock.time())
        if letter is not None and letter.kind == "reply":
            await self._s.sender.send(letter)
        elif letter is not None:
            await turn.write(None, lambda db: reply)

    async def _send_written(self, turn: Turn) -> None:
        """Send what a unit put into the outgoing table; if that fails, the sender finds it."""
        if turn.written is not None and turn.written.letter is not None:
            try:
                await self._s.sender.send(turn.written.letter)
            except RatesUnavailable as error:
                log.warning("%s: a push waits: %s", self._s.city.gateway, error)

    async def _fall_back(self, turn: Turn, typed: str) -> str:
        """Nobody could answer: say so kindly, and keep the words for staff.

        Who is in danger was told whom to call: they read no regret, and their words are not kept.
        """
        if turn.danger:
            return await self._answer(turn, self._s.telephone(turn.language))
        message_id = str((turn.event.message or {}).get("id", ""))
        if typed:
            keep = (unanswered.mask(typed), self._s.key_of(message_id), self._s.clock.now())
            await turn.write(None, unanswered.keep, self._s.fallback(turn.language), *keep)
            await self._send_written(turn)
            return "unanswered"
        await self._answer(turn, self._s.fallback(turn.language))
        return "unanswered"

    def _show_loading_later(self, turn: Turn) -> asyncio.Handle:
        loop, line_id = asyncio.get_running_loop(), turn.event.user_id or ""

        def show() -> None:
            if len(self._s.background) >= LOADINGS:
                return
            task = loop.create_task(self._s.client.start_loading(line_id, 20))
            self._s.background.add(task)
            task.add_done_callback(self._s.background.discard)

        return loop.call_later(LOADING_AFTER, show)

    def _decided(
        self, turn: Turn, rule: int, ranked: Sequence[tuple[Plugin, Offer]], winner: str
    ) -> None:
        log.info(
            "%s: event %s of resident %s: rule %d, %s wins over [%s], %.1f ms",
            self._s.city.gateway,
            turn.event.id,
            turn.resident.id if turn.resident else "-",
            rule,
            winner,
            ", ".join(f"{p.name} {o.fit.name} {o.score:.2f}" for p, o in ranked),
            (time.perf_counter() - turn.started) * 1000,
        )


def normalise(typed: str) -> str:
    """What residents typed, as offers see it: one width for every letter, no space around it."""
    return unicodedata.normalize("NFKC", typed).strip()


def rank(bid: tuple[Plugin, Offer]) -> tuple[int, float]:
    """Sort key: fit, then among search results the score; sorting keeps the file's order."""
    offer = bid[1]
    return -offer.fit, -offer.score if offer.fit == Fit.SEARCH else 0.0


def close_calls(ranked: Sequence[tuple[Plugin, Offer]]) -> dict[str, Offer]:
    """By plugin, the offers too near to each other to choose; empty if the first one wins."""
    if not ranked or ranked[0][1].fit != Fit.SEARCH:
        return {}
    close: dict[str, Offer] = {}
    for plugin, offer in ranked:
        if ranked[0][1].score - offer.score <= CLOSE + 1e-9:
            close.setdefault(plugin.name, offer)
    return close if len(close) > 1 else {}


def _choice(label: str, args: Mapping[str, str]) -> dict[str, Any]:
    data = f"{OWN}:choose?{urlencode(args)}"
    action = {"type": "postback", "label": label, "data": data, "displayText": label}
    return {"type": "action", "action": action}
