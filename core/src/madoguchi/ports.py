"""Ports that are opened before anything starts.

A server that finds its port taken ends, and is started again, and ends: so the ports are opened
first, and a person reads one sentence instead. The supervisor keeps what it opened and lends it to
its children: who comes while one of them starts again waits a moment, and is not refused.
"""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from madoguchi.errors import MadoguchiError

PATIENCE = 2.0
"""Seconds. What a killed deployment held open is closed by the system a moment later."""
LOCAL = "127.0.0.1,::1"
"""This machine, as addresses."""
WAITING = 2048
"""Connections that may wait until somebody takes them."""


class PortTaken(MadoguchiError):
    """A port cannot be opened; the message says which one and what to do."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port that one of our processes will listen on."""

    number: int
    purpose: str
    """Ends the sentence "port 8000 is needed for …"."""
    option: str
    """The command line's option that decides it."""


def open_ports(host: str, ports: Iterable[Port], patience: float = PATIENCE) -> list[socket.socket]:
    """Listen on each port. Raises PortTaken if one cannot be opened, or two are the same."""
    deadline = time.monotonic() + patience
    opened: dict[Port, socket.socket] = {}
    try:
        for port in ports:
            if other := next((one for one in opened if one.number == port.number), None):
                raise PortTaken(
                    f"port {port.number} is wanted twice, for {other.purpose} and for"
                    f" {port.purpose}: choose another with {port.option}"
                )
            opened[port] = _open(host, port, deadline)
    except BaseException:
        for listening in opened.values():
            listening.close()
        raise
    return list(opened.values())


def require_free(host: str, ports: Iterable[Port], patience: float = PATIENCE) -> None:
    """Return if each port can be opened and no two are the same. Raises PortTaken."""
    for listening in open_ports(host, ports, patience):
        listening.close()


def _open(host: str, port: Port, deadline: float) -> socket.socket:
    while True:
        try:
            return listen(host, port.number)
        except OSError as error:
            reason = getattr(error, "strerror", None) or str(error)
        if time.monotonic() > deadline:
            raise PortTaken(
                f"port {port.number}, needed for {port.purpose}, cannot be opened ({reason}): "
                f"choose another with {port.option}, or end the program that uses this one"
            )
        time.sleep(0.05)


def listen(host: str, number: int) -> socket.socket:
    """Listen on a port. Raises OSError."""
    if not 1 <= number <= 65_535:
        raise OSError("there are ports from 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, number), family=family, backlog=WAITING)
