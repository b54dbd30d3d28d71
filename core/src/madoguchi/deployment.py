"""A deployment: which processes run, and what each is told. Everything else is the supervisor's."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from madoguchi.config import find_files, read_gateway
from madoguchi.errors import ConfigError
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


def children(place: Place, workers: int = 1) -> list[Child]:
    """The door and the workers."""
    door = {
        "host": place.host,
        "port": place.door_port,
        "entrances": entrances(place),
        "clock_file": place.clock_file,
        "log_level": place.log_level,
    }
    python = [sys.executable, "-m"]
    found = [Child("door", [*python, "madoguchi.door"], stdin=json.dumps(door).encode())]
    for number in range(workers):
        own = replace(place, port=place.port + number)
        found.append(
            Child(
                f"worker {number + 1}" if workers > 1 else "worker",
                [*python, "madoguchi.worker"],
                stdin=json.dumps(asdict(own)).encode(),
                memory_limit=int(os.environ.get("MADOGUCHI_WORKER_MEMORY", WORKER_MEMORY)),
            )
        )
    return found


def supervise(
    place: Place, workers: int = 1, more: Sequence[Child] = (), on_ready: object = None
) -> int:
    """Run the deployment until it is told to stop; the exit code."""
    data = Path(place.data)
    open_ones = [one for one in entrances(place) if "secret" in one]
    alone = [one["gateway"] for one in open_ones if "://" not in one["inbox"]]
    if workers > 1 and alone:
        raise ConfigError(
            [f"{name}: several workers need a [store] database_url" for name in alone]
        )
    needs_valkey = not all(one["redis_url"] for one in open_ones)

    def start(valkey_url: str | None) -> Sequence[Child]:
        return [*more, *children(replace(place, redis_url=valkey_url or ""), workers)]

    supervisor = Supervisor(
        start,
        data / "valkey" if needs_valkey else None,
        run_folder=data / "run",
        on_ready=on_ready,  # type: ignore[arg-type]
    )
    return supervisor.run()
