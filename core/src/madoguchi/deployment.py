"""A deployment: which processes run, and what each is told. Everything else is the supervisor's."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from madoguchi.config import find_files, read_gateway
from madoguchi.errors import ConfigError
from madoguchi.observed import read_networks
from madoguchi.ports import LOCAL, Port, open_ports
from madoguchi.supervisor import Child, Supervisor

WORKER_MEMORY = 512 * 1024 * 1024
"""Bytes. A worker with all our plugins takes 140 MB; a plugin's index may take more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this deployment lives; worker and door get what they need of it as JSON."""

    config: str
    data: str
    host: str = "127.0.0.1"
    port: int = 8000
    door_port: int = 8001
    socket: int | None = None
    """A listening socket that the supervisor lends; without it the process opens the port."""
    proxies: str = LOCAL
    """Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and networks."""
    watchers: str = LOCAL
    """Who may read `/metrics` and the whole of `/health/ready`."""
    redis_url: str = ""
    clock_file: str = ""
    log_level: str = "INFO"


def entrances(place: Place) -> list[dict[str, str]]:
    """What the door is told of each gateway; a broken one gets 503 and its reason in the log."""
    found = []
    for file in find_files(Path(place.config)):
        try:
            settings = read_gateway(file).settings
        except ConfigError as error:
            found.append({"gateway": file.stem, "trouble": "; ".join(error.problems)})
            continue
        store = settings.store
        found.append(
            {
                "gateway": file.stem,
                "secret": settings.line.channel_secret,
                "inbox": store.database_url or str(Path(place.data) / file.stem),
                "redis_url": store.redis_url or place.redis_url,
            }
        )
    return found


def children(
    place: Place, workers: int = 1, pages: int | None = None, webhooks: int | None = None
) -> list[Child]:
    """The door and the workers; `pages` and `webhooks` are sockets that are lent to them."""
    door = {
        "host": place.host,
        "port": place.door_port,
        "socket": webhooks,
        "proxies": place.proxies,
        "watchers": place.watchers,
        "entrances": entrances(place),
        "clock_file": place.clock_file,
        "log_level": place.log_level,
    }
    python = [sys.executable, "-m"]
    worker = Child(
        "worker",
        [*python, "madoguchi.worker"],
        stdin=json.dumps(asdict(replace(place, socket=pages))).encode(),
        sockets=() if pages is None else (pages,),
        memory_limit=int(os.environ.get("MADOGUCHI_WORKER_MEMORY", WORKER_MEMORY)),
        renews=True,
    )
    return [
        Child(
            "door",
            [*python, "madoguchi.door"],
            stdin=json.dumps(door).encode(),
            sockets=() if webhooks is None else (webhooks,),
        ),
        *(
            replace(worker, name=f"worker {number}" if workers > 1 else "worker")
            for number in range(1, workers + 1)
        ),
    ]


def supervise(
    place: Place, workers: int = 1, more: Sequence[Child] = (), on_ready: object = None
) -> int:
    """Run the deployment until it is told to stop; the exit code.

    Raises ConfigError, or PortTaken before anything is started. All workers take pages from one
    port, whoever is free first.
    """
    read_networks(place.watchers)
    data = Path(place.data)
    open_ones = [one for one in entrances(place) if "secret" in one]
    alone = [one["gateway"] for one in open_ones if "://" not in one["inbox"]]
    if workers > 1 and alone:
        raise ConfigError(
            [f"{name}: several workers need a [store] database_url" for name in alone]
        )
    needs_valkey = not all(one["redis_url"] for one in open_ones)

    ports = [
        Port(place.port, "pages", "--port"),
        Port(place.door_port, "webhooks", "--door-port"),
    ]
    with ExitStack() as stack:
        pages, webhooks = (
            stack.enter_context(opened).fileno() for opened in open_ports(place.host, ports)
        )

        def start(valkey_url: str | None) -> Sequence[Child]:
            own = replace(place, redis_url=valkey_url or "")
            return [*more, *children(own, workers, pages, webhooks)]

        supervisor = Supervisor(
            start,
            data / "valkey" if needs_valkey else None,
            run_folder=data / "run",
            on_ready=on_ready,  # type: ignore[arg-type]
        )
        return supervisor.run()
