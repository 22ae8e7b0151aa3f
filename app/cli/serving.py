"""Starts the server: one process on SQLite, as many as asked on PostgreSQL."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.cli.protocol import BoundedProtocol
from app.db.engine import sqlite_file
from app.kernel.errors import StartRefused
from app.settings import Environment, Settings
from app.start_rules import warnings_of
from app.web.metrics import FOLDER_VARIABLE
from app.wiring import build

_APPLICATION, _WITH_WORKER = "app.main:create_app", "app.main:create_app_with_worker"
_STDOUT, _STDERR = 1, 2
_BACKLOG = 2048
_DRAIN_SECONDS = 30
_KEEP_ALIVE_SECONDS = 75
"""Longer than the pools of common HTTP clients keep an idle connection, so that they never write into a closed one."""


def serve_on(settings: Settings, host: str, port: int, workers: int, *, background: bool) -> None:
    """Serves until told to stop, then drains; does the background jobs too if asked. Raises `StartRefused`."""
    file = sqlite_file(settings.database())
    if file is not None and workers > 1:
        raise StartRefused(
            "SQLite serves with one process. For --workers above 1 point SHIMING_DATABASE_URL at PostgreSQL."
        )
    build(settings).engine.dispose()
    with _only_one(file), _listening(host, port) as listener:
        for warning in warnings_of(settings):
            _say(_STDERR, f"Note: {warning}.")
        address = f"http://{host}:{listener.getsockname()[1]}"
        development = settings.env is Environment.DEVELOPMENT
        if development and "issuer" not in settings.model_fields_set:
            os.environ["SHIMING_ISSUER"] = address  # read by the application, in this process and in its workers
        first = "demo, a small forum that shows it" if development else "docs"
        _say(_STDOUT, f"Shiming serves on {address}. Next: open {address}/{first}.")
        if workers > 1:
            os.environ[FOLDER_VARIABLE] = str(_empty_folder(settings.data_dir / f"metrics-{listener.getsockname()[1]}"))
        application = _WITH_WORKER if background else _APPLICATION
        _run(_config(application, settings, host, port, workers), listener)


def _say(descriptor: int, line: str) -> None:
    """Unbuffered: what a full disk does not take is lost, and keeps nobody from serving or from ending well."""
    with suppress(OSError):
        os.write(descriptor, f"{line}\n".encode())


def _empty_folder(folder: Path) -> Path:
    """Where the counters of several processes lie; what an earlier start left would be counted again."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise StartRefused(f"The folder {folder} cannot be made anew: {error.strerror}.") from None
    return folder.absolute()


def _config(application: str, settings: Settings, host: str, port: int, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=True,
        http=BoundedProtocol,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_config=None,  # `configure_logs` has the one form of a line
        log_level="warning",
        server_header=False,
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or [],
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )


def _run(config: uvicorn.Config, listener: socket.socket) -> None:
    if config.workers > 1:
        _Workers(config, sockets=[listener]).run()
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        # the server repeats the signal that ended it: a clean end is no death
        signal.signal(number, lambda _number, _frame: None)
    _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Answers at its end also those whom the system let in and nobody has looked at yet."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        doors: list[socket.socket] = []
        with suppress(OSError):  # of a process that may open nothing more: those who are served come first
            doors = [listener.dup() for listener in sockets or []]
        for server in self.servers:
            server.close()
        await asyncio.sleep(0)  # from here on nobody else takes callers in
        callers = [caller for door in doors for caller in _let_in(door)]
        for caller in callers:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, caller)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        state = {"server_state": self.server_state, "app_state": self.lifespan.state}
        return BoundedProtocol(config=self.config, **state)


class _Workers(Multiprocess):
    """Refuses new callers while the workers end, instead of letting them wait for nobody."""

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def _let_in(door: socket.socket) -> list[socket.socket]:
    """All who wait, or as many as this process may open, and the door closed behind them."""
    callers = []
    with door, suppress(OSError):
        door.setblocking(False)
        while True:
            callers.append(door.accept()[0])
    return callers


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that takes connections already. Raises `StartRefused`."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            raise StartRefused(
                f"Cannot listen on {host} port {port}: {error.strerror}. Choose another --port."
            ) from None
        listener.set_inheritable(True)
        yield listener


@contextmanager
def _only_one(file: Path | None) -> Iterator[None]:
    """Holds a lock beside the embedded database as long as this process serves it. Raises `StartRefused`."""
    if file is None:
        yield
        return
    descriptor = os.open(file.with_name(f"{file.name}.serving"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StartRefused(f"Another process already serves {file}; SQLite serves with one.") from None
    finally:
        os.close(descriptor)
