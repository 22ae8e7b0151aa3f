"""Silence is told in the database's own words and never lasts longer than the server's."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from psycopg import OperationalError

from app.db.pulse import Pulse

_TIMEOUT = {"user": "nobody", "dbname": "none", "connect_timeout": 2, "sslmode": "disable"}
_LONG_ENOUGH = 20.0


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    made = Pulse()
    yield made
    made.stop()


def test_a_name_with_two_addresses_that_are_silent_is_as_silent_as_one(pulse: Pulse, silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    for _ in range(2):  # found silent, and known to be
        with pytest.raises(OperationalError, match="the database server is silent"):
            pulse.connect((), {**_TIMEOUT, "host": "127.0.0.1,127.0.0.1", "port": f"{port},{port}"})


def test_where_no_thread_could_be_had_to_ask_the_next_who_comes_asks(
    pulse: Pulse, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {**_TIMEOUT, "host": "127.0.0.1", "port": silent.getsockname()[1]}

    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(OperationalError, match="silent"):
            pulse.connect((), how)
    silent.close()  # from here on the machine answers: nobody listens there
    assert _heard(pulse, how)


def _heard(pulse: Pulse, how: dict[str, object]) -> bool:
    until = time.monotonic() + _LONG_ENOUGH
    while time.monotonic() < until:
        with pytest.raises(OperationalError) as refused:
            pulse.connect((), how)
        if "silent" not in str(refused.value):
            return True
        time.sleep(0.1)
    return False
