"""The pages of forms: from a request to a page, and back."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi import FormFailed
from madoguchi.forms import media
from madoguchi.forms.filling import Desk
from madoguchi_liff import settings, steps
from madoguchi_liff.posting import Post, read_post
from madoguchi_liff.steps import CheckPage, DonePage, Go, QuestionPage, Way

TEMPLATES = {
    QuestionPage: "question.html",
    CheckPage: "check.html",
    DonePage: "done.html",
    settings.SettingsPage: "settings.html",
}


async def show_form(request: Request) -> Response:
    """`GET /form/{plugin}/{form}`: the question that is next, the check page, or the settings."""
    desk, way = _find(request)
    query = request.query_params
    say, name = request.state.liff.say, query.get("q", "")
    if desk.form.layout == "list":
        saved = query.get("saved", "")
        return await _show(request, settings.look, desk, way, say, name, saved, writes=False)
    done = query.get("done", "")
    shown = await _show(request, steps.look, desk, way, say, name, done, writes=False)
    return shown or await _show(request, steps.begin, desk, way, say, name)


async def take_form(request: Request) -> Response:
    """`POST /form/{plugin}/{form}?q=…`: an answer; with `?send=1` the whole form."""
    desk, way = _find(request)
    query, say = request.query_params, request.state.liff.say
    name = query.get("q", "")
    if desk.form.layout != "list" and "send" in query:
        return await _show(request, steps.send, desk, way, say, await read_post(request, None))
    post: Post = await read_post(request, desk.form.field(name))
    save = settings.save if desk.form.layout == "list" else steps.take
    return await _show(request, save, desk, way, say, name, post)


async def show_media(request: Request) -> Response:
    """A photo of the resident's own; of others there is none."""
    page = request.state.page
    found = await page.read(media.load, page.resident.id, request.path_params["number"])
    if found is None:
        raise HTTPException(404)
    kind, data = found
    headers = {
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, max-age=3600",
    }
    return Response(data, media_type=kind, headers=headers)


def _find(request: Request) -> tuple[Desk, Way]:
    page, params = request.state.page, request.path_params
    name = f"{params['plugin']}/{params['form']}"
    desk = page.desk(name)
    if desk is None:
        raise HTTPException(404)
    base = page.path(f"/liff/form/{name}")
    query = request.query_params
    return desk, Way(base, name, query.get("from") == steps.CHECK, query.get("news", ""))


async def _show(request: Request, fn: Any, desk: Desk, *given: Any, writes: bool = True) -> Any:
    """What `fn` found, as a page; None if that is None."""
    page = request.state.page
    try:
        view = await page.fill(desk, fn, *given, writes=writes)
    except FormFailed:
        return page.render("failed.html", 500)
    if view is None:
        return None
    if isinstance(view, Go):
        return RedirectResponse(view.to, 303)
    wrong = bool(getattr(view, "errors", ()))
    return page.render(TEMPLATES[type(view)], 422 if wrong else 200, view=view)
