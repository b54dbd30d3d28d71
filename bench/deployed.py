"""madoguchi as it is deployed, under measurement: supervisor, door, worker and Valkey.

All of them run on the measured core, with the log level of `madoguchi serve`; the log goes into a
file. `python -m bench.deployed FOLDER PORT` is that deployment with one gateway more at the door,
`flood`, which no worker serves: what it receives is stored and stays.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.bodies import Stream
from bench.machine import (
    Process,
    cpu_seconds,
    find_child,
    free_port,
    resident_megabytes,
    wait_until_answered,
)

SECRET, TOKEN = "0123456789abcdef0123456789abcdef", "token of the bench"
COMMAND = Path(sys.executable).with_name("madoguchi")
PLUGINS = ("writing", "raising", "sleeping", "looping", "asking")
"""The plugins in `bench.plugins`."""
CITY = """
public_url = "http://127.0.0.1:8000"

[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日 8:30〜17:15"
greeting = "見本市です。"
fallback = "お答えできませんでした。"

[line]
channel_id = "1000000001"
channel_secret = { env = "BENCH_SECRET" }
access_token = { env = "BENCH_TOKEN" }
platform = { env = "BENCH_LINE" }
liff = ["2000000002-bench001"]

[plugins.hello]
"""


@dataclass(frozen=True, slots=True)
class Town:
    """A running deployment."""

    folder: Path
    port: int
    door_port: int
    process: Process

    @property
    def door(self) -> int:
        """The door's process id now."""
        return find_child(self.process.pid, "madoguchi.door")

    @property
    def worker(self) -> int:
        """The worker's process id now."""
        return find_child(self.process.pid, "madoguchi.worker")

    def cpu(self) -> float:
        """CPU seconds of door and worker so far."""
        return cpu_seconds(self.door, self.worker)

    def memory(self) -> tuple[float, float]:
        """MB of the worker and of the door."""
        return resident_megabytes(self.worker), resident_megabytes(self.door)

    def wait_until_ready(self) -> None:
        """Return when pages and door answer."""
        wait_until_answered(f"http://127.0.0.1:{self.port}/health/live", self.process)
        wait_until_answered(f"http://127.0.0.1:{self.door_port}/health/live", self.process)

    def log(self) -> str:
        """What door and worker have written."""
        return (self.folder / "log").read_text("utf-8", "replace")


def stream(text: str, rate: float = 0, **more: Any) -> Stream:
    """Webhooks for the town's own gateway."""
    return Stream("/mihon/webhook", SECRET, text, rate, **more)


def flood(rate: float = 0, **more: Any) -> Stream:
    """Webhooks for the gateway that no worker serves."""
    return Stream("/flood/webhook", SECRET, "図書館", rate, **more)


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """A folder for one deployment, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"madoguchi-bench-{name}-") as made:
        yield Path(made)


@contextmanager
def deployed(
    place: Path,
    core: int,
    line: str,
    plugins: Sequence[str] = (),
    database_url: str | None = None,
    flood_inbox: str | None = None,
) -> Iterator[Town]:
    """Start a town in a folder, on a core; it is ready when the block begins.

    `flood_inbox`, a folder or a database, adds the gateway `flood`.
    """
    env = {**prepare(place, line, plugins, database_url), "BENCH_FLOOD": flood_inbox or ""}
    if database_url:
        migrate(place, env)
    port, door_port = free_port(), free_port()
    ports = [str(port), str(door_port)]
    if flood_inbox:
        argv = [sys.executable, "-m", "bench.deployed", str(place), *ports]
    else:
        argv = [str(COMMAND), "serve", "--config", str(place / "config")]
        argv += ["--data", str(place / "data"), "--port", ports[0], "--door-port", ports[1]]
    with (place / "log").open("wb") as log, Process(argv, core, env=env, output=log) as process:
        town = Town(place, port, door_port, process)
        try:
            town.wait_until_ready()
        except RuntimeError as error:
            raise RuntimeError(f"{error}:\n{town.log()[-2000:]}") from error
        yield town


def prepare(
    place: Path, line: str, plugins: Sequence[str] = (), database_url: str | None = None
) -> Mapping[str, str]:
    """Write the city's file and make the bench's plugins found; the environment to start it in."""
    config = place / "config"
    config.mkdir(exist_ok=True)
    store = '[store]\ndatabase_url = { env = "BENCH_DATABASE" }\n' if database_url else ""
    tables = "".join(f"[plugins.{name}]\n" for name in plugins)
    (config / "mihon.toml").write_text(CITY + tables + store, "utf-8")
    found = place / "found" / "madoguchi_bench-1.0.dist-info"
    found.mkdir(parents=True, exist_ok=True)
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: madoguchi-bench\nVersion: 1.0\n")
    entries = "".join(f"{name} = bench.plugins.{name}\n" for name in PLUGINS)
    (found / "entry_points.txt").write_text(f"[madoguchi.plugins]\n{entries}")
    root = Path(__file__).resolve().parent.parent
    return {
        "PYTHONPATH": f"{root}{os.pathsep}{place / 'found'}",
        "BENCH_SECRET": SECRET,
        "BENCH_TOKEN": TOKEN,
        "BENCH_LINE": line,
        "BENCH_DATABASE": database_url or "",
    }


def migrate(place: Path, env: Mapping[str, str]) -> None:
    """Bring the database of a prepared town up to date, as `madoguchi migrate` does."""
    subprocess.run(
        [str(COMMAND), "migrate", "--config", str(place / "config"), "--data", str(place / "data")],
        env={**os.environ, **env},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    """Run the deployment in a folder, with the gateway `flood` at its door."""
    import logging

    from madoguchi.deployment import Place, children
    from madoguchi.supervisor import Child, Supervisor

    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s")
    data = Path(sys.argv[1]) / "data"
    place = Place(
        str(data.parent / "config"), str(data), port=int(sys.argv[2]), door_port=int(sys.argv[3])
    )

    def start(valkey_url: str | None) -> Sequence[Child]:
        door, *workers = children(replace(place, redis_url=valkey_url or ""))
        told = json.loads(door.stdin or b"")
        (mihon,) = told["entrances"]
        told["entrances"].append({**mihon, "gateway": "flood", "inbox": os.environ["BENCH_FLOOD"]})
        return [replace(door, stdin=json.dumps(told).encode()), *workers]

    raise SystemExit(Supervisor(start, data / "valkey", run_folder=data / "run").run())


if __name__ == "__main__":
    main()
