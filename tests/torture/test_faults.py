"""PostgreSQL down, silent, slow, reset, refusing: 503 within 2 seconds, back within 10, nothing fails open."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.support.barrage import Heard, House, house
from tests.support.forum import ForumBackend
from tests.support.postgres import Postgres, start_postgres
from tests.support.process import free_address, serving_process
from tests.support.proxy import Mode, Proxy, proxied
from tests.torture.form import Form

_DOWN_SECONDS = 2.0
_HANG_SECONDS = 10.0
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE usename = 'shiming'"
_LOST: dict[bytes, tuple[int, bool]] = {
    b"FROM clients": (503, False),
    b"INSERT INTO accounts": (503, True),
    b"INSERT INTO idempotency_claims": (503, False),
}
"""By what the transaction did: what the forum hears, and whether the first work is what it hears of in the end."""
_LEASE_SECONDS = 70


@dataclass
class Site:
    """A service and its database server, with a proxy in between."""

    server: Postgres
    proxy: Proxy
    house: House

    def session(self, database: str = "shiming", *, autocommit: bool = False) -> psycopg.Connection[Any]:
        """As the administrator, past the proxy."""
        return psycopg.connect(dbname=database, user="postgres", host=str(self.server.folder), autocommit=autocommit)

    def run(self, *statements: str) -> None:
        """From beside the service's database, which may be closed to all."""
        with self.session("postgres", autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())

    def ask(self, query: str, *values: str) -> list[Any]:
        """The first column of what is found."""
        with self.session() as session:
            return [row[0] for row in session.execute(query.encode(), values)]

    def signal(self, number: signal.Signals) -> None:
        """To every process of the server, as to a host that stops."""
        mother = self.server.process.pid
        for process in (mother, *map(int, Path(f"/proc/{mother}/task/{mother}/children").read_text().split())):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def cut_off(self) -> None:
        """Ends every session of the service."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM ({_SESSIONS}) AS sessions")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = start_postgres(durable=True)
    try:
        with proxied(server.folder / ".s.PGSQL.5432") as proxy:
            with psycopg.connect(dbname="postgres", user="postgres", host=str(server.folder), autocommit=True) as first:
                first.execute("CREATE ROLE shiming LOGIN")
                first.execute("CREATE DATABASE shiming OWNER shiming")
            url = f"postgresql://shiming@127.0.0.1:{proxy.port}/shiming"
            with house(tmp_path_factory.mktemp("faults"), url, SHIMING_LOG_LEVEL="WARNING") as served:
                yield Site(server, proxy, served)
    finally:
        server.stop()


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    site.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        site.signal(signal.SIGCONT)


@contextmanager
def _mode(site: Site, mode: Mode) -> Iterator[None]:
    site.proxy.mode = mode
    try:
        yield
    finally:
        site.proxy.mode = Mode.PASS


@contextmanager
def _refused(site: Site) -> Iterator[None]:
    site.proxy.refuse()
    try:
        yield
    finally:
        site.proxy.listen()


@contextmanager
def _changed(site: Site, begin: Sequence[str], end: Sequence[str]) -> Iterator[None]:
    site.run(*begin)
    site.cut_off()
    try:
        yield
    finally:
        site.run(*end)


_DOWN: dict[str, Callable[[Site], AbstractContextManager[None]]] = {
    "silent": lambda site: _mode(site, Mode.SILENT),
    "stopped": _stopped,
    "refused": _refused,
    "late": lambda site: _mode(site, Mode.LATE),
    "garbage": lambda site: _mode(site, Mode.GARBAGE),
    "no more connections": lambda site: _changed(
        site, ["ALTER ROLE shiming CONNECTION LIMIT 0"], ["ALTER ROLE shiming CONNECTION LIMIT -1"]
    ),
    "no login": lambda site: _changed(site, ["ALTER ROLE shiming NOLOGIN"], ["ALTER ROLE shiming LOGIN"]),
    "database gone": lambda site: _changed(
        site, ["ALTER DATABASE shiming ALLOW_CONNECTIONS false"], ["ALTER DATABASE shiming ALLOW_CONNECTIONS true"]
    ),
}
_SHORT = ("silent", "refused", "no login")


def _late(heard: Sequence[Heard]) -> float:
    """The slowest answer, less what this machine made those wait who were asked at the same time and need nothing."""
    own = max(one.seconds for one in heard if one.free)
    return max(one.seconds for one in heard) - own


def _refused_in_time(heard: Sequence[Heard]) -> float:
    """Whoever needs the database has heard 503 and when to come back, everybody else what they asked for."""
    wrong = [one for one in heard if (one.status, bool(one.retry_after)) != ((200, False) if one.free else (503, True))]
    assert wrong == []
    assert _late(heard) <= _DOWN_SECONDS
    return _late(heard)


def test_a_database_that_is_down_is_said_within_2_seconds_and_is_back_without_a_restart(site: Site, form: Form) -> None:
    for name, fault in _DOWN.items():
        if name not in _SHORT and not form.long:
            continue
        at_first, later, back = 0.0, 0.0, 0.0
        for _ in range(form.size(short=1, long=5)):
            with fault(site):
                at_first = max(at_first, _refused_in_time(site.house.barrage(2)))
                for _ in range(form.size(short=1, long=3)):
                    later = max(later, _refused_in_time(site.house.barrage(2)))
            back = max(back, site.house.seconds_until_back())
        form.tell(
            f"PostgreSQL {name}",
            f"503 for all that need it within {at_first:.2f} s, {later:.2f} s once known; back after {back:.2f} s",
        )


def _odd(heard: Sequence[Heard]) -> list[Heard]:
    """Answers that are neither the usual one nor 503 with a time to come back; a connection without an answer too."""
    return [one for one in heard if one.status != one.usual and not (one.status == 503 and one.retry_after)]


@contextmanager
def _locked(site: Site) -> Iterator[None]:
    with site.session() as session:
        session.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
        yield
        session.rollback()


def test_a_database_that_is_slow_hangs_nobody(site: Site, form: Form) -> None:
    slow: dict[str, Callable[[Site], AbstractContextManager[None]]] = {"locked table": _locked}
    if form.long:
        slow["one byte a second"] = lambda site: _mode(site, Mode.TRICKLE)
    for name, fault in slow.items():
        slowest = 0.0
        for _ in range(form.size(short=1, long=5)):
            with fault(site):
                heard = site.house.barrage(form.size(short=1, long=3))
            assert _odd(heard) == []
            assert any(one.status == 503 for one in heard)
            assert all(one.status == 200 for one in heard if one.free)
            slowest = max(slowest, _late(heard))
            assert slowest <= _HANG_SECONDS
            back = site.house.seconds_until_back()
        form.tell(f"PostgreSQL {name}", f"slowest answer {slowest:.2f} s; back after {back:.2f} s")


@contextmanager
def _standby(site: Site) -> Iterator[None]:
    """The server has died, and a copy that only follows has taken its place until it is promoted."""
    marker = site.server.folder / "data" / "standby.signal"
    site.server.kill()
    marker.touch()
    site.server.recover()
    yield
    site.run("SELECT pg_promote()")


def test_a_standby_is_read_and_says_503_to_writers_until_it_is_promoted(site: Site, form: Form) -> None:
    for _ in range(form.size(short=1, long=5)):
        with _standby(site):
            heard = site.house.barrage(2)
        assert _odd(heard) == []
        assert {one.path for one in heard if one.status == 503} == {"/v1/accounts", "/v1/verifications"}
        back = site.house.seconds_until_back()
    form.tell(
        "PostgreSQL standby", f"reads answered, writes 503, slowest {_late(heard):.2f} s; back after {back:.2f} s"
    )


def _die_and_come_back(site: Site) -> None:
    site.server.kill()
    site.server.recover()


def _soon(death: Callable[[Site], object], site: Site) -> None:
    time.sleep(0.05)
    death(site)


def test_what_was_acknowledged_is_there_and_what_was_not_is_503_when_the_server_dies(site: Site, form: Form) -> None:
    deaths: dict[str, Callable[[Site], object]] = {
        "every session ended": Site.cut_off,
        "the server killed and started again": _die_and_come_back,
        "a session killed": lambda site: os.kill(site.ask(_SESSIONS)[0], signal.SIGKILL),
        "every connection reset": lambda site: site.proxy.reset(),
    }
    for name, death in deaths.items():
        slowest, refused, made = 0.0, 0, set[str]()
        for _ in range(form.size(short=1, long=10)):
            heard = site.house.barrage(4, partial(_soon, death, site))
            assert _odd(heard) == []
            slowest, refused = max(slowest, _late(heard)), refused + sum(one.status == 503 for one in heard)
            assert slowest <= _HANG_SECONDS
            made |= {one.made for one in heard if one.made}
            site.house.seconds_until_back()
        assert made <= set(site.ask("SELECT id FROM accounts"))
        form.tell(
            f"PostgreSQL {name} under load",
            f"{len(made)} accounts acknowledged and there, {refused} answers 503, slowest {slowest:.2f} s",
        )


@contextmanager
def _undisturbed(site: Site, folder: Path) -> Iterator[tuple[Proxy, httpx2.Client]]:
    """A service of its own on the same database, without a worker: no commit but of those whom the forum asks for."""
    with proxied(site.server.folder / ".s.PGSQL.5432") as proxy:
        url = f"postgresql://shiming@127.0.0.1:{proxy.port}/shiming"
        environment = {**site.house.service.environment, "SHIMING_DATABASE_URL": url, "SHIMING_ISSUER": free_address()}
        with (
            serving_process(environment, folder / "output", more=["--no-worker"]) as served,
            closing(ForumBackend(served.address, site.house.forum.credentials).http) as http,
        ):
            yield proxy, http


def test_a_commit_whose_answer_was_lost_is_503_and_its_key_finds_out_what_became_of_it(
    site: Site, form: Form, tmp_path: Path
) -> None:
    """The look at who is calling, the work, and the claim of the key, which takes a minute to end."""
    with _undisturbed(site, tmp_path) as (proxy, http):
        for number, (statement, expected) in enumerate(list(_LOST.items())[: form.size(short=2, long=3)]):
            proxy.statement_to_lose = statement
            assert _asked_until_made(site, http, number) == expected
            assert proxy.statement_to_lose == b""
    form.tell("PostgreSQL answer to a commit lost", f"each of {number + 1} commits: 503, and its account there once")


def _asked_until_made(site: Site, http: httpx2.Client, number: int) -> tuple[int, bool]:
    """The first answer, and whether it was given again in the end."""
    key, body = {"idempotency-key": f"lost-commit-number-{number}"}, {"handle": f"独一无二{number}"}
    answers = [http.post("/v1/accounts", json=body, headers=key)]
    until = time.monotonic() + _LEASE_SECONDS
    while answers[-1].status_code != 201 and time.monotonic() < until:
        answers.append(http.post("/v1/accounts", json=body, headers=key))
        assert answers[-1].status_code in {201, 409}
        time.sleep(0 if answers[-1].status_code == 201 else 2)
    assert answers[-1].status_code == 201
    assert site.ask("SELECT count(*) FROM accounts WHERE handle = %s", body["handle"]) == [1]
    return answers[0].status_code, answers[-1].headers.get("idempotency-replayed") == "true"
