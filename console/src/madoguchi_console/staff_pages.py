"""Who may open these pages: people, their invitations, what they may do in which section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import administration, sessions
from madoguchi_console.administration import Person, Refused
from madoguchi_console.framing import origin_of
from madoguchi_console.lists import Column, Filter, ListView, show_list
from madoguchi_console.models import grant, member, section, staff
from madoguchi_console.people import ADMIN, NOT_OUTSIDE, Section, all_sections

KINDS = [("admin", "管理する人"), ("contractor", "委託先"), ("closed", "閉じた"), ("new", "招待中")]


def _is(kind: str) -> Any:
    return {
        "admin": staff.c.is_admin,
        "contractor": staff.c.is_contractor,
        "closed": staff.c.is_closed,
        "new": staff.c.password.is_(None),
    }[kind]


def _in(number: str) -> Any:
    at = int(number) if number.isdecimal() and len(number) < 18 else 0
    return staff.c.id.in_(select(member.c.staff_id).where(member.c.section_id == at))


def kind_of(row: Any) -> str:
    """What somebody is, in words."""
    if row.is_closed:
        return "閉じた"
    if row.password is None:
        return "招待中"
    return "管理する人" if row.is_admin else "委託先" if row.is_contractor else "職員"


async def show_people(request: Request) -> Response:
    """`GET /staff`."""
    sections = await request.state.page.read(all_sections)
    view = ListView(
        "職員",
        select(staff),
        [
            Column("名前", lambda row: row.name, "name", staff.c.name, lambda r: f"/staff/{r.id}"),
            Column("メールアドレス", lambda row: row.mail, "mail", staff.c.mail),
            Column("区分", kind_of),
            Column("最後のログイン", lambda row: row.seen, "seen", staff.c.seen),
        ],
        filters=[
            Filter("section", "課・係", _in, [(str(one.id), one.name) for one in sections]),
            Filter("kind", "区分", _is, KINDS),
            Filter("q", "名前", lambda text: staff.c.name.contains(text, autoescape=True)),
        ],
        order=[staff.c.name, staff.c.id],
        export="console.staff",
        file="staff",
        topic="staff",
        actions=[("職員を招待する", "/staff/new")],
    )
    return await show_list(request, view)


@dataclass(frozen=True, slots=True)
class Choice:
    """A permission in a section, on the page of a person."""

    name: str
    label: str
    is_given: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A section on the page of a person, with everything that may be granted there."""

    section: Section
    is_member: bool
    choices: Sequence[Choice]


def grantable(inside: Any) -> list[tuple[str, str]]:
    """Every permission that can be granted in a section: name and label."""
    found = [(one.name, one.label) for _, one in inside.permissions()]
    return [(name, label) for name, label in found if name not in ADMIN]


def _places(
    db: Session, names: Sequence[tuple[str, str]], number: int, is_contractor: bool
) -> list[Place]:
    mine = set(db.scalars(select(member.c.section_id).where(member.c.staff_id == number)))
    rows = db.execute(
        select(grant.c.section_id, grant.c.permission).where(grant.c.staff_id == number)
    )
    given = {(at, name) for at, name in rows.all()}
    left_out = NOT_OUTSIDE if is_contractor else frozenset[str]()
    return [
        Place(
            one,
            one.id in mine,
            [
                Choice(name, label.removesuffix("でき") + "できる", (one.id, name) in given)
                for name, label in names
                if name not in left_out
            ],
        )
        for one in all_sections(db)
    ]


async def show_new(request: Request) -> Response:
    """`GET /staff/new`."""
    return request.state.page.render("person_new.html", person=Person("", ""), faults={})


def _read_person(form: Mapping[str, Any]) -> Person:
    return Person(
        str(form.get("name", "")),
        str(form.get("mail", "")),
        is_admin="is_admin" in form,
        is_contractor="is_contractor" in form,
        is_closed="is_closed" in form,
        ends=str(form.get("ends", "")) or None,
    )


async def make_person(request: Request) -> Response:
    """`POST /staff/new`: an account, to be completed by sections; then the invitation."""
    page, who = request.state.page, request.state.staff
    person = _read_person(await request.form())

    def make(db: Session) -> int:
        page.plugin.changed(db, "staff")
        return administration.make_person(db, person, who.actor, page.now)

    try:
        number = await page.write(make)
    except Refused as refused:
        faults = {refused.field: refused.text}
        return page.render("person_new.html", 422, person=person, faults=faults)
    return RedirectResponse(page.path(f"/console/staff/{number}?done=made"), 303)


def find_row(db: Session, number: int) -> Any:
    """A row of staff; 404 if there is none."""
    row = db.execute(select(staff).where(staff.c.id == number)).one_or_none()
    if row is None:
        raise HTTPException(404)
    return row


async def show_person(request: Request) -> Response:
    """`GET /staff/{number}`."""
    return await _render_person(request)


async def _render_person(
    request: Request, person: Person | None = None, refused: Refused | None = None
) -> Response:
    page, number = request.state.page, request.path_params["number"]
    row = await page.read(find_row, number)
    names = grantable(page.inside)
    places = await page.read(_places, names, number, bool(row.is_contractor))
    known = person or Person(
        row.name,
        row.mail,
        bool(row.is_admin),
        bool(row.is_contractor),
        bool(row.is_closed),
        row.ends,
    )
    return page.render(
        "person.html",
        422 if refused else 200,
        row=row,
        kind=kind_of(row),
        person=known,
        places=places,
        sessions=await page.read(sessions.open_sessions, number, page.now),
        faults={refused.field: refused.text} if refused else {},
    )


async def change_person(request: Request) -> Response:
    """`POST /staff/{number}`."""
    page, number = request.state.page, request.path_params["number"]
    await page.read(find_row, number)
    person = _read_person(await request.form())
    actor = request.state.staff.actor

    def change(db: Session) -> None:
        page.plugin.changed(db, "staff")
        administration.change_person(db, number, person, actor, page.now)

    try:
        await page.write(change)
    except Refused as refused:
        return await _render_person(request, person, refused)
    return RedirectResponse(page.path(f"/console/staff/{number}?done=saved"), 303)


async def change_grants(request: Request) -> Response:
    """`POST /staff/{number}/permissions`: inputs `s-3` (member) and `p-3` (a permission)."""
    page, number = request.state.page, request.path_params["number"]
    await page.read(find_row, number)
    form = await request.form()
    known = {name for name, _ in grantable(page.inside)}
    wanted: dict[int, set[str]] = {}
    for name, value in form.multi_items():
        kind, _, at = name.partition("-")
        if not at.isdecimal() or len(at) > 17 or kind not in ("s", "p"):
            continue
        names = wanted.setdefault(int(at), set())
        if kind == "p" and value in known:
            names.add(str(value))
    actor = request.state.staff.actor
    await page.write(administration.set_grants, number, wanted, actor)
    return RedirectResponse(page.path(f"/console/staff/{number}?done=saved"), 303)


async def invite(request: Request) -> Response:
    """`POST /staff/{number}/slip`: a page to print, with an address that works once."""
    page, number = request.state.page, request.path_params["number"]
    row = await page.read(find_row, number)
    if row.is_closed:
        raise HTTPException(404)
    slip = await page.write(administration.invite, number, request.state.staff.actor, page.now)
    own = request.state.desk.own
    address = f"{origin_of(own)}{own.path('/console/login/welcome')}"
    from madoguchi_console.codes import draw_qr

    qr = draw_qr(f"{address}?slip={quote(slip)}")
    return page.render("slip.html", row=row, slip=slip, address=address, qr=qr)


async def end_sessions(request: Request) -> Response:
    """`POST /staff/{number}/sessions`: log somebody out everywhere."""
    page, number = request.state.page, request.path_params["number"]
    await page.read(find_row, number)

    def end(db: Session) -> None:
        sessions.end(db, number)
        page.audit(db, "staff.end_sessions", f"staff:{number}")

    await page.write(end)
    return RedirectResponse(page.path(f"/console/staff/{number}?done=ended"), 303)


# Sections


def describe_section(
    db: Session, names: Sequence[tuple[str, str]], one: Section, today: Any
) -> str:
    """Who may do what in a section, as one sentence."""
    from madoguchi_console.people import who_may

    parts = []
    for name, label in names:
        count = len(who_may(db, name, one, today))
        if count:
            parts.append(f"{count}人が{label}")
    if not parts:
        return "まだだれも、何もできません。"
    return f"{one.name}の{'、'.join(parts)}ます。"


async def show_sections(request: Request) -> Response:
    """`GET /sections`."""
    return await _render_sections(request)


async def _render_sections(request: Request, refused: Refused | None = None) -> Response:
    page = request.state.page
    names, today = grantable(page.inside), page.inside.today

    def find(db: Session) -> list[tuple[Any, str, int]]:
        found = []
        for row in db.execute(select(section).order_by(section.c.name)).all():
            count = len(db.execute(select(member).where(member.c.section_id == row.id)).all())
            sentence = describe_section(db, names, Section(row.id, row.name), today)
            found.append((row, sentence, count))
        return found

    faults = {refused.field: refused.text} if refused else {}
    status = 422 if refused else 200
    return page.render("sections.html", status, sections=await page.read(find), faults=faults)


async def make_section(request: Request) -> Response:
    """`POST /sections`."""
    page, form = request.state.page, await request.form()
    name, mail = str(form.get("name", "")), str(form.get("mail", ""))
    try:
        await page.write(administration.make_section, name, mail, request.state.staff.actor)
    except Refused as refused:
        return await _render_sections(request, refused)
    return RedirectResponse(page.path("/console/sections?done=made"), 303)


async def show_section(request: Request) -> Response:
    """`GET /sections/{number}`."""
    return await _render_section(request)


async def _render_section(request: Request, refused: Refused | None = None) -> Response:
    page, number = request.state.page, request.path_params["number"]
    names, today = grantable(page.inside), page.inside.today

    def find(db: Session) -> tuple[Any, str, Sequence[Any]]:
        row = db.execute(select(section).where(section.c.id == number)).one_or_none()
        if row is None:
            raise HTTPException(404)
        members = db.execute(
            select(staff).join_from(staff, member).where(member.c.section_id == number)
        ).all()
        return row, describe_section(db, names, Section(row.id, row.name), today), members

    row, sentence, members = await page.read(find)
    faults = {refused.field: refused.text} if refused else {}
    shown = {"row": row, "sentence": sentence, "members": members, "faults": faults}
    return page.render("section.html", 422 if refused else 200, **shown)


async def change_section(request: Request) -> Response:
    """`POST /sections/{number}`."""
    page, number, form = request.state.page, request.path_params["number"], await request.form()
    name, mail, actor = form.get("name", ""), form.get("mail", ""), request.state.staff.actor

    def change(db: Session) -> None:
        if db.execute(select(section.c.id).where(section.c.id == number)).first() is None:
            raise HTTPException(404)
        administration.change_section(db, number, str(name), str(mail), actor)

    try:
        await page.write(change)
    except Refused as refused:
        return await _render_section(request, refused)
    return RedirectResponse(page.path(f"/console/sections/{number}?done=saved"), 303)
