# nosay: what is said here, staff read
"""保存した相手: conditions under names, each of a section."""

from typing import Any

from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import Column, Filter, ListView, show_list
from madoguchi_segment.audiences import ConditionError, describe, read_condition, saved
from madoguchi_segment.audiences.saved import Saved, SaveRefused
from madoguchi_segment.audiences.tables import audience
from madoguchi_segment.console import picking, writing
from madoguchi_segment.console.picking import Picked
from madoguchi_segment.console.visiting import AUDIENCE, Visit, names_of, visible, visit
from madoguchi_segment.deliveries.states import Refused


async def show_all(request: Request) -> Response:
    """`GET /audiences`."""
    here = visit(request)
    names = await here.page.read(names_of)
    mine = {key: names[key] for key in await _sections(here) if key in names}

    def who(row: Any) -> str:
        try:
            return describe(read_condition(row.condition, here.criteria), here.criteria)
        except ConditionError:
            return "もう使えない条件があります。開いて、直してください。"

    view = ListView(
        "保存した相手",
        select(audience).where(audience.c.section.in_(list(mine))),
        [
            Column(
                "名前",
                lambda row: row.name,
                "name",
                audience.c.name,
                link=lambda row: f"/audiences/{row.id}",
            ),
            Column("だれ", who),
            Column("課・係", lambda row: mine.get(row.section, "")),
            Column("更新", lambda row: row.changed, "changed", audience.c.changed),
        ],
        filters=[
            Filter("q", "名前", lambda value: audience.c.name.contains(value, autoescape=True)),
            Filter(
                "section",
                "課・係",
                lambda value: audience.c.section == value,
                sorted(mine.items(), key=lambda one: one[1]),
            ),
        ],
        order=[audience.c.name, audience.c.id],
        topic="audiences",
        empty="まだありません。よく使う条件に名前を付けて、残せます。",
        actions=[("新しく作る", "/audiences/new")],
    )
    return await show_list(request, view)


async def _sections(here: Visit) -> set[str]:
    own = {str(one.id) for one in here.staff.sections_with(AUDIENCE)}
    return own | await here.page.read(visible, here.staff)


async def _find(here: Visit) -> Saved | None:
    if "number" not in here.request.path_params:
        return None
    found = await here.page.read(saved.find_audience, here.request.path_params["number"])
    if found is None or found.section not in await _sections(here):
        raise HTTPException(404)
    return found


async def show(request: Request) -> Response:
    """`GET /audiences/new` and `/audiences/{number}`."""
    here = visit(request)
    one = await _find(here)
    picked = picking.picked_of(one.condition, here.criteria) if one else Picked("some")
    return await _show(here, one, one.name if one else "", picked)


async def take(request: Request) -> Response:
    """`POST` of the same: change the form, keep it, or throw it away."""
    here = visit(request)
    one = await _find(here)
    async with request.form(max_fields=writing.MOST_FIELDS) as form:
        picked = picking.read_picked(form, here.criteria)
        name, section = str(form.get("name") or ""), str(form.get("section") or "")
        do, version = str(form.get("do") or "save"), str(form.get("version") or "0")
        try:
            if do == "remove" and one is not None:
                _require(here, one.section)
                await _act(here, saved.remove_audience, here.staff.actor, one.id)
                return _back(here, "deleted")
            if do == "save":
                await _keep(here, one, name, section, picked, version)
                return _back(here, "saved")
            picked = await writing.change_picked(here, picked, do, form)
        except (Refused, SaveRefused) as error:
            return await _show(here, one, name, picked, fault=str(error), version=version)
    return await _show(here, one, name, picked, version=version, place="who")


def _require(here: Visit, section: str) -> None:
    if not here.staff.may(AUDIENCE, int(section)):
        raise HTTPException(403)


async def _keep(
    here: Visit, one: Saved | None, name: str, section: str, picked: Picked, version: str
) -> None:
    page = here.page
    tree = picking.condition_of(picked, here.criteria)
    if tree is None:
        raise Refused("condition", "送る相手をえらんでください。")
    condition = read_condition(tree, here.criteria)
    if one is None:
        known = {str(each.id) for each in here.staff.sections_with(AUDIENCE)}
        section = section if section in known else sorted(known, key=int)[0]
        actor = here.staff.actor
        await _act(here, saved.save_audience, actor, section, name, condition, page.now)
        return
    _require(here, one.section)
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    what = (here.staff.actor, one.id, number, name, condition, page.now)
    await _act(here, saved.change_audience, *what)


async def _act(here: Visit, fn: Any, *args: Any) -> Any:
    def act(db: Any) -> Any:
        result = fn(db, *args)
        here.page.plugin.changed(db, "audiences")
        return result

    return await here.page.write(act)


def _back(here: Visit, done: str) -> Response:
    return RedirectResponse(here.page.path(f"/console/segment/audiences?done={done}"), 303)


async def _show(
    here: Visit,
    one: Saved | None,
    name: str,
    picked: Picked,
    *,
    fault: str = "",
    version: str = "",
    place: str = "",
) -> Response:
    names = await here.page.read(names_of)
    return here.render(
        "console/audience.html",
        one=one,
        name=name,
        version=version or (str(one.version) if one else "0"),
        fault=fault,
        place=place,
        sections=here.staff.sections_with(AUDIENCE),
        section_name=names.get(one.section, "") if one else "",
        may_change=one is None or here.staff.may(AUDIENCE, int(one.section)),
        **writing.around_picked(here, picked),
        **await writing.reach(here, picked, is_asked=False),
    )
