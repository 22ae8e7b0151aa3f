"""SQLite, keys and logs on a disk that is full, locked or gone: reads go on, writes hear 503, nothing is corrupted."""

import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from socket import create_server

import httpx2
import pytest

from tests.support.barrage import Heard, House, house
from tests.support.process import environment_of, shiming
from tests.torture.form import Form

_HANG_SECONDS = 10.0
_WRITES = {"/v1/accounts", "/v1/verifications"}
_UNLIMITED = resource.RLIM_INFINITY
_PATIENCE = 60


@pytest.fixture(scope="module")
def house_on_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("disk"), "", SHIMING_LOG_LEVEL="WARNING") as built:
        yield built


def _file(home: House) -> Path:
    return Path(home.service.environment["SHIMING_DATA_DIR"]) / "shiming.db"


@contextmanager
def _no_file_may_grow(home: House) -> Iterator[None]:
    """The full disk of the service alone, without any rights: nothing can be written anywhere, its log included."""
    process = home.service.process.pid
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, _UNLIMITED))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (_UNLIMITED, _UNLIMITED))


@contextmanager
def _locked(home: House) -> Iterator[None]:
    with closing(sqlite3.connect(_file(home), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _gone(home: House) -> Iterator[None]:
    folder = _file(home).parent
    away = folder.rename(folder.with_name("away"))
    try:
        yield
        assert not folder.exists()
    finally:
        away.rename(folder)


@contextmanager
def _deleted(home: House) -> Iterator[None]:
    """Files that are no longer found by their names; the service still has them open."""
    away = _file(home).parent.with_name("away")
    away.mkdir()
    moved = [file.rename(away / file.name) for file in _file(home).parent.glob("shiming.db*")]
    try:
        yield
        assert not _file(home).exists()
    finally:
        for file in moved:
            file.rename(_file(home).with_name(file.name))
        away.rmdir()


def _assert_sound(home: House, made: set[str]) -> None:
    with closing(sqlite3.connect(_file(home))) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert made <= {name for (name,) in other.execute("SELECT id FROM accounts")}


def _made(heard: Sequence[Heard]) -> set[str]:
    return {one.made for one in heard if one.made}


def _during(
    home: House, fault: Callable[[House], AbstractContextManager[None]], times: int, refused: set[str] | None
) -> str:
    """Asks before, in and after the fault; the slowest answer in it and the way back, in words.

    `refused` are the paths that hear 503 in it; None for all that need the database.
    """
    made, heard = _made(home.barrage(1)), list[Heard]()
    with fault(home):
        for _ in range(times):
            heard += home.barrage(2)
    for one in heard:
        wanted = not one.free if refused is None else one.path in refused
        assert (one.status, bool(one.retry_after)) == ((503, True) if wanted else (one.usual, False)), one
    slowest = max(one.seconds for one in heard)
    assert slowest <= _HANG_SECONDS
    back = home.seconds_until_back()
    _assert_sound(home, made)
    return f"slowest answer {slowest:.2f} s, back after {back:.2f} s, sound"


def test_a_full_disk_refuses_writes_and_corrupts_nothing(house_on_file: House, form: Form) -> None:
    for _ in range(form.size(short=1, long=20)):
        said = _during(house_on_file, _no_file_may_grow, form.size(short=1, long=3), _WRITES)
    form.tell("SQLite: no file may grow", f"reads answered, writes 503: {said}")


def test_a_file_that_another_process_locks_is_read_and_the_writers_do_not_pile_up(
    house_on_file: House, form: Form
) -> None:
    said = _during(house_on_file, _locked, form.size(short=2, long=12), _WRITES)
    form.tell("SQLite: locked by another process", f"reads answered, writes 503: {said}")


def test_a_file_that_is_gone_takes_no_write_that_would_be_lost(house_on_file: House, form: Form) -> None:
    for name, fault in (("folder gone", _gone), ("files gone", _deleted)):
        for _ in range(form.size(short=1, long=20)):
            said = _during(house_on_file, fault, form.size(short=1, long=3), None)
        form.tell(f"SQLite: {name}", f"503 for all that need it: {said}")


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path, form: Form) -> None:
    environment = environment_of(tmp_path)
    assert shiming(environment, "init").returncode == 0
    streams = (">/dev/full 2>&1", ">&- 2>&-", "<&- >&-", "2>&-")
    for where in streams[: form.size(short=1, long=len(streams))]:
        with create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = f'exec "$0" -m app serve --port {port} {where}'
        with subprocess.Popen(["/bin/sh", "-c", command, sys.executable], env=environment) as process:
            until = time.monotonic() + _PATIENCE
            while process.poll() is None and time.monotonic() < until and not _is_ready(port):
                time.sleep(0.05)
            assert [_is_ready(port) for _ in range(20)] == [True] * 20
            process.terminate()
            assert process.wait(_PATIENCE) == 0


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False
