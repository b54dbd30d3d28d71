"""わたしの情報: what the city keeps of the resident, and a copy of it.

LINE's own browser can keep no file (R60), so the copy has an address of its own that any browser
opens: once, within ten minutes, and without running a script. Opening it shows a button; nothing is
used up by whoever only looks ahead.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_liff.entering import read_session
from madoguchi_liff.framing import Frame, frame, protect

SHOWN = 20
"""Entries of one kind on the page; the copy has them all."""


async def show_mine(request: Request) -> Response:
    """`GET /mine`: everything, by plugin and kind."""
    page = request.state.page
    settings = [
        (form.title, page.path(f"/liff/form/{plugin.name}/{form.name}"))
        for plugin, form in page.forms()
        if form.layout == "list"
    ]
    kept = await page.own_data().show()
    return page.render("mine.html", kept=kept, settings=settings, most=SHOWN)


async def give_out(request: Request) -> Response:
    """`POST /mine/copy`: make an address."""
    page = request.state.page
    await page.own_data().give_out()
    return RedirectResponse(page.path("/liff/mine/copy"), 303)


async def show_address(request: Request) -> Response:
    """`GET /mine/copy`: the address that there is, or when there may be one again."""
    page = request.state.page
    data = page.own_data()
    ticket, now = await data.find_ticket(), page.now.timestamp()
    if ticket is None or ticket.is_over(now):
        return page.render("copy.html", state="none")
    state = "good" if ticket.is_good(now) else "taken"
    until = data.time_of(ticket.until)
    path = page.path(f"/liff/copy?t={data.seal(ticket)}&openExternalBrowser=1")
    return page.render("copy.html", state=state, until=until, address=path)


# In any browser


async def show_copy(request: Request) -> Response:
    """`GET /copy?t=…`: a button; without a session, because it may be another browser."""
    own, opened, around = await _open(request)
    if opened.ticket is None or not opened.ticket.is_good(own.now.timestamp()):
        return _used(own, around)
    return _guard(own.render("receive.html", **around.values()), own)


async def take_copy(request: Request) -> Response:
    """`POST /copy?t=…`: the file, once."""
    own, opened, around = await _open(request)
    if opened.ticket is None or not opened.ticket.is_good(own.now.timestamp()):
        return _used(own, around)
    copy = await opened.data.take_copy(opened.ticket)
    if copy is None:
        return _used(own, around)
    shown = own.render("file.html", kept=copy.kept, **around.values())
    name = f"{own.gateway.gateway}-{own.now:%Y%m%d}.zip"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    packed = _pack({"index.html": bytes(shown.body), **copy.files})
    return _guard(Response(packed, media_type="application/zip", headers=headers), own)


async def _open(request: Request) -> tuple[Any, Any, Frame]:
    """Whose address it is; 404 if it is nobody's, or somebody else is logged in here."""
    own = request.state.page
    opened = await own.own_data().open_sealed(request.query_params.get("t", ""))
    session = read_session(request, own)
    if opened is None or (session and session.resident_id != opened.resident_id):
        raise HTTPException(404)
    return own, opened, frame(request, own, language=opened.data.say.language)


def _used(own: Any, around: Frame) -> Response:
    return _guard(own.render("used.html", 410, **around.values()), own)


def _guard(response: Response, own: Any) -> Response:
    """The address is a secret while it works: it is told to no other site."""
    return protect(response, own, referrer="no-referrer")


def _pack(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
