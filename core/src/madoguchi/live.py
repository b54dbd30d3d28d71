"""The settings in force: taken from the database, looked after, swapped whole without a restart.

Every process looks twice a second whether something has changed, and at once when Redis says so. A
version is checked by its model and by collecting what the plugin declares under it, first when
somebody wants to make it and again in every process; if that fails, the one before stays in force.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from madoguchi.audit import Actor
from madoguchi.beat import LOOP, Beat
from madoguchi.changes import COUNTS, SETTINGS
from madoguchi.city_file import CityTable
from madoguchi.clock import Clock
from madoguchi.collected import collect, dump, without_nothing
from madoguchi.config import CITY, Gateway
from madoguchi.danger import Danger
from madoguchi.differences import compare
from madoguchi.errors import CircuitOpen, ConfigError, PluginError
from madoguchi.plugins import PLUGIN_FAULTS, TIME_LIMIT, Plugin, Plugins, reason_of
from madoguchi.reviewing import Change, explain, failure
from madoguchi.settings import (
    CitySettings,
    Version,
    append,
    check,
    city_seed,
    history,
    models,
    newest,
    outdated,
    seeds,
    sow,
)
from madoguchi.store import Store, StoreUnavailable
from madoguchi.types import City, Consequence

log = logging.getLogger("madoguchi.settings")

LOOK = 0.5
"""Seconds between two looks."""
TELL_AGAIN = 5.0
"""Seconds until a plugin that cannot listen now is told once more."""
STEPS_BACK = 20
"""At the start, so many older versions are tried if the newest cannot be used."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The city's own settings, as they are in force."""

    city: City
    settings: CitySettings
    danger: Danger
    version: int


class Live:
    """The settings of one gateway in one process: `city` and each `plugin.settings`."""

    def __init__(
        self, gateway: Gateway, plugins: Plugins, store: Store, beat: Beat, clock: Clock
    ) -> None:
        self.news = asyncio.Event()
        """Set it, and `follow` looks at once."""
        self.stale: str | None = None
        """Why the newest version of the city's settings is not the one in force."""
        self._gateway, self._plugins, self._store = gateway, plugins, store
        self._beat, self._clock = beat, clock
        self._models = models(plugins)
        self._known: dict[tuple[str, str], int] = {}
        self._looking = asyncio.Lock()
        self._telling: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.city = self._city(city_seed(gateway.settings), 0)

    async def open(self) -> None:
        """Put the newest versions in force; what has none yet begins as in the city's file."""
        file = self._gateway.file.name
        first = seeds(self._gateway.settings, self._plugins)
        await self._store.write(sow, first, file, self._clock.now())
        await self.load()

    async def load(self) -> None:
        """Put the newest versions in force, without writing anything."""
        self._known = await self._count()
        for owner, version in (await self._store.read(newest)).items():
            if owner not in self._models:
                continue
            try:
                self._prepare(owner, version.content, version.number)()
            except PLUGIN_FAULTS as error:
                self._report(owner, version.number, error)
                await self._step_back(owner)

    async def _step_back(self, owner: str) -> None:
        for version in (await self._store.read(history, owner, STEPS_BACK))[1:]:
            try:
                self._prepare(owner, version.content, version.number)()
                return
            except PLUGIN_FAULTS as error:
                log.debug("%s: nor is %d: %s", owner, version.number, error)

    async def follow(self) -> None:
        """Keep up with what others change, for ever."""
        while True:
            try:
                async with asyncio.timeout(LOOK):
                    await self.news.wait()
            except TimeoutError:
                pass
            self.news.clear()
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("%s: settings cannot be looked at: %s", self._gateway.name, error)
            except Exception:
                log.exception("%s: a fault of the gateway: settings", self._gateway.name)

    async def look(self) -> None:
        """Put in force what has changed since the last look."""
        async with self._looking:
            counts = await self._count()
            changed = [key for key, times in counts.items() if self._known.get(key) != times]
            owners = {owner for owner, name in changed if name == SETTINGS} & self._models.keys()
            swapped: list[str] = []
            if owners:
                versions = await self._store.read(newest)
                swapped = self._swap({one: versions[one] for one in owners if one in versions})
            self._known = counts
        for owner, name in changed:
            plugin = self._plugins.all.get(owner)
            if plugin and (name != SETTINGS or owner in swapped):
                self._tell(plugin, name)

    def _swap(self, versions: Mapping[str, Version]) -> list[str]:
        """Prepare all of them, then put in force those that can be, and name their owners."""
        ready = []
        for owner, version in versions.items():
            try:
                ready.append((owner, self._prepare(owner, version.content, version.number)))
            except PLUGIN_FAULTS as error:
                self._report(owner, version.number, error)
        for owner, put_in_force in ready:
            put_in_force()
            self._note(owner, None)
            log.info(
                "%s: settings of %s: version %d", self._gateway.name, owner, versions[owner].number
            )
        return [owner for owner, _ in ready]

    async def change(
        self,
        contents: Mapping[str, Any],
        base: Mapping[str, int],
        actor: Actor,
        comment: str,
        file: str,
        dry_run: bool = False,
    ) -> list[str]:
        """Make these contents the newest versions, and put them in force; what changes, in words.

        `base`: the versions they were made from, where that is known; somebody else's change since
        then is not overwritten. `ConfigError` has a line for each mistake, and for each refusal of
        a plugin, and then nothing has changed. A dry run checks everything and changes nothing.
        """
        before = await self._store.read(newest)
        problems: list[str] = []
        changes: list[Change] = []
        for owner, content in contents.items():
            old = before.get(owner)
            if old and without_nothing(old.content) == without_nothing(content):
                continue
            if old and base.get(owner, old.number) != old.number:
                problems.append(f"{file} [{owner}]: {outdated(owner, old)}")
                continue
            try:
                settings = self._try(owner, content, file)
            except ConfigError as error:
                problems += error.problems
                continue
            full, stored = dump(settings), old.content if old else {}
            if compare(stored, full):
                ask = self._reviewer(owner, stored, settings, dry_run)
                changes.append(Change(owner, stored, full, ask))
        if problems:
            raise ConfigError(problems)
        if not changes:
            return []
        numbers = {one.owner: before[one.owner].number for one in changes if one.owner in before}
        lines = await self._review(changes, numbers, actor, comment, file, dry_run)
        if not dry_run:
            await self.look()
        return [line for change in changes for line in lines[change.owner]]

    async def _review(
        self,
        changes: Sequence[Change],
        base: Mapping[str, int],
        actor: Actor,
        comment: str,
        file: str,
        dry_run: bool,
    ) -> dict[str, list[str]]:
        """What the changes mean, by owner; without a dry run they are stored in the same unit."""

        def store(db: Session) -> dict[str, list[str]]:
            lines = explain(db, changes, file)
            contents = {change.owner: change.after for change in changes}
            append(db, contents, lines, base, actor, comment, self._clock.now())
            return lines

        try:
            async with asyncio.timeout(TIME_LIMIT):
                if dry_run:
                    return await self._store.read(explain, changes, file)
                return await self._store.write(store)
        except TimeoutError:
            late = f"took longer than {TIME_LIMIT:g} s: see what is in force, then try again"
            raise ConfigError([f"{file}: {late}"]) from None
        except DBAPIError as error:
            owners = ", ".join(change.owner for change in changes if change.ask)
            raise ConfigError([f"{file} [{owners}]: {failure(error)}"]) from error

    def _reviewer(
        self, owner: str, stored: Any, after: Any, dry_run: bool
    ) -> Callable[[Session], Any] | None:
        """Who says, inside a unit, what new settings mean for residents."""
        plugin = self._plugins.all.get(owner)
        if plugin is None:
            return None
        if plugin.trouble:
            said = [Consequence("nobody can say what this means: the plugin is quarantined")]
            return lambda db: said
        call = plugin.hooks.get("review_settings")
        if call is None:
            return None
        try:
            before = check(owner, self._models[owner], stored, "")
        except ConfigError:  # of an older version of the plugin: what is in force counts
            before = plugin.settings

        def ask(db: Session) -> Any:
            if not dry_run:
                self._beat.unit(plugin.label)  # whoever holds up the writer is named
            try:
                return self._beat.call(
                    plugin.label, call, {"db": db, "before": before, "after": after}
                )
            finally:
                if not dry_run:
                    self._beat.unit(None)

        return ask

    def _try(self, owner: str, content: Any, file: str) -> Any:
        """The settings, if their model takes them and their plugin can work with them."""
        model = self._models.get(owner)
        if model is None:
            known = ", ".join(self._models)
            plugin = self._plugins.all.get(owner)
            why = f"is quarantined: {plugin.trouble}" if plugin and plugin.trouble else "has none"
            raise ConfigError([f"{file} [{owner}]: {owner} {why}; settings have {known}"])
        settings = check(owner, model, content, file)
        try:
            self._prepare(owner, dump(settings), 0)
        except PLUGIN_FAULTS as error:
            raise ConfigError(
                [f"{file} [{owner}]: the plugin cannot work with these: {reason_of(error)}"]
            ) from error
        return settings

    def _prepare(self, owner: str, content: Any, number: int) -> Callable[[], None]:
        """Check and collect, changing nothing; what is returned puts it in force."""
        if owner == CITY:
            city = self._city(content, number)
            return lambda: setattr(self, "city", city)
        plugin = self._plugins.all[owner]
        settings = check(owner, self._models[owner], content, f"version {number}")
        self._beat.enter(LOOP, plugin.label)
        try:
            collected = collect(plugin, settings, number)
        finally:
            self._beat.leave(LOOP)
        return lambda: setattr(plugin, "collected", collected)

    def _city(self, content: Any, number: int) -> InForce:
        settings = check(CITY, CitySettings, content, f"version {number}")
        city = describe(self._gateway, settings)
        return InForce(city, settings, Danger(settings.danger), number)

    def _report(self, owner: str, number: int, error: BaseException) -> None:
        reason = f"version {number} of its settings is not in force: {reason_of(error)}"
        log.error("%s: %s: %s", self._gateway.name, owner, reason)
        self._note(owner, reason)

    def _note(self, owner: str, stale: str | None) -> None:
        if owner == CITY:
            self.stale = stale
        else:
            self._plugins.all[owner].stale = stale

    def _tell(self, plugin: Plugin, name: str) -> None:
        """Call `on_change` of a plugin, one call after the other; nobody waits for it."""
        call = plugin.hooks.get("on_change")
        if call is None:
            return

        async def tell() -> None:
            async with self._telling.setdefault(plugin.name, asyncio.Lock()):
                while True:
                    try:
                        await plugin.run(self._beat, call, {"plugin": plugin, "name": name})
                    except (CircuitOpen, StoreUnavailable) as error:
                        log.info("%s: %s is told later: %s", self._gateway.name, name, error)
                        await asyncio.sleep(TELL_AGAIN)
                        continue
                    except PluginError as error:
                        log.error("%s: %s is told no more: %s", self._gateway.name, name, error)
                    return

        task = asyncio.create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _count(self) -> dict[tuple[str, str], int]:
        return {(owner, name): times for owner, name, times in await self._store.fetch(COUNTS)}


def describe(gateway: Gateway, table: CityTable) -> City:
    """The city of a gateway, as `table` describes it."""
    file = gateway.settings
    return City(
        gateway.name,
        table.label,
        table.phone,
        table.hours,
        table.site,
        file.public_url,
        tuple(file.line.liff),
        file.line.platform,
    )
