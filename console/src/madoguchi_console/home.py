"""The first page: what waits for me, and how the gateway is, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import health, keeping
from madoguchi_console.page import ConsolePage, QueueItem
from madoguchi_console.people import Staff


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item of a plugin's queue, with its whole address."""

    title: str
    path: str
    since: datetime
    is_late: bool
    owner: str


async def show_home(request: Request) -> Response:
    """`GET /`: my queue first, then the state of things."""
    desk, page = request.state.desk, request.state.page
    queue, failed = await find_queue(page, request.state.staff)
    told = await health.find_sentences(page)
    held = await page.inside.held()
    kept = await page.read(keeping.find_kept, request.state.staff.id, page.now)
    shown = {"queue": queue, "failed": failed, "health": told, "kept": kept, "held": held}
    shown["unsure"] = "unsure" in request.query_params
    return page.render("home.html", **shown, warnings=await health.find_warnings(page, desk.staff))


async def find_queue(page: Any, person: Staff) -> tuple[list[Waiting], list[str]]:
    """What waits for a person, late things first, then the oldest; whose part failed."""
    found: list[Waiting] = []
    failed: list[str] = []
    for plugin, item in page.inside.pages_of(ConsolePage):
        if item.queue is None or not person.may(item.permission):
            continue
        try:
            items: Sequence[QueueItem] = await page.read(item.queue, person, page.now)
            base = page.path(f"/console/{plugin.name}")
            own = plugin.info.label
            found += [
                Waiting(one.title, base + one.path, one.since, one.is_late, own) for one in items
            ]
        except Exception as error:  # one plugin's part costs itself alone
            plugin.fail(f"queue of {item.path}", error)
            failed.append(plugin.info.label)
    return sorted(found, key=lambda one: (not one.is_late, one.since)), failed


async def go_on(request: Request) -> Response:
    """`POST /resume`: a restored copy handles and sends again; who says so has ticked that."""
    page = request.state.page
    if "sure" not in await request.form():
        return RedirectResponse(page.path("/console?unsure=1"), 303)
    await page.inside.go_on()
    return RedirectResponse(page.path("/console?done=resumed"), 303)


async def show_kept(request: Request) -> Response:
    """`GET /me/kept`: what was written when the session ended, ready to be sent again."""
    page = request.state.page
    kept = await page.read(keeping.find_kept, request.state.staff.id, page.now)
    if kept is None:
        return RedirectResponse(page.path("/console"), 303)
    return page.render("kept.html", kept=kept)


async def drop_kept(request: Request) -> Response:
    """`POST /me/kept`: forget it."""
    page = request.state.page
    await page.write(keeping.drop, request.state.staff.id)
    return RedirectResponse(page.path("/console?done=deleted"), 303)
