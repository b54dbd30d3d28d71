"""すべて消す: what goes and what stays, one deliberate step, and a receipt.

The receipt's address works without a session, which ends with the resident.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_liff.entering import read_session, refuse_foreign
from madoguchi_liff.framing import frame, is_same_origin, protect, session_cookie
from madoguchi_liff.page import LiffPage, serve


async def show_erasure(request: Request) -> Response:
    """`GET /mine/erase`: what would go and what would stay."""
    page = request.state.page
    return page.render("erase.html", told=await page.own_data().rehearse(), errors=[])


async def take_erasure(request: Request) -> Response:
    """`POST /mine/erase`, open because whoever presses twice may be nobody any more."""
    own = request.state.page
    if not is_same_origin(request, own):
        return refuse_foreign(request)
    session = read_session(request, own)
    if session and await own.find_resident(session.resident_id) is None:
        receipt = await own.own_data().receipt_of(session.resident_id)
        if receipt is not None:
            return _leave(own, receipt)
    return await serve(LiffPage("/mine/erase", _erase, ("POST",)), own)(request)


async def _erase(request: Request) -> Response:
    page = request.state.page
    form = await request.form()
    if form.get("sure") != "yes":
        told = await page.own_data().rehearse()
        errors = [("sure", request.state.liff.say("消してよいときは、しるしをつけてください。"))]
        return page.render("erase.html", 422, told=told, errors=errors)
    return _leave(page, await page.own_data().erase())


def _leave(own: Any, receipt: str) -> Response:
    response = RedirectResponse(own.path(f"/liff/mine/erased?t={receipt}"), 303)
    response.delete_cookie(session_cookie(own), path=own.path("/liff"))
    return response


async def show_erased(request: Request) -> Response:
    """`GET /mine/erased?t=…`: what was deleted, and what is kept until when."""
    own = request.state.page
    around = frame(request, own)
    data = own.own_data(around.language)
    told = await data.find_receipt(request.query_params.get("t", ""))
    if told is None:
        raise HTTPException(404)
    return protect(own.render("erased.html", told=told, **around.values()), own)
