"""The real command in a process of its own, its output kept in a file."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import httpx2

_START_SECONDS = 120


@dataclass(frozen=True)
class ServiceProcess:
    address: str
    environment: Mapping[str, str]
    output: Path
    process: subprocess.Popen[bytes]


def environment_of(folder: Path, database_url: str = "", **more: str) -> dict[str, str]:
    """An environment in which every file of the service lies in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIMING_")}
    ours = {"SHIMING_DATA_DIR": str(folder / "var"), "SHIMING_KEYS_DIR": str(folder / "keys")}
    return kept | ours | {"SHIMING_DATABASE_URL": database_url} | more


def shiming(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=_START_SECONDS)


@contextmanager
def service_process(
    folder: Path, database_url: str = "", *, module: str = "app", **more: str
) -> Iterator[ServiceProcess]:
    """`shiming init` and `shiming serve` on a free port until the block ends. `module` may be a command made worse."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, output = f"http://127.0.0.1:{port}", folder / "output"
    environment = environment_of(folder, database_url, SHIMING_ISSUER=address, **more)
    made = shiming(environment, "init")
    assert made.returncode == 0, made.stderr
    with output.open("wb") as sink:
        command = [sys.executable, "-m", module, "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        _wait(address, process, output)
        yield ServiceProcess(address, environment, output, process)
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def _wait(address: str, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text()
        try:
            if httpx2.get(f"{address}/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(output.read_text())
