"""Looking at one resident: with the code they show at the counter, or for a reason.

There is no list of residents. Whoever may look gets ten minutes with one of them, and every look is
in the audit log with its reason.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.counter import take_code
from madoguchi.tables import resident
from madoguchi_console import lockout
from madoguchi_console.models import look

OPEN = timedelta(minutes=10)
REASONS = (
    ("counter", "窓口で本人から番号を聞いた"),
    ("phone", "電話で本人から問い合わせがあった"),
    ("paper", "本人から書類で請求があった"),
    ("report", "通報や予約に対応する"),
    ("other", "そのほか"),
)
SHORTEST = 5
NOT_FOUND = (
    "その番号の人は見つかりませんでした。番号の期限（10分）がすぎていないか、確かめてください。"
)
TOO_OFTEN = "続けてまちがえたため、15分のあいだ使えません。"


async def show_search(request: Request) -> Response:
    """`GET /residents`: two ways, and whom one may look at now."""
    return await _render_search(request)


async def _render_search(
    request: Request, faults: dict[str, str] | None = None, typed: Any = None
) -> Response:
    page, who = request.state.page, request.state.staff
    looks = await page.read(_open_looks, who.id, page.now)
    return page.render(
        "residents.html",
        422 if faults else 200,
        faults=faults or {},
        typed=typed or {},
        reasons=REASONS[1:],
        looks=looks,
    )


def _open_looks(db: Session, staff_id: int, now: Any) -> Sequence[Any]:
    mine = select(look).where(look.c.staff_id == staff_id, look.c.until > now)
    return db.execute(mine.order_by(look.c.until.desc())).all()


async def find_by_code(request: Request) -> Response:
    """`POST /residents/code`: the six digits that the resident shows."""
    page, who, form = request.state.page, request.state.staff, await request.form()
    digits = "".join(one for one in str(form.get("code", "")) if one.isdigit())
    key = lockout.key_of(page.secret("counter"), "counter", str(who.id))

    def find(db: Session) -> int | str:
        if lockout.is_locked(db, key, key, page.now):
            return TOO_OFTEN
        number = take_code(db, digits, page.now.timestamp())
        if number is None:
            lockout.note_failure(db, key, f"{key}-", page.now)
            return NOT_FOUND
        _open_look(db, page, who.id, number, "counter", "")
        return number

    found = await page.write(find)
    if isinstance(found, str):
        return await _render_search(request, {"code": found}, form)
    return RedirectResponse(page.path(f"/console/residents/{found}"), 303)


async def find_by_number(request: Request) -> Response:
    """`POST /residents`: our own number of a resident, and why."""
    page, who, form = request.state.page, request.state.staff, await request.form()
    number, reason = str(form.get("number", "")).strip(), str(form.get("reason", ""))
    words = str(form.get("words", "")).strip()
    faults = {}
    if reason not in dict(REASONS[1:]):
        faults["reason"] = "理由を選んでください。"
    if len(words) < SHORTEST:
        faults["words"] = "どのような用件かを書いてください。名前や電話番号は書かないでください。"
    known = number.isascii() and number.isdecimal() and len(number) < 18
    if not known:
        faults["number"] = "登録番号を数字で入力してください。"
    if faults:
        return await _render_search(request, faults, form)

    def find(db: Session) -> bool:
        there = select(resident.c.id).where(resident.c.id == int(number))
        if db.execute(there).first() is None:
            return False
        _open_look(db, page, who.id, int(number), reason, words)
        return True

    if not await page.write(find):
        return await _render_search(request, {"number": "その番号の人はいません。"}, form)
    return RedirectResponse(page.path(f"/console/residents/{number}"), 303)


def _open_look(db: Session, page: Any, staff_id: int, number: int, reason: str, words: str) -> None:
    theirs = (look.c.staff_id == staff_id) & (look.c.resident_id == number)
    db.execute(delete(look).where(theirs))
    text = f"{dict(REASONS)[reason]} {words}".strip()
    values = {"staff_id": staff_id, "resident_id": number, "reason": text}
    db.execute(insert(look).values(**values, until=page.now + OPEN))
    page.audit(db, "resident.look", f"resident:{number}", {"reason": text})


async def _require_look(request: Request) -> int:
    """The resident of the address; 404 unless this person may look at them now."""
    page, number = request.state.page, request.path_params["number"]
    looks = await page.read(_open_looks, request.state.staff.id, page.now)
    if number not in {one.resident_id for one in looks}:
        raise HTTPException(404)
    return int(number)


async def show_resident(request: Request) -> Response:
    """`GET /residents/{number}`."""
    page, number = request.state.page, await _require_look(request)
    looks = await page.read(_open_looks, request.state.staff.id, page.now)
    this = next(one for one in looks if one.resident_id == number)
    try:
        kept = await page.inside.own_data(number).show()
    except LookupError:
        raise HTTPException(404) from None
    return page.render("resident.html", number=number, look=this, kept=kept)


async def give_copy(request: Request) -> Response:
    """`POST /residents/{number}/copy`: everything as one file, to be handed out."""
    page, number = request.state.page, await _require_look(request)
    files = await page.inside.export_resident(number)
    if files is None:
        raise HTTPException(404)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    headers = {
        "content-disposition": f'attachment; filename="resident-{number}.zip"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


async def show_erasure(request: Request) -> Response:
    """`GET /residents/{number}/erase`: what would go, and what stays."""
    page, number = request.state.page, await _require_look(request)
    told = await page.inside.own_data(number).rehearse()
    return page.render("resident_erase.html", number=number, told=told, fault="")


async def erase(request: Request) -> Response:
    """`POST /residents/{number}/erase`: after the number was typed once more."""
    page, number = request.state.page, await _require_look(request)
    form, data = await request.form(), page.inside.own_data(number)
    if str(form.get("again", "")).strip() != str(number):
        fault = "消すには、登録番号をもう一度入力してください。"
        told = await data.rehearse()
        return page.render("resident_erase.html", 422, number=number, told=told, fault=fault)
    told = await data.find_receipt(await data.erase())
    return page.render("resident_erased.html", number=number, told=told)
