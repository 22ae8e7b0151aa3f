"""The real command in a process of its own, its output kept in a file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import randrange
from socket import create_server

import httpx2

from tests.support.command import Process, run_command, start_command

_START_SECONDS = 120
"""A busy machine is no failure."""
_OWN_PORTS = (12_000, 32_000)
SHIMING = (sys.executable, "-m", "app")


@dataclass(frozen=True)
class ServiceProcess:
    address: str
    environment: Mapping[str, str]
    output: Path
    process: Process

    def kill(self) -> None:
        """`kill -9` for every process of the service at once."""
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        self.process.wait(timeout=_START_SECONDS)


def environment_of(folder: Path, database_url: str = "", **more: str) -> dict[str, str]:
    """An environment in which every file of the service lies in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIMING_")}
    ours = {"SHIMING_DATA_DIR": str(folder / "var"), "SHIMING_KEYS_DIR": str(folder / "keys")}
    return kept | ours | {"SHIMING_DATABASE_URL": database_url} | more


def shiming(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return run_command(environment, arguments, patience=_START_SECONDS)


@contextmanager
def service_process(
    folder: Path, database_url: str = "", *, command: Sequence[str] = SHIMING, **more: str
) -> Iterator[ServiceProcess]:
    """`shiming init` and `shiming serve` on a free port until the block ends. `command` may be one made worse."""
    environment = environment_of(folder, database_url, SHIMING_ISSUER=free_address(), **more)
    made = shiming(environment, "init")
    assert made.returncode == 0, made.stderr
    with serving_process(environment, folder / "output", command=command) as running:
        yield running


@contextmanager
def serving_process(
    environment: Mapping[str, str],
    output: Path,
    *,
    command: Sequence[str] = SHIMING,
    workers: int = 1,
    more: Sequence[str] = (),
) -> Iterator[ServiceProcess]:
    """`shiming serve` on what `init` has made, at the address of its issuer, until the block ends."""
    address = environment["SHIMING_ISSUER"]
    arguments = ("serve", "--port", address.rpartition(":")[2], "--workers", str(workers), *more)
    running = ServiceProcess(address, environment, output, _start(command, arguments, environment, output))
    try:
        _wait(running)
        yield running
    finally:
        running.end()


def free_address() -> str:
    """Below the ports that the system hands out by itself: or another test's server may have it by the start."""
    while True:
        port = randrange(*_OWN_PORTS)  # noqa: S311 -- any will do
        try:
            with create_server(("127.0.0.1", port)):
                return f"http://127.0.0.1:{port}"
        except OSError:
            continue


def _start(command: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> Process:
    if command == SHIMING:
        return start_command(environment, arguments, output)
    with output.open("ab") as sink:
        return subprocess.Popen(
            [*command, *arguments], env=environment, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait(running: ServiceProcess) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.output.read_text()
        try:
            if httpx2.get(f"{running.address}/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(running.output.read_text())
