"""The worker's pages: each plugin's under its gateway, health, and what a broken city shows.

Plugins never write security headers: a strict content policy, no sniffing and no referrer are
added to every answer that does not set its own.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.routing import Mount as StarletteMount
from starlette.staticfiles import StaticFiles

from madoguchi.beat import Beat
from madoguchi.gateway import RunningGateway, Services
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.templating import Templates
from madoguchi.types import City, Mount, OpenPage
from madoguchi.watch import Attributed

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
}


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page of a plugin is given as `request.state.page`."""

    gateway: City
    plugin: Plugin
    read: Callable[..., Any]
    """`await page.read(fn, *args)`: see `Context.read`."""
    _templates: Templates

    def render(self, name: str, /, status: int = 200, **values: Any) -> Response:
        """Render a template of the plugin: `templates/<plugin>/<name>`, or the city's own."""
        html = self._templates.render(self.plugin.name, name, {"city": self.gateway, **values})
        return HTMLResponse(html, status)


@dataclass(frozen=True, slots=True)
class Closed:
    """A gateway that could not be started, and why."""

    name: str
    problems: tuple[str, ...]


def build_app(
    gateways: Mapping[str, RunningGateway],
    closed: Mapping[str, Closed],
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
) -> Any:
    """The worker's ASGI application; both mappings may change while it runs."""

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> Response:
        report = {name: _health(gateway) for name, gateway in gateways.items()}
        report |= {name: {"problems": list(one.problems)} for name, one in closed.items()}
        return JSONResponse(report, 503 if closed else 200)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path_params"]["gateway"]
        if name in closed:
            await _sorry(503, "ただいま準備中です", "しばらくしてから、もう一度お試しください。")(
                scope, receive, send
            )
        elif (gateway := gateways.get(name)) is not None:
            await gateway.pages(scope, receive, send)
        else:
            await _not_found(scope, receive, send)

    routes: list[BaseRoute] = [
        Route("/health/live", live),
        Route("/health/ready", ready),
        StarletteMount("/{gateway}", app=page),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _missing})
    return Headers(app)


def plugin_pages(gateway: RunningGateway) -> Any:
    """The pages of one gateway's plugins, under `/<plugin>/`."""
    services = gateway.services
    templates = Templates(services.plugins.well(), gateway.gateway.overrides / "templates")
    routes: list[BaseRoute] = []
    for plugin in services.plugins.well():
        read = partial(_read, services, plugin)
        try:
            routes += _routes(PageContext(services.city, plugin, read, templates), services.beat)
        except PLUGIN_FAULTS as error:
            plugin.quarantine(f"register_pages: {error}")
    services.plugins.refresh()
    return Starlette(routes=routes, exception_handlers={404: _missing})


def _routes(page: PageContext, beat: Beat) -> list[BaseRoute]:
    plugin, prefix = page.plugin, f"/{page.plugin.name}"
    routes: list[BaseRoute] = []
    if plugin.folder is not None and (static := plugin.folder / "static").is_dir():
        routes.append(StarletteMount(f"{prefix}/static", app=StaticFiles(directory=static)))
    for item in plugin.pages:
        if not isinstance(item, OpenPage | Mount):
            plugin.log.info("nobody consumes pages of type %s", type(item).__name__)
        elif not item.path.startswith("/"):
            raise ValueError(f'the path {item.path!r} has to start with "/"')
        elif isinstance(item, OpenPage):
            endpoint = _guarded_page(item.endpoint, page, beat)
            routes.append(Route(prefix + item.path, endpoint, methods=list(item.methods)))
        else:
            routes.append(StarletteMount(prefix + item.path, _guarded_app(item.app, page, beat)))
    return routes


def _guarded_page(endpoint: Callable[..., Any], page: PageContext, beat: Beat) -> Any:
    async def call(request: Request) -> Response:
        request.state.page = page
        try:
            return await page.plugin.call(beat, endpoint, request)
        except HTTPException:
            raise
        except PLUGIN_FAULTS as error:
            return _failed(page, request.url.path, error)

    return call


def _guarded_app(app: Any, page: PageContext, beat: Beat) -> Any:
    async def call(scope: Any, receive: Any, send: Any) -> None:
        started = False

        async def note(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await Attributed(beat, page.plugin.label, app(scope, receive, note))
        except PLUGIN_FAULTS as error:
            answer = _failed(page, scope["path"], error)
            if not started:
                await answer(scope, receive, send)

    return call


def _failed(page: PageContext, path: str, error: BaseException) -> Response:
    page.plugin.fail(f"page {path}", error)
    words = f"お急ぎのときは {page.gateway.phone} へお電話ください。"
    return _sorry(500, "うまく表示できませんでした", words)


async def _read(
    services: Services, plugin: Plugin, fn: Callable[..., Any], *args: Any, **named: Any
) -> Any:
    beat = services.beat
    return await services.store.read(
        lambda db: beat.call(plugin.label, lambda: fn(db, *args, **named))
    )


def _health(gateway: RunningGateway) -> dict[str, Any]:
    return {
        plugin.name: plugin.trouble or plugin.last_error or "well"
        for plugin in gateway.services.plugins.all.values()
    }


async def _missing(request: Request, error: Exception) -> Response:
    return _sorry(404, "ページが見つかりません", "アドレスをお確かめください。")


async def _not_found(scope: Any, receive: Any, send: Any) -> None:
    await _sorry(404, "ページが見つかりません", "アドレスをお確かめください。")(
        scope, receive, send
    )


def _sorry(status: int, title: str, words: str) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><h1>{title}</h1>'
        f"<p>{escape(words)}</p></html>",
        status,
    )


class Headers:
    """Adds the security headers to every answer that does not set its own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in HEADERS.items() if name not in present),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)
