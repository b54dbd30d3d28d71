"""A plugin's own threads: its plain functions run there and keep nobody else waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from madoguchi.beat import Beat
from madoguchi.errors import PluginError
from madoguchi.limit import not_counted

T = TypeVar("T")

THREADS = 4
"""Plain functions of one plugin run in so many threads."""
PATIENCE = 10.0
"""Seconds to wait for one. At most eight turns share them, so nobody waits that long unless what
runs there does not end in its time limit, or is a job with a longer one.
"""


class Threads:
    """The threads of one plugin. `label` names them, and the plugin to the supervisor."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=label)
        self._free = asyncio.Semaphore(THREADS)

    async def run(self, beat: Beat, function: Callable[..., T], *given: Any) -> T:
        """Await `function(*given)` in one of the threads.

        Waiting for a thread is no time of the function's own: a burst is no fault. Raises
        `PluginError` if none came free in time.
        """
        with not_counted():
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._free.acquire()
            except TimeoutError:
                busy = f"its {THREADS} threads were busy for {PATIENCE:g} s"
                raise PluginError(busy) from None
        try:
            running = self._pool.submit(beat.call, self._label, function, *given)
        except BaseException:
            self._free.release()
            raise
        try:
            return await asyncio.wrap_future(running)
        finally:
            self._release_after(running)

    def _release_after(self, running: Future[Any]) -> None:
        """A call that is given up goes on in its thread, which is free no sooner than it ends."""
        if running.done():
            self._free.release()
            return
        loop = asyncio.get_running_loop()

        def release(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._free.release)

        running.add_done_callback(release)

    def close(self) -> None:
        """Let go of the threads; one that never ends is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
