"""`madoguchi demo`: a whole sample city on one machine, with a simulated LINE.

The simulator is one more child of the supervisor. Secrets are made once and kept in the demo's
data folder; the city's file reads them from the environment like any other city's.
"""

import json
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from madoguchi.config import NAME
from madoguchi.deployment import Place, supervise
from madoguchi.errors import ConfigError
from madoguchi.supervisor import Child


def run_demo(
    config: Path, data: Path, port: int, sim_port: int, reset: bool, log_level: str = "WARNING"
) -> int:
    """Run the demo until Ctrl-C; the exit code. `reset` forgets everything first."""
    if not config.is_file() or not NAME.fullmatch(config.stem):
        raise ConfigError([f"{config}: the demo needs a city's file, such as config/mihon.toml"])
    if reset:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    phone = f"http://127.0.0.1:{sim_port}"
    kept = _keep_secrets(data / "secrets.json")
    os.environ.update(
        {
            "MIHON_CHANNEL_SECRET": kept["secret"],
            "MIHON_ACCESS_TOKEN": kept["token"],
            "MIHON_LINE_PLATFORM": phone,
        }
    )
    place = Place(
        config=str(config),
        data=str(data),
        port=port,
        door_port=port + 1,
        clock_file=str(data / "clock"),
        log_level=log_level,
    )
    simulator = _simulator(place, config.stem, sim_port, kept)

    def tell() -> None:
        lines = (
            "",
            "  見本市が動いています。  Ctrl-C で終わります。",
            "",
            f"  住民のスマホ   {phone}",
            f"  ページ         http://127.0.0.1:{port}/{config.stem}/",
            "",
        )
        print("\n".join(lines), flush=True)

    return supervise(place, more=[simulator], on_ready=tell)


def _simulator(place: Place, gateway: str, port: int, kept: Mapping[str, str]) -> Child:
    webhook = f"http://127.0.0.1:{place.door_port}/{gateway}/webhook"
    argv = [sys.executable, "-m", "madoguchi_simulator", "--port", str(port)]
    argv += ["--data", str(Path(place.data) / "simulator"), "--webhook-url", webhook]
    argv += ["--channel-id", "1000000001", "--display-name", "見本市"]
    argv += ["--clock-file", place.clock_file]
    names = {"SIMULATOR_CHANNEL_SECRET": kept["secret"], "SIMULATOR_ACCESS_TOKEN": kept["token"]}
    return Child("simulator", argv, env=names, says_ready=False)


def _keep_secrets(file: Path) -> dict[str, str]:
    """The demo's channel secret and token: made at the first start, then always the same."""
    if not file.exists():
        made = {"secret": secrets.token_hex(16), "token": secrets.token_urlsafe(96)}
        fresh = file.with_suffix(".new")
        fresh.touch(0o600)
        fresh.write_text(json.dumps(made), "utf-8")
        fresh.replace(file)
    return json.loads(file.read_text("utf-8"))
