"""Every mistake in a city's file: one line with file, table, key and what to write.

Then what such a mistake costs: that gateway is closed, its neighbour opens.
"""

import asyncio
import base64
import hmac
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from madoguchi import serving
from madoguchi.beat import Beat
from madoguchi.cli import app
from madoguchi.clock import Clock
from madoguchi.config import Secret, check_gateway, read_gateway, validate_table
from madoguchi.deployment import Place, entrances
from madoguchi.door import Door, Entrance
from madoguchi.errors import ConfigError
from madoguchi.testing import install
from madoguchi.testing.visitor import fetch
from madoguchi.web import build_app
from madoguchi.worker import Worker

GOOD = """
[city]
label = "北市"
phone = "0100-00-0000"
hours = "平日"
greeting = "北市です。"
fallback = "お答えできませんでした。"

[line]
channel_id = "1000000001"
channel_secret = { env = "KITA_SECRET" }
access_token = { env = "KITA_TOKEN" }
platform = "http://127.0.0.1:9"
"""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("KITA_SECRET", "the secret of kita")
    monkeypatch.setenv("KITA_TOKEN", "the token of kita")
    monkeypatch.setenv("KITA_DATABASE", "postgresql://nobody:hidden@127.0.0.1:9/none")
    monkeypatch.setenv("KITA_REDIS", "localhost:6379")
    monkeypatch.delenv("KITA_UNSET", raising=False)


@pytest.fixture
def write(tmp_path):
    """Write a city's file: the good one with some of its text replaced."""

    def write(*changes: tuple[str, str], name: str = "kita.toml") -> Path:
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
        return folder / name

    return write


def run(*command: str | Path):
    return CliRunner().invoke(app, [str(part) for part in command])


def test_the_good_file_is_good(write):
    gateway = read_gateway(write())
    assert gateway.name == "kita"
    assert gateway.settings.line.channel_secret == "the secret of kita"
    assert gateway.overrides == gateway.file.parent / "kita"


END = 'platform = "http://127.0.0.1:9"\n'
MISTAKES = {
    "unknown key": (
        ("hours", 'tel = "1"\nhours'),
        "[city] tel: is not a key that is known here; known are label, phone,",
    ),
    "misspelt key": (
        ("hours", 'hourss = "1"\nhours'),
        "[city] hourss: is not a key that is known here; did you mean hours?",
    ),
    "unknown table": (
        ("[city]", "[town]\n[city]"),
        " town: is not a key that is known here; known are city, line,",
    ),
    "wrong type": (
        ('hours = "平日"', "hours = 9"),
        "[city] hours: write a text in quotation marks, not 9",
    ),
    "a list for a text": (
        ('hours = "平日"', 'hours = ["平日"]'),
        "[city] hours: write a text in quotation marks, not a list",
    ),
    "empty": (('"平日"', '" "'), "[city] hours: is empty; write a text"),
    "missing key": (('hours = "平日"', ""), '[city] hours: is missing; write hours = "…"'),
    "missing table": (
        ("[line]", "[city.line]"),
        "[line]: the table is missing; write it with channel_id, channel_secret",
    ),
    "missing secret": (
        ("KITA_SECRET", "KITA_UNSET"),
        "[line] channel_secret: set the environment variable KITA_UNSET",
    ),
    "no secret at all": (
        ('channel_secret = { env = "KITA_SECRET" }', ""),
        '[line] channel_secret: is missing; write channel_secret = { env = "NAME" }',
    ),
    "secret in clear text": (
        ('{ env = "KITA_TOKEN" }', '"abcdef"'),
        '[line] access_token: a secret never stands in the file; write { env = "NAME" }',
    ),
    "channel number": (
        ('"1000000001"', '"kita"'),
        "[line] channel_id: write the digits of the channel's number, such as",
    ),
    "address without https": (
        ('"http://127.0.0.1:9"', '"127.0.0.1:9"'),
        "[line] platform: has to begin with https:// or http://",
    ),
    "address of Redis": (
        (END, END + '[store]\nredis_url = { env = "KITA_REDIS" }\n'),
        "[store] redis_url: has to begin with redis:// or",
    ),
    "address of another database": (
        (END, END + '[store]\ndatabase_url = { env = "KITA_REDIS" }\n'),
        "[store] database_url: has to begin with postgresql://",
    ),
    "second of several tables": (
        (END, END + '[[danger]]\nwords = ["火事"]\nanswer = "119"\n[[danger]]\nwords = "火"\n'),
        '[danger no. 2] words: write a list: […], not "火"',
    ),
    "word that is none": (
        (END, END + '[[danger]]\nwords = ["火事", 119]\nanswer = "119"\n'),
        "[danger no. 1] words no. 2: write a text in quotation marks, not 119",
    ),
    "unknown plugin": (
        (END, END + "[plugins.garbage]\n"),
        "[plugins.garbage]: no plugin of this name is installed; installed are ",
    ),
    "plugin that is no table": (
        (END, END + "[plugins]\nhello = true\n"),
        "[plugins] hello: write a table, not true or false",
    ),
    "plugins that are no table": (
        ("[city]", "plugins = 3\n[city]"),
        " plugins: write a table, not 3",
    ),
    "plugin with the gateway's name": (
        (END, END + "[plugins.madoguchi]\n"),
        "[plugins.madoguchi]: no plugin can have this name; its package has to change it",
    ),
    "plugin with the name of the gateway's tables": (
        (END, END + "[plugins.core]\n"),
        "[plugins.core]: no plugin can have this name; its package has to change it",
    ),
    "not TOML": (("[city]", "[city"), ": is not TOML: Expected ']'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_line_and_check_exits_1(write, tmp_path, mistake):
    change, said = MISTAKES[mistake]
    file = write(change)
    with pytest.raises(ConfigError) as refused:
        read_gateway(file)
    lines = [line for line in refused.value.problems if said in line]
    assert len(lines) == 1, refused.value.problems
    assert lines[0].startswith(str(file))
    assert "\n" not in lines[0]
    result = run("check", "--config", file, "--data", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == refused.value.problems


def test_all_mistakes_are_said_at_once(write):
    file = write(
        ('hours = "平日"', "hours = 9"),
        ("KITA_SECRET", "KITA_UNSET"),
        (END, END + "[plugins.garbage]\n"),
    )
    with pytest.raises(ConfigError) as refused:
        read_gateway(file)
    places = [line.removeprefix(f"{file} ").split(":")[0] for line in refused.value.problems]
    assert sorted(places) == ["[city] hours", "[line] channel_secret", "[plugins.garbage]"]


def test_what_the_environment_holds_is_never_shown(write, tmp_path, install_plugin):
    install_plugin(
        "toy",
        "from madoguchi import hookimpl\nfrom pydantic import BaseModel\n"
        "class Settings(BaseModel):\n    days: int\n    mode: bool = True\n"
        "@hookimpl\ndef config_model():\n    return Settings\n",
    )
    env = '{ env = "KITA_SECRET" }'
    file = write((END, f"{END}[plugins.toy]\ndays = {env}\nmode = {env}\n"))
    result = run("check", "--config", file, "--data", tmp_path)
    where = f"{file} [plugins.toy]"
    lines = [line.split(": ")[0] for line in result.stderr.splitlines()]
    assert lines == [f"{where} days", f"{where} mode"]
    assert "days: write a whole number, not what that environment" in result.stderr
    assert "the secret of kita" not in result.stderr


@pytest.mark.parametrize(
    "name", ["Kita.toml", "kita city.toml", "北.toml", "health.toml", "1.toml"]
)
def test_a_file_name_that_is_no_gateways(write, name):
    with pytest.raises(ConfigError, match=r"the file's name is the gateway's.*such as kita\.toml"):
        read_gateway(write(name=name))


def test_two_plugins_with_one_name(write, install_plugin, tmp_path):
    install_plugin("toy", "")
    install(tmp_path / "site-packages", "toy", {"__init__.py": ""}, package="toy_of_a_vendor")
    result = run("check", "--config", write((END, END + "[plugins.toy]\n")), "--data", tmp_path)
    said = "[plugins.toy]: toy_of_a_vendor and toy_under_test both have this name; uninstall one"
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_database_that_cannot_be_reached(write, tmp_path):
    store = '[store]\ndatabase_url = { env = "KITA_DATABASE" }\n'
    file = write((END, END + store))
    result = run("check", "--config", file, "--data", tmp_path)
    (line,) = result.stderr.splitlines()
    assert result.exit_code == 1
    assert line.startswith(f"{file} [store] database_url: ")
    assert line.endswith("does the server run, and is the address right?")
    assert "hidden" not in line, "a password is never shown"


def test_two_cities_with_one_database_are_both_refused(write, tmp_path, monkeypatch):
    """A copied file whose database was forgotten would show one city the other's residents."""
    store = '[store]\ndatabase_url = { env = "KITA_DATABASE" }\n'
    kita = write((END, END + store))
    minami = write((END, END + store.replace("KITA", "MINAMI")), name="minami.toml")
    write(name="nishi.toml")
    write(("[city]", "[city"), name="higashi.toml")
    monkeypatch.setenv("MINAMI_DATABASE", "postgresql://another:one@127.0.0.1:9/none")
    result = run("check", "--config", kita.parent, "--data", tmp_path)
    said = "[store] database_url: is the database of"
    lines = [line for line in result.stderr.splitlines() if said in line]
    assert lines == [
        f"{kita} {said} minami.toml, too; write one for each gateway",
        f"{minami} {said} kita.toml, too; write one for each gateway",
    ]
    found = {one["gateway"]: one for one in entrances(Place(str(kita.parent), str(tmp_path)))}
    assert said in found["kita"]["trouble"]
    assert "trouble" not in found["nishi"]
    monkeypatch.setenv("MINAMI_DATABASE", "postgresql://another:one@127.0.0.1:9/another")
    assert read_gateway(minami).name == "minami"


def test_a_folder_without_files_and_a_file_that_is_not_there(tmp_path):
    empty = run("check", "--config", tmp_path)
    assert (empty.exit_code, "has no <gateway>.toml; copy" in empty.stderr) == (1, True)
    absent = run("check", "--config", tmp_path / "kita.toml")
    assert (absent.exit_code, "kita.toml: is not there; name a city's file" in absent.stderr) == (
        1,
        True,
    )


def test_a_plugins_secret_field(write):
    from pydantic import BaseModel

    class Settings(BaseModel):
        key: Secret

    with pytest.raises(ConfigError, match=r"\[plugins.toy\] key: a secret never stands in"):
        validate_table(Settings, {"key": "clear"}, "kita.toml", "plugins.toy")
    with pytest.raises(ConfigError, match=r'key: is missing; write key = { env = "NAME" }'):
        validate_table(Settings, {}, "kita.toml", "plugins.toy")


def test_check_gateway_names_the_file_that_it_was_given():
    with pytest.raises(ConfigError) as refused:
        check_gateway({}, Path("minami.toml"))
    assert refused.value.problems == [
        "minami.toml [city]: the table is missing; write it with label, phone, hours, greeting,"
        " fallback",
        "minami.toml [line]: the table is missing; write it with channel_id, channel_secret",
    ]


# What it costs.

BROKEN = {
    "wrong_type": (
        ('hours = "平日"', "hours = 9"),
        "[city] hours: write a text in quotation marks",
    ),
    "no_toml": (("[city]", "[city"), "is not TOML"),
    "no_secret": (("KITA_SECRET", "KITA_UNSET"), "[line] channel_secret: set the environment"),
    "no_plugin": ((END, END + "[plugins.garbage]\n"), "[plugins.garbage]: no plugin of this name"),
    "two_plugins": (
        (END, END + "[plugins.toy]\n"),
        "[plugins.toy]: another_toy and toy_under",
    ),
    "no_database": (
        (END, END + '[store]\ndatabase_url = { env = "KITA_DATABASE" }\n'),
        "[store] database_url: ",
    ),
}
"""Each city's mistake, and how the line about it goes on after the name of the file."""


def test_each_broken_gateway_answers_503_and_the_sound_one_starts(
    write, tmp_path, redis_url, caplog, install_plugin
):
    install_plugin("toy", "")
    install(tmp_path / "site-packages", "toy", {"__init__.py": ""}, package="another_toy")
    for city, (change, _) in BROKEN.items():
        write(change, name=f"{city}.toml")
    write(name="minami.toml")
    place = Place(str(tmp_path / "config"), str(tmp_path / "data"), redis_url=redis_url)
    cities = ("minami", *BROKEN)

    async def serve() -> tuple[dict, dict, Any]:
        worker = Worker(place, Beat.private(), Clock())
        async with AsyncExitStack() as stack:
            doors = [Entrance(**entrance) for entrance in entrances(place)]
            door = await stack.enter_async_context(
                serving.serving(Door(doors, Clock().time), lifespan=True)
            )
            await worker.start()
            stack.push_async_callback(worker.stop)
            app = build_app(worker.gateways, worker.closed)
            address = await stack.enter_async_context(serving.serving(app))
            pages = {city: await asyncio.to_thread(fetch, f"{address}/{city}/") for city in cities}
            statuses = {city: await _post(f"{door}/{city}/webhook") for city in cities}
            return pages, statuses, await asyncio.to_thread(fetch, f"{address}/health/ready")

    pages, statuses, ready = asyncio.run(serve())
    assert pages.pop("minami").status == 404, "it is there and has no pages"
    assert {page.status for page in pages.values()} == {503}
    assert all("ただいま準備中です" in page for page in pages.values())
    assert statuses.pop("minami") == 200
    assert set(statuses.values()) == {503}
    found = json.loads(ready.html)["gateways"]
    assert ready.status == 503
    assert found.pop("minami") == {"database": "well", "lanes": "well", "plugins": {}}
    said = [record.getMessage() for record in caplog.records]
    for city, (_, reason) in BROKEN.items():
        (problem,) = found[city]["problems"]
        assert problem.partition(f"{city}.toml")[2].lstrip(" :").startswith(reason), problem
        assert said.count(f"{city} is closed: {problem}") == 1
    assert found["no_database"]["problems"][0].endswith("and is the address right?")
    assert not any("hidden" in one for one in said), "a password is never shown"


async def _post(url: str) -> int:
    """The status of a webhook with a right signature."""
    body = json.dumps({"destination": "x", "events": [{"type": "x", "mode": "active"}]}).encode()
    signed = hmac.digest(b"the secret of kita", body, "sha256")
    headers = {"x-line-signature": base64.b64encode(signed).decode()}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return answer.status
