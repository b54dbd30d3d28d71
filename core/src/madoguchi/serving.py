"""Run an ASGI application in this process, the same way for the door and the worker."""

import asyncio
import gc
import resource
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn

from madoguchi.ports import LOCAL, listen


class Server(uvicorn.Server):
    """uvicorn, but a signal only ends `serve()`: what stands behind it still runs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End `serve()` now, not with uvicorn's next tick."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Tick ten times a second until told to stop."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._stopping.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving at SIGTERM and SIGINT, without raising the signal again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        yield


def prepare(app: Any, lifespan: bool = False, **options: Any) -> Server:
    """A server that is not serving yet."""
    return Server(
        uvicorn.Config(
            app,
            lifespan="on" if lifespan else "off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
            **options,
        )
    )


def listening(descriptor: int | None, host: str, port: int) -> socket.socket:
    """The socket that the supervisor lends to this process, else one of its own on this port."""
    if descriptor is None:
        return listen(host, port)
    lent = socket.socket(fileno=descriptor)
    lent.set_inheritable(False)  # nothing that this process starts is to have it
    return lent


async def serve(
    app: Any,
    at: socket.socket,
    ready: Callable[[], None],
    lifespan: bool = False,
    proxies: str = LOCAL,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready()` is called when requests are taken.

    `proxies`: from whom `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    """
    server = prepare(app, lifespan, forwarded_allow_ips=proxies)
    serving = asyncio.create_task(server.serve(sockets=[at]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    if server.started:
        keep_what_is_there()
        ready()
    await serving


def keep_what_is_there() -> None:
    """Let the garbage collector look only at what is made from now on, and less often.

    It took 17 % of a turn's CPU time and stopped everybody for 100 ms at a time (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@asynccontextmanager
async def serving(app: Any, lifespan: bool = False, port: int = 0) -> AsyncIterator[str]:
    """Serve on a port of this machine (0: a free one) while the block lasts; gives the base URL."""
    with socket.create_server(("127.0.0.1", port)) as at:
        server = prepare(app, lifespan)
        task = asyncio.create_task(server.serve(sockets=[at]))
        while not server.started and not task.done():
            await asyncio.sleep(0.002)
        try:
            yield f"http://127.0.0.1:{at.getsockname()[1]}"
        finally:
            server.stop()
            await task


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on uvloop, or on asyncio's own loop where there is none."""
    # LINE that answers slowly means a thousand open connections (R27: 2,000 calls a second).
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536) if most > 0 else 65_536, most))
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
