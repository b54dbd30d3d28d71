"""What a page of a plugin is given, and how its code is run: a failure is its own alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from madoguchi import residents, shared
from madoguchi.audit import Actor, audit
from madoguchi.errors import FormFailed, without_words
from madoguchi.forms import Form
from madoguchi.forms.filling import Desk
from madoguchi.inside import Inside
from madoguchi.languages import Languages
from madoguchi.own_data import OwnData
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.secrets import derive, secret_of
from madoguchi.sorry import sorry
from madoguchi.store import StoreUnavailable
from madoguchi.templating import Templates
from madoguchi.types import City, Resident

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from madoguchi.services import Services


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page of a plugin is given as `request.state.page`."""

    plugin: Plugin
    _services: "Services"
    _templates: Templates
    resident: Resident | None = None
    """Who it is, verified; None on a page that is open to everybody."""
    _values: Mapping[str, Any] = field(default_factory=dict)
    actor: Actor | None = None
    """Which member of staff it is, on a page of theirs; who stands in the audit log."""

    @property
    def gateway(self) -> City:
        """The city."""
        return self._services.city

    @property
    def now(self) -> datetime:
        """The time, UTC; in the demo and in tests it can be moved."""
        return self._services.clock.now()

    async def read(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Return what `fn(db, *args)` reads: see `Context.read`."""
        label, beat = self.plugin.label, self._services.beat
        return await self._services.store.read(
            lambda db: beat.call(label, lambda: fn(db, *args, **named))
        )

    async def write(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Run `fn(db, *args)` as one unit and return what it returns, once it is committed.

        `fn` is a plain function that may be run again.
        """
        return await self._services.store.write(fn, *args, label=self.plugin.label, **named)

    def send(
        self,
        db: "Session",
        to: Iterable[Resident | int],
        messages: Any,
        key: str,
        not_before: datetime | None = None,
    ) -> int:
        """Queue messages to residents, inside a unit: see `Context.send`."""
        return self._services.send(self.plugin, db, to, messages, key, not_before)

    def render(self, name: str, /, status: int = 200, **values: Any) -> Response:
        """Render a template of the plugin: `templates/<plugin>/<name>`, or the city's own."""
        known = {"city": self.gateway, **self._values, **values}
        html = self._templates.render(self.plugin.name, name, known)
        return HTMLResponse(html, status)

    def path(self, path: str) -> str:
        """The address of a page of this gateway without the host: `/mihon/hello/hours`."""
        return f"{urlsplit(self.gateway.public_url or '').path}/{self.gateway.gateway}{path}"

    def secret(self, use: str) -> bytes:
        """A key of 32 bytes for one use of this plugin's, the same in every process."""
        return derive(secret_of(self._services.settings), f"{self.plugin.name}: {use}")

    async def sign_in(self, id_token: str) -> Resident:
        """Who an ID token of LINE belongs to; somebody new is met (R53, R54).

        Raises `TokenRefused` (its `expired` says whether a fresh one would do) and
        `KeysUnavailable` while LINE's keys cannot be had.
        """
        user_id = await self._services.login.verify(id_token)
        return await self._services.store.write(residents.come_in, user_id, self.now)

    async def find_resident(self, number: int) -> Resident | None:
        """The resident with this id; None if there is none any more."""
        return await self._services.store.read(residents.find, number)

    async def set_language(self, resident: Resident, language: str) -> None:
        """Remember which language a resident wants to read."""
        await self._services.store.write(residents.set_language, resident.id, language)

    def own_data(self, language: str | None = None) -> OwnData:
        """What the city keeps of this page's resident; on an open page, what an address opens."""
        resident = self.resident
        chosen = language or (resident.language if resident else None)
        return OwnData(self._services, resident.id if resident else None, chosen)

    @property
    def languages(self) -> Languages:
        """The texts of this gateway in all languages."""
        return self._services.languages

    def forms(self) -> list[tuple[Plugin, Form]]:
        """Every form that can be filled in now, with its plugin, in the order of the file."""
        plugins = self._services.plugins.well()
        return [(plugin, form) for plugin in plugins for form in plugin.collected.forms]

    def desk(self, name: str) -> Desk | None:
        """What filling in the form `plugin/name` needs; None if there is none, or no resident."""
        found, s = self._services.plugins.find_form(name), self._services
        if found is None or self.resident is None:
            return None
        language = self.resident.language or "ja"
        return Desk(
            gateway=self.gateway,
            plugin=found[0],
            form=found[1],
            resident=self.resident,
            now=self.now,
            say=lambda words, **values: s.languages.say(words, language, **values),
            send=partial(s.send, found[0]),
        )

    async def fill(
        self, desk: Desk, fn: Callable[..., Any], /, *args: Any, writes: bool = True
    ) -> Any:
        """Run `fn(db, desk, *args)` as one unit of the plugin whose form it is.

        Without `writes` it only reads, which costs no commit.

        Raises `FormFailed` for whatever goes wrong in that plugin; it is noted there, without its
        words if the form asks for personal data (R68).
        """
        store, beat, label = self._services.store, self._services.beat, desk.plugin.label
        try:
            if writes:
                return await store.write(fn, desk, *args, label=label)
            return await store.read(lambda db: beat.call(label, lambda: fn(db, desk, *args)))
        except StoreUnavailable:
            raise
        except PLUGIN_FAULTS as error:
            known = without_words(error) if desk.form.is_personal else error
            desk.plugin.fail(f"form {desk.name}", known)
            raise FormFailed(f"form {desk.name} failed") from known

    def of(self, resident: Resident | None, **values: Any) -> Self:
        """This context for a resident whose identity was verified; templates know `values`.

        None is nobody in particular.
        """
        return replace(self, resident=resident, _values=values)

    def acting(self, actor: Actor, **values: Any) -> Self:
        """This context for a member of staff who logged in; templates know `values`."""
        return replace(self, actor=actor, _values=values)

    def audit(
        self, db: "Session", action: str, object: str, detail: dict[str, Any] | None = None
    ) -> None:
        """Write into the audit log, inside a unit, that this page's actor did something.

        `page.audit(db, "delivery.approve", "delivery:12")`: references only, no personal values.
        """
        if self.actor is None:
            raise RuntimeError("nobody is known to act on this page: it is no page of staff's")
        audit(db, self.actor, action, object, detail)

    def shared(self, name: str) -> str:
        """The address of a file that several plugins use: `page.shared("htmx.min.js")`."""
        return f"{self.path('/madoguchi/static/')}{name}?v={shared.digest(name)}"

    @property
    def inside(self) -> Inside:
        """What pages of staff look at and change beside their own tables."""
        return Inside(self._services, self.actor)

    async def run(self, endpoint: Callable[..., Any], request: Request) -> Response:
        """Answer a request with an endpoint of this plugin; a failure becomes a page that says so.

        `HTTPException` passes.
        """
        request.state.page = self
        try:
            return await self.plugin.call(self._services.beat, endpoint, request)
        except HTTPException:
            raise
        except PLUGIN_FAULTS as error:
            return self.fail(request.url.path, error)

    def fail(self, path: str, error: BaseException) -> Response:
        """Note a failure of the plugin's; the page that says what to do now."""
        self.plugin.fail(f"page {path}", error)
        return sorry(500, self.gateway, self.languages)
