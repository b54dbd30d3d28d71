"""A simulator and a bot, each answering real HTTP on a port of its own."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
import yaml
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from madoguchi_simulator import Channel, LiffApp, LoginChannel, Simulator

SECRET, TOKEN = "secret-of-the-test", "token-of-the-test"
LOGIN_SECRET = "login-secret-of-the-test-00000000"
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PATIENCE = 15_000  # milliseconds; the machine may be busy
OPENAPI = Path(__file__).resolve().parents[3] / "shared" / "line-openapi"


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return self.json["message"]


class Http:
    """A client of one port: the control API, and LINE's API with the test's token."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.token = token

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        defaults = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            defaults["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body, {**defaults, **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Response:
        return self.call("GET", path, None, headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.call("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path: str, body: Any) -> Response:
        return self.call("PUT", path, body)

    def post_form(self, path: str, **fields: str) -> Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call("POST", path, urlencode(fields).encode(), headers)

    def post_files(self, path: str, *files: tuple[str, str, bytes]) -> Response:
        body = b"".join(
            b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
            b"Content-Type: %s\r\n\r\n%s\r\n" % (name.encode(), kind.encode(), data)
            for name, kind, data in files
        )
        headers = {"Content-Type": "multipart/form-data; boundary=frontier"}
        return self.call("POST", path, body + b"--frontier--\r\n", headers)

    # What nearly every test does.

    def settings(self, **changes: Any) -> dict[str, Any]:
        answer = self.put("/sim/settings", changes)
        assert answer.status == 200, answer
        return answer.json

    def resident(self, name: str = "花子", **more: Any) -> str:
        return self.post("/sim/residents", {"displayName": name, **more}).json["userId"]

    def says(self, user_id: str, text: str) -> dict[str, Any]:
        body = {"type": "text", "text": text}
        return self.post(f"/sim/residents/{user_id}/messages", body).json

    def chat(self, user_id: str, after: int = 0) -> list[dict[str, Any]]:
        return self.get(f"/sim/residents/{user_id}/chat?after={after}").json["entries"]

    def texts(self, user_id: str) -> list[str]:
        return [entry["message"]["text"] for entry in self.chat(user_id)]

    def book(self) -> list[dict[str, Any]]:
        return self.get("/sim/book").json["sends"]

    def push(self, user_id: str, text: str = "こんにちは", **headers: str) -> Response:
        body = {"to": user_id, "messages": [{"type": "text", "text": text}]}
        return self.post("/v2/bot/message/push", body, **headers)

    def reply(self, token: str, text: str = "はい", **headers: str) -> Response:
        body = {"replyToken": token, "messages": [{"type": "text", "text": text}]}
        return self.post("/v2/bot/message/reply", body, **headers)

    def multicast(self, to: list[Any], text: str = "皆さん", **headers: str) -> Response:
        body = {"to": to, "messages": [{"type": "text", "text": text}]}
        return self.post("/v2/bot/message/multicast", body, **headers)


class Bot:
    """The bot under test: keeps what arrives, answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.delay = 0.0
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                bot.requests.append((headers, body))
                time.sleep(bot.delay)
                self.send_response(bot.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body["events"]]

    @staticmethod
    def signature(body: bytes) -> str:
        return base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()


def eventually(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The condition's value as soon as it is true; fails if it never is."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)
    return value


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Any]:
    return eventually


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def answers() -> Callable[[Http], None]:
    """Waits until the bot behind the simulator's webhook URL answers LINE's connection check."""

    def wait(line: Http) -> None:
        path = "/v2/bot/channel/webhook/test"
        line.settings(rateScale=0)
        eventually(lambda: line.post(path, {}).json["success"], 60)

    return wait


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.stop()


@pytest.fixture
def simulator(bot: Bot) -> Simulator:
    """The simulator behind ``line``, for what only its methods show."""
    logins = [
        LoginChannel(
            secret=LOGIN_SECRET,
            callbacks=("http://127.0.0.1:9/callback",),
            apps=(
                LiffApp("2000000002-aaaaaaaa", "http://127.0.0.1:9/app"),
                LiffApp("2000000002-bbbbbbbb", "http://127.0.0.1:9/b?x=1", "tall", ("openid",)),
            ),
        ),
        LoginChannel("2000000003", "another-login-channel-secret-000"),
    ]
    channel = Channel(secret=SECRET, access_token=TOKEN, webhook_url=bot.url)
    return Simulator(channel, logins=logins)


@pytest.fixture
def line(simulator: Simulator) -> Iterator[Http]:
    """The running simulator's port. Webhooks may take long, as the tests share a machine."""
    config = uvicorn.Config(
        simulator.app, port=0, access_log=False, timeout_graceful_shutdown=1, log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    client = Http(server.servers[0].sockets[0].getsockname()[1])
    client.settings(webhookTimeout=20)
    yield client
    simulator.chats.close()  # phones wait for an answer
    server.should_exit = True
    thread.join()
    simulator.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console had to complain about; must be empty at the end of a test."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[Callable[[str], Page]]:
    """Opens a page on a phone that may talk to this machine alone, and may not complain."""
    contexts, outside = [], []
    expect.set_options(timeout=PATIENCE)

    def guard(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost"):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    def watch(page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def open_page(base_url: str) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="ja-JP", base_url=base_url
        )
        contexts.append(context)
        context.route(lambda url: not url.startswith(("data:", "blob:")), guard)
        context.on("page", watch)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not outside, "requests left the machine"
    assert not complaints


class Schemas:
    """The schemas of one of LINE's OpenAPI files, with discriminators followed.

    An ordinary JSON Schema validator checks almost nothing of them: what a ``Message`` is stands
    in the child that ``discriminator`` names. Properties that no schema names are problems.
    """

    def __init__(self, path: Path) -> None:
        self._schemas = yaml.safe_load(path.read_text("utf-8"))["components"]["schemas"]

    def problems(self, name: str, value: Any) -> list[str]:
        return list(self._check(self._schemas[name], value, name))

    def check(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Problems of what stands where the file says `schema`."""
        return list(self._check(schema, value, schema.get("$ref", "").rpartition("/")[2]))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        return self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _check(self, schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
        schema = self._resolve(schema)
        if choices := schema.get("oneOf"):
            found = [list(self._check(one, value, at)) for one in choices]
            yield from min(found, key=len)
            return
        if "discriminator" in schema:
            choice = schema["discriminator"]
            kind = value.get(choice["propertyName"]) if isinstance(value, dict) else None
            if kind not in choice["mapping"]:
                yield f"{at}: no such {choice['propertyName']}: {kind!r}"
                return
            schema = self._resolve({"$ref": choice["mapping"][kind]})
        parts = list(self._parts(schema))
        if isinstance(value, dict):
            named = {name for part in parts for name in part.get("properties", {})}
            if not any("additionalProperties" in part for part in parts):
                for name in value.keys() - named:
                    yield f"{at}.{name}: unknown property"
        for part in parts:
            yield from self._check_part(part, value, at)

    def _parts(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A schema and all it inherits; a parent's discriminator is not followed again."""
        yield schema
        for parent in schema.get("allOf", []):
            yield from self._parts(self._resolve(parent))

    def _check_part(self, schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
        if value is None and schema.get("nullable"):
            return
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool}
        kinds |= {"integer": int, "number": (int, float)}
        kind = kinds.get(schema.get("type", ""), object)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, (int, float))):
            yield f"{at}: {value!r} is no {schema['type']}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        if isinstance(value, str):
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                yield f"{at}: length {len(value)}"
            if "pattern" in schema and not re.search(schema["pattern"], value):
                yield f"{at}: {value!r} does not match {schema['pattern']}"
        elif isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                yield f"{at}: {len(value)} items"
            for index, item in enumerate(value):
                yield from self._check(schema.get("items", {}), item, f"{at}[{index}]")
        elif isinstance(value, dict):
            for name in schema.get("required", []):
                if name not in value:
                    yield f"{at}.{name}: required"
            for name, child in schema.get("properties", {}).items():
                if name in value:
                    yield from self._check(child, value[name], f"{at}.{name}")


@pytest.fixture(scope="session")
def openapi() -> SimpleNamespace:
    """LINE's schemas: ``webhook``, ``messaging``, ``token`` and ``liff``; ``of`` any file."""
    if not OPENAPI.is_dir():
        pytest.skip("LINE's OpenAPI files are not beside the repository (../shared/line-openapi)")
    of = cache(lambda file: Schemas(OPENAPI / f"{file}.yml"))
    return SimpleNamespace(
        folder=OPENAPI,
        of=of,
        webhook=of("webhook"),
        messaging=of("messaging-api"),
        token=of("channel-access-token"),
        liff=of("liff"),
    )
