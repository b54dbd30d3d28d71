"""A city's file: read, checked and explained.

`config/<gateway>.toml` says which LINE channel, which database and which plugins, in which order.
Every mistake becomes one line: file, table, key, what was found, what to write.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from madoguchi.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_TYPES = {
    "string_type": "a text in quotation marks",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "list_type": "a list: […]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


class _Secret(str):
    """A value that came from the environment, through `{ env = "NAME" }`."""

    __slots__ = ()


def _require_secret(value: Any) -> Any:
    if isinstance(value, _Secret):
        return value
    raise ValueError('a secret never stands in the file; write { env = "NAME" }')


Secret = Annotated[str, BeforeValidator(_require_secret)]
"""A text that must come from the environment."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CityTable(_Strict):
    """`[city]`: what residents read about their city."""

    label: Text
    """The city's name."""
    phone: Text
    """The telephone number that is offered wherever the bot cannot help."""
    hours: Text
    """When somebody answers that telephone."""
    site: str | None = None
    """The address of the city's own site."""
    greeting: Text
    """What a resident reads first, after adding the account."""
    fallback: Text
    """What is said when nobody could answer; telephone, hours and site are added."""
    apology: Text = "申しわけありません。うまくいきませんでした。お電話でお問い合わせください。"
    """What is said when a plugin failed."""


class LineTable(_Strict):
    """`[line]`: the channel. Without `access_token`, stateless tokens are issued (R52)."""

    channel_id: Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]
    """The Messaging API channel's number."""
    channel_secret: Secret
    """Signs LINE's webhooks."""
    access_token: Secret | None = None
    """A long-lived channel access token."""
    platform: str | None = None
    """One base URL that plays every LINE host: the simulator's."""


class StoreTable(_Strict):
    """`[store]`: nothing for the embedded parts, URLs for PostgreSQL and Redis."""

    database_url: Secret | None = None
    """`postgresql://…`; without it, SQLite files in the data folder."""
    redis_url: Secret | None = None
    """`redis://…`; without it, an embedded Valkey."""


class DangerTable(_Strict):
    """`[[danger]]`: words after which a telephone number is added to whatever is answered."""

    words: list[Text] = Field(min_length=1)
    """Any of these, anywhere in what was typed."""
    answer: Text
    """The message that goes first."""
    except_: list[Text] = Field(default=[], alias="except")
    """Words that contain one of `words` and mean something else."""


class CityFile(_Strict):
    """Everything a city's file may hold."""

    city: CityTable
    line: LineTable
    public_url: str | None = None
    """The address under which residents reach the pages; nothing asks for it yet."""
    store: StoreTable = StoreTable()
    danger: list[DangerTable] = []
    plugins: dict[str, dict[str, Any]] = {}
    """One table for each plugin that is on; their order ranks offers that are otherwise equal."""


class Gateway(BaseModel):
    """One city's file, valid, with the name that its file has."""

    model_config = ConfigDict(frozen=True)

    name: str
    file: Path
    settings: CityFile

    @property
    def overrides(self) -> Path:
        """The folder of this city's own templates and data, beside its file."""
        return self.file.with_suffix("")


def read_gateway(file: Path, unset: str | None = None) -> Gateway:
    """Read and check one city's file. Raises `ConfigError`.

    `unset` stands in for environment variables that are not set; without it they are mistakes.
    """
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: is not TOML: {error}"]) from error
    return check_gateway(tables, file, unset)


def check_gateway(tables: Mapping[str, Any], file: Path, unset: str | None = None) -> Gateway:
    """Check what a city's file holds; the file's name is the gateway's. Raises `ConfigError`."""
    name = file.stem
    if not NAME.fullmatch(name):
        raise ConfigError([f"{file}: the file's name is the gateway's: use a-z, 0-9, - and _"])
    problems: list[str] = []
    plugins = tables.get("plugins")
    own = {key: value for key, value in tables.items() if key != "plugins"}
    settings = None
    try:
        resolved = resolve_secrets(own, str(file), "", unset)
        settings = CityFile.model_validate({**resolved, "plugins": plugins or {}})
    except ValidationError as error:
        problems += explain(error, str(file), "")
    except ConfigError as error:
        problems += error.problems
    if isinstance(plugins, dict):
        problems += _plugin_problems(plugins, str(file))
    if problems or settings is None:
        raise ConfigError(problems)
    return Gateway(name=name, file=file, settings=settings)


def find_files(folder: Path) -> list[Path]:
    """The cities' files in a folder, by name; a single file stands for itself."""
    if folder.is_file():
        return [folder]
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError([f"{folder}: has no <gateway>.toml; copy config/mihon.toml there"])
    return files


def validate_table(model: type[BaseModel] | None, table: Any, file: str, where: str) -> Any:
    """Check a plugin's table with its own model; unknown keys are refused always."""
    name = model.__name__ if model else "NoSettings"
    strict = type(name, (model or BaseModel,), {"model_config": ConfigDict(extra="forbid")})
    try:
        return strict.model_validate(table)  # type: ignore[attr-defined]
    except ValidationError as error:
        raise ConfigError(explain(error, file, where)) from error


def resolve_secrets(value: Any, file: str, where: str, unset: str | None = None) -> Any:
    """Replace every `{ env = "NAME" }` by the environment's value. Raises `ConfigError`."""
    if isinstance(value, Mapping):
        if value.keys() == {"env"} and isinstance(value["env"], str):
            found = os.environ.get(value["env"]) or unset
            if found is None:
                table, _, key = where.rpartition(".")
                name = value["env"]
                raise ConfigError(
                    [f"{_place(file, table)} {key}: set the environment variable {name}"]
                )
            return _Secret(found)
        return {
            key: resolve_secrets(item, file, f"{where}.{key}" if where else str(key), unset)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [resolve_secrets(item, file, f"{where}.{n}", unset) for n, item in enumerate(value)]
    return value


def explain(error: ValidationError, file: str, where: str) -> list[str]:
    """One line for each mistake: file, table, key, what was found and what is expected."""
    lines = []
    for problem in error.errors():
        path = [str(part) for part in problem["loc"]]
        table = ".".join([*([where] if where else []), *path[:-1]])
        key, kind, found = path[-1] if path else "", problem["type"], problem["input"]
        if kind == "missing":
            said = "is missing"
        elif kind == "extra_forbidden":
            said = "is not a key that is known here; remove it or mend its spelling"
        elif kind in _TYPES:
            said = f"write {_TYPES[kind]}, not {type(found).__name__}"
        elif kind == "value_error":
            said = str(problem["ctx"]["error"]) if "ctx" in problem else problem["msg"]
        else:
            said = problem["msg"]
        lines.append(f"{_place(file, table)} {key}: {said}")
    return lines


def _plugin_problems(plugins: Mapping[str, Any], file: str) -> list[str]:
    installed: dict[str, set[str]] = {}
    for entry in metadata.entry_points(group="madoguchi.plugins"):
        package = entry.dist.name if entry.dist else entry.value
        installed.setdefault(entry.name, set()).add(package)
    problems = []
    for name in plugins:
        packages = installed.get(name, set())
        place = f"{file} [plugins.{name}]:"
        if not packages:
            known = ", ".join(sorted(installed)) or "none"
            problems.append(f"{place} no plugin of this name is installed; installed are: {known}")
        elif len(packages) > 1:
            both = " and ".join(sorted(packages))
            problems.append(f"{place} {both} both have this name; uninstall one")
    return problems


def _place(file: str, table: str) -> str:
    return f"{file} [{table}]" if table else file
