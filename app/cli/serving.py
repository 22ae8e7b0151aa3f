"""Starts the server: one process on SQLite, as many as asked on PostgreSQL."""

import fcntl
import os
from pathlib import Path

import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from app.kernel.errors import StartRefused
from app.settings import Settings
from app.wiring import build

_APPLICATION = "app.main:create_app"
_DRAIN_SECONDS = 30
_KEEP_ALIVE_SECONDS = 75
"""Longer than the pools of common HTTP clients keep an idle connection, so that they never write into a closed one."""


def serve_on(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serves until told to stop, then drains. Raises `StartRefused`."""
    embedded = settings.database().startswith("sqlite")
    if embedded and workers > 1:
        raise StartRefused(
            "SQLite serves with one process. For --workers above 1 point SHIMING_DATABASE_URL at PostgreSQL."
        )
    build(settings).engine.dispose()
    lock = _only_one(settings.data_dir) if embedded else None
    config = uvicorn.Config(
        _APPLICATION,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    socket = config.bind_socket()
    address = f"http://{host}:{socket.getsockname()[1]}"
    typer.echo(f"Shiming serves on {address}. Next: open {address}/docs, or play the main job with `make demo`.")
    if workers > 1:
        Multiprocess(config, sockets=[socket]).run()
    else:
        uvicorn.Server(config).run(sockets=[socket])
    if lock is not None:
        os.close(lock)


def _only_one(data_dir: Path) -> int:
    """Holds a lock as long as this process serves. Raises `StartRefused` when another one does already."""
    descriptor = os.open(data_dir / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StartRefused(f"Another process already serves from {data_dir}; SQLite serves with one.") from None
    return descriptor
