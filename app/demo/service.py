"""A service of its own for the demonstration: fresh keys, fresh database, a free port, gone at the end."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import httpx2

from app.kernel.errors import StartRefused

_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class OwnService:
    address: str
    environment: dict[str, str]


@contextmanager
def own_service() -> Iterator[OwnService]:
    """Starts `shiming serve` in a temporary directory. Raises `StartRefused` when it does not come up."""
    with tempfile.TemporaryDirectory(prefix="shiming-demo-") as directory, create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        address = f"http://127.0.0.1:{port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SHIMING_")} | {
            "SHIMING_DATA_DIR": str(Path(directory) / "var"),
            "SHIMING_KEYS_DIR": str(Path(directory) / "keys"),
            "SHIMING_ISSUER": address,
            "SHIMING_LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "app"]
        subprocess.run([*command, "init"], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own command
        process = subprocess.Popen(  # noqa: S603 -- our own command
            [*command, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            _wait_until_ready(address, process)
            yield OwnService(address, environment)
        finally:
            process.terminate()
            process.wait(timeout=_START_SECONDS)


def refuse_silence(address: str) -> None:
    """Raises `StartRefused` when nothing serves there."""
    try:
        httpx2.get(f"{address}/livez")
    except httpx2.TransportError:
        raise StartRefused(
            f"Nothing answers at {address}. Start it with `make run`, or use `shiming demo --start`."
        ) from None


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{address}/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise StartRefused("The demonstration's service did not start.")
