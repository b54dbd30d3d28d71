"""Signed webhooks, ready to be sent: made before the clock runs."""

import base64
import hashlib
import hmac
import itertools
import json
import random
import re
import time
import zlib

import msgspec

_numbers = itertools.count(1)


class Stream(msgspec.Struct, frozen=True):
    """One kind of webhook to one address. `rate` is in webhooks a second, 0 for a closed loop."""

    path: str
    secret: str
    text: str
    rate: float = 0
    events: int = 1
    """Events in each body."""
    redelivered: float = 0
    """This share of the bodies comes a second time later (R9)."""
    forged: float = 0
    """This share has a signature of somebody else."""
    residents: int = 5_000
    """So many write, in turn; no other stream's are among them."""
    name: str = "all"
    answered: bool = True
    """Whether its replies are waited for."""


class Webhook(msgspec.Struct, frozen=True):
    """One request: its bytes on the wire, and what to expect."""

    wire: bytes
    tokens: tuple[str, ...]
    """The reply tokens of its events, under which their replies are known again."""
    status: int


def build(stream: Stream, count: int, host: str, seed: int = 1) -> list[Webhook]:
    """So many requests of a stream, redeliveries and forgeries among them."""
    dice = random.Random(seed)
    made: list[Webhook] = []
    bodies: list[tuple[bytes, tuple[str, ...]]] = []
    for _ in range(count):
        if bodies and dice.random() < stream.redelivered:
            body, tokens = dice.choice(bodies[-200:])
            body = body.replace(b'"isRedelivery":false', b'"isRedelivery":true')
            made.append(_request(stream, host, body, (), stream.secret))
        elif dice.random() < stream.forged:
            body, _ = _body(stream)
            made.append(_request(stream, host, body, (), "a secret of somebody else"))
        else:
            body, tokens = _body(stream)
            bodies.append((body, tokens))
            made.append(_request(stream, host, body, tokens, stream.secret))
    return made


def _body(stream: Stream) -> tuple[bytes, tuple[str, ...]]:
    events, tokens = [], []
    of_stream = zlib.crc32(stream.name.encode())
    for number in itertools.islice(_numbers, stream.events):
        who = number % stream.residents
        token = f"{number:032x}"
        tokens.append(token)
        events.append(
            {
                "type": "message",
                "message": {
                    "type": "text",
                    "id": f"{500_000_000_000_000_000 + number}",
                    "quoteToken": "q3Plxr4AgKd0000000000000000000000000000000",
                    "text": stream.text,
                },
                "webhookEventId": f"01H{time.time_ns() // 1_000_000:013X}{number:010X}",
                "deliveryContext": {"isRedelivery": False},
                "timestamp": int(time.time() * 1000),
                "source": {"type": "user", "userId": f"U{of_stream:08x}{who:024x}"},
                "replyToken": token,
                "mode": "active",
            }
        )
    table = {"destination": "U" + "0" * 32, "events": events}
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode(), tuple(tokens)


def _request(
    stream: Stream, host: str, body: bytes, tokens: tuple[str, ...], secret: str
) -> Webhook:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    head = (
        f"POST {stream.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: LineBotWebhook/2.0\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"x-line-signature: {base64.b64encode(digest).decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Webhook(head.encode() + body, tokens, 200 if secret == stream.secret else 401)


_REPLY_TOKEN = re.compile(rb'"replyToken":\s*"([^"]*)"')


def reply_token(body: bytes) -> str:
    """The reply token in the body of a reply call; empty if there is none."""
    found = _REPLY_TOKEN.search(body)
    return found[1].decode() if found else ""
