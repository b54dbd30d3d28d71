"""Ports that have to be free before anything starts.

A server that finds its port taken ends, and is started again, and ends: so the ports are tried
first, and a person reads one sentence instead.
"""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from madoguchi.errors import MadoguchiError

PATIENCE = 2.0
"""Seconds. What a killed deployment held open is closed by the system a moment later."""


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


def require_free(host: str, ports: Iterable[Port], patience: float = PATIENCE) -> None:
    """Return if each port can be opened and no two are the same. Raises PortTaken."""
    deadline = time.monotonic() + patience
    seen: dict[int, Port] = {}
    for port in ports:
        if (other := seen.setdefault(port.number, port)) is not port:
            raise PortTaken(
                f"port {port.number} is wanted twice, for {other.purpose} and for {port.purpose}: "
                f"choose another with {port.option}"
            )
        while (reason := _try(host, port.number)) is not None:
            if time.monotonic() > deadline:
                raise PortTaken(
                    f"port {port.number}, needed for {port.purpose}, cannot be opened ({reason}): "
                    f"choose another with {port.option}, or end the program that uses this one"
                )
            time.sleep(0.05)


def _try(host: str, number: int) -> str | None:
    """Why the port cannot be listened on; None if it can."""
    if not 1 <= number <= 65_535:
        return "there are ports from 1 to 65535"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        return error.strerror or str(error)
    return None
