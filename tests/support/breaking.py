"""Everything that can fail around a running service, done to it on purpose; its processes' output is kept."""

import shutil
import signal
import sqlite3
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from app.accounts.models import AccountRow
from app.crypto.keyring import KeyPurpose
from app.db.unit_of_work import ConstraintViolated
from app.kernel.actor import SYSTEM
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.wiring import Services, build
from tests.support import misbehaving
from tests.support.planting import Person, Planter, person
from tests.support.postgres import Postgres
from tests.support.process import ServiceProcess, shiming

_PATIENCE = 60
_PACE = 0.02
"""Seconds between questions: whoever asks as fast as can be keeps a core from everybody else."""


@dataclass
class Site:
    """A service that misbehaves as far as it can, its database, and what its processes have said."""

    folder: Path
    service: ServiceProcess
    server: Postgres | None
    began: float = field(default_factory=time.time)
    said: bytearray = field(default_factory=bytearray)

    def run(self, *command: str, **more: str) -> str:
        """A command of the operator, its whole output kept."""
        done = shiming({**self.service.environment, **more}, *command)
        self.said += (done.stdout + done.stderr).encode()
        return done.stdout

    def settings(self, **more: object) -> Settings:
        prefix, given = "SHIMING_", self.service.environment
        return Settings.model_validate(
            {name.removeprefix(prefix).lower(): given[name] for name in given if name.startswith(prefix)} | more
        )

    def database(self) -> str:
        return self.settings().database()


def misbehave(planter: Planter, culprits: list[Person], people: list[Person]) -> None:
    """Provider and sender say whom they were asked about in every way; between them one that is well, for the breaker.

    What they say of a person they have asked about must never come out as a verdict.
    """
    for n, culprit in enumerate(culprits):
        account = planter.register(culprit)
        checked = planter.forum.check_document(account, culprit.number, culprit.name)
        assert checked.json()["outcome"] == ("verified" if n < 2 else "pending"), checked.text
        well = planter.register(person(n, "19870614"))
        assert planter.forum.check_document(well, people[n].number, people[n].name).json()["outcome"] == "rejected"
    statuses = set()
    for n in range(misbehaving.SMS_MISDEEDS):
        account = planter.register(person(n, "19870615"))
        statuses.add(planter.forum.ask_code(account, f"{misbehaving.PHONES}{n:02d}").status_code)
    assert {201, 422, 429, 500} == statuses


def run_commands(site: Site) -> None:
    """Every command that reads the database, and the demonstration."""
    site.run("doctor")
    site.run("forum", "list")
    assert site.run("worker", "--once")
    assert "Done: a real person" in site.run("demo")


def lose_keys(site: Site) -> None:
    """Each key once, at the start; and all of them while the service runs, which has read them."""
    keys = site.folder / "keys"
    for purpose in KeyPurpose:
        shutil.copytree(keys, site.folder / "fewer")
        for file in (site.folder / "fewer").glob(f"{purpose}-*"):
            file.unlink()
        with pytest.raises(StartRefused) as refused:
            build(site.settings(keys_dir=site.folder / "fewer"))
        site.said += _all_said(refused.value)
        if purpose is KeyPurpose.ROOT:
            site.run("serve", "--port", "0", SHIMING_KEYS_DIR=str(site.folder / "fewer"))
        shutil.rmtree(site.folder / "fewer")
    keys.rename(site.folder / "gone")
    httpx2.get(f"{site.service.address}/readyz")
    (site.folder / "gone").rename(keys)


def break_rules(site: Site, account_id: str, one: Person) -> bytes:
    """What the database's errors say of the values that they refused: all that a logger could print of them."""
    services = build(site.settings())
    said = bytearray()
    broken: dict[str, dict[str, object]] = {
        "foreign key": {"forum_id": one.number},
        "unique": {"id": account_id, "forum_id": one.number, "display_name": one.name},
        "not null": {"handle": one.name, "forum_id": None},
    }
    for values in broken.values():
        said += _failure(services, values, one)
    services.engine.dispose()
    return bytes(said)


def _failure(services: Services, values: dict[str, object], one: Person) -> bytes:
    columns = {column.name for column in AccountRow.__table__.columns}
    row = {"id": one.number, "forum_id": one.number, "handle": one.name, "created_at": services.clock.now()}
    given = {name: value for name, value in (row | values).items() if name in columns}
    try:
        with services.unit_of_work.begin(SYSTEM) as tx:
            tx.session.execute(AccountRow.__table__.insert().values(given))  # type: ignore[attr-defined] # it is a Table
    except (IntegrityError, ConstraintViolated) as error:
        return _all_said(error)
    raise AssertionError(values)


def _all_said(error: BaseException | None) -> bytes:
    """`str`, `repr`, arguments and traceback of an exception and of every one behind it, suppressed or not."""
    said = b""
    while error is not None:
        said += f"{error!s} {error!r} {error.args!r} {''.join(traceback.format_exception(error))}\n".encode()
        error = error.__cause__ or error.__context__
    return said


def disturb_database(site: Site, planter: Planter, stray: Person) -> None:
    """Transactions that lose their connection, or that wait for a lock in vain: 503 or an answer, nothing else."""
    disturbed = threading.Thread(target=_kill_backends if site.server else _hold_lock, args=(site,))
    disturbed.start()
    statuses = set()
    n = 0
    while disturbed.is_alive():
        one = person(n, "19870616")
        body = {"handle": one.handle, "external_id": one.external_id, "profile": {"bio": one.bio}}
        statuses.add(planter.forum.post("/v1/accounts", body).status_code)
        statuses.add(planter.forum.check_document(stray.external_id, stray.number, stray.name).status_code)
        n += 1
        disturbed.join(_PACE)
    disturbed.join(_PATIENCE)
    assert statuses - {201, 401, 404} == {503}, statuses


def _kill_backends(site: Site) -> None:
    engine = create_engine(site.database().replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename <> ''"
    with engine.connect() as connection:
        for _ in range(200):
            connection.execute(text(others))
            time.sleep(0.01)
    engine.dispose()


def _hold_lock(site: Site) -> None:
    connection = sqlite3.connect(site.folder / "var" / "shiming.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(6)
    connection.execute("ROLLBACK")
    connection.close()


def ruin_database(site: Site, planter: Planter, one: Person) -> None:
    """The server is killed; the embedded file is no database any more."""
    if site.server:
        site.server.process.kill()
        site.server.process.wait(_PATIENCE)
    else:
        for name in ("shiming.db", "shiming.db-wal"):
            (site.folder / "var" / name).write_bytes(b"no database" * 10_000)
    statuses = {
        planter.forum.get("/v1/accounts", params={"external_id": one.external_id}).status_code,
        planter.forum.post("/v1/accounts", {"handle": one.handle}).status_code,
        planter.forum.check_document(one.external_id, one.number, one.name).status_code,
    }
    assert statuses <= {404, 422, 500, 503}, statuses
    assert statuses & {500, 503}, statuses


def crash(service: ServiceProcess) -> None:
    """With the fault handler on, which prints every thread's frames."""
    service.process.send_signal(signal.SIGABRT)
    assert service.process.wait(_PATIENCE) == -signal.SIGABRT
    assert b"Fatal Python error: Aborted" in service.output.read_bytes()
