"""The whole simulator as one ASGI application on one base URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from . import control, phone
from .api import Api
from .endpoints import LATER, MESSAGING
from .oauth import TOKENS
from .simulator import Simulator

_LINE = ("/v2/", "/oauth2/", "/bot/", "/liff/v1/", "/dialog/", "/friendship/", "/user/v1/")


def build_app(simulator: Simulator) -> ASGIApp:
    """LINE's API beside a Starlette application with the control API and the phone page."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with simulator:
            yield

    pages = Starlette(routes=[*control.routes(simulator), *phone.routes()], lifespan=lifespan)
    api = Api(simulator, (*MESSAGING, *TOKENS, *LATER))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_LINE):
            return await api(scope, receive, send)
        return await pages(scope, receive, send)

    return app
