"""A mailbox for demos and tests: takes every mail over SMTP, delivers none, shows them on a page.

It stands beside LINE in the simulator because it is the other thing outside that a city talks to.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .clock import Clock, iso

MOST = 500
"""Mails that are shown."""
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'"


@dataclass(frozen=True)
class Mail:
    """A mail that somebody sent."""

    id: int
    at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    message_id: str


class Mailbox:
    """Everybody's mails. ``await mailbox.start(port)`` takes them over SMTP."""

    def __init__(self, clock: Clock, data: Path | None = None) -> None:
        self._clock = clock
        self._file = data / "mails.jsonl" if data else None
        self.mails: list[Mail] = []
        self.refusal = ""
        """What the server answers instead of taking a mail, such as ``451 later``."""
        if self._file is not None and self._file.exists():
            lines = self._file.read_text("utf-8").splitlines()
            self.mails = [Mail(**json.loads(line)) for line in lines]

    async def start(self, port: int, host: str = "127.0.0.1") -> asyncio.Server:
        """Take mails on a port; 0: a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), host, port
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        """aiosmtpd: a whole mail has come."""
        if self.refusal:
            return self.refusal
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain", "html"))
        mail = Mail(
            len(self.mails) + 1,
            iso(self._clock.time()),
            str(message.get("From", envelope.mail_from or "")),
            [str(one) for one in envelope.rcpt_tos],
            str(message.get("Subject", "")),
            str(body.get_content()) if body is not None else "",
            str(message.get("Message-ID", "")),
        )
        self.mails.append(mail)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(mail), ensure_ascii=False) + "\n")
        return "250 taken"


def routes(mailbox: Mailbox) -> list[BaseRoute]:
    """``GET /mailbox``, a page; ``GET /sim/mails``, the same as JSON."""
    environment = Environment(loader=PackageLoader("madoguchi_simulator"), autoescape=True)

    async def page(request: Request) -> Response:
        to = request.query_params.get("to", "")
        shown = [one for one in reversed(mailbox.mails) if not to or to in one.to]
        everybody = sorted({who for one in mailbox.mails for who in one.to})
        template = environment.get_template("mailbox.html")
        html = template.render(mails=shown[:MOST], everybody=everybody, to=to)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(html, headers=headers)

    async def mails(_: Request) -> Response:
        return JSONResponse({"mails": [asdict(one) for one in mailbox.mails]})

    return [
        Route("/mailbox", page, methods=["GET"]),
        Route("/sim/mails", mails, methods=["GET"]),
    ]
