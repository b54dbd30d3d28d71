"""What a plugin declares under the settings in force: made whole, checked, swapped whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from madoguchi.config import validate_table
from madoguchi.criteria import Audience, ProfileField
from madoguchi.errors import ConfigError, PluginError
from madoguchi.forms import Form
from madoguchi.menu.icons import ICONS
from madoguchi.types import Job, MenuItem

if TYPE_CHECKING:
    from madoguchi.plugins import Plugin

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Collected:
    """One state of a plugin: its settings, and what it declares under them."""

    settings: Any = field(default_factory=SimpleNamespace)
    version: int = 0
    """The version of the settings; 0: those of the city's file, before there was a database."""
    jobs: tuple[Job, ...] = ()
    forms: tuple[Form, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    fields: tuple[ProfileField, ...] = ()
    audiences: tuple[Audience, ...] = ()


def collect(plugin: "Plugin", settings: Any, version: int = 0) -> Collected:
    """Ask the plugin what it declares under these settings. Changes nothing.

    Whatever the plugin raises comes out here; `PluginError` if what it declares is wrong.
    """
    given = {"config": plugin.config, "settings": settings}
    jobs = tuple(plugin.collect("register_jobs", Sequence, (), **given))
    _check_names("register_jobs", jobs, Job)
    forms = tuple(plugin.collect("register_forms", Sequence, (), **given))
    _check_names("register_forms", forms, Form)
    menu = tuple(plugin.collect("register_menu_items", Sequence, (), **given))
    _check_kind("register_menu_items", menu, MenuItem)
    _check_icons(menu)
    fields = tuple(plugin.collect("register_profile_fields", Sequence, (), **given))
    _check_names("register_profile_fields", fields, ProfileField)
    audiences = tuple(plugin.collect("register_audiences", Sequence, (), **given))
    _check_names("register_audiences", audiences, Audience)
    return Collected(settings, version, jobs, forms, menu, fields, audiences)


def load_seed(plugin: "Plugin", model: type[BaseModel], seed: Any, file: str) -> Any:
    """The first settings: `[plugins.<name>.settings]` of the city's file, and the defaults.

    Raises `ConfigError` if the model refuses them, or if an export could not hold them.
    """
    where = f"plugins.{plugin.name}.settings"
    settings = validate_table(model, seed, file, where, frozen=True)
    content = dump(settings)
    try:
        again = dump(validate_table(model, without_nothing(content), file, where, frozen=True))
    except ConfigError:
        again = None
    if again != content:
        raise ConfigError(
            [
                f"{file} [{where}]: {model.__name__} does not take back what it gives: a setting"
                " that may be None needs None as its default"
            ]
        )
    return settings


def dump(settings: BaseModel) -> dict[str, Any]:
    """Settings as JSON values, with every default written out."""
    return settings.model_dump(mode="json", by_alias=True)


def without_nothing(value: Any) -> Any:
    """The value without keys that hold None, for which TOML has no word."""
    if isinstance(value, Mapping):
        return {key: without_nothing(one) for key, one in value.items() if one is not None}
    return [without_nothing(one) for one in value] if isinstance(value, list) else value


def _check_names(hook: str, found: Sequence[Any], kind: type) -> None:
    _check_kind(hook, found, kind)
    names: set[str] = set()
    for one in found:
        if not NAME.fullmatch(one.name):
            raise PluginError(
                f"`{hook}`: the name {one.name!r}: use a-z, 0-9 and _, a letter first"
            )
        if one.name in names:
            raise PluginError(f"`{hook}`: the name {one.name!r} stands there twice")
        names.add(one.name)


def _check_icons(menu: Sequence[MenuItem]) -> None:
    for one in menu:
        if one.icon is not None and one.icon not in ICONS:
            known = ", ".join(ICONS)
            raise PluginError(f"`register_menu_items`: no icon is called {one.icon!r}; use {known}")


def _check_kind(hook: str, found: Sequence[Any], kind: type) -> None:
    for one in found:
        if not isinstance(one, kind):
            raise PluginError(
                f"`{hook}` returned a {type(one).__name__} among its {kind.__name__}s"
            )
