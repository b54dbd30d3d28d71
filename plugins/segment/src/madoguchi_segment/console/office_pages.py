# nosay: what is said here, staff read
"""承認と公用端末: who approves in a section, who stands in for whom, its phones and templates."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.counter import take_code
from madoguchi_console import all_sections, who_may
from madoguchi_segment.console.visiting import Visit, names_of, visible, visit
from madoguchi_segment.deliveries import routes, templates, trying
from madoguchi_segment.deliveries.approving import APPROVE
from madoguchi_segment.deliveries.drafts import EMERGENCY, WRITE
from madoguchi_segment.deliveries.routes import Step
from madoguchi_segment.deliveries.states import Refused

Deed = Callable[[Visit, str, Any], Awaitable[None]]


async def show(request: Request) -> Response:
    """`GET /office`: of one section (`?section=`)."""
    here = visit(request)
    return await _show(here, await _section(here, request.query_params.get("section", "")))


async def _section(here: Visit, asked: str) -> str:
    names = await here.page.read(names_of)
    mine = sorted(key for key in await here.page.read(visible, here.staff) if key in names)
    if not mine or (asked and asked not in mine):
        raise HTTPException(404)
    return asked or mine[0]


async def _show(here: Visit, section: str, fault: str = "", typed: Any = None) -> Response:
    known = await here.page.read(_find, here, section)
    may = here.who.permissions(section)
    return here.render(
        "console/office.html",
        section=section,
        fault=fault,
        typed=typed or {},
        may_write=WRITE in may,
        may_approve=APPROVE in may,
        today=here.today,
        **known,
    )


def _find(db: Session, here: Visit, section: str) -> dict[str, Any]:
    names = names_of(db)
    mine = sorted((names[key], key) for key in visible(db, here.staff) if key in names)
    people: dict[str, str] = {}
    for each in all_sections(db):
        for one in who_may(db, APPROVE, each, here.today):
            people[str(one.id)] = f"{one.name}（{'・'.join(at.name for at in one.sections)}）"
    number = int(section)
    counts = {
        words: len(who_may(db, permission, number, here.today))
        for words, permission in (
            ("作成", WRITE),
            ("承認", APPROVE),
            ("緊急の配信", EMERGENCY),
        )
    }
    return {
        "name": names[section],
        "sections": mine,
        "people": people,
        "counts": counts,
        "steps": routes.route_of(db, section),
        "deputies": [
            (
                row,
                people.get(row.staff_id, "（いない人）"),
                people.get(row.deputy_id, "（いない人）"),
            )
            for row in routes.deputies(db, section)
        ],
        "phones": trying.phones(db, section),
        "templates": templates.find_all(db, section),
    }


async def take(request: Request) -> Response:
    """`POST /office`: what the button says."""
    here = visit(request)
    async with request.form() as form:
        section = await _section(here, str(form.get("section") or ""))
        do, _, rest = str(form.get("do") or "").partition(":")
        deed = DEEDS.get(do)
        if deed is None:
            raise HTTPException(404)
        if do in ("route", "deputy", "end deputy") and APPROVE not in here.who.permissions(section):
            raise HTTPException(403)
        try:
            await deed(here, section, _Typed(form, rest))
        except Refused as error:
            typed = {key: value for key, value in form.items() if isinstance(value, str)}
            return await _show(here, section, error.words, typed)
    back = here.page.path(f"/console/segment/office?section={section}&done=saved")
    return RedirectResponse(back, 303)


class _Typed:
    """What was sent: the form, and the number behind the button's word."""

    def __init__(self, form: Any, rest: str) -> None:
        self.form = form
        self.number = int(rest) if rest.isdecimal() and len(rest) < 16 else 0

    def one(self, name: str) -> str:
        """A text."""
        return str(self.form.get(name) or "").strip()


async def _set_route(here: Visit, section: str, typed: _Typed) -> None:
    steps = []
    for n in range(3):
        label = typed.one(f"label{n}")
        staff = tuple(typed.form.getlist(f"staff{n}"))
        if label:
            steps.append(Step(label, staff))
        elif staff:
            raise Refused("route", f"{n + 1}段目の名前を書いてください。例：所属長")
    await here.act(routes.set_route, here.who, section, steps)


async def _add_deputy(here: Visit, section: str, typed: _Typed) -> None:
    try:
        first, last = (date.fromisoformat(typed.one(name)) for name in ("first", "last"))
    except ValueError:
        raise Refused("deputy", "代決の期間を、はじめの日と終わりの日で入れてください。") from None
    if not typed.one("staff") or not typed.one("deputy"):
        raise Refused("deputy", "だれの代わりに、だれがするかをえらんでください。")
    what = (here.who, section, typed.one("staff"), typed.one("deputy"), first, last)
    await here.act(routes.add_deputy, *what)


async def _end_deputy(here: Visit, section: str, typed: _Typed) -> None:
    def end(db: Session) -> None:
        if typed.number not in {row.id for row in routes.deputies(db, section)}:
            raise Refused("absent", "この代決は、もうありません。")
        routes.remove_deputy(db, here.who, typed.number)

    await here.act(end)


async def _add_phone(here: Visit, section: str, typed: _Typed) -> None:
    digits = "".join(each for each in typed.one("code") if each.isdecimal())

    def add(db: Session) -> None:
        if not typed.one("label"):
            raise Refused("label", "端末の名前を書いてください。例：広報課の公用スマホ")
        who = take_code(db, digits.translate(_WIDE), here.page.now.timestamp())
        if who is None:
            raise Refused(
                "code", "この番号の端末が見つかりません。端末で番号を出し直してください。"
            )
        if any(one.resident_id == who for one in trying.phones(db, section)):
            raise Refused("code", "この端末は、もう登録されています。")
        trying.add_phone(db, here.who, section, typed.one("label"), who, here.page.now)

    await here.act(add)


_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")


async def _remove_phone(here: Visit, section: str, typed: _Typed) -> None:
    await here.act(trying.remove_phone, here.who, section, typed.number)


async def _remove_template(here: Visit, section: str, typed: _Typed) -> None:
    await here.act(templates.remove, here.who, section, typed.number)


DEEDS: dict[str, Deed] = {
    "route": _set_route,
    "deputy": _add_deputy,
    "end deputy": _end_deputy,
    "phone": _add_phone,
    "remove phone": _remove_phone,
    "remove template": _remove_template,
}
"""Value of the button → what it does."""
