"""What stands in `deploy/` is tried as far as this machine can: parsed, checked, started.

nginx, Caddy, systemd and the servers are asked where they are there; the rest is read.
"""

import asyncio
import configparser
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from pathlib import Path

import pytest
from redis import Redis

from madoguchi import cli
from madoguchi.door import MAX_BODY
from madoguchi.forms import Photos
from madoguchi.forms.media import MAX_BYTES
from madoguchi.store_postgres import FETCH_POOL_SIZE, POOL_SIZE
from tests.test_docs import parse

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SERVE = {name: given.default for name, given in signature(cli.serve).parameters.items()}
LINE_CITY = "line.city.example"


def needs(program: str) -> str:
    """The program's path; the test is skipped where it is not installed."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed on this machine: its configuration is only read")
    return found


def read(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


# systemd


def unit() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read_string(read("madoguchi.service"))
    return found


def test_the_unit_names_what_the_commands_are() -> None:
    service = unit()["Service"]
    for key, name in {"ExecStart": "serve", "ExecReload": "restart"}.items():
        program, module, *command = shlex.split(service[key])
        assert (Path(program).name, module, command[0]) == ("python", "-m", "madoguchi")
        assert command[1] == name
        parse(shlex.join(["madoguchi", *command[1:]]))
        assert service["StateDirectory"] == Path(command[command.index("--data") + 1]).name
    assert int(service["TimeoutStopSec"]) > 10 + 10, "door and worker may take 10 s each"
    assert service["User"] != "root"


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = needs("systemd-analyze")
    python = "/srv/madoguchi/current/.venv/bin/python"
    file = tmp_path / "madoguchi.service"
    file.write_text(read("madoguchi.service").replace(python, sys.executable), "utf-8")
    told = subprocess.run([analyze, "verify", file], capture_output=True, text=True, check=False)
    assert "madoguchi.service" not in told.stderr, told.stderr
    assert told.returncode == 0, told.stderr
    command = [analyze, "security", "--offline=true", "--threshold=25", file]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_a_release_is_changed_by_a_link(tmp_path: Path) -> None:
    """`current` is not resolved: workers that start later run what it points to then."""
    current = tmp_path / "current"
    current.symlink_to(Path(sys.executable).parents[1])
    ask = [current / "bin" / "python", "-c", "import sys, madoguchi; print(sys.executable)"]
    told = subprocess.run(ask, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(current / "bin" / "python")


# The container


def steps() -> list[tuple[str, str]]:
    """Instruction and rest of each line of the container file, continued lines put together."""
    text = re.sub(r"^#.*\n", "", read("Containerfile"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]  # type: ignore[misc]


def those(instruction: str) -> list[str]:
    return [rest for name, rest in steps() if name == instruction]


def test_the_container_file_is_sound() -> None:
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
    assert {name for name, _ in steps()} - known == {"HEALTHCHECK", "ENTRYPOINT", "CMD"}
    images = [rest.split()[0] for rest in those("FROM")]
    assert all(re.fullmatch(r"[a-z]+:[a-z0-9.-]+-slim", image) for image in images), "a bare name"
    assert "://" not in "".join(rest for name, rest in steps() if name not in ("HEALTHCHECK",))
    own = steps()[[name for name, _ in steps()].index("USER") :]
    assert "RUN" not in [name for name, _ in own], "nothing is installed by the user that serves"
    assert those("USER") == ["10001"], "a number, so that a cluster can see that it is not root"
    assert those("EXPOSE") == [f"{SERVE['port']} {SERVE['door_port']}"]
    assert "--require-hashes -r requirements.lock" in " ".join(those("RUN"))
    for run in those("RUN"):
        subprocess.run(["sh", "-n", "-c", run], check=True)
        assert " ; " not in run, "joined by &&: a step that fails ends the build"


def test_the_container_holds_every_member() -> None:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    members = {member.partition("/")[0] for member in workspace["workspace"]["members"]}
    members.remove("simulator")  # nothing to play LINE where LINE is
    copied = {rest.split()[0] for rest in those("COPY") if "--from" not in rest}
    assert members <= copied
    assert all((ROOT / one).exists() for one in copied)
    (installed,) = (run for run in those("RUN") if "--no-deps" in run)
    assert {part.split("/")[1] for part in installed.split() if part.startswith("./")} == members
    tools = {"axe-playwright-python", "flit_core", "hypothesis", "playwright", "pyrefly", "ruff"}
    assert tools <= set(installed.split())


def test_the_container_starts_serve_and_asks_both_ports() -> None:
    (entry,), (command,), (health,) = those("ENTRYPOINT"), those("CMD"), those("HEALTHCHECK")
    assert json.loads(entry) == ["python", "-m", "madoguchi"]
    parse(shlex.join(["madoguchi", *json.loads(command)]))
    program = json.loads(health.partition("CMD ")[2])
    assert program[:2] == ["python", "-c"]
    compile(program[2], "HEALTHCHECK", "exec")
    for port in (SERVE["port"], SERVE["door_port"]):
        assert f"127.0.0.1:{port}/health/live" in program[2]


# The proxies


class Upstream:
    """Stands for the door or the worker: keeps what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], int]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                seen.append((self.path, dict(self.headers), len(self.rfile.read(length))))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_the_proxies_send_webhooks_to_the_door_and_the_rest_to_the_worker() -> None:
    nginx, caddy = read("nginx.conf"), read("Caddyfile")
    door, worker = SERVE["door_port"], SERVE["port"]
    assert re.findall(r"server 127.0.0.1:(\d+);", nginx) == [str(door), str(worker)]
    assert re.findall(r"reverse_proxy 127.0.0.1:(\d+)", caddy) == [str(door), str(worker)]
    for text in (nginx, caddy):
        assert text.count("{") == text.count("}")
        assert "^/[^/]+/webhook$" in text
        limits = [int(n) for n in re.findall(r"(?:body_size|max_size) (\d+)(?:m;|MB)", text)]
        assert limits[0] == 2
        assert limits[1] * 1_000_000 > Photos("p", "").most * MAX_BYTES + 2_000_000
    assert MAX_BODY == 2 * 1024 * 1024
    assert "X-Forwarded-For   $remote_addr;" in nginx, "replaced, not continued"


def send(port: int, method: str, path: str, size: int = 0) -> int:
    """Ask the proxy over https as `line.city.example`; the status."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    with closing(HTTPSConnection(LINE_CITY)) as connection:
        # The name is said in the handshake, as LINE does: Caddy picks the certificate by it.
        connection.sock = context.wrap_socket(plain, server_hostname=LINE_CITY)
        headers = {"Host": LINE_CITY, "X-Forwarded-For": "198.51.100.7"}
        connection.request(method, path, b"x" * size if size else None, headers)
        return connection.getresponse().status


def drive(port: int, door: Upstream, worker: Upstream, too_large: tuple[int, ...] = (413,)) -> None:
    """What both proxies have to do."""
    assert send(port, "POST", "/mihon/webhook", 2_000_000) == 200
    path, headers, size = door.seen.pop()
    assert (path, size) == ("/mihon/webhook", 2_000_000)
    assert headers["X-Forwarded-For"] == "127.0.0.1", "the real client, not what it claims"
    assert headers["X-Forwarded-Proto"] == "https"
    assert send(port, "POST", "/mihon/webhook", 2_200_000) in too_large
    assert send(port, "POST", "/mihon/liff/form", 3_000_000) == 200
    assert send(port, "GET", "/mihon/webhook/more") == 200
    assert send(port, "GET", "/metrics") == 404
    assert send(port, "GET", "/health/ready") == 404
    assert [path for path, _, _ in worker.seen] == ["/mihon/liff/form", "/mihon/webhook/more"]
    # Caddy passes on the beginning of what is too large, and breaks off.
    assert all(path == "/mihon/webhook" and size < 2_200_000 for path, _, size in door.seen)


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None, process.stdout and process.stdout.read().decode()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def upstreams() -> Iterator[tuple[Upstream, Upstream]]:
    door, worker = Upstream(), Upstream()
    yield door, worker
    door.close()
    worker.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_nginx_starts_with_it(tmp_path: Path, upstreams: tuple[Upstream, Upstream]) -> None:
    nginx, (door, worker) = needs("nginx"), upstreams
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make += ["-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=test"]
    subprocess.run(make, check=True, capture_output=True)
    port, plain = free_port(), free_port()
    text = read("nginx.conf").replace("/etc/ssl/line.city.example", str(tmp_path))
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 80", f"listen 127.0.0.1:{plain}")
    text = text.replace(f":{SERVE['door_port']};", f":{door.port};")
    text = text.replace(f":{SERVE['port']};", f":{worker.port};")
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = tmp_path / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""  # pytest's folders are the caller's own
    main.write_text(
        f"{user}daemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    )
    tested = subprocess.run([nginx, "-t", "-c", main], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with running([nginx, "-c", str(main)], port):
        drive(port, door, worker)


def test_caddy_starts_with_it(tmp_path: Path, upstreams: tuple[Upstream, Upstream]) -> None:
    caddy, (door, worker) = needs("caddy"), upstreams
    port = free_port()
    text = read("Caddyfile").replace(
        "line.city.example {", f"https://{LINE_CITY}:{port} {{\n\ttls internal"
    )
    text = text.replace(f":{SERVE['door_port']} ", f":{door.port} ")
    text = text.replace(f":{SERVE['port']} ", f":{worker.port} ")
    file = tmp_path / "Caddyfile"
    options = ["admin off", "auto_https disable_redirects", "skip_install_trust"]
    options.append(f"storage file_system {tmp_path}")
    file.write_text("\n".join(["{", *options, "}", text]))
    named = ["--config", str(file), "--adapter", "caddyfile"]
    tested = subprocess.run(
        [caddy, "validate", *named], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    with running([caddy, "run", *named], port):
        drive(port, door, worker, (413, 502))  # before 2.7 Caddy said 502, and Debian 12 has 2.6


# The servers behind


def test_redis_starts_with_it_and_keeps_nothing(tmp_path: Path) -> None:
    server, port = needs("redis-server"), free_port()
    text = read("redis.conf").replace("port 6379", f"port {port}")
    (tmp_path / "redis.conf").write_text(f"{text}\ndir {tmp_path}\n")
    with running([server, str(tmp_path / "redis.conf")], port), Redis(port=port) as redis:
        assert redis.config_get("save") == {"save": ""}
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        redis.set("key", "value")
    assert {file.name for file in tmp_path.iterdir()} == {"redis.conf"}


def settings_of_postgresql() -> dict[str, str]:
    lines = re.findall(r"^([a-z_]+) = (\S+)$", read("postgresql.conf"), re.MULTILINE)
    return {name: value.strip("'") for name, value in lines}


def test_postgresql_knows_every_setting() -> None:
    """Those that a session may change are tried there, the others are known by their names."""
    if not (url := os.environ.get("MADOGUCHI_TEST_DATABASE_URL")):
        pytest.skip("MADOGUCHI_TEST_DATABASE_URL is not set")
    import asyncpg

    async def ask() -> set[str]:
        connection = await asyncpg.connect(url)
        try:
            known = await connection.fetch("SELECT name, context FROM pg_settings")
            contexts = {row["name"]: row["context"] for row in known}
            for name, value in settings_of_postgresql().items():
                if contexts.get(name) == "user":
                    await connection.execute("SELECT set_config($1, $2, false)", name, value)
            return set(contexts)
        finally:
            await connection.close()

    assert set(settings_of_postgresql()) <= asyncio.run(ask())


def test_connections_are_enough_for_ten_cities_and_the_text_says_how_many() -> None:
    assert f"up to {POOL_SIZE + FETCH_POOL_SIZE} connections" in read("postgresql.conf")
    most = int(settings_of_postgresql()["max_connections"])
    assert most > 10 * (POOL_SIZE + FETCH_POOL_SIZE + 3)
