"""The real application on a real port, in a thread of the test."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from app.cli.protocol import BoundedProtocol
from app.jobs.worker import Worker
from app.main import application
from app.policies import RATES, Rate, RouteClass
from app.wiring import Services

_START_SECONDS = 10


@contextmanager
def serving(
    services: Services, rates: Mapping[RouteClass, Rate] = RATES, proxies: str = "", *, worker: Worker | None = None
) -> Iterator[str]:
    """Serves until the block ends; gives the address."""
    config = uvicorn.Config(
        application(services, rates, worker),
        http=BoundedProtocol,
        ws="none",
        port=0,
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or [],
    )
    socket = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.002)
    assert server.started
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=_START_SECONDS)
        socket.close()
