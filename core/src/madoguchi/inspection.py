"""What the command line looks at: files, plugins, phrases, events in trouble, the audit log.

Everything here reads. The one thing that changes something, `retry`, asks the worker to do it, as
it alone writes the embedded database.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from madoguchi import audit, migrations
from madoguchi.beat import Beat
from madoguchi.clock import JST, Clock
from madoguchi.config import Gateway, find_files, read_gateway
from madoguchi.context import OfferContext
from madoguchi.dispatch import close_calls, normalise, rank
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.gateway import migration_sets
from madoguchi.housekeeping import JOBS
from madoguchi.jobs import last_runs
from madoguchi.languages import Languages
from madoguchi.live import Live
from madoguchi.mistakes import explain_silence
from madoguchi.plugins import Plugin, Plugins, log
from madoguchi.store import Store, StoreUnavailable, open_store
from madoguchi.tables import attempt, handled


async def check_all(config: Path, data: Path) -> list[str]:
    """Every mistake in the cities' files, their plugins and the reach of their databases."""
    problems: list[str] = []
    for file in find_files(config):
        try:
            gateway = read_gateway(file)
        except ConfigError as error:
            problems += error.problems
            continue
        plugins = load_plugins(gateway)
        for plugin in plugins.all.values():
            problems += _troubles(file, plugin)
        folders = [plugin.folder for plugin in plugins.well() if plugin.folder]
        problems += Languages(folders, gateway.overrides).problems
        if url := gateway.settings.store.database_url:
            try:
                behind = await migrations.pending(url, [migrations.CORE, *migration_sets(plugins)])
                problems += [
                    f"{file}: the tables of {one} are not up to date: run madoguchi migrate"
                    for one in behind
                ]
            except StoreUnavailable as error:
                problems.append(explain_silence(str(file), error))
    return problems


def _troubles(file: Path, plugin: Plugin) -> list[str]:
    """Why a plugin is quarantined, a line for each mistake in its table."""
    if plugin.trouble is None:
        return []
    if plugin.trouble.startswith(f"{file} ["):
        return plugin.trouble.replace(f"; {file} [", f"\n{file} [").split("\n")
    return [f"{file} [plugins.{plugin.name}]: {plugin.trouble}"]


async def list_plugins(config: Path) -> list[str]:
    """A line for each plugin of each city, in order."""
    lines = []
    for file in find_files(config):
        gateway = read_gateway(file, unset="")
        for plugin in load_plugins(gateway).all.values():
            state = f"quarantined: {plugin.trouble}" if plugin.trouble else "on"
            lines.append(
                f"{gateway.name}\t{plugin.name}\t{plugin.version}\t{plugin.info.label}\t{state}"
            )
    return lines or ["no plugin is switched on"]


async def list_jobs(config: Path, data: Path, city: str) -> list[str]:
    """A line for each job: name, schedule, when it last ran, and how that ended."""
    gateway = pick_city(config, city)
    plugins = load_plugins(gateway)
    store = await open_for_reading(gateway, data)
    try:
        await Live(gateway, plugins, store, plugins.beat, Clock()).load()
        runs = await store.read(last_runs)
    finally:
        await store.close()
    declared = [(f"core/{job.name}", job) for job in JOBS]
    for plugin in plugins.well():
        declared += [(f"{plugin.name}/{job.name}", job) for job in plugin.collected.jobs]
    return [f"{key}\t{job.schedule}\t{_last_run(runs.get(key))}" for key, job in declared]


def _last_run(run: Any) -> str:
    if run is None or run.outcome == "new":
        return "not yet"
    at = datetime.fromtimestamp(run.tick, JST)
    return f"{at:%Y-%m-%d %H:%M}\t{run.outcome}{f' ({run.error})' if run.error else ''}"


async def diagnose(config: Path, data: Path, city: str, phrase: str) -> list[str]:
    """Who would answer a phrase from an unknown resident, and by which rule."""
    gateway = pick_city(config, city, unset="")
    store = await _open_if_there(gateway, data)
    plugins = load_plugins(gateway, store)
    live = Live(gateway, plugins, store or _store_of(gateway, data), plugins.beat, Clock())
    try:
        if store is not None:
            await live.load()
        await plugins.start()
        shown = live.city.city
        now, typed = Clock().now(), normalise(phrase)
        message = {"type": "text", "text": phrase}
        offers = plugins.offers(lambda p: OfferContext(shown, p, None, now), message, typed)
        lines = [f"rule 0\tdanger words add: {said}" for said in live.city.danger.answers(typed)]
        ranked = sorted(offers, key=rank)
        close = close_calls(ranked)
        for n, (plugin, offer) in enumerate(ranked):
            asked = close.get(plugin.name) is offer
            fate = "\tasks which" if asked else "\twins" if n == 0 else ""
            bid = f"{plugin.name}\t{offer.fit.name}\t{offer.score:.2f}\t{offer.label}"
            lines.append(f"rule 3\t{bid}{fate}")
        lines += [
            f"not asked\t{plugin.name}\tquarantined: {plugin.trouble}"
            for plugin in plugins.all.values()
            if plugin.trouble
        ]
        return [*lines, *([] if offers else ["rule 4\tnobody offers: the city's fallback"])]
    finally:
        await plugins.stop()
        if store is not None:
            await store.close()


async def _open_if_there(gateway: Gateway, data: Path) -> Store | None:
    """The city's database for reading, or None if there is none yet, or none that can be read."""
    store = _store_of(gateway, data)
    with suppress(StoreUnavailable):
        if not await migrations.pending(store):
            await store.start()
            return store
    return None


async def migrate_all(config: Path, data: Path) -> list[str]:
    """Bring every city's database up to date; what is wrong with one is said at the end."""
    lines: list[str] = []
    problems: list[str] = []
    for file in find_files(config):
        try:
            gateway = read_gateway(file)
            target = gateway.settings.store.database_url or data / gateway.name / "main.sqlite"
            sets = [migrations.CORE, *migration_sets(load_plugins(gateway))]
            changed = await migrations.migrate(target, sets)
        except ConfigError as error:
            problems += error.problems
        except migrations.MigrationFailed as error:
            problems += [f"{file}: {one}" for one in (error, *error.others)]
        except MadoguchiError as error:
            problems.append(f"{file}: {error}")
        else:
            lines.append(f"{gateway.name}\t{', '.join(changed) or 'is up to date'}")
    if problems:
        raise ConfigError([*lines, *problems])
    return lines


async def list_troubled(config: Path, data: Path, city: str) -> list[str]:
    """Events that failed or were set aside, newest last."""
    gateway = pick_city(config, city)
    store = await open_for_reading(gateway, data)
    try:
        rows = await store.read(_troubled)
    finally:
        await store.close()
    return [f"{row.event_id}\t{row.outcome}\t{row.attempts or 0} attempts" for row in rows] or [
        "none"
    ]


def _troubled(db: Any) -> Sequence[Any]:
    return db.execute(
        select(handled.c.event_id, handled.c.outcome, attempt.c.attempts)
        .join_from(handled, attempt, handled.c.event_id == attempt.c.event_id, isouter=True)
        .where(handled.c.outcome.in_(["failed", "set aside"]))
        .order_by(handled.c.at)
    ).all()


async def retry(config: Path, data: Path, city: str, event_id: str) -> str:
    """Ask the running worker to run an event once more, and wait until it has."""
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from madoguchi.asking import redis_address

    gateway = pick_city(config, city)
    url = redis_address(gateway, data)
    try:
        async with Redis.from_url(url, socket_connect_timeout=1) as redis:
            heard = await redis.publish(f"{gateway.name}:retry", event_id)
    except (RedisError, OSError) as error:
        raise MadoguchiError(f"the worker cannot be asked: {error}") from error
    if not heard:
        raise MadoguchiError("no worker is running: start it with `madoguchi serve`, then retry")
    store = await open_for_reading(gateway, data)
    try:
        for _ in range(100):
            await asyncio.sleep(0.1)
            rows = await store.fetch("SELECT outcome FROM handled WHERE event_id = $1", event_id)
            if rows and rows[0][0] not in ("failed", "set aside"):
                return f"{event_id}\t{rows[0][0]}"
    finally:
        await store.close()
    raise MadoguchiError(f"event {event_id} is unknown, or failed again: see the worker's log")


async def verify_audit(config: Path, data: Path, city: str) -> int | None:
    """The first line of the audit log that does not fit its chain, or None."""
    store = await open_for_reading(pick_city(config, city), data)
    try:
        return await store.read(audit.verify)
    finally:
        await store.close()


def load_plugins(gateway: Gateway, store: Store | None = None) -> Plugins:
    """The plugins, checked. What is wrong with one is shown by the command, not logged as well."""
    plugins = Plugins(gateway.name, Clock(), Beat.private(), store)
    log.disabled = True
    try:
        plugins.load(gateway.settings.plugins, str(gateway.file))
    finally:
        log.disabled = False
    return plugins


def pick_city(config: Path, city: str, unset: str | None = None) -> Gateway:
    """The city of that name, or the only one."""
    files = {file.stem: file for file in find_files(config)}
    if city in files:
        return read_gateway(files[city], unset)
    if not city and len(files) == 1:
        return read_gateway(next(iter(files.values())), unset)
    raise MadoguchiError(f"name one of the cities with --city: {', '.join(files)}")


async def open_for_reading(gateway: Gateway, data: Path) -> Store:
    """The city's database, beside a running worker or not."""
    store = _store_of(gateway, data)
    if isinstance(path := store.place, Path) and not path.exists():
        raise MadoguchiError(f"{path} does not exist: start the gateway once, or name --data")
    await store.start()
    return store


def _store_of(gateway: Gateway, data: Path) -> Store:
    url = gateway.settings.store.database_url
    path = None if url else data / gateway.name / "main.sqlite"
    return open_store(path=path, url=url, read_only=True)
