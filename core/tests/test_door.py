"""The door, over HTTP: what is let in, what is not, and that what was acknowledged is stored."""

import base64
import hashlib
import hmac
import http.client
import json
import logging
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from madoguchi import serving
from madoguchi.clock import Clock
from madoguchi.door import MAX_BODY, Door, DoorPlace, Entrance
from madoguchi.testing import LoopThread

SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
KNOWN_BODY = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
KNOWN_SIGNATURE = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="
USER = "U" + "5" * 32
WEBHOOK = "/mihon/webhook"


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def event(number: int, **more: object) -> dict[str, object]:
    return {
        "type": "message",
        "webhookEventId": f"01EVENT{number:019d}",
        "source": {"type": "user", "userId": USER},
        "message": {"type": "text", "id": str(number), "text": "電池"},
        **more,
    }


def body_of(*events: object) -> bytes:
    return json.dumps({"destination": "U1", "events": events}).encode()


def stored(folder: Path) -> list[str]:
    """The event ids in an embedded inbox."""
    with closing(sqlite3.connect(folder / "inbox.sqlite")) as db:
        return [row[0] for row in db.execute("SELECT event_id FROM inbox ORDER BY seq")]


def send(url: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        assert path.startswith("/health/") or response.read() == b""
        return response.status


def post(url: str, body: bytes, signature: str | None = None, path: str = WEBHOOK) -> int:
    """Deliver a webhook as LINE does; `signature` other than the right one on request."""
    signature = sign(body) if signature is None else signature
    return send(url, "POST", path, body, {"x-line-signature": signature})


@pytest.fixture
def open_door(loop_thread: LoopThread) -> Iterator[Callable[[list[Entrance]], str]]:
    """Serve a door with these entrances; its address."""
    stack = AsyncExitStack()

    def serve(entrances: list[Entrance]) -> str:
        async def start() -> str:
            door = Door(entrances, Clock().time)
            return await stack.enter_async_context(serving.serving(door, lifespan=True))

        return loop_thread.run(start())

    yield serve
    loop_thread.run(stack.aclose())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mihon"


@pytest.fixture
def url(open_door: Callable[[list[Entrance]], str], folder: Path) -> str:
    closed = Entrance("closed", trouble="config/closed.toml: channel_secret: is missing")
    return open_door([Entrance("mihon", SECRET, str(folder)), closed])


# -- who is let in --------------------------------------------------------------------------------


def test_r1_the_known_answer_of_lines_documents(url: str) -> None:
    assert sign(KNOWN_BODY) == KNOWN_SIGNATURE
    assert post(url, KNOWN_BODY, KNOWN_SIGNATURE) == 200


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "AAAA",
        KNOWN_SIGNATURE,
        sign(body_of(event(1)))[:-1],
        sign(body_of(event(1)))[:20],
        sign(body_of(event(1))) + "=",
        sign(body_of(event(1)), "another gateway's secret"),
        sign(body_of(event(1)) + b" "),
    ],
)
def test_r2_a_wrong_signature_stores_nothing(url: str, folder: Path, signature: str) -> None:
    assert post(url, body_of(event(1)), signature) == 401
    assert stored(folder) == []


def test_r2_no_signature_stores_nothing(url: str, folder: Path) -> None:
    assert send(url, "POST", WEBHOOK, body_of(event(1)), {}) == 401
    assert stored(folder) == []


def test_r1_nothing_is_parsed_before_the_signature_is_right(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for body in (b"{not json", b'{"events": 5}', b"\xff\xfe", b"[" * 100_000):
        assert post(url, body, sign(body, "wrong")) == 401
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


def test_r1_the_raw_bytes_are_signed_not_their_meaning(url: str, folder: Path) -> None:
    body = b'{ "events" : [ {"webhookEventId":"01RAW", "text":"\\u96fb\\u6c60"} ] }'
    assert post(url, json.dumps(json.loads(body)).encode(), sign(body)) == 401
    assert post(url, body) == 200
    assert stored(folder) == ["01RAW"]


@pytest.mark.parametrize("name", ["x-line-signature", "X-Line-Signature", "X-LINE-SIGNATURE"])
def test_r2_header_names_have_no_case(url: str, name: str) -> None:
    assert send(url, "POST", WEBHOOK, KNOWN_BODY, {name: KNOWN_SIGNATURE}) == 200


# -- sizes, shapes, addresses ---------------------------------------------------------------------


def test_two_megabytes_are_taken_and_one_byte_more_is_413(url: str, folder: Path) -> None:
    body = body_of(event(1))
    assert post(url, body + b" " * (MAX_BODY - len(body))) == 200
    assert post(url, body + b" " * (MAX_BODY - len(body) + 1)) == 413
    assert len(stored(folder)) == 1


def test_413_is_answered_to_the_content_length_before_the_body_comes(url: str) -> None:
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_413_for_a_body_that_comes_in_chunks(url: str, folder: Path) -> None:
    def chunks() -> Iterable[bytes]:
        yield from (b" " * 65_536 for _ in range(MAX_BODY // 65_536 + 1))

    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request("POST", WEBHOOK, chunks(), encode_chunked=True)
        assert connection.getresponse().status == 413
    assert stored(folder) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"{not json", "Expecting property name"),
        (b"[]", "no list of `events`"),
        (b"5", "no list of `events`"),
        (b'{"destination":"U1"}', "no list of `events`"),
        (b'{"events":null}', "no list of `events`"),
        (b'{"events":{"0":{}}}', "no list of `events`"),
        (b'{"events":[{}]', "Expecting"),
        (b'{"events":[{}]} {}', "Extra data"),
        (b"[" * 200_000, "recursion"),
    ],
)
def test_signed_but_no_webhook_is_400_and_the_log_says_why(
    url: str, folder: Path, caplog: pytest.LogCaptureFixture, body: bytes, reason: str
) -> None:
    assert post(url, body) == 400
    assert stored(folder) == []
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1
    assert said[0].startswith("mihon: a signed webhook is no webhook: ")
    assert reason in said[0]


def test_r4_no_events_is_lines_connection_check(url: str, folder: Path) -> None:
    assert post(url, KNOWN_BODY) == 200
    assert stored(folder) == []


def test_addresses_methods_and_closed_gateways(url: str) -> None:
    assert post(url, KNOWN_BODY, path="/nowhere/webhook") == 404
    assert post(url, KNOWN_BODY, path="/mihon") == 404
    assert send(url, "GET", WEBHOOK, b"", {}) == 405
    assert send(url, "PUT", WEBHOOK, KNOWN_BODY, {"x-line-signature": KNOWN_SIGNATURE}) == 405
    assert post(url, KNOWN_BODY, path="/closed/webhook") == 503


def test_r17_one_line_for_each_webhook_without_user_ids_and_texts(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "madoguchi")
    post(url, body_of(event(1), event(2)))
    post(url, body_of(event(3)), "wrong")
    post(url, f'{{"events": "{USER} 電池"}}'.encode())
    lines = [record.getMessage() for record in caplog.records if " POST " in record.getMessage()]
    assert lines == [f"127.0.0.1 POST {WEBHOOK} {status}" for status in (200, 401, 400)]
    assert USER not in caplog.text
    assert "電池" not in caplog.text


# -- durability -----------------------------------------------------------------------------------


def test_a_locked_database_is_503_and_what_was_acknowledged_is_stored(
    url: str, folder: Path
) -> None:
    with closing(sqlite3.connect(folder / "inbox.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert post(url, body_of(event(1))) == 503
        other.execute("ROLLBACK")
    assert stored(folder) == []
    assert post(url, body_of(event(1))) == 200
    assert len(stored(folder)) == 1


def test_an_inbox_that_cannot_be_opened_closes_only_its_gateway_until_it_can(
    open_door: Callable[[list[Entrance]], str], folder: Path, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "other" / "inbox.sqlite"
    in_the_way.mkdir(parents=True)
    entrances = [Entrance("other", SECRET, str(tmp_path / "other"))]
    url = open_door([*entrances, Entrance("mihon", SECRET, str(folder))])
    assert post(url, body_of(event(1)), path="/other/webhook") == 503
    assert post(url, body_of(event(1))) == 200
    in_the_way.rmdir()
    assert post(url, body_of(event(1)), path="/other/webhook") == 200
    assert len(stored(tmp_path / "other")) == 1


class DoorProcess:
    """`python -m madoguchi.door` on a port of its own; what it logs goes to a file."""

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        place = DoorPlace("127.0.0.1", port, [Entrance("mihon", SECRET, str(folder))])
        most = most_bytes or resource.RLIM_INFINITY
        folder.mkdir(exist_ok=True)
        ready, tell = os.pipe()
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "madoguchi.door"],
                stdin=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
                pass_fds=[tell],
                env={**os.environ, "MADOGUCHI_READY_FD": str(tell)},
            )
        os.close(tell)
        assert self.process.stdin
        with self.process.stdin as told:
            told.write(msgspec.json.encode(place))
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.read() == b"READY\n"

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(20)


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(folder: Path) -> None:
    door = DoorProcess(folder)
    acknowledged: list[str] = []
    enough = threading.Event()

    def deliver(lane: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(door.url).netloc, timeout=5)
        with closing(connection):
            for number in range(100_000):
                one = event(lane * 100_000 + number)
                body = body_of(one)
                try:
                    connection.request("POST", WEBHOOK, body, {"x-line-signature": sign(body)})
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException):
                    return
                if response.status == 200:
                    acknowledged.append(str(one["webhookEventId"]))
                if len(acknowledged) > 300:
                    enough.set()

    deliverers = [threading.Thread(target=deliver, args=[lane]) for lane in range(6)]
    for thread in deliverers:
        thread.start()
    assert enough.wait(30)
    door.end(signal.SIGKILL)
    for thread in deliverers:
        thread.join(10)
    found = stored(folder)
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


def test_a_full_disk_is_503_and_the_door_stays(folder: Path) -> None:
    """No file of the process may grow beyond 256 kB, as on a full disk."""
    door = DoorProcess(folder, most_bytes=256 * 1024)
    try:
        acknowledged, statuses = [], set()
        for number in range(12):
            one = event(number, padding="x" * 40_000)
            statuses.add(status := post(door.url, body_of(one)))
            if status == 200:
                acknowledged.append(one["webhookEventId"])
        assert statuses == {200, 503}
        assert send(door.url, "GET", "/health/live", b"", {}) == 200
        assert stored(folder) == acknowledged
    finally:
        door.end(signal.SIGTERM)
    log = (folder / "log").read_text()
    assert "mihon: a webhook could not be stored" in log
    assert USER not in log


def test_r17_the_process_writes_the_time_of_each_webhook(folder: Path) -> None:
    door = DoorProcess(folder)
    assert post(door.url, KNOWN_BODY) == 200
    door.end(signal.SIGTERM)
    assert door.process.returncode == 0
    lines = (folder / "log").read_text().splitlines()
    (line,) = [line for line in lines if "POST" in line]
    assert line[:2] == "20"
    assert line.endswith(f"INFO 127.0.0.1 POST {WEBHOOK} 200")
