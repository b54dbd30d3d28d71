"""Ports are tried before anything starts; a person reads which one is taken and what to do."""

import socket
import threading

import pytest
from typer.testing import CliRunner

from madoguchi.cli import app
from madoguchi.ports import Port, PortTaken, require_free

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return found.getsockname()[1]


def test_free_ports_are_left_free() -> None:
    number = free_port()
    require_free(HOST, [Port(number, "pages", "--port")])
    socket.create_server((HOST, number)).close()


def test_a_port_that_is_given_back_a_moment_later_is_waited_for() -> None:
    taken = socket.create_server((HOST, 0))
    number = taken.getsockname()[1]
    threading.Timer(0.2, taken.close).start()
    require_free(HOST, [Port(number, "pages", "--port")], patience=30)


@pytest.mark.parametrize(
    ("host", "number", "reason"),
    [(HOST, 65536, "to 65535"), ("192.0.2.1", 18000, "assign"), ("no such host", 18000, "")],
)
def test_what_cannot_be_opened_at_all_is_said(host: str, number: int, reason: str) -> None:
    with pytest.raises(PortTaken, match=f"port {number}, needed for pages, .*{reason}.*--port"):
        require_free(host, [Port(number, "pages", "--port")], patience=0)


def test_serve_names_the_port_and_the_option(tmp_path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        number = taken.getsockname()[1]
        options = ["--port", str(free_port()), "--door-port", str(number), "--data", str(tmp_path)]
        told = CliRunner().invoke(app, ["serve", *options])
    assert told.exit_code == 1
    assert f"port {number}, needed for webhooks" in told.output
    assert "--door-port" in told.output
    assert not list(tmp_path.iterdir())


def test_serve_does_not_give_one_port_to_two(tmp_path) -> None:
    options = ["--port", "18001", "--door-port", "18001", "--data", str(tmp_path)]
    told = CliRunner().invoke(app, ["serve", *options])
    assert told.exit_code == 1
    assert "port 18001 is wanted twice, for pages and for webhooks" in told.output
