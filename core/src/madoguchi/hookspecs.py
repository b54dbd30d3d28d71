"""The contract between the gateway and its plugins: every hook, what it gets and what it returns.

A plugin is a module (or package) with plain functions marked `@hookimpl`. A function names only
the arguments it needs. There are five kinds of hook:

* *collect*: synchronous, once at start; a failure quarantines the plugin.
* *offer*: synchronous, pure and quick, for every message; a failure drops that offer.
* *notify*: may be `async`; each with its own time limit; a failure is logged, the others run.
* *must*: synchronous, each in a unit of its own; a failure is reported, and it is called again.
* *review*: synchronous, before settings change; a failure leaves the old ones in force.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import pluggy

from madoguchi.criteria import Audience, ProfileField
from madoguchi.types import (
    Consequence,
    Erased,
    Event,
    Job,
    MenuItem,
    Models,
    Offer,
    Permission,
    PluginInfo,
    Record,
    Resident,
)

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy.orm import Session

    from madoguchi.context import Context, OfferContext
    from madoguchi.forms import Form
    from madoguchi.plugins import Plugin

hookimpl = pluggy.HookimplMarker("madoguchi")
"""Marks a function of a plugin as the implementation of the hook of its name."""

_spec = pluggy.HookspecMarker("madoguchi")

KINDS: dict[str, str] = {}
"""Hook name → `collect`, `offer`, `notify`, `must` or `review`."""


def _hook(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        KINDS[function.__name__] = kind
        return _spec(function)

    return mark


@_hook("collect")
def plugin_info() -> PluginInfo:
    """Say what the plugin is called, what it does, and what data it keeps and why."""
    ...


@_hook("collect")
def config_model() -> "type[BaseModel]":
    """Return the pydantic model of the plugin's table in the city's file.

    Unknown keys of the table are refused whatever the model says; tables inside it are the
    model's own business (`extra="forbid"`). Without this hook the table must be empty.
    """
    ...


@_hook("collect")
def settings_model() -> "type[BaseModel]":
    """Return the pydantic model of what staff may change while the gateway runs.

    `[plugins.<name>.settings]` of the city's file is the seed: it, and the model's defaults, become
    the first version in the database. What may be None has None as its default.
    """
    ...


@_hook("review")
def review_settings(db: "Session", before: Any, after: Any) -> list[Consequence]:
    """Say what a change of the plugin's settings means for residents, or refuse it.

    `before` and `after` are objects of the plugin's `settings_model`. Called for a dry run, and
    again in the unit that stores the change: it writes nothing and counts in SQL, for on SQLite
    everybody who writes waits for it. Nothing to say is an empty list.
    """
    ...


@_hook("collect")
def register_models() -> Models:
    """Return the plugin's tables and the folder of its migrations."""
    ...


@_hook("collect")
def register_postbacks() -> "dict[str, Callable[..., Any]]":
    """Return `{"cancel": handler}`: who answers postback data `plugin:cancel?…`.

    The handler gets `ctx`; `ctx.args` holds what followed the question mark.
    """
    ...


@_hook("collect")
def register_forms(config: Any, settings: Any) -> "list[Form]":
    """Return the plugin's forms, to be filled in in the chat or on a page.

    `ctx.open_form("name")` opens one in the chat; `/{gateway}/liff/form/{plugin}/{name}` is its
    page.
    """
    ...


@_hook("collect")
def register_pages(config: Any) -> list[Any]:
    """Return the plugin's pages: `OpenPage`, `Mount`, or a type that another plugin serves.

    The first two are under `/{gateway}/{plugin}/`. A type that nobody serves is ignored with one
    line in the log.
    """
    ...


@_hook("collect")
def register_page_types() -> "dict[type, Callable[..., Any]]":
    """Return `{MyPage: build}`: types of pages that this plugin serves for others.

    An item has `path` and `methods`. `build(item, page)` gets the `PageContext` of the plugin that
    registered it and returns the endpoint; that one finds this plugin's own context in
    `request.state.page`, and answers with `await page.run(item.endpoint, request)`. The address is
    `/{gateway}/{this plugin}/{the other plugin}{path}`; for own items `/{gateway}/{plugin}{path}`.
    """
    ...


@_hook("collect")
def register_permissions() -> list[Permission]:
    """Return what staff may be allowed to do in this plugin.

    Administrators grant them in the console, to a person of a section; a page of staff's names the
    one that it needs.
    """
    ...


@_hook("collect")
def register_commands() -> "dict[str, Callable[..., Any]]":
    """Return `{"add_staff": work}`: units that the plugin's own command line has run.

    `work(db, **given)` runs in the worker, or beside it where none runs; arguments and result are
    JSON values. `madoguchi.commands.run_command` asks for it; see docs/console.md.
    """
    ...


@_hook("collect")
def register_menu_items(config: Any, settings: Any) -> list[MenuItem]:
    """Return the plugin's tiles of the menu, which residents get when they type メニュー."""
    ...


@_hook("collect")
def register_jobs(config: Any, settings: Any) -> list[Job]:
    """Return what the plugin does at set times: `[Job("remind", Daily("19:00"), remind)]`."""
    ...


@_hook("collect")
def register_profile_fields(config: Any, settings: Any) -> list[ProfileField]:
    """Return the questions about residents whose answers audiences can use.

    The answers are those that the plugin keeps with `write_profile`; what is not declared here is
    nobody else's to ask for.
    """
    ...


@_hook("collect")
def register_audiences(config: Any, settings: Any) -> list[Audience]:
    """Return conditions that only this plugin can answer: "has a booking for …"."""
    ...


@_hook("collect")
def lifespan(plugin: "Plugin") -> AbstractAsyncContextManager[None]:
    """Return an async context manager, entered at start and left at the end.

    It may set `plugin.state`, which handlers find as `ctx.plugin.state`: indexes and clients
    live there, never in the module (one module serves many gateways).
    """
    ...


@_hook("offer")
def offer_for_message(ctx: "OfferContext", message: Any, text: str) -> Offer | None:
    """Bid for a message, or return None.

    `message` is the message as LINE sent it; `text` is what was typed, NFKC-normalised and
    trimmed, and empty for everything but text. No I/O: an index belongs into `plugin.state`.
    """
    ...


@_hook("notify")
def on_follow(ctx: "Context") -> None:
    """A resident added the account as a friend, or unblocked it. The city's greeting is sent."""
    ...


@_hook("notify")
def on_unsend(ctx: "Context", message_id: str) -> None:
    """A resident took a message back: forget its text and media, also in queues (R13)."""
    ...


@_hook("notify")
def on_line_event(ctx: "Context", event: Event) -> None:
    """Everything that no other rule handles: groups, rooms, and what LINE has yet to invent."""
    ...


@_hook("notify")
def on_change(plugin: "Plugin", name: str) -> None:
    """Something that `plugin.state` was made from has changed: make that part of it anew.

    Called in every process, within a second after the unit that said `plugin.changed(db, name)`,
    and with `settings` after `plugin.settings` has changed.
    """
    ...


@_hook("must")
def export_personal_data(db: "Session", resident: Resident) -> list[Record]:
    """Return what the plugin's own tables hold about a resident, readable for them.

    Profile, forms, photos and messages are the gateway's: they are in the export already.
    """
    ...


@_hook("must")
def erase_personal_data(db: "Session", resident: Resident) -> Erased:
    """Delete what the plugin's own tables hold about a resident; say what stays, and why.

    It is called again until it succeeds, so what is gone already is no error. Profile, forms,
    photos and messages are deleted by the gateway after it. It is also called to tell the resident
    beforehand what would go; what it did is then taken back. At the end the resident's row goes,
    and with it all rows that refer to it with `ON DELETE CASCADE`.
    """
    ...
