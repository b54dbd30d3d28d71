"""What those who look after a deployment ask of a process: `/health/live`, `/health/ready`, and
`/metrics`. The door and the worker answer alike.

Whether it lives and is ready is told to everybody, as a status; why, and the numbers, only to the
addresses that were allowed. What comes through a trusted proxy counts as its client.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from madoguchi.errors import ConfigError
from madoguchi.metrics import write_page

PATHS = ("/health/live", "/health/ready", "/metrics")


@dataclass(frozen=True, slots=True)
class Report:
    """Whether a process can do its work, and what of each gateway is to be known."""

    is_ready: bool
    gateways: Mapping[str, Any]


class Observed:
    """An ASGI application for `PATHS`. Raises ConfigError if `watchers` are no addresses."""

    def __init__(self, watchers: str, report: Callable[[], Awaitable[Report]]) -> None:
        self._networks = read_networks(watchers)
        self._report = report

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        is_watcher = self._is_watcher(scope)
        match scope["path"]:
            case "/health/live":
                await _answer(send, 200, {"status": "live"})
            case "/health/ready":
                report = await self._report()
                told = {"status": "ready" if report.is_ready else "not ready"}
                told |= {"gateways": dict(report.gateways)} if is_watcher else {}
                await _answer(send, 200 if report.is_ready else 503, told)
            case "/metrics" if is_watcher:
                await _answer(send, 200, write_page())
            case _:
                await _answer(send, 404, "")

    def _is_watcher(self, scope: Any) -> bool:
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:
            return False
        return address is not None and any(address in network for network in self._networks)


def read_networks(written: str) -> list[IPv4Network | IPv6Network]:
    """Addresses and networks as `--watchers` names them. Raises ConfigError."""
    try:
        return [ip_network(one.strip(), strict=False) for one in written.split(",")]
    except ValueError as error:
        raise ConfigError(
            [f"--watchers: {error}: write addresses and networks, such as 127.0.0.1,10.0.0.0/8"]
        ) from error


async def _answer(send: Any, status: int, told: Any) -> None:
    plain = isinstance(told, str)
    kind = b"text/plain; version=0.0.4; charset=utf-8" if plain else b"application/json"
    body = (told if plain else json.dumps(told, ensure_ascii=False)).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
