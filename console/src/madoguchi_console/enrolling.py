"""The first login: a slip of paper gives a password, then comes the second step.

A slip is used up by setting a password, not by being looked at.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session as Unit
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_console import codes, lockout, passwords, sessions
from madoguchi_console.entering import WRONG_CODE, come_in, keys, note, request_facts
from madoguchi_console.framing import frame, guarded, set_cookie
from madoguchi_console.models import code, invitation, staff
from madoguchi_console.page import find_session
from madoguchi_console.people import day_of, may_enter

LIFE = timedelta(days=7)
UNKNOWN = (
    "この招待の番号は使えません。期限（7日）がすぎたか、もう使われています。"
    "管理する人に、新しい紙をもらってください。"
)


def make_slip(db: Unit, staff_id: int, now: datetime) -> str:
    """A new slip for a person, `ABCD-EFGH-JKLM-NPQR`; those before work no more."""
    letters = "".join(secrets.choice(codes.LETTERS) for _ in range(16))
    slip = "-".join(letters[n : n + 4] for n in range(0, 16, 4))
    db.execute(delete(invitation).where(invitation.c.staff_id == staff_id))
    known = {"hash": _hash(slip), "staff_id": staff_id, "until": now + LIFE}
    db.execute(insert(invitation).values(**known))
    return slip


def _hash(slip: str) -> str:
    plain = "".join(slip.upper().replace("-", "").split())
    return hashlib.sha256(plain.encode()).hexdigest()


def find_invited(db: Unit, slip: str, now: datetime) -> Any:
    """The row of the person whose slip this is; None if it is nobody's, or over."""
    row = db.execute(
        select(staff)
        .join_from(staff, invitation)
        .where(invitation.c.hash == _hash(slip), invitation.c.until > now)
    ).one_or_none()
    return row if row is not None and may_enter(row, day_of(now)) else None


@guarded
async def show_welcome(request: Request) -> Response:
    """`GET /welcome`: the slip's number, and a password of one's own."""
    slip = request.query_params.get("slip", "")
    return frame(request, request.state.page).render("welcome.html", slip=slip, faults={})


@guarded
async def take_welcome(request: Request) -> Response:
    """`POST /welcome`."""
    own = request.state.page
    form = await request.form()
    slip, typed = str(form.get("slip", "")), str(form.get("password", ""))
    _, place = keys(request, own, "")
    row = await own.read(find_invited, slip, own.now)
    locked = await own.read(lockout.is_locked, place, place, own.now)
    if row is None or locked:
        if not locked:
            await own.write(lockout.note_failure, place, place, own.now)
        faults = {"slip": UNKNOWN}
    else:
        fault = passwords.find_fault(typed, str(form.get("again", "")), row.name, row.mail)
        faults = {"password": fault} if fault else {}
    if faults or row is None:
        return frame(request, own).render("welcome.html", 422, slip=slip, faults=faults)
    hashed = await passwords.hash_password(typed)
    token = await own.write(_accept, slip, hashed, request_facts(request), own.now)
    if token is None:
        faults = {"slip": UNKNOWN}
        return frame(request, own).render("welcome.html", 422, slip=slip, faults=faults)
    response = RedirectResponse(own.path("/console/login/second"), 303)
    set_cookie(response, own, token)
    return response


def _accept(db: Unit, slip: str, hashed: str, facts: tuple[str, str], now: datetime) -> str | None:
    row = find_invited(db, slip, now)
    if row is None:
        return None
    db.execute(delete(invitation).where(invitation.c.staff_id == row.id))
    db.execute(delete(code).where(code.c.staff_id == row.id))
    values = {"password": hashed, "app_salt": None, "app_step": 0}
    db.execute(update(staff).where(staff.c.id == row.id).values(**values))
    sessions.end(db, row.id)
    note(db, row.id, "staff.accept")
    return sessions.begin(db, row.id, "enrol", now, *facts)


@guarded
async def show_second(request: Request) -> Response:
    """`GET /login/second`: choose between an app and paper, and prove that it works."""
    own = request.state.page
    session = await find_session(request, own)
    if session is None or session.is_over or session.stage != "enrol":
        return RedirectResponse(own.path("/console/login"), 303)
    return await _render_second(request, session, request.query_params.get("how", ""))


async def _render_second(
    request: Request, session: sessions.Session, how: str, fault: str = ""
) -> Response:
    own, status = request.state.page, 422 if fault else 200
    salt = (session.pending or {}).get("salt")
    if salt is None:
        salt = codes.new_salt()
        await own.write(sessions.set_pending, session, {"salt": salt})
    shown = second_values(own, session.staff, salt, how)
    return frame(request, own).render("second.html", status, fault=fault, **shown)


def second_values(own: Any, person: Any, salt: str, how: str) -> dict[str, Any]:
    """What the page of the second step shows: a QR code for the app, or ten codes."""
    key = own.secret("codes")
    secret = codes.app_secret(key, person.id, salt)
    spaced = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    address = codes.app_address(secret, person.mail, own.gateway.label)
    return {
        "how": how if how in ("app", "paper") else "",
        "qr": codes.draw_qr(address) if how == "app" else "",
        "secret": spaced,
        "printed": codes.make_printed(key, person.id, salt) if how == "paper" else [],
        "person": person,
    }


@guarded
async def take_second(request: Request) -> Response:
    """`POST /login/second`: whoever typed a code of what they chose is in."""
    own = request.state.page
    session = await find_session(request, own)
    if session is None or session.is_over or session.stage != "enrol" or not session.pending:
        return RedirectResponse(own.path("/console/login"), 303)
    form = await request.form()
    how, typed = str(form.get("how", "")), str(form.get("code", ""))
    key, salt = own.secret("codes"), session.pending["salt"]
    if not await own.write(set_second, key, session.staff.id, salt, how, typed, own.now):
        return await _render_second(request, session, how, WRONG_CODE)
    token = await own.write(come_in, session, request_facts(request), own.now)
    response = RedirectResponse(own.path("/console"), 303)
    set_cookie(response, own, token)
    return response


def set_second(
    db: Unit, key: bytes, staff_id: int, salt: str, how: str, typed: str, now: datetime
) -> bool:
    """Take over what was chosen, if the code proves that the person has it."""
    person = staff.c.id == staff_id
    if how == "app":
        step = codes.find_step(codes.app_secret(key, staff_id, salt), typed, now, 0)
        if step is None:
            return False
        db.execute(update(staff).where(person).values(app_salt=salt, app_step=step))
    else:
        printed = codes.make_printed(key, staff_id, salt)
        codes.keep_printed(db, key, staff_id, printed)
        if not codes.use_printed(db, key, staff_id, typed, now):
            db.execute(delete(code).where(code.c.staff_id == staff_id))
            return False
        db.execute(update(staff).where(person).values(app_salt=None))
    note(db, staff_id, f"staff.second_{how}")
    return True
