"""The worker's pages: each plugin's under its gateway, health, and what a broken city shows.

Plugins never write security headers: a strict content policy, no sniffing and no referrer are
added to every answer that does not set its own.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.routing import Mount as StarletteMount
from starlette.staticfiles import StaticFiles

from madoguchi import drill, health
from madoguchi.config import OWN
from madoguchi.gateway import RunningGateway
from madoguchi.observed import PATHS, Observed, Report
from madoguchi.pages import PageContext
from madoguchi.plugins import PLUGIN_FAULTS
from madoguchi.ports import LOCAL
from madoguchi.shared import STATIC
from madoguchi.sorry import sorry
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
class Closed:
    """A gateway that could not be started, and why."""

    name: str
    problems: tuple[str, ...]
    city: City | None = None
    """Whose it is; None if its file cannot be read."""


def build_app(
    gateways: Mapping[str, RunningGateway],
    closed: Mapping[str, Closed],
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
    watchers: str = LOCAL,
) -> Any:
    """The worker's ASGI application; both mappings may change while it runs."""

    async def report() -> Report:
        told = {name: await health.examine(gateway) for name, gateway in gateways.items()}
        is_ready = not closed and all(map(health.is_well, told.values()))
        return Report(is_ready, told | {n: {"problems": one.problems} for n, one in closed.items()})

    async def missing(request: Request, error: Exception) -> Response:
        return sorry(404)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path_params"]["gateway"]
        if name in closed:
            await sorry(503, closed[name].city)(scope, receive, send)
        elif (gateway := gateways.get(name)) is not None:
            await gateway.pages(scope, receive, send)
        else:
            await sorry(404)(scope, receive, send)

    routes: list[BaseRoute] = [
        *(Route(path, Observed(watchers, report)) for path in PATHS),
        StarletteMount("/{gateway}", app=page),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: missing})
    return Headers(app)


def plugin_pages(gateway: RunningGateway) -> Any:
    """The pages of one gateway's plugins, under `/<plugin>/`."""
    services = gateway.services
    plugins = services.plugins
    templates = Templates(plugins.well(), gateway.gateway.overrides / "templates")
    contexts = {plugin.name: PageContext(plugin, services, templates) for plugin in plugins.well()}
    servers = {kind: p.name for p in plugins.well() for kind in p.page_types}
    routes: list[BaseRoute] = [*drill.routes(services)]
    for page in contexts.values():
        try:
            routes += _routes(page, contexts, servers)
        except PLUGIN_FAULTS as error:
            page.plugin.quarantine(f"register_pages: {error}")
    routes.append(StarletteMount(f"/{OWN}/static", app=_files(STATIC)))
    plugins.refresh()

    async def refuse(request: Request, error: Any) -> Response:
        return sorry(error.status_code, services.city, services.languages)

    app = Starlette(routes=routes, exception_handlers={HTTPException: refuse})
    app.router.redirect_slashes = False  # LINE's SDK must not meet a redirect (R57)
    return app


def _routes(
    page: PageContext, contexts: Mapping[str, PageContext], servers: Mapping[type, str]
) -> list[BaseRoute]:
    plugin, prefix = page.plugin, f"/{page.plugin.name}"
    routes: list[BaseRoute] = []
    if plugin.folder is not None and (static := plugin.folder / "static").is_dir():
        routes.append(StarletteMount(f"{prefix}/static", app=_files(static)))
    for item in plugin.pages:
        server = contexts.get(servers.get(type(item), ""))
        if server is None and not isinstance(item, OpenPage | Mount):
            plugin.log.info("nobody consumes pages of type %s", type(item).__name__)
        elif item.path and not item.path.startswith("/"):
            raise ValueError(f'the path {item.path!r} has to start with "/"')
        elif isinstance(item, Mount):
            routes.append(StarletteMount(prefix + item.path, _guarded_app(item.app, page)))
        elif server is None:
            run = partial(page.run, item.endpoint)
            routes.append(Route(prefix + item.path, run, methods=list(item.methods)))
        else:
            run = partial(server.run, server.plugin.page_types[type(item)](item, page))
            at = "" if server is page else f"/{server.plugin.name}"
            routes.append(Route(at + prefix + item.path, run, methods=list(item.methods)))
    return routes


def _files(folder: Path) -> Any:
    """A plugin's static files, compressed; `?v=…` in their address keeps them in the browser."""
    files = GZipMiddleware(StaticFiles(directory=folder))

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        async def send_kept(message: Any) -> None:
            is_named = b"v=" in scope["query_string"] and message.get("status") == 200
            if message["type"] == "http.response.start" and is_named:
                kept = (b"cache-control", b"public, max-age=31536000, immutable")
                message["headers"] = [*message["headers"], kept]
            await send(message)

        await files(scope, receive, send_kept)

    return serve


def _guarded_app(app: Any, page: PageContext) -> Any:
    async def serve(scope: Any, receive: Any, send: Any) -> None:
        started = False

        async def note(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await Attributed(page._services.beat, page.plugin.label, app(scope, receive, note))
        except PLUGIN_FAULTS as error:
            answer = page.fail(scope["path"], error)
            if not started:
                await answer(scope, receive, send)

    return serve


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
