"""The types of pages in the residents' look, and how they are served: who it is comes first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi_liff.entering import read_session, refuse_foreign, show_entrance, write_session
from madoguchi_liff.framing import (
    frame,
    is_same_origin,
    language_cookie,
    protect,
    set_cookie,
)


@dataclass(frozen=True, slots=True)
class LiffPage:
    """A page for a known resident at `/{gateway}/liff/{plugin}{path}`; `endpoint` is Starlette's.

    `request.state.page.resident` is who LINE says it is (R53); whoever is not known yet is
    recognised first. Templates begin with `{% extends "liff/base.html" %}` and find `liff`, `say`,
    `plain` and `city`. Posts from other sites are refused before the endpoint runs.
    """

    path: str
    endpoint: Callable[..., Any]
    methods: tuple[str, ...] = ("GET",)


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page in the same look for everybody, at `/{gateway}/liff/{plugin}{path}`, without LINE.

    `request.state.page.resident` is None, also for those who are known elsewhere.
    """

    path: str
    endpoint: Callable[..., Any]
    methods: tuple[str, ...] = ("GET",)


def serve_public(item: PublicPage, page: Any) -> Callable[..., Any]:
    """The endpoint that asks nobody who it is."""

    async def endpoint(request: Request) -> Response:
        own = request.state.page
        if request.method not in ("GET", "HEAD") and not is_same_origin(request, own):
            return refuse_foreign(request)
        around = frame(request, own)
        request.state.liff = around
        known = page.of(None, **around.values())
        return protect(await _run(item.endpoint, request, known, own), own)

    return endpoint


async def _run(endpoint: Callable[..., Any], request: Request, known: Any, own: Any) -> Response:
    """What the plugin answers; what it does not have is said in our look."""
    try:
        return await known.run(endpoint, request)
    except HTTPException as error:
        if error.status_code != 404:
            raise
        return own.render("missing.html", 404, **request.state.liff.values())


def serve(item: LiffPage, page: Any) -> Callable[..., Any]:
    """The endpoint that recognises the resident first."""

    async def endpoint(request: Request) -> Response:
        own = request.state.page
        if request.method not in ("GET", "HEAD") and not is_same_origin(request, own):
            return refuse_foreign(request)
        session = read_session(request, own)
        resident = await own.find_resident(session.resident_id) if session else None
        if session is None or resident is None or "liff.state" in request.query_params:
            return await show_entrance(request, own, known=resident is not None)
        around = frame(
            request,
            own,
            language=resident.language,
            liff_id=session.liff_id,
            whose=session.whose,
        )
        request.state.liff = around
        known = page.of(replace(resident, language=around.language), **around.values())
        response = await _run(item.endpoint, request, known, own)
        protect(response, own)
        if renewed := session.renewed(own.now):
            write_session(response, own, renewed)
        if resident.language not in (None, request.cookies.get(language_cookie(own))):
            set_cookie(response, own, language_cookie(own), resident.language)  # for open pages
        return response

    return endpoint
