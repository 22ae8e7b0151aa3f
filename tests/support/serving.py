"""The real application on a real port, in a thread of the test."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.cli.protocol import BoundedProtocol
from app.jobs.worker import Worker
from app.main import application
from app.policies import RATES, Rate, RouteClass
from app.wiring import Services

_START_SECONDS = 10


class _Server(uvicorn.Server):
    """Ends when it is told to; the original looks ten times a second, and a thousand tests would wait for it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 -- its signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        await self._wait_tasks_to_complete()
        await self.lifespan.shutdown()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)


@contextmanager
def serving(
    services: Services,
    rates: Mapping[RouteClass, Rate] = RATES,
    proxies: str = "",
    *,
    worker: Worker | None = None,
    bound: socket.socket | None = None,
    around: Callable[[ASGIApp], ASGIApp] | None = None,
) -> Iterator[str]:
    """Serves until the block ends; gives the address: of `bound`, or any that is free. `around` may listen in."""
    app: ASGIApp = application(services, rates, worker)
    config = uvicorn.Config(
        around(app) if around else app,
        http=BoundedProtocol,
        ws="none",
        port=0,
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or [],
    )
    bound = bound or config.bind_socket()
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.002)
    assert server.started
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.end()
        thread.join(timeout=_START_SECONDS)
        bound.close()
