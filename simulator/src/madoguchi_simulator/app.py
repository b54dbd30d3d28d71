"""The whole simulator as one ASGI application on one base URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from . import control, mailbox, phone
from .api import Api
from .endpoints import LATER, MESSAGING
from .insight import INSIGHT
from .liff_apps import LIFF_APPS
from .login_api import LOGIN
from .login_pages import PAGES
from .oauth import TOKENS
from .rich_menu_api import RICH_MENUS
from .simulator import Simulator

# What the hosts api, api-data, access and the SDK's host serve. Behind the host liff.line.me stands
# a LIFF id, and only that begins with a digit.
_LINE = (
    "/v2/",
    "/oauth2/",
    "/bot/",
    "/liff/",
    "/dialog/",
    "/friendship/",
    "/user/v1/",
    "/message/",
    "/.well-known/",
    *(f"/{digit}" for digit in range(10)),
)

ENDPOINTS = (*MESSAGING, *RICH_MENUS, *INSIGHT, *TOKENS, *LOGIN, *LIFF_APPS, *PAGES, *LATER)


def build_app(simulator: Simulator) -> ASGIApp:
    """LINE's API beside a Starlette application with the control API and the phone page."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with simulator:
            yield

    routes = [
        *control.routes(simulator),
        *mailbox.routes(simulator.mailbox),
        *phone.routes(simulator),
    ]
    pages = Starlette(routes=routes, lifespan=lifespan)
    api = Api(simulator, ENDPOINTS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_LINE):
            return await api(scope, receive, send)
        return await pages(scope, receive, send)

    return app
