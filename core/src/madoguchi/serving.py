"""Run an ASGI application in this process, the same way for the door and the worker."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """uvicorn, but a signal only ends `serve()`: what stands behind it still runs."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving at SIGTERM and SIGINT, without raising the signal again afterwards."""
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        yield


async def serve(
    app: Any, host: str, port: int, ready: Callable[[], None], lifespan: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT; `ready()` is called when the port is open."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on" if lifespan else "off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)

    async def tell() -> None:
        while not server.started:
            await asyncio.sleep(0.005)
        ready()

    telling = asyncio.create_task(tell())
    try:
        await server.serve()
    finally:
        telling.cancel()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on uvloop, or on asyncio's own loop where there is none."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
