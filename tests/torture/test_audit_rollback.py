"""Yesterday's database under today's service, by the real commands: nothing is signed until the operator recovers."""

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest
from sqlalchemy import create_engine, text

from app.audit.anchor_lines import claimed
from app.audit.checkpoint import Checkpoint
from app.audit.tree import leaf_hash, root_of
from app.db.engine import make_engine
from app.forums.domain import Credentials
from app.kernel.secret import Secret
from tests.support.forum import ForumBackend
from tests.support.postgres import Postgres, start_postgres
from tests.support.process import environment_of, free_address, serving_process, shiming
from tests.torture.form import Form

_PATIENCE = 100
_NEWEST = "SELECT max(size) FROM audit_checkpoints WHERE origin_id = (SELECT max(id) FROM audit_origins)"
_WITH_HEAD = 5
"""Of so many times once the head file is put back too, as a snapshot of the host does."""


@dataclass
class Installation:
    """Whose database is put back again and again; keys, head file and anchor stay."""

    folder: Path
    server: Postgres | None
    random: Random = field(default_factory=lambda: Random(8))  # noqa: S311 -- repeatable, and no secret
    handles: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        url = self.server.url("live") if self.server else ""
        self.environment = environment_of(
            self.folder, url, SHIMING_ISSUER=free_address(), SHIMING_AUDIT_ANCHOR_FILE=str(self.folder / "anchors")
        )
        if self.server:
            self._administer("CREATE DATABASE live")
        self.run("init")
        self.url = url or f"sqlite:///{self.folder}/var/shiming.db"
        said = json.loads(self.run("forum", "add", "论坛", "--json"))
        self.credentials = Credentials(said["forum_id"], said["client_id"], Secret(said["client_secret"]))

    @property
    def head(self) -> Path:
        return self.folder / "keys" / "audit-head.note"

    def run(self, *arguments: str, code: int = 0) -> str:
        done = shiming(self.environment, *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def grow(self, address: str) -> None:
        forum = ForumBackend(address, self.credentials)
        for _ in range(self.random.randrange(1, 30)):
            forum.register(f"会员{next(self.handles)}")
        forum.http.close()

    def keep(self) -> None:
        """What is there now will be yesterday's."""
        if self.server:
            self._administer("DROP DATABASE IF EXISTS kept", "CREATE DATABASE kept TEMPLATE live")
            return
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        shutil.copytree(self.folder / "var", self.folder / "kept")

    def put_back(self) -> None:
        if self.server:
            self._administer("DROP DATABASE live", "CREATE DATABASE live TEMPLATE kept")
            return
        shutil.rmtree(self.folder / "var")
        shutil.copytree(self.folder / "kept", self.folder / "var")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        engine = make_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found

    def wait_until_numbered(self) -> None:
        """And signed outside the database, which comes a moment after."""
        deadline = monotonic() + _PATIENCE
        while self.rows("SELECT id FROM audit_waiting") or self.rows(_NEWEST) != [(self.signed_last().size,)]:
            assert monotonic() < deadline
            sleep(0.05)

    def signed_last(self) -> Checkpoint:
        found = claimed(self.head.read_text())
        assert found
        return found

    def _administer(self, *statements: str) -> None:
        assert self.server
        engine = create_engine(self.server.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    server = start_postgres() if request.param == "postgresql" else None
    yield Installation(tmp_path, server)
    if server:
        server.stop()


def _go_back(installation: Installation, *, with_head: bool) -> Checkpoint:
    """Serves, keeps, serves on, and puts back; the checkpoint that was signed last in between."""
    with serving_process(installation.environment, installation.folder / "output") as service:
        installation.grow(service.address)
        installation.wait_until_numbered()
    installation.keep()
    head = installation.head.read_text()
    with serving_process(installation.environment, installation.folder / "output") as service:
        installation.grow(service.address)
        installation.wait_until_numbered()
        lost = installation.signed_last()
        deadline = monotonic() + _PATIENCE
        while with_head and f"{lost.origin}\\n{lost.size}\\n" not in (installation.folder / "anchors").read_text():
            assert monotonic() < deadline
            sleep(0.2)
        service.kill()
    installation.put_back()
    if with_head:
        installation.head.write_text(head)
    return lost


def _assert_goes_on(installation: Installation, origin: str, lost: Checkpoint) -> int:
    """How many entries the new log holds; every entry has one place in one log."""
    leaves = installation.rows(
        "SELECT l.number, s.entry FROM audit_leaves l JOIN audit_stage s ON s.id = l.entry_id"
        " JOIN audit_origins o ON o.id = l.origin_id"
        f" WHERE o.name = '{origin}' ORDER BY l.number"
    )
    assert [number for number, _ in leaves] == list(range(len(leaves)))
    entries = [entry for _, entry in leaves if isinstance(entry, bytes)]
    first = json.loads(entries[0])
    size, _, root = first["case"].partition(" ")
    assert first["action"] == "audit.recovered"
    assert Checkpoint(first["object"]["id"], int(size), b64decode(root)) == lost
    signed = installation.signed_last()
    assert (signed.origin, signed.size) == (origin, len(leaves))
    assert signed.root == root_of([leaf_hash(entry) for entry in entries])
    everything = sorted(installation.rows("SELECT id FROM audit_stage"))
    assert sorted(installation.rows("SELECT entry_id FROM audit_leaves")) == everything
    return len(leaves)


def _recover(installation: Installation, lost: Checkpoint, found: str) -> tuple[int, int]:
    """Serves on, recovers meanwhile; how many entries had waited, and how many the new log holds."""
    before = installation.head.read_text()
    with serving_process(installation.environment, installation.folder / "output") as service:
        installation.grow(service.address)  # posting goes on
        sleep(0.5)
        assert installation.head.read_text() == before
        waiting = len(installation.rows("SELECT id FROM audit_waiting"))
        assert waiting
        assert f"audit: nothing is signed: {found}" in installation.run("doctor", code=1)
        told = json.loads(installation.run("audit", "recover", "--json"))
        assert (told["found"], told["anchored"]) == (found, True)
        assert told["old"] == {"origin": lost.origin, "size": lost.size, "root": lost.root.hex()}
        installation.grow(service.address)
        installation.wait_until_numbered()
        sleep(0.2)
        numbered = _assert_goes_on(installation, told["origin"], lost)
        installation.run("audit", "recover", code=1)
    return waiting, numbered


def _assert_verifies(installation: Installation, *lost: Checkpoint) -> None:
    verified = installation.run("audit", "verify")
    assert verified.endswith("clean\n")
    for one in lost:
        assert f"{one.origin} was signed up to {one.size} entries" in verified


def test_yesterdays_database_is_not_signed_until_the_operator_recovers(installation: Installation, form: Form) -> None:
    cycles, waited, numbered = form.size(short=1, long=10), 0, 0
    for cycle in range(cycles):
        lost = _go_back(installation, with_head=cycle % _WITH_HEAD == _WITH_HEAD - 1)
        first = _recover(installation, lost, "went-back")
        _assert_verifies(installation, lost)
        lost_again = installation.signed_last()
        installation.put_back()
        second = _recover(installation, lost_again, "head-unreadable")
        _assert_verifies(installation, lost, lost_again)
        waited, numbered = waited + first[0] + second[0], numbered + first[1] + second[1]
    form.tell(
        f"rollback of the audit log, {'PostgreSQL' if installation.server else 'SQLite'}",
        f"{cycles} times yesterday's database, {cycles // _WITH_HEAD} times its head file too, and each backup once"
        f" more after that: nothing signed, {waited} entries waited; after `audit recover` {numbered} entries in"
        f" {2 * cycles} new logs, each beginning with the checkpoint that was signed last and with those of every other"
        " log that was shorter now; none lost, none numbered twice",
    )
