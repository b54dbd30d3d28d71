"""Mails to staff: rows, sent by a job over SMTP, repeated until the city's server took them.

Whoever has something to say queues it inside the unit that makes it true. A mail has a key, so that
nobody is told the same thing twice, and a Message-ID made from it, so that a mail that was sent by
a process which died before it could write that down is known as the same one.
"""

import asyncio
import hashlib
import logging
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi.city_file import MailTable
from madoguchi.tables import mail

if TYPE_CHECKING:
    from madoguchi.jobs import JobContext

log = logging.getLogger("madoguchi.mail")

AT_ONCE = 50
TIMEOUT = 20.0
"""Seconds that the mail server may take for one step."""
PAUSES = (60, 300, 900, 3600, 3600 * 4)
"""Seconds until the next try; after `MOST_TRIES` nobody tries any more, and health says so."""
MOST_TRIES = 20
KEPT = timedelta(days=30)


def queue_mail(db: Session, to: str, subject: str, body: str, key: str) -> bool:
    """Queue a mail, inside a unit; False if one with this key was queued before.

    `key` says what it is about, for one recipient: `f"delivery 12 waits for {staff.id}"`.
    """
    now = db.info["clock"].now()
    if db.execute(select(mail.c.id).where(mail.c.key == key)).first():
        return False
    line = " ".join(subject.split())
    db.execute(insert(mail).values(key=key, recipient=to, subject=line, body=body, created=now))
    return True


async def send_due(job: "JobContext") -> None:
    """Send what is due. Without `[mail]` in the city's file everything waits."""
    table = job._services.settings.mail
    if table is None:
        return
    due = await job.read(_find_due, job.now.timestamp())
    if not due:
        return
    outcomes = await asyncio.to_thread(_send_all, table, due, job.gateway.gateway)
    await job.write(_note, outcomes, job.now)


def _find_due(db: Session, now: float) -> Sequence[Any]:
    waiting = select(mail).where(mail.c.state == "waiting", mail.c.next_try <= now)
    return db.execute(waiting.order_by(mail.c.next_try, mail.c.id).limit(AT_ONCE)).all()


def _send_all(table: MailTable, due: Sequence[Any], gateway: str) -> dict[int, str | None]:
    """By id, None for what the server took, else what it said. One connection for all."""
    outcomes: dict[int, str | None] = {}
    try:
        with connect(table) as server:
            for row in due:
                outcomes[row.id] = _send(server, table, row, gateway)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("%s: the mail server %s: %s", gateway, table.host, error)
        for row in due:
            outcomes.setdefault(row.id, f"{type(error).__name__}: {error}"[:500])
    return outcomes


def connect(table: MailTable) -> smtplib.SMTP:
    """A connection to the city's server, logged in. Raises OSError and SMTPException."""
    context, (host, port) = ssl.create_default_context(), table.address
    if table.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if table.tls == "starttls":
            server.starttls(context=context)
        if table.user and table.password:
            server.login(table.user, table.password)
    except BaseException:
        server.close()
        raise
    return server


def _send(server: smtplib.SMTP, table: MailTable, row: Any, gateway: str) -> str | None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = table.sender, row.recipient, row.subject
    message["Date"] = format_datetime(row.created)
    known = hashlib.sha256(f"{gateway} {row.key}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{known}@{table.sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(row.body)
    try:
        server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
        server.rset()
        return f"{type(error).__name__}: {error}"[:500]
    return None


def forget_mails(db: Session, now: datetime) -> None:
    """Delete what is older than a month; what never went out, too."""
    db.execute(delete(mail).where(mail.c.created < now - KEPT))


def _note(db: Session, outcomes: dict[int, str | None], now: Any) -> None:
    for number, error in outcomes.items():
        row = db.execute(select(mail.c.tries).where(mail.c.id == number)).one_or_none()
        if row is None:
            continue
        tries = row.tries + 1
        if error is None:
            values = {"state": "sent", "sent": now, "body": "", "error": None}
        else:
            pause = PAUSES[min(tries, len(PAUSES)) - 1]
            state = "failed" if tries >= MOST_TRIES else "waiting"
            values = {"state": state, "next_try": now.timestamp() + pause, "error": error}
        db.execute(update(mail).where(mail.c.id == number).values(tries=tries, **values))
