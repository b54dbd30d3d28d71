"""`madoguchi demo`: a whole sample city on one machine, with a simulated LINE.

The simulator is one more child of the supervisor. Secrets are made once and kept in the demo's
data folder; the city's file reads them from the environment like any other city's.
"""

import asyncio
import importlib.util
import json
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

from madoguchi.clock import Clock
from madoguchi.commands import run_command
from madoguchi.config import NAME, read_gateway
from madoguchi.deployment import Place, supervise
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.inspection import load_plugins
from madoguchi.menu_commands import publish_menu
from madoguchi.ports import Port, require_free
from madoguchi.renewing import is_running
from madoguchi.sample import DRILL_ACCOUNT, friends_from_before, people_of_drills, prepare
from madoguchi.supervisor import Child

SECRETS = "secrets.json"
"""By this file a folder is known to be a demo's."""
ENVIRONMENT = "environment"
"""For a shell that types commands to a demo that runs: `. data/demo/environment`."""


def run_demo(
    config: Path,
    data: Path,
    port: int,
    sim_port: int,
    *,
    reset: bool = False,
    residents: int = 0,
    log_level: str = "WARNING",
) -> int:
    """Run the demo until Ctrl-C; the exit code.

    `reset` forgets everything first; `residents` simulated people are friends from before.
    Raises MadoguchiError if it cannot start: the ports are taken, the folder cannot be used.
    """
    if not config.is_file() or not NAME.fullmatch(config.stem):
        raise ConfigError([f"{config}: the demo needs a city's file, such as config/mihon.toml"])
    if importlib.util.find_spec("madoguchi_simulator") is None:
        raise MadoguchiError("the demo needs the simulator: `pip install madoguchi-simulator`")
    if is_running(data / "run"):
        raise MadoguchiError(
            f"a demo already runs with {data}: end it first (Ctrl-C where it runs), "
            "or choose another folder with --data"
        )
    door_port = port + 1
    pages = Port(port, "pages", "--port")
    webhooks = Port(door_port, "webhooks (always the one after --port)", "--port")
    phone_port = Port(sim_port, "the phone", "--sim-port")
    mails = Port(sim_port + 1, "mails (always the one after --sim-port)", "--sim-port")
    drills = Port(sim_port + 2, "drills (always two after --sim-port)", "--sim-port")
    require_free("127.0.0.1", [pages, webhooks, phone_port, mails, drills])
    try:
        if reset:
            _forget(data)
        data.mkdir(parents=True, exist_ok=True)
        kept = _keep_secrets(data / SECRETS)
    except (OSError, ValueError) as error:
        raise MadoguchiError(
            f"the demo cannot keep its data in {data} ({error}): "
            "mend that, or choose another folder with --data"
        ) from error
    phone, training = f"http://127.0.0.1:{sim_port}", f"http://127.0.0.1:{drills.number}"
    environment = {
        "MIHON_CHANNEL_SECRET": kept["secret"],
        "MIHON_ACCESS_TOKEN": kept["token"],
        "MIHON_LINE_PLATFORM": phone,
        "MIHON_DRILL_SECRET": kept["drill_secret"],
        "MIHON_DRILL_TOKEN": kept["drill_token"],
        "MIHON_DRILL_PLATFORM": training,
        "MIHON_MAIL_SERVER": f"127.0.0.1:{sim_port + 1}",
        "MIHON_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    os.environ.update(environment)
    exports = "".join(f"export {name}={quote(value)}\n" for name, value in environment.items())
    _write_for_us_alone(data / ENVIRONMENT, exports)
    place = Place(
        config=str(config),
        data=str(data),
        port=port,
        door_port=door_port,
        clock_file=str(data / "clock"),
        log_level=log_level,
    )

    def open_city() -> None:
        prepare(sim_port, friends_from_before(residents), data / "prepared")
        if residents:
            prepare(drills.number, people_of_drills(), data / "prepared-drill")
        _publish_menu(config, data)
        _fill(config, data, residents)
        console = f"http://127.0.0.1:{port}/{config.stem}/console"
        print(_WELCOME.format(phone=phone, console=console, training=training), flush=True)

    def on_ready() -> None:
        # Beside the supervisor, which has to go on watching.
        threading.Thread(target=open_city, daemon=True).start()

    print("\n  見本市の窓口を開いています…", flush=True)
    simulators = [_simulator(place, config, sim_port, kept), _drills(place, config, drills, kept)]
    code = supervise(place, more=simulators, on_ready=on_ready)
    if code == 0:
        print("\n  終わりました。もう一度始めると、続きからになります。", flush=True)
    return code


_WELCOME = """  見本市の窓口が開きました。終わるときは Ctrl-C を押してください。

    住民のスマートフォン   {phone}
    職員のページ           {console}
    職員へのメール         {phone}/mailbox
    訓練のスマートフォン   {training}

  ブラウザーで開き、友だち追加をして「図書館」と送ってみてください。
"""


def _publish_menu(config: Path, data: Path) -> None:
    """Show the rich menu; without it the demo goes on, and says why."""
    try:
        asyncio.run(publish_menu(read_gateway(config), data))
    except MadoguchiError as error:
        print(f"  メニューの画像を出せませんでした：{error}\n", flush=True)


FILL = "fill_sample"
"""A plugin's command that fills the sample city: `fill_sample(db, at, residents, part)`, called
with part 0, 1, 2 … until it returns False.
"""


def _fill(config: Path, data: Path, residents: int) -> None:
    """Let plugins fill the sample city, once; without it the demo goes on, and says why."""
    done = data / "filled"
    if done.exists() or not residents:
        return
    given = {"at": Clock(data / "clock").time(), "residents": residents}
    try:
        plugins = load_plugins(read_gateway(config)).all.values()
        for plugin in [one.name for one in plugins if FILL in one.commands]:
            asyncio.run(_fill_by(config, data, plugin, given))
        done.touch()
    except MadoguchiError as error:
        print(f"  見本の中身を作れませんでした：{error}\n", flush=True)


async def _fill_by(config: Path, data: Path, plugin: str, given: Mapping[str, Any]) -> None:
    part = 0
    while await run_command(config, data, config.stem, plugin, FILL, **given, part=part):
        part += 1


def _simulator(place: Place, config: Path, port: int, kept: Mapping[str, str]) -> Child:
    webhook = f"http://127.0.0.1:{place.door_port}/{config.stem}/webhook"
    argv = [sys.executable, "-m", "madoguchi_simulator", "--port", str(port)]
    argv += ["--data", str(Path(place.data) / "simulator"), "--webhook-url", webhook]
    argv += ["--channel-id", "1000000001", "--display-name", "見本市"]
    argv += ["--clock-file", place.clock_file, "--mail-port", str(port + 1)]
    with suppress(ConfigError):  # the worker says what is wrong, and shows it on its pages
        for liff_id in read_gateway(config).settings.line.liff:
            argv += ["--liff", liff_id, f"http://127.0.0.1:{place.port}/{config.stem}/liff"]
    names = {"SIMULATOR_CHANNEL_SECRET": kept["secret"], "SIMULATOR_ACCESS_TOKEN": kept["token"]}
    return Child("simulator", argv, env=names, says_ready=False)


def _drills(place: Place, config: Path, port: Port, kept: Mapping[str, str]) -> Child:
    """The account for drills: a LINE of its own, so that nothing of it reaches the other."""
    webhook = f"http://127.0.0.1:{place.port}/{config.stem}/drill/webhook"  # the worker hears them
    argv = [sys.executable, "-m", "madoguchi_simulator", "--port", str(port.number)]
    argv += ["--data", str(Path(place.data) / "drill"), "--webhook-url", webhook]
    argv += ["--channel-id", "1000000003", "--display-name", "見本市（訓練）"]
    argv += ["--basic-id", "@mihon-kunren", "--bot-user-id", DRILL_ACCOUNT]
    argv += ["--clock-file", place.clock_file]
    secret, token = kept["drill_secret"], kept["drill_token"]
    names = {"SIMULATOR_CHANNEL_SECRET": secret, "SIMULATOR_ACCESS_TOKEN": token}
    return Child("drills", argv, env=names, says_ready=False)


def _forget(data: Path) -> None:
    """Delete a demo's folder; anybody else's is left alone, whatever --data says."""
    if not data.exists():
        return
    if any(data.iterdir()) and not (data / SECRETS).is_file():
        raise MadoguchiError(
            f"{data} was not made by the demo, so --reset does not delete it: "
            "choose another folder with --data"
        )
    shutil.rmtree(data)


def _keep_secrets(file: Path) -> dict[str, str]:
    """Secret and token of the demo's two channels: made at the first start, then the same."""
    made = {"secret": secrets.token_hex(16), "token": secrets.token_urlsafe(96)}
    made |= {"drill_secret": secrets.token_hex(16), "drill_token": secrets.token_urlsafe(96)}
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if made.keys() - kept.keys():
        _write_for_us_alone(file, json.dumps(made | kept))
    return made | kept


def _write_for_us_alone(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.touch(0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(file)
