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
from typing import Any
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
)

from madoguchi.city_file import CityFile, Secret
from madoguchi.errors import ConfigError
from madoguchi.mistakes import FromEnvironment, explain, place

NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
"""What a gateway or a plugin may be called: it stands in addresses and in keys of Redis."""
__all__ = ["Secret"]
OWN = "madoguchi"
"""The owner of the gateway's own postbacks."""
CITY = "city"
"""The owner of the city's own settings."""
TAKEN = {
    *(OWN, CITY, "core", "versions", "webhook", "drill", "static", "session", "form", "login"),
    "me",
    *("staff", "sections", "settings", "residents", "calendar", "unanswered", "audit", "live"),
}
"""Names that no plugin may have: postbacks, tables, settings, and addresses of the gateway's own or
of the pages of residents and staff.
"""
RESERVED = {"health"}
"""Names that no city's file may have: the addresses `/health/…` are the worker's own."""


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
    gateway = check_gateway(tables, file, unset)
    if others := _sharing(gateway):
        at = place(str(file), "store", "database_url")
        raise ConfigError(
            [f"{at}: is the database of {', '.join(others)}, too; write one for each gateway"]
        )
    return gateway


def _sharing(gateway: Gateway) -> list[str]:
    """Files beside this one that name its database: two cities would know each other's residents.

    Both are closed, since nobody can tell here whose it is.
    """
    mine = _database(gateway.settings.store.database_url)
    if mine is None:
        return []
    found = []
    for other in sorted(set(gateway.file.parent.glob("*.toml")) - {gateway.file}):
        try:
            named = tomllib.loads(other.read_text("utf-8"))["store"]["database_url"]["env"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it names none, or has a mistake of its own
        if _database(os.environ.get(str(named))) == mine:
            found.append(other.name)
    return found


def _database(url: str | None) -> tuple[Any, ...] | None:
    """What tells one database from another; who asks for it does not."""
    try:
        parts = urlsplit(url or "")
        return (parts.hostname, parts.port or 5432, parts.path, parts.query) if url else None
    except ValueError:
        return None


def check_gateway(tables: Mapping[str, Any], file: Path, unset: str | None = None) -> Gateway:
    """Check what a city's file holds; the file's name is the gateway's. Raises `ConfigError`."""
    name = file.stem
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ConfigError(
            [
                f"{file}: the file's name is the gateway's, in every address: write a-z, 0-9, - and"
                f" _, such as kita.toml{', and not health' if name in RESERVED else ''}"
            ]
        )
    problems: list[str] = []
    plugins = tables.get("plugins")
    own = {key: value for key, value in tables.items() if key != "plugins"}
    resolved = _resolve(own, str(file), "", unset, problems)
    settings = None
    try:
        settings = CityFile.model_validate({**resolved, "plugins": plugins or {}})
    except ValidationError as error:
        problems += explain(error, str(file), "", CityFile)
    if isinstance(plugins, dict):
        problems += _plugin_problems(plugins, str(file))
    if problems or settings is None:
        raise ConfigError(problems)
    return Gateway(name=name, file=file, settings=settings)


def find_files(folder: Path) -> list[Path]:
    """The cities' files in a folder, by name; a single file stands for itself."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise ConfigError([f"{folder}: is not there; name a city's file or their folder"])
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError([f"{folder}: has no <gateway>.toml; copy config/mihon.toml there"])
    return files


def validate_table(
    model: type[BaseModel] | None, table: Any, file: str, where: str, frozen: bool = False
) -> Any:
    """Check a plugin's table with its own model; unknown keys are refused always."""
    name = model.__name__ if model else "NoSettings"
    options = ConfigDict(extra="forbid", frozen=True) if frozen else ConfigDict(extra="forbid")
    strict: Any = type(name, (model or BaseModel,), {"model_config": options, "__doc__": ""})
    try:
        return strict.model_validate(table)
    except ValidationError as error:
        raise ConfigError(explain(error, file, where, strict)) from error


def resolve_secrets(value: Any, file: str, where: str) -> Any:
    """Replace every `{ env = "NAME" }` by the environment's value. Raises `ConfigError`."""
    problems: list[str] = []
    resolved = _resolve(value, file, where, None, problems)
    if problems:
        raise ConfigError(problems)
    return resolved


def _resolve(value: Any, file: str, where: str, unset: str | None, problems: list[str]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, file, where, unset, problems) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() != {"env"} or not isinstance(variable := value["env"], str):
        return {
            key: _resolve(item, file, f"{where}.{key}" if where else str(key), unset, problems)
            for key, item in value.items()
        }
    found = os.environ.get(variable) or unset
    if found is None:
        table, _, key = where.rpartition(".")
        problems.append(f"{place(file, table, key)}: set the environment variable {variable}")
    return FromEnvironment(found or "")


def _plugin_problems(plugins: Mapping[str, Any], file: str) -> list[str]:
    installed: dict[str, set[str]] = {}
    for entry in metadata.entry_points(group="madoguchi.plugins"):
        package = entry.dist.name if entry.dist else entry.value
        installed.setdefault(entry.name, set()).add(package)
    problems = []
    for name in plugins:
        packages = installed.get(name, set())
        at = place(file, f"plugins.{name}")
        if name in TAKEN or not NAME.fullmatch(name):
            problems.append(f"{at}: no plugin can have this name; its package has to change it")
        elif not packages:
            known = ", ".join(sorted(installed)) or "none"
            problems.append(f"{at}: no plugin of this name is installed; installed are {known}")
        elif len(packages) > 1:
            both = " and ".join(sorted(packages))
            problems.append(f"{at}: {both} both have this name; uninstall one")
    return problems
