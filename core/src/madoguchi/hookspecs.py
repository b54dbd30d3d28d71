"""The contract between the gateway and its plugins: every hook, what it gets and what it returns.

A plugin is a module (or package) with plain functions marked `@hookimpl`. A function names only
the arguments it needs. There are three kinds of hook:

* *collect*: synchronous, once at start; a failure quarantines the plugin.
* *offer*: synchronous, pure and quick, for every message; a failure drops that offer.
* *notify*: may be `async`; each with its own time limit; a failure is logged, the others run.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import pluggy

from madoguchi.types import Event, Models, Mount, Offer, OpenPage, PluginInfo

if TYPE_CHECKING:
    from pydantic import BaseModel

    from madoguchi.context import Context, OfferContext
    from madoguchi.plugins import Plugin

hookimpl = pluggy.HookimplMarker("madoguchi")
"""Marks a function of a plugin as the implementation of the hook of its name."""

_spec = pluggy.HookspecMarker("madoguchi")

KINDS: dict[str, str] = {}
"""Hook name → `collect`, `offer` or `notify`."""


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
def register_pages(config: Any) -> list[OpenPage | Mount]:
    """Return the plugin's pages, under `/{gateway}/{plugin}/`.

    A type that nobody consumes is ignored with one line in the log.
    """
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
