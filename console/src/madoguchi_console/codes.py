"""The second step of a login: a code of an app (RFC 6238), or one of ten printed ones.

The app's secret is not stored: it is made from the gateway's own secret and a salt in the row, so
that a copy of the database alone lets nobody in. Printed codes are stored as keyed hashes.
"""

import base64
import hashlib
import hmac
import io
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyotp
import segno
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi_console.models import code, staff

PRINTED = 10
STEP = 30
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that look alike on paper."""


def new_salt() -> str:
    """A salt for an app's secret."""
    return secrets.token_hex(16)


def app_secret(key: bytes, staff_id: int, salt: str) -> str:
    """The secret that an app and we share, as apps take it."""
    made = hmac.digest(key, f"app {staff_id} {salt}".encode(), hashlib.sha256)
    return base64.b32encode(made[:20]).decode()


def app_address(secret: str, mail: str, city: str) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=mail, issuer_name=city)


def draw_qr(text: str) -> str:
    """A QR code as an address of an image, so that nothing is loaded for it."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=5, border=3, dark="#000")
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def find_step(secret: str, typed: str, now: datetime, after: int) -> int | None:
    """The time step of an app's code that is good now, one to either side; None: it is not.

    `after`: the last one that was used, so that no code works twice.
    """
    app, digits = pyotp.TOTP(secret), "".join(typed.split())
    current = int(now.timestamp()) // STEP
    for step in (current, current - 1, current + 1):
        if step > after and hmac.compare_digest(app.at(step * STEP), digits):
            return step
    return None


def make_printed(key: bytes, staff_id: int, salt: str) -> list[str]:
    """Ten codes to print, `ABCD-2345`: the same ones for the same salt, so none has to wait."""
    return [_printed(key, f"print {staff_id} {salt} {number}") for number in range(PRINTED)]


def _printed(key: bytes, use: str) -> str:
    made = hmac.digest(key, use.encode(), hashlib.sha256)
    letters = [LETTERS[int.from_bytes(made[n * 4 : n * 4 + 4]) % len(LETTERS)] for n in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def keep_printed(db: Session, key: bytes, staff_id: int, codes: Sequence[str]) -> None:
    """Store the codes instead of those before."""
    db.execute(delete(code).where(code.c.staff_id == staff_id))
    rows = [{"staff_id": staff_id, "hash": _hash(key, staff_id, one)} for one in codes]
    db.execute(insert(code), rows)


def use_printed(db: Session, key: bytes, staff_id: int, typed: str, now: datetime) -> bool:
    """Use one of the printed codes up; whether there was such a one."""
    this = (code.c.staff_id == staff_id) & (code.c.hash == _hash(key, staff_id, typed))
    used = db.execute(update(code).where(this, code.c.used.is_(None)).values(used=now))
    return used.rowcount == 1  # type: ignore[attr-defined]


def count_printed(db: Session, staff_id: int) -> int:
    """How many printed codes are left."""
    left = select(code.c.id).where(code.c.staff_id == staff_id, code.c.used.is_(None))
    return len(db.execute(left).all())


def use_code(db: Session, key: bytes, row: Any, typed: str, now: datetime) -> bool:
    """Whether a code is good, an app's or a printed one; it is used up. `row` is the person's."""
    if row.app_salt:
        known = select(staff.c.app_step).where(staff.c.id == row.id).with_for_update()
        after = db.execute(known).scalar_one()
        step = find_step(app_secret(key, row.id, row.app_salt), typed, now, after)
        if step is not None:
            db.execute(update(staff).where(staff.c.id == row.id).values(app_step=step))
            return True
    return use_printed(db, key, row.id, typed, now)


def is_enrolled(db: Session, row: Any) -> bool:
    """Whether there is anything to prove a second step with."""
    return bool(row.app_salt) or count_printed(db, row.id) > 0


def _hash(key: bytes, staff_id: int, typed: str) -> str:
    plain = "".join(typed.upper().replace("-", "").split())
    return hmac.digest(key, f"printed {staff_id} {plain}".encode(), hashlib.sha256).hex()
