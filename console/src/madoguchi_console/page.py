"""The type of page that staff open, and how it is served."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session as Unit
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import keeping, sessions
from madoguchi_console.framing import (
    Desk,
    Link,
    cookie_name,
    frame,
    here_of,
    protect,
    refuse,
)
from madoguchi_console.people import ANYBODY, Staff


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Something that waits for a person, on their first page."""

    title: str
    """What it is: 「【承認待ち】夏祭りの中止（広報課）」"""
    path: str
    """Where it is looked at: below this plugin's pages, such as `/deliveries/12`."""
    since: datetime
    """Since when it waits; the oldest stands first."""
    is_late: bool = False
    """It should have been done, or it failed: it stands above the others, in red."""


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A page of staff's at `/{gateway}/console/{plugin}{path}`; `endpoint` is Starlette's.

    Who has `permission` in no section gets 403 before the endpoint runs. In it,
    `request.state.staff` is the `Staff` who is here, `request.state.page` the plugin's own
    `PageContext`, whose `actor` is them, and `request.state.desk` what is around every page.
    Somebody else's object is `raise HTTPException(404)`, the same as one that is not there. Posts
    from other sites are refused before the endpoint runs.
    """

    path: str
    endpoint: Callable[..., Any]
    permission: str
    """One, or several with `|` between them: who has one of them may."""
    methods: tuple[str, ...] = ("GET",)
    menu: str | None = None
    """Its words in the menu, of who has the permission."""
    queue: Callable[[Unit, Staff, datetime], Sequence[QueueItem]] | None = None
    """`find(db, staff, now)`: what of it waits for this person; shown on their first page."""


def serve(item: ConsolePage, page: Any) -> Callable[..., Any]:
    """The endpoint that asks first who it is, and whether they may."""
    if not isinstance(item.permission, str) or "." not in item.permission:
        raise ValueError(f"ConsolePage {item.path!r} needs a permission, such as plugin.verb")
    known = {one.name for one in page.plugin.permissions}
    if item.permission != ANYBODY and not set(item.permission.split("|")) <= known:
        raise ValueError(
            f"ConsolePage {item.path!r} asks for {item.permission!r}, which is not one of this"
            " plugin's register_permissions"
        )

    async def endpoint(request: Request) -> Response:
        own = request.state.page
        if (refused := refuse(request, own)) is not None:
            return protect(refused)
        session = await find_session(request, own)
        if session is None or session.is_over:
            return protect(await _send_to_login(request, own, session))
        if session.stage != "in":
            return protect(RedirectResponse(own.path("/console/login/code"), 303))
        desk = build_desk(request, own, session.staff)
        if not session.staff.may(item.permission):
            return desk.render("forbidden.html", 403)
        is_by_itself = item.path == "/live" or "x-part" in request.headers
        if own.now > session.seen + sessions.RENEW and not is_by_itself:
            await own.write(sessions.touch, session, own.now)
        request.state.staff, request.state.desk = session.staff, desk
        request.state.session = session
        acting = page.acting(session.staff.actor, **desk.values())
        try:
            response = await acting.run(item.endpoint, request)
        except HTTPException as error:
            if error.status_code not in (403, 404):
                raise
            name = "missing.html" if error.status_code == 404 else "forbidden.html"
            response = desk.render(name, error.status_code)
        return protect(response)

    return endpoint


async def find_session(request: Request, own: Any) -> sessions.Session | None:
    """The session that the browser's cookie holds, ended or not."""
    token = request.cookies.get(cookie_name(own))
    return await own.read(sessions.find, token, own.now) if token else None


async def _send_to_login(request: Request, own: Any, ended: sessions.Session | None) -> Response:
    """To the login and back. What was posted in a session that ended is kept for its owner."""
    here, is_kept = here_of(request, own), False
    if request.method == "POST":
        here = own.path("/console")
        typed = await keeping.read_typed(request)
        if ended is not None and ended.stage == "in" and typed:
            is_kept = True
            path = here_of(request, own)
            await own.write(keeping.keep, ended.staff.id, path, typed, own.now)
    asked = {"to": here} | ({"kept": "1"} if is_kept else {"ended": "1"} if ended else {})
    return RedirectResponse(f"{own.path('/console/login')}?{urlencode(asked)}", 303)


def build_desk(request: Request, own: Any, staff: Staff) -> Desk:
    """The frame of a page for a person, with their menu."""
    links: dict[bool, list[Link]] = {True: [], False: []}
    at = own.path(request.url.path.partition(f"/{own.gateway.gateway}")[2])
    seen: set[str] = set()
    for plugin, item in own.inside.pages_of(ConsolePage):
        if not item.menu or not staff.may(item.permission):
            continue
        is_ours = plugin.name == own.plugin.name
        inner = item.path if is_ours else f"/{plugin.name}{item.path}"
        path = own.path(f"/console{inner}")
        if path in seen:
            continue
        seen.add(path)
        is_here = at == path or (bool(inner) and at.startswith(f"{path}/"))
        links[is_ours].append(Link(item.menu, path, is_here))
    first = [Link("ホーム", own.path("/console"), at == own.path("/console"))]
    said = NEWS.get(request.query_params.get("done", ""), "")
    return frame(
        request, own, staff=staff, menu=[*first, *links[False]], more=links[True], news=said
    )


NEWS = {
    "saved": "保存しました。",
    "made": "作りました。",
    "ended": "終わらせました。",
    "sent": "送りました。",
    "undone": "元にもどしました。",
    "deleted": "消しました。",
    "resumed": "送信と受け付けを始めました。",
}
"""What `?done=…` after an address says above the page."""
