"""One's own account: where one is logged in, the password, the second step."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import codes, passwords, sessions
from madoguchi_console.enrolling import second_values, set_second
from madoguchi_console.entering import WRONG_CODE
from madoguchi_console.models import staff


async def show_me(request: Request) -> Response:
    """`GET /me`."""
    return await _render(request)


async def _render(request: Request, faults: dict[str, str] | None = None) -> Response:
    page, person = request.state.page, request.state.staff

    def find(db: Session) -> tuple[Any, int, Any]:
        row = db.execute(select(staff).where(staff.c.id == person.id)).one()
        left = codes.count_printed(db, person.id)
        return row, left, sessions.open_sessions(db, person.id, page.now)

    row, left, found = await page.read(find)
    known = {one.name: one.label for _, one in page.inside.permissions()}
    labels = {name: known.get(name, name) for _, name in person.granted}
    mine = [
        (at, [labels[name] for number, name in sorted(person.granted) if number == at.id])
        for at in person.sections
    ]
    return page.render(
        "me.html",
        422 if faults else 200,
        row=row,
        left=left,
        sessions=found,
        this=request.state.session.hash,
        mine=mine,
        faults=faults or {},
    )


async def change_password(request: Request) -> Response:
    """`POST /me/password`: every other session ends."""
    page, person, form = request.state.page, request.state.staff, await request.form()
    now, typed = str(form.get("password_now", "")), str(form.get("password", ""))
    row = await page.read(_row, person.id)
    faults = {}
    if not await passwords.check_password(row.password, now):
        faults["password_now"] = "いまのパスワードがちがいます。"
    elif fault := passwords.find_fault(typed, str(form.get("again", "")), row.name, row.mail):
        faults["password"] = fault
    if faults:
        return await _render(request, faults)
    hashed = await passwords.hash_password(typed)

    def change(db: Session) -> None:
        db.execute(update(staff).where(staff.c.id == person.id).values(password=hashed))
        sessions.end(db, person.id, but=request.state.session.hash)
        page.audit(db, "staff.password", f"staff:{person.id}")

    await page.write(change)
    return RedirectResponse(page.path("/console/me?done=saved"), 303)


def _row(db: Session, number: int) -> Any:
    return db.execute(select(staff).where(staff.c.id == number)).one()


async def end_session(request: Request) -> Response:
    """`POST /me/sessions`: end one of one's own, or all others."""
    page, person, form = request.state.page, request.state.staff, await request.form()
    which, this = str(form.get("session", "")), request.state.session.hash

    def end(db: Session) -> None:
        if which == "others":
            sessions.end(db, person.id, but=this)
        else:
            sessions.end(db, person.id, only=which or "-")
        page.audit(db, "staff.end_sessions", f"staff:{person.id}")

    await page.write(end)
    return RedirectResponse(page.path("/console/me?done=ended"), 303)


async def show_second(request: Request) -> Response:
    """`GET /me/second`: another app, or new printed codes; after the password."""
    session = request.state.session
    how = request.query_params.get("how", "")
    if not session.pending:
        return request.state.page.render("ask_password.html", fault="", how=how)
    return _render_second(request, how)


def _render_second(request: Request, how: str, fault: str = "") -> Response:
    desk, session = request.state.desk, request.state.session
    shown = second_values(desk.own, session.staff, session.pending["salt"], how)
    return desk.render("second.html", 422 if fault else 200, fault=fault, **shown)


async def ask_password(request: Request) -> Response:
    """`POST /me/second/password`: whoever finds an open browser cannot take the account over."""
    page, form = request.state.page, await request.form()
    row = await page.read(_row, request.state.staff.id)
    how = str(form.get("how", ""))
    is_sample = row.password == "sample"  # the demo's people have none to type
    if not is_sample and not await passwords.check_password(
        row.password, str(form.get("password_now", ""))
    ):
        fault = "パスワードがちがいます。"
        return page.render("ask_password.html", 422, fault=fault, how=how)
    salt = {"salt": codes.new_salt()}
    await page.write(sessions.set_pending, request.state.session, salt)
    return RedirectResponse(page.path(f"/console/me/second?how={how}"), 303)


async def take_second(request: Request) -> Response:
    """`POST /me/second`: the new one counts; every other session ends."""
    page, session, form = request.state.page, request.state.session, await request.form()
    if not session.pending:
        return RedirectResponse(page.path("/console/me"), 303)
    how, typed = str(form.get("how", "")), str(form.get("code", ""))
    key, salt = request.state.desk.own.secret("codes"), session.pending["salt"]

    def change(db: Session) -> bool:
        if not set_second(db, key, session.staff.id, salt, how, typed, page.now):
            return False
        sessions.set_pending(db, session, None)
        sessions.end(db, session.staff.id, but=session.hash)
        return True

    if not await page.write(change):
        return _render_second(request, how, WRONG_CODE)
    return RedirectResponse(page.path("/console/me?done=saved"), 303)
