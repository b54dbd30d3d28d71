"""Commands ask the running worker to do what it alone can do: through Redis, with an answer."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from madoguchi import migrations
from madoguchi.config import Gateway
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.store import Store, StoreLocked, open_store
from madoguchi.valkey import socket_url

log = logging.getLogger("madoguchi.asking")

PATIENCE = 30
"""Seconds that a command waits for the answer, and that the answer is kept."""

Deeds = Mapping[str, Callable[..., Awaitable[Any]]]
"""By name, what a worker does when it is asked; arguments and result are JSON values."""


def redis_address(gateway: Gateway, data: Path) -> str:
    """The Redis of a city: its own, or the embedded one of the deployment."""
    return gateway.settings.store.redis_url or socket_url(data / "valkey")


async def ask(gateway: Gateway, data: Path, deed: str, **given: Any) -> list[Any] | None:
    """Ask a worker; a list with its answer, or None if none is listening.

    Raises `ConfigError` with what the worker found wrong, `MadoguchiError` if it does not answer.
    """
    question = {"id": uuid4().hex, "deed": deed, "given": given}
    url = redis_address(gateway, data)
    try:
        async with Redis.from_url(
            url, socket_connect_timeout=1, socket_timeout=PATIENCE + 5
        ) as redis:
            if not await redis.publish(f"{gateway.name}:ask", json.dumps(question)):
                return None
            found: Any = await redis.blpop([_answer(gateway.name, question["id"])], PATIENCE)
    except (RedisError, OSError) as error:
        log.info("no worker can be asked: %s", error)
        return None
    if found is None:
        raise MadoguchiError("the worker did not answer: see its log, and look what is in force")
    answer = json.loads(found[1])
    if "problems" in answer:
        raise ConfigError(answer["problems"])
    return [answer["done"]]


@asynccontextmanager
async def open_unattended(gateway: Gateway, data: Path) -> AsyncIterator[Store]:
    """The database for a command that nobody listened to, to do the deed itself.

    Raises `MadoguchiError` if there is none, a worker writes it, or its tables are not up to date.
    """
    url = gateway.settings.store.database_url
    path = None if url else data / gateway.name / "main.sqlite"
    if path is not None and not path.exists():
        raise MadoguchiError(f"{path} does not exist: start the gateway once, or name --data")
    store = open_store(path=path, url=url)
    try:
        await store.start()
    except StoreLocked as error:
        raise MadoguchiError(
            "a worker runs and cannot be asked: does its Redis run? Start it, or stop the worker"
        ) from error
    try:
        if await migrations.pending(store):
            raise MadoguchiError("the tables are not up to date: run madoguchi migrate")
        yield store
    finally:
        await store.close()


async def answer(redis: Redis, gateway: str, deeds: Deeds, message: bytes) -> None:
    """Do what was asked for, if no other worker does it; whatever goes wrong is the answer."""
    question = json.loads(message)
    number, deed = question["id"], deeds.get(question["deed"])
    if not await redis.set(f"{gateway}:asked:{number}", b"", nx=True, ex=2 * PATIENCE):
        return
    try:
        if deed is None:
            raise MadoguchiError("the running worker is of another version: restart it")
        async with asyncio.timeout(PATIENCE / 2):
            said = {"done": await deed(**question["given"])}
    except ConfigError as error:
        said = {"problems": error.problems}
    except Exception as error:
        if not isinstance(error, MadoguchiError):
            log.exception("%s: %s failed", gateway, question["deed"])
        said = {"problems": [str(error) or type(error).__name__]}
    key = _answer(gateway, number)
    async with redis.pipeline() as pipe:
        pipe.rpush(key, json.dumps(said))
        pipe.expire(key, PATIENCE)
        await pipe.execute()


def _answer(gateway: str, number: str) -> str:
    return f"{gateway}:answer:{number}"
