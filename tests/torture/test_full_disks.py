"""A disk full to the last byte: writes hear 503, nothing acknowledged is lost, and room is all that it takes."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.barrage import Heard, House, house
from tests.support.disk import Disk, small_disk
from tests.support.postgres import Postgres, start_postgres
from tests.support.process import shiming
from tests.torture.form import Form

_HANG_SECONDS = 10.0
_WRITERS, _PATIENCE = 8, 120
_WRITES = {"/v1/accounts", "/v1/verifications"}
_SMALL_LOG = ("min_wal_size=32MB", "max_wal_size=32MB")


@dataclass
class Site:
    """Keys, log and database of a service on one small disk; `server` is the PostgreSQL beside them."""

    disk: Disk
    house: House
    server: Postgres | None
    made: set[str] = field(default_factory=set)
    refused: int = 0
    slowest: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def hear(self, heard: Sequence[Heard]) -> None:
        """No answer but the usual one and 503 with a time to come back; what is acknowledged is remembered."""
        odd = [one for one in heard if one.status != one.usual and not (one.status == 503 and one.retry_after)]
        assert odd == []
        self.made |= {one.made for one in heard if one.made}
        self.refused += sum(one.status == 503 for one in heard)
        self.slowest = max(self.slowest, *(one.seconds for one in heard))
        assert self.slowest <= _HANG_SECONDS

    def write(self) -> list[Heard]:
        """From many writers at once, each a long profile."""
        bodies = [{"handle": f"长篇{next(self._numbers)}", "profile": {"bio": "字" * 200}} for _ in range(_WRITERS)]
        with ThreadPoolExecutor(_WRITERS) as writers:
            heard = list(
                writers.map(lambda body: self.house.ask(("POST", "/v1/accounts", {"json": body}, 201)), bodies)
            )
        self.hear(heard)
        return heard

    def fill(self) -> None:
        """While writers write, until none of them can: a log that is written anew from its beginning takes more."""
        until = time.monotonic() + _PATIENCE
        while any(one.status == 201 for one in self.write()):
            assert time.monotonic() < until
            self.disk.fill()

    def accounts(self) -> set[str]:
        query = "SELECT id FROM accounts"
        if self.server:
            with _administrator(self.server) as session:
                return {name for (name,) in session.execute(query)}
        with closing(sqlite3.connect(self.disk.folder / "house" / "var" / "shiming.db")) as other:
            assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return {name for (name,) in other.execute(query)}


def _administrator(server: Postgres) -> psycopg.Connection[Any]:
    return psycopg.connect(dbname="postgres", user="postgres", host=str(server.folder), autocommit=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    embedded = request.param == "sqlite"
    with small_disk(16 if embedded else 192) as disk:
        server = None if embedded else start_postgres(*_SMALL_LOG, durable=True, disk=disk.folder)
        try:
            url = server.url("postgres") if server else ""
            with house(disk.folder / "house", url, SHIMING_LOG_LEVEL="WARNING") as served:
                yield Site(disk, served, server)
        finally:
            disk.make_room()
            if server:
                server.stop()


def _assert_keys_stay_whole(site: Site) -> None:
    keys = site.disk.folder / "house" / "keys"
    before = _contents(keys)
    rotated = shiming(site.house.service.environment, "keys", "rotate", "signing")
    assert rotated.returncode == 1, rotated.stderr
    assert rotated.stderr.startswith("shiming: ")
    assert rotated.stderr.count("\n") == 1, "it is refused before any file is written: it cannot be put on record"
    assert _contents(keys) == before


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.key")}


def _end_the_log(server: Postgres) -> bool:
    """Fills the write-ahead log until the server panics; whether it ended altogether, for it cannot recover either."""
    until = time.monotonic() + _PATIENCE
    while server.process.poll() is None and time.monotonic() < until:
        try:
            with _administrator(server) as session:
                session.execute("SELECT pg_switch_wal()")
                session.execute("SELECT pg_logical_emit_message(false, 'fill', 'log')")
        except psycopg.OperationalError:
            time.sleep(0.1)
    return server.process.poll() is not None


def test_a_disk_filled_to_the_last_byte_loses_nothing_and_heals_when_there_is_room(site: Site, form: Form) -> None:
    slowest_back, ended = 0.0, 0
    for cycle in range(form.size(short=1, long=5)):
        site.fill()
        heard = site.house.barrage(2)
        site.hear(heard)
        refused = {one.path for one in heard if one.status == 503}
        assert {"/v1/accounts"} <= refused <= _WRITES, "reads are answered; a table with room takes some more"
        if cycle == 0:
            _assert_keys_stay_whole(site)
        if site.server and cycle % 2 == 1:
            ended += _end_the_log(site.server)
            site.hear(site.house.barrage(2))
        site.disk.make_room()
        if site.server and site.server.process.poll() is not None:
            site.server.recover()
        slowest_back = max(slowest_back, site.house.seconds_until_back())
        assert site.made <= site.accounts()
    server = f", the server ended {ended} times for want of a log" if site.server else ", file sound"
    form.tell(
        f"disk full to the last byte, {'PostgreSQL' if site.server else 'SQLite'}",
        f"reads answered, {site.refused} answers 503, slowest {site.slowest:.2f} s; {len(site.made)} accounts"
        f" acknowledged and there{server}; back after {slowest_back:.2f} s",
    )
