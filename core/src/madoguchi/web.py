"""The worker's pages: each plugin's under its gateway, health, and what a broken city shows.

Plugins never write security headers: a strict content policy, no sniffing and no referrer are
added to every answer that does not set its own.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.routing import Mount as StarletteMount
from starlette.staticfiles import StaticFiles

from madoguchi.gateway import RunningGateway
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.templating import Templates
from madoguchi.types import City, Mount, OpenPage

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

    def render(self, name: str, status: int = 200, **values: Any) -> Response:
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
    plugins = services.plugins
    templates = Templates(plugins.well(), gateway.gateway.overrides / "templates")
    routes: list[BaseRoute] = []
    for plugin in plugins.well():
        prefix = f"/{plugin.name}"
        if plugin.folder is not None and (static := plugin.folder / "static").is_dir():
            routes.append(StarletteMount(f"{prefix}/static", app=StaticFiles(directory=static)))
        page = PageContext(services.city, plugin, services.store.read, templates)
        for item in plugin.pages:
            if isinstance(item, OpenPage):
                endpoint = _guarded(item.endpoint, page)
                routes.append(Route(prefix + item.path, endpoint, methods=list(item.methods)))
            elif isinstance(item, Mount):
                routes.append(StarletteMount(prefix + item.path, app=item.app))
            else:
                plugin.log.info("nobody consumes pages of type %s", type(item).__name__)
    return Starlette(routes=routes, exception_handlers={404: _missing})


def _guarded(endpoint: Callable[..., Any], page: PageContext) -> Callable[..., Any]:
    async def call(request: Request) -> Response:
        request.state.page = page
        try:
            return await endpoint(request)
        except PLUGIN_FAULTS as error:
            page.plugin.fail(f"page {request.url.path}", error)
            city = page.gateway
            return _sorry(
                500, "うまく表示できませんでした", f"お急ぎのときは {city.phone} へお電話ください。"
            )

    return call


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
        f'<meta name="viewport" content="width=device-width"><h1>{title}</h1><p>{words}</p></html>',
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
