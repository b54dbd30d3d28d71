"""Logging in: name and password, then a code. Every step works without JavaScript.

Whoever is not let in reads the same sentence, after the same time, whatever the reason.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Unit
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.audit import Actor, audit
from madoguchi_console import codes, lockout, passwords, sample, sessions
from madoguchi_console.framing import client_of, cookie_name, frame, guarded, set_cookie
from madoguchi_console.models import staff
from madoguchi_console.page import find_session
from madoguchi_console.people import day_of, may_enter, name_of

REFUSED = (
    "ログインできませんでした。メールアドレスとパスワードを確かめてください。"
    "続けてまちがえると、15分のあいだログインできなくなります。"
)
WRONG_CODE = "番号がちがいます。新しい番号が出るのを待って、もう一度入力してください。"


@guarded
async def show_login(request: Request) -> Response:
    """`GET /login`."""
    own = request.state.page
    session = await find_session(request, own)
    if session and not session.is_over and session.stage == "in":
        return RedirectResponse(_ours(request.query_params.get("to", ""), own), 303)
    return await _render_login(request)


async def _render_login(request: Request, status: int = 200, **values: Any) -> Response:
    own, asked = request.state.page, request.query_params
    people = await sample.find_people(own)
    known = {"fault": "", "mail": "", "to": _ours(asked.get("to", ""), own)}
    known |= {"was_kept": "kept" in asked, "has_ended": "ended" in asked}
    return frame(request, own).render("login.html", status, people=people, **(known | values))


@guarded
async def log_in(request: Request) -> Response:
    """`POST /login`: name and password."""
    own = request.state.page
    form = await request.form()
    mail, typed = name_of(str(form.get("mail", ""))), str(form.get("password", ""))
    to = _ours(str(form.get("to", "")), own)
    who, place = keys(request, own, mail)
    row, locked = await own.read(_look_up, mail, who, place, own.now)
    is_right = await passwords.check_password(row.password if row else None, typed)
    if locked or not is_right or row is None or not may_enter(row, day_of(own.now)):
        if not locked:
            await own.write(_fail, who, place, row.id if row else None, own.now)
        return await _render_login(request, 401, fault=REFUSED, mail=mail, to=to)
    renewed = await passwords.hash_password(typed) if passwords.is_outdated(row.password) else None
    token = await own.write(_begin, request_facts(request), row.id, renewed, own.now)
    return _go(own, own.path("/console/login/code") + "?" + urlencode({"to": to}), token)


def keys(request: Request, own: Any, mail: str) -> tuple[str, str]:
    """Under what failures are counted: the name that was typed, and the place."""
    secret = own.secret("lockout")
    return (
        lockout.key_of(secret, "name", mail),
        lockout.key_of(secret, "place", client_of(request)),
    )


def request_facts(request: Request) -> tuple[str, str]:
    """Address and browser, for the list of one's sessions."""
    return client_of(request), request.headers.get("user-agent", "")


def _look_up(db: Unit, mail: str, who: str, place: str, now: Any) -> tuple[Any, bool]:
    row = db.execute(select(staff).where(staff.c.mail == mail)).one_or_none()
    return row, lockout.is_locked(db, who, place, now)


def _fail(db: Unit, who: str, place: str, staff_id: int | None, now: Any) -> None:
    if lockout.note_failure(db, who, place, now) and staff_id is not None:
        note(db, staff_id, "login.lock")


def note(db: Unit, staff_id: int, action: str) -> None:
    """Write into the audit log what a person did, or what happened to their name."""
    name = db.execute(select(staff.c.name).where(staff.c.id == staff_id)).scalar() or ""
    audit(db, Actor("staff", str(staff_id), name), action, f"staff:{staff_id}")


def _begin(db: Unit, facts: tuple[str, str], staff_id: int, renewed: str | None, now: Any) -> str:
    if renewed:
        db.execute(update(staff).where(staff.c.id == staff_id).values(password=renewed))
    row = db.execute(select(staff).where(staff.c.id == staff_id)).one()
    stage = "code" if codes.is_enrolled(db, row) else "enrol"
    return sessions.begin(db, staff_id, stage, now, *facts)


@guarded
async def show_code(request: Request) -> Response:
    """`GET /login/code`: the second step."""
    own = request.state.page
    session = await find_session(request, own)
    if session is None or session.is_over:
        return RedirectResponse(own.path("/console/login?ended=1"), 303)
    if session.stage == "in":
        return RedirectResponse(own.path("/console"), 303)
    to = _ours(request.query_params.get("to", ""), own)
    if session.stage == "enrol":
        return RedirectResponse(own.path("/console/login/second"), 303)
    return frame(request, own).render("code.html", fault="", to=to)


@guarded
async def take_code(request: Request) -> Response:
    """`POST /login/code`."""
    own = request.state.page
    session = await find_session(request, own)
    if session is None or session.is_over or session.stage != "code":
        return RedirectResponse(own.path("/console/login?ended=1"), 303)
    form = await request.form()
    to = _ours(str(form.get("to", "")), own)
    who, place = keys(request, own, session.staff.mail)
    facts, typed = request_facts(request), str(form.get("code", ""))
    token = await own.write(_prove, own.secret("codes"), session, typed, who, place, facts, own.now)
    if token is None:
        return frame(request, own).render("code.html", 401, fault=WRONG_CODE, to=to)
    return _go(own, to, token)


def _prove(
    db: Unit,
    key: bytes,
    session: sessions.Session,
    typed: str,
    who: str,
    place: str,
    facts: tuple[str, str],
    now: Any,
) -> str | None:
    row = db.execute(select(staff).where(staff.c.id == session.staff.id)).one()
    if lockout.is_locked(db, who, place, now):
        return None
    if not codes.use_code(db, key, row, typed, now):
        if lockout.note_failure(db, who, place, now):
            note(db, row.id, "login.lock")
        return None
    lockout.forgive(db, who)
    return come_in(db, session, facts, now)


def come_in(db: Unit, session: sessions.Session, facts: tuple[str, str], now: Any) -> str:
    """A session that is inside, in place of the one that was on its way; its token."""
    sessions.end(db, session.staff.id, only=session.hash)
    note(db, session.staff.id, "login.enter")
    return sessions.begin(db, session.staff.id, "in", now, *facts)


@guarded
async def log_out(request: Request) -> Response:
    """`POST /logout`."""
    own = request.state.page
    if (session := await find_session(request, own)) is not None:
        await own.write(_leave, session)
    response = RedirectResponse(own.path("/console/login"), 303)
    response.delete_cookie(cookie_name(own), path=own.path("/console"))
    return response


def _leave(db: Unit, session: sessions.Session) -> None:
    sessions.end(db, session.staff.id, only=session.hash)
    note(db, session.staff.id, "login.leave")


@guarded
async def enter_as_sample(request: Request) -> Response:
    """`POST /login/sample`: in the demo alone, one click."""
    own = request.state.page
    form = await request.form()
    number = str(form.get("who", ""))
    people = {str(one.id) for one in await sample.find_people(own)}
    if number not in people:
        raise HTTPException(404)
    token = await own.write(_enter, int(number), request_facts(request), own.now)
    return _go(own, _ours(str(form.get("to", "")), own), token)


def _enter(db: Unit, staff_id: int, facts: tuple[str, str], now: Any) -> str:
    note(db, staff_id, "login.enter")
    return sessions.begin(db, staff_id, "in", now, *facts)


def _go(own: Any, to: str, token: str) -> Response:
    response = RedirectResponse(to, 303)
    set_cookie(response, own, token)
    return response


def _ours(address: str, own: Any) -> str:
    """An address of the console's; anything else becomes the first page."""
    first, parts = own.path("/console"), urlsplit(address)
    inside = address == first or address.startswith((f"{first}/", f"{first}?"))
    is_plain = not parts.scheme and not parts.netloc and "\\" not in address
    is_ours = inside and is_plain and ".." not in parts.path
    return address if is_ours and not address.startswith(f"{first}/login") else first
