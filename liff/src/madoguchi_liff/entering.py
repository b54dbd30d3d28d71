"""How somebody comes in: the entrance that asks LINE who it is, the session, the language."""

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from madoguchi import KeysUnavailable, TokenRefused
from madoguchi.languages import LANGUAGES
from madoguchi_liff import session as sessions
from madoguchi_liff.framing import (
    frame,
    is_same_origin,
    language_cookie,
    protect,
    session_cookie,
    set_cookie,
)

MOST_TOKEN = 10_000
"""Bytes of a posted ID token; LINE's have about 600."""
MOST_TYPED = 100_000
"""Bytes of a post that waits for its session."""


def read_session(request: Request, own: Any) -> sessions.Session | None:
    """The session that the browser's cookie holds."""
    value = request.cookies.get(session_cookie(own))
    return sessions.unseal(value, own.secret("session"), own.now) if value else None


def write_session(response: Response, own: Any, session: sessions.Session) -> None:
    """Give the browser its cookie."""
    set_cookie(response, own, session_cookie(own), sessions.seal(session, own.secret("session")))


def refuse_foreign(request: Request) -> Response:
    """403 for a post that another site made the browser send."""
    own = request.state.page
    return protect(own.render("foreign.html", 403, **frame(request, own).values()), own)


async def show_entrance(request: Request, own: Any, *, known: bool = False) -> Response:
    """The page that runs LINE's SDK. It redirects nobody (R57) and tells nobody its address (R58).

    `known`: there is a session; the SDK only has to find the page that `liff.state` names.
    """
    response = own.render(
        "entrance.html",
        200 if request.method == "GET" else 401,
        **frame(request, own).values(),
        onward=_onward(request, own) if known else None,
        is_primary="liff.state" in request.query_params,
        typed=await _typed(request),
    )
    return protect(response, own, referrer="no-referrer")


async def _typed(request: Request) -> list[tuple[str, str]]:
    """What was posted when the session had ended: it is sent again, so nothing is typed twice."""
    kind = request.headers.get("content-type", "")
    length = request.headers.get("content-length", "0")
    is_short = length.isdecimal() and int(length) <= MOST_TYPED
    if request.method != "POST" or not is_short or "urlencoded" not in kind:
        return []
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _onward(request: Request, own: Any) -> str | None:
    """The page that LINE's SDK is about to open, for a browser without JavaScript."""
    state = request.query_params.get("liff.state", "")
    return own.path(f"/liff{state}") if re.fullmatch(r"/[\w/?=&.-]*", state) else None


async def enter(request: Request) -> Response:
    """Exchange an ID token for a session, once (R53, R55)."""
    own = request.state.page
    if not is_same_origin(request, own):
        return JSONResponse({"trouble": "foreign"}, 403)
    try:
        length = int(request.headers.get("content-length", "0"))
    except ValueError:
        length = 0
    if not 0 < length <= MOST_TOKEN:
        return JSONResponse({"trouble": "token"}, 413)
    form = await request.form()
    token, liff_id = str(form.get("id_token", "")), str(form.get("liff_id", ""))
    try:
        resident = await own.sign_in(token)
    except TokenRefused as refused:
        own.plugin.log.info("%s: %s", own.gateway.gateway, refused)
        return JSONResponse({"trouble": "expired" if refused.expired else "refused"}, 401)
    except KeysUnavailable as error:
        own.plugin.log.warning("%s: %s", own.gateway.gateway, error)
        return JSONResponse({"trouble": "unavailable"}, 503)
    chosen = request.cookies.get(language_cookie(own))
    if resident.language is None and chosen in LANGUAGES:
        await own.set_language(resident, chosen)
    response = JSONResponse({"trouble": None}, headers={"cache-control": "no-store"})
    known = liff_id if liff_id in own.gateway.liff else own.gateway.liff[0]
    session = sessions.begin(resident.id, known, own.now, sessions.user_of(token))
    write_session(response, own, session)
    return response


async def leave(request: Request) -> Response:
    """End the session, for a browser that others use too."""
    own = request.state.page
    if not is_same_origin(request, own):
        return refuse_foreign(request)
    response = own.render("left.html", **frame(request, own).values())
    response.delete_cookie(session_cookie(own), path=own.path("/liff"))
    return protect(response, own)


async def choose_language(request: Request) -> Response:
    """Remember the language that was chosen, and go back to the page."""
    own = request.state.page
    if not is_same_origin(request, own):
        return refuse_foreign(request)
    form = await request.form()
    language, back = str(form.get("to", "")), str(form.get("back", ""))
    response = RedirectResponse(_ours(back, own), 303)
    if language in LANGUAGES:
        set_cookie(response, own, language_cookie(own), language)
        session = read_session(request, own)
        resident = await own.find_resident(session.resident_id) if session else None
        if resident is not None:
            await own.set_language(resident, language)
    return response


def _ours(address: str, own: Any) -> str:
    """An address of ours; anything else becomes the first page."""
    first, parts = own.path("/liff"), urlsplit(address)
    inside = address == first or address.startswith((f"{first}/", f"{first}?"))
    is_plain = not parts.scheme and not parts.netloc and "\\" not in address
    return address if inside and is_plain and ".." not in address else first
