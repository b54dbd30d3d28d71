"""Find, check, start and call plugins. Whatever a plugin does, it does to itself alone.

One `Plugins` belongs to one gateway: a module may serve many, each with its own pluggy manager,
configuration, state, threads and circuit. pluggy collects and checks the implementations; the
gateway calls them one by one: one that raises would end a whole pluggy call, and nothing
asynchronous may run inside one.
"""

import asyncio
import inspect
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pluggy

from madoguchi import hookspecs, metrics
from madoguchi.beat import LOOP, Beat
from madoguchi.changes import SETTINGS, note_change
from madoguchi.clock import Clock
from madoguchi.collected import Collected, collect, dump, load_seed
from madoguchi.config import resolve_secrets, validate_table
from madoguchi.criteria import Criteria, gather
from madoguchi.errors import CircuitOpen, ConfigError, EventDone, PluginError
from madoguchi.hooks import caller_of, check_hooks, check_permissions
from madoguchi.limit import TimeLimit, not_counted
from madoguchi.store import Store, StoreUnavailable
from madoguchi.threads import Threads
from madoguchi.types import Fit, Models, Offer, Permission, PluginInfo
from madoguchi.watch import Attributed

log = logging.getLogger("madoguchi.plugins")

GROUP = "madoguchi.plugins"
TIME_LIMIT = 10.0
"""Seconds a handler or a notify hook may take."""
TURNS = 8
"""So many turns of one plugin at once, those in its threads (`madoguchi.threads`) included."""
PLUGIN_FAULTS = (Exception, SystemExit, KeyboardInterrupt)
"""What a `try` around plugin code catches: `sys.exit()` must not end the gateway."""


class Circuit:
    """Opens for 30 seconds after 5 failures within 60; then the plugin is tried again."""

    def __init__(self, clock: Clock, failures: int = 5, within: float = 60, pause: float = 30):
        self._clock, self._within, self._pause = clock, within, pause
        self._failures: deque[float] = deque(maxlen=failures)
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the plugin is left alone just now."""
        return self._until > self._clock.time()

    def fail(self) -> bool:
        """Count a failure; True if this one opened the circuit."""
        now = self._clock.time()
        self._failures.append(now)
        full = len(self._failures) == self._failures.maxlen
        if not full or now - self._failures[0] > self._within:
            return False
        self._until = now + self._pause
        self._failures.clear()
        return True


class Plugin:
    """One plugin in one gateway. Handlers find it as `ctx.plugin`."""

    def __init__(
        self,
        gateway: str,
        name: str,
        clock: Clock,
        store: Store | None = None,
        beat: Beat | None = None,
        everybody: "Callable[[], Iterable[Plugin]]" = tuple,
    ) -> None:
        self.gateway, self.name = gateway, name
        self.label = f"{gateway}/{name}"
        self.version = ""
        self.folder: Path | None = None
        """Where the package lies: its `templates/<plugin>/` and `static/`."""
        self.city_folder: Path | None = None
        """Beside the city's file: the city's own data, templates, texts."""
        self.config: Any = SimpleNamespace()
        self.state: Any = None
        self._store, self._beat, self._everybody = store, beat, everybody
        self.info = PluginInfo(name, "")
        self.models: Models | None = None
        self.permissions: tuple[Permission, ...] = ()
        self.commands: Mapping[str, Callable[..., Any]] = {}
        self.postbacks: Mapping[str, Callable[..., Any]] = {}
        self.pages: tuple[Any, ...] = ()
        self.collected = Collected()
        """What it declares under the settings in force."""
        self.page_types: Mapping[type, Callable[..., Any]] = {}
        self.settings_model: Any = None
        self.seed: dict[str, Any] | None = None
        """Its settings as the city's file has them."""
        self.stale: str | None = None
        """Why the newest version of its settings is not the one in force."""
        self.trouble: str | None = None
        """Why the plugin is quarantined, in words; None while it is well."""
        self.last_error: str | None = None
        self.circuit = Circuit(clock)
        self.log = logging.getLogger(f"madoguchi.plugin.{name}")
        self.hooks: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
        self._turns = asyncio.Semaphore(TURNS)
        self._threads: Threads | None = None

    @property
    def settings(self) -> Any:
        """What staff may change, as it is now; each change brings a new object."""
        return self.collected.settings

    @property
    def criteria(self) -> Criteria:
        """What residents can be picked by now; each look makes it anew: take it once for a work."""
        return gather((one.name, one.collected) for one in self._everybody())

    def changed(self, db: Any, name: str) -> None:
        """Say, inside a unit, that something has changed of which every process keeps a copy.

        Once the unit is committed, `on_change(plugin, name)` is called in each of them.
        """
        if name == SETTINGS:
            raise ValueError(f'"{SETTINGS}" is what a change of settings says by itself')
        note_change(db, self.name, name)

    @property
    def has_database(self) -> bool:
        """False where plugins are only looked at, as `madoguchi doctor` does."""
        return bool(self._store)

    async def read(self, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what `fn(db, *args)` reads, for `lifespan` and `on_change`."""
        store, beat = self._store, self._beat
        if store is None or beat is None:
            raise PluginError("there is no database here")
        with not_counted():
            return await store.read(
                lambda db: beat.call(self.label, lambda: fn(db, *args, **named))
            )

    def quarantine(self, reason: str) -> None:
        """Take the plugin out of service: one clear line, and the gateway goes on without it."""
        self.trouble = reason
        self.collected = replace(self.collected, jobs=(), forms=(), fields=(), audiences=())
        self.hooks, self.postbacks, self.pages, self.page_types = {}, {}, (), {}
        log.error("%s: plugin %s is quarantined: %s", self.gateway, self.name, reason)

    def collect(self, hook: str, kind: type, default: Any = None, **given: Any) -> Any:
        """Call a collect hook, or return `default` if the plugin has none.

        Raises `PluginError` if it returns something else than a `kind`.
        """
        call = self.hooks.get(hook)
        if call is None:
            return default
        found = call(given)
        if not isinstance(found, kind):
            raise PluginError(f"`{hook}` returned {type(found).__name__}, not {kind.__name__}")
        return found

    def fail(self, what: str, error: BaseException) -> None:
        """Remember a failure at run time, for the log and the health page."""
        self.last_error = f"{what}: {type(error).__name__}: {error}"
        self.log.error("%s: %s failed", self.gateway, what, exc_info=error)
        metrics.FAILURES.add(self.gateway, self.name)
        if self.circuit.fail():
            self.log.error("%s: failed too often; left alone for 30 s", self.gateway)

    async def run(
        self, beat: Beat, function: Callable[..., Any], *given: Any, limit: float = TIME_LIMIT
    ) -> Any:
        """Await one call of the plugin's code: own threads, own turns, time limit, circuit.

        Neither the wait for a turn or a thread nor the database's time counts against the limit.
        Raises `CircuitOpen`, or `PluginError` from whatever went wrong; `EventDone` and
        `StoreUnavailable` pass.
        """
        async with self._turns:
            if self.circuit.is_open:
                raise CircuitOpen(f"{self.name} failed too often and is left alone for 30 s")
            return await self._run(beat, function, given, limit)

    async def _run(self, beat: Beat, function: Callable[..., Any], given: Any, limit: float) -> Any:
        started, timeout = time.monotonic(), TimeLimit(limit)
        what = getattr(function, "__name__", "handler")
        try:
            async with timeout:
                result = await self.call(beat, function, *given)
        except (EventDone, StoreUnavailable):
            raise  # nobody's fault: the event was done before, or is run again later
        except (*PLUGIN_FAULTS, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            if timeout.expired:
                error = PluginError(f"took longer than {limit:g} s")
            self.fail(what, error)
            raise PluginError(f"{self.name}: {what} failed") from error
        took = time.monotonic() - started
        if took > max(1, limit / 10):
            self.log.warning("%s: %s took %.1f s", self.gateway, what, took)
        return result

    async def call(self, beat: Beat, function: Callable[..., Any], *given: Any) -> Any:
        """Await the plugin's code under its name: a plain function in the plugin's own threads."""
        if inspect.iscoroutinefunction(function):
            result = function(*given)
        else:
            if self._threads is None:
                self._threads = Threads(self.label)
            result = await self._threads.run(beat, function, *given)
        if inspect.iscoroutine(result):
            result = await Attributed(beat, self.label, result)
        return result

    def close(self) -> None:
        """Let go of the threads; one that never ends is not waited for."""
        if self._threads is not None:
            self._threads.close()


class Plugins:
    """The plugins of one gateway, in the order of the city's file: order is the city's voice."""

    def __init__(self, gateway: str, clock: Clock, beat: Beat, store: Store | None = None) -> None:
        self.gateway, self._clock, self.beat, self._store = gateway, clock, beat, store
        self.all: dict[str, Plugin] = {}
        self._manager = pluggy.PluginManager("madoguchi")
        self._manager.add_hookspecs(hookspecs)
        self._stack = AsyncExitStack()
        self._offering: list[tuple[Plugin, Callable[[Mapping[str, Any]], Any]]] = []

    def load(
        self, tables: Mapping[str, Any], file: str, quarantined: Mapping[str, str] | None = None
    ) -> None:
        """Import and check the plugins that have a table; a failure quarantines that one.

        `quarantined`: plugin name → reason, from the supervisor.
        """
        known = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
        for name, table in tables.items():
            plugin = self.all[name] = Plugin(
                self.gateway, name, self._clock, self._store, self.beat, self.well
            )
            plugin.city_folder = Path(file).with_suffix("")
            if reason := (quarantined or {}).get(name):
                plugin.quarantine(reason)
                continue
            self.beat.enter(LOOP, plugin.label)
            try:
                self._load(plugin, known[name], table, file)
            except PLUGIN_FAULTS as error:
                plugin.quarantine(reason_of(error))
            finally:
                self.beat.leave(LOOP)

    def _load(self, plugin: Plugin, entry: metadata.EntryPoint, table: Any, file: str) -> None:
        plugin.version = entry.dist.version if entry.dist else ""
        module = entry.load()
        plugin.folder = Path(module.__file__).parent if module.__file__ else None
        check_hooks(module)
        self._manager.register(module, plugin.name)
        for caller in self._manager.get_hookcallers(module) or ():
            implementation = next(i for i in caller.get_hookimpls() if i.plugin is module)
            plugin.hooks[caller.name] = caller_of(implementation, caller.name)
        where, own = f"plugins.{plugin.name}", dict(table)
        if (model := plugin.collect("settings_model", type)) is not None:
            plugin.settings_model = model
            settings = load_seed(plugin, model, own.pop("settings", {}), file)
            plugin.seed, plugin.collected = dump(settings), Collected(settings)
        model = plugin.collect("config_model", type)
        plugin.config = validate_table(model, resolve_secrets(own, file, where), file, where)
        plugin.info = plugin.collect("plugin_info", PluginInfo, plugin.info)
        plugin.models = plugin.collect("register_models", Models)
        plugin.postbacks = plugin.collect("register_postbacks", Mapping, {})
        plugin.permissions = tuple(plugin.collect("register_permissions", Sequence, ()))
        check_permissions(plugin.name, plugin.permissions)
        plugin.commands = plugin.collect("register_commands", Mapping, {})
        plugin.page_types = plugin.collect("register_page_types", Mapping, {})
        plugin.pages = tuple(plugin.collect("register_pages", Sequence, (), config=plugin.config))
        plugin.collected = collect(plugin, plugin.settings)

    async def start(self) -> None:
        """Enter the plugins' lifespans; one that fails or takes over 10 s is quarantined.

        `StoreUnavailable` if the database ended while one of them read it.
        """
        for plugin in self.well():
            enter = plugin.hooks.get("lifespan")
            if enter is None:
                continue
            limit = asyncio.timeout(TIME_LIMIT)
            try:
                async with limit:
                    entering = self._stack.enter_async_context(enter({"plugin": plugin}))
                    await Attributed(self.beat, plugin.label, entering)
            except StoreUnavailable:
                raise  # not this plugin's fault: the gateway starts once the database answers
            except PLUGIN_FAULTS as error:
                late = f"took longer than {TIME_LIMIT:g} s"
                plugin.quarantine(f"lifespan: {late if limit.expired() else reason_of(error)}")
        self.refresh()

    def refresh(self) -> None:
        """Look up anew who offers; after a plugin was quarantined."""
        self._offering = list(self.having("offer_for_message"))

    async def stop(self) -> None:
        """Leave the lifespans and let the threads go."""
        try:
            async with asyncio.timeout(TIME_LIMIT):
                await self._stack.aclose()
        except PLUGIN_FAULTS:
            log.exception("%s: a plugin's lifespan did not end well", self.gateway)
        for plugin in self.all.values():
            plugin.close()

    def well(self) -> list[Plugin]:
        """The plugins in service, in order."""
        return [plugin for plugin in self.all.values() if plugin.trouble is None]

    def having(self, hook: str) -> Iterable[tuple[Plugin, Callable[[Mapping[str, Any]], Any]]]:
        """Plugins in service that implement a hook, each with a callable that takes a mapping."""
        return ((p, p.hooks[hook]) for p in self.well() if hook in p.hooks)

    def find_form(self, name: str) -> tuple[Plugin, Any] | None:
        """The form `plugin/name` with its plugin, if that is in service."""
        owner, _, own = name.partition("/")
        plugin = self.all.get(owner)
        forms = plugin.collected.forms if plugin else ()
        form = next((one for one in forms if one.name == own), None)
        return (plugin, form) if plugin and form else None

    def offers(
        self, context: Callable[[Plugin], Any], message: Any, text: str
    ) -> list[tuple[Plugin, Offer]]:
        """Ask everybody who offers; `context(plugin)` makes what each is given as `ctx`."""
        found = []
        for plugin, ask in self._offering:
            if plugin.circuit.is_open:
                continue
            started = time.perf_counter()
            self.beat.enter(LOOP, plugin.label)
            try:
                offer = ask({"ctx": context(plugin), "message": message, "text": text})
                if offer is not None and not isinstance(offer, Offer):
                    raise TypeError(f"returned {type(offer).__name__}, not an Offer or None")
            except PLUGIN_FAULTS as error:
                plugin.fail("offer_for_message", error)
                continue
            finally:
                self.beat.leave(LOOP)
            if (took := time.perf_counter() - started) > 0.2:
                plugin.log.warning("%s: offer_for_message took %.1f s", self.gateway, took)
            if offer is not None and (offer.fit > Fit.SEARCH or offer.score >= 0.5):
                found.append((plugin, offer))
        return found

    async def notify(self, hook: str, context: Callable[[Plugin], Any], **given: Any) -> int:
        """Call a notify hook of everybody, one after another; how many failed.

        At recovery, the unit of one plugin may be there already (`EventDone`): the others' follow.
        """
        failed = 0
        for plugin, call in self.having(hook):
            try:
                await plugin.run(self.beat, call, {"ctx": context(plugin), **given})
            except EventDone as done:
                log.info("%s: %s: %s", self.gateway, plugin.name, done)
            except PluginError:
                failed += 1
        return failed


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line."""
    if isinstance(error, ConfigError):
        return "; ".join(error.problems)
    if isinstance(error, PluginError):
        return str(error)
    return f"{type(error).__name__}: {error}"
