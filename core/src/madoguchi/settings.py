"""What staff change: versions in the database, the first one taken from the city's file.

An owner is `city` or a plugin that has a `settings_model`. The newest version of each owner is in
force; going back to an older one makes a new version. Contents are JSON values, checked by the
owner's model before they are stored and whenever they are read.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import tomli_w
from pydantic import BaseModel, Field
from sqlalchemy import JSON, bindparam, func, select, text
from sqlalchemy.orm import Session

from madoguchi.audit import Actor, audit
from madoguchi.changes import SETTINGS, note_change
from madoguchi.city_file import CityFile, CityTable, DangerTable, OfficeDayTable
from madoguchi.collected import without_nothing
from madoguchi.config import CITY, validate_table
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.store import UTCDateTime
from madoguchi.tables import settings as table

if TYPE_CHECKING:
    from madoguchi.plugins import Plugins

VERSIONS = "versions"
"""The table of an export that says which versions it holds."""


class CitySettings(CityTable):
    """The city's own settings: the tables `[city]` and `[[danger]]` of its file are the seed."""

    danger: list[DangerTable] = Field(default=[], title="緊急のことば")  # nosay
    office_day: list[OfficeDayTable] = Field(  # nosay
        default=[], title="市の休みの日・開いている日"
    )


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an owner's settings."""

    owner: str
    number: int
    content: dict[str, Any]
    at: datetime
    actor: Actor
    comment: str
    changes: tuple[str, ...]
    """In words, what differs from the version before, and what that meant for residents."""


class Outdated(MadoguchiError):
    """Somebody else changed the same settings meanwhile."""


# Models


def check(owner: str, model: type[BaseModel], content: Any, file: str) -> Any:
    """The content as an object of its model, frozen. `ConfigError` has a line for each mistake."""
    if not isinstance(content, Mapping):
        raise ConfigError([f"{file} {owner}: write a table: [{owner}]"])
    return validate_table(model, content, file, owner, frozen=True)


def city_seed(file: CityFile) -> dict[str, Any]:
    """The city's settings as its file has them."""
    danger = [one.model_dump(by_alias=True) for one in file.danger]
    days = [one.model_dump(mode="json") for one in file.office_day]
    return {**file.city.model_dump(mode="json"), "danger": danger, "office_day": days}


def models(plugins: "Plugins") -> dict[str, type[BaseModel]]:
    """By owner, the model of everything that can be changed here."""
    found: dict[str, type[BaseModel]] = {CITY: CitySettings}
    return found | {
        plugin.name: plugin.settings_model
        for plugin in plugins.all.values()
        if plugin.settings_model
    }


def seeds(file: CityFile, plugins: "Plugins") -> dict[str, dict[str, Any]]:
    """By owner, what the city's file says; of a plugin that is quarantined, nothing."""
    found = {CITY: city_seed(file)}
    return found | {
        plugin.name: plugin.seed for plugin in plugins.all.values() if plugin.seed is not None
    }


# Files


def write_file(contents: Mapping[str, Any], versions: Mapping[str, int] | None = None) -> str:
    """Settings as TOML, one table for each owner. `read_file` gives the same back."""
    tables = {owner: without_nothing(content) for owner, content in contents.items()}
    if versions:
        tables[VERSIONS] = dict(versions)
    pretty = tomli_w.dumps(tables, multiline_strings=True)
    return pretty if tomllib.loads(pretty) == tables else tomli_w.dumps(tables)


def read_file(text: str, file: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Contents by owner, and the versions that were exported, from TOML. Raises `ConfigError`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file}: is not TOML: {error}"]) from error
    versions = tables.pop(VERSIONS, {})
    if not isinstance(versions, dict) or not all(type(n) is int for n in versions.values()):
        raise ConfigError([f"{file} [{VERSIONS}]: write numbers, or leave the table out"])
    return {owner: _plain(content, file) for owner, content in tables.items()}, versions


def _plain(value: Any, file: str) -> Any:
    """TOML's dates and times as texts, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(one, file) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, file) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError([f"{file}: {value} is not a number that can be kept"])
    return value.isoformat() if isinstance(value, date | time) else value


# Rows


def newest(db: Session) -> dict[str, Version]:
    """The newest version of each owner."""
    last = (
        select(table.c.owner, func.max(table.c.version).label("version"))
        .group_by(table.c.owner)
        .subquery()
    )
    found = db.execute(
        select(table)
        .join(last, (table.c.owner == last.c.owner) & (table.c.version == last.c.version))
        .order_by(table.c.owner)
    )
    return {row.owner: _version(row) for row in found}


def history(db: Session, owner: str | None = None, most: int = 1000) -> list[Version]:
    """The versions of one owner, or of all, the newest first."""
    query = select(table).order_by(table.c.at.desc(), table.c.version.desc(), table.c.owner)
    if owner is not None:
        query = query.where(table.c.owner == owner)
    return [_version(row) for row in db.execute(query.limit(most))]


def sow(db: Session, contents: Mapping[str, Any], file: str, at: datetime) -> None:
    """Make the first version of every owner that has none. Any number of workers may do this."""
    present = set(db.scalars(select(table.c.owner).distinct()))
    actor = Actor("system", "madoguchi", "madoguchi")
    for owner in contents.keys() - present:
        _append(db, owner, 1, contents[owner], [], actor, f"from {file}", at)


def append(
    db: Session,
    contents: Mapping[str, Any],
    changes: Mapping[str, Sequence[str]],
    base: Mapping[str, int],
    actor: Actor,
    comment: str,
    at: datetime,
) -> dict[str, int]:
    """Store new versions after those of `base`, with a line in the audit log for each.

    `changes`: by owner, what differs, in words. `Outdated` if one of `base` is not the newest.
    """
    before, made = newest(db), {}
    for owner, content in contents.items():
        old = before.get(owner)
        if (old.number if old else 0) != base.get(owner, 0):
            raise Outdated(outdated(owner, old))
        number = made[owner] = base.get(owner, 0) + 1
        if not _append(db, owner, number, content, changes[owner], actor, comment, at):
            raise Outdated(outdated(owner, None))
        audit(db, actor, "settings.change", f"settings:{owner}:{number}", {"comment": comment})
        note_change(db, owner, SETTINGS)
    return made


def outdated(owner: str, newest: Version | None) -> str:
    """Say that settings were changed by somebody else meanwhile."""
    who = f" by {newest.actor.label}" if newest else ""
    now = f"; their version is {newest.number} now" if newest else ""
    return (
        f"the settings [{owner}] were changed{who} meanwhile{now}: look with `madoguchi settings"
        f" history {owner}`, then export them again"
    )


_APPEND = text(
    "INSERT INTO settings (owner, version, at, actor_kind, actor_id, actor_label, comment, changes,"
    " content) VALUES (:owner, :version, :at, :kind, :id, :label, :comment, :changes, :content)"
    " ON CONFLICT DO NOTHING"
).bindparams(
    bindparam("at", type_=UTCDateTime),
    bindparam("changes", type_=JSON),
    bindparam("content", type_=JSON),
)


def _append(
    db: Session,
    owner: str,
    number: int,
    content: Any,
    changes: Sequence[str],
    actor: Actor,
    comment: str,
    at: datetime,
) -> bool:
    """Insert a version; False if somebody else made it first."""
    who = {"kind": actor.kind, "id": actor.id, "label": actor.label, "comment": comment, "at": at}
    row = {**who, "owner": owner, "version": number, "changes": changes, "content": content}
    return db.execute(_APPEND, row).rowcount == 1  # type: ignore[attr-defined]


def _version(row: Any) -> Version:
    actor = Actor(row.actor_kind, row.actor_id, row.actor_label)
    return Version(
        row.owner, row.version, row.content, row.at, actor, row.comment, tuple(row.changes)
    )
