"""Whoever numbers the audit log is killed in the middle of it, again and again, while others write: nothing is lost."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGKILL
from threading import Event, Thread
from time import monotonic, sleep

import httpx2
import psycopg
from sqlalchemy import func, select

from app.audit.checkpoint import open_checkpoint, verifier_key
from app.audit.models import CheckpointRow, LeafRow, OriginRow, StagedEntryRow, WaitingEntryRow
from app.audit.sequencer import _TURN
from app.audit.tree import Edge, leaf_hash
from app.crypto.ed25519 import is_signed_by
from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services, build, initialise
from tests.support.forum import ForumBackend
from tests.support.postgres import start_postgres
from tests.support.process import ServiceProcess, environment_of, free_address, serving_process
from tests.torture.form import Form

_PATIENCE = 120
_TELLERS = 2
"""For each process."""
_HOLDS_THE_TURN = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND classid = %s::bigint::oid AND objid = %s::bigint::oid
"""


@dataclass
class _Api:
    """One process that serves, and serves again after a kill; its connections bear its name."""

    name: str
    environment: Mapping[str, str]
    output: Path
    stack: ExitStack = field(default_factory=ExitStack)
    running: ServiceProcess | None = None

    def start(self) -> None:
        serving = serving_process(self.environment, self.output, more=["--no-worker"])
        self.running = self.stack.enter_context(serving)

    def kill(self) -> None:
        assert self.running is not None
        self.running.end(SIGKILL)
        self.stack.close()


@dataclass
class _Load:
    """Accounts are registered at every process without a pause."""

    credentials: Credentials
    ended: Event = field(default_factory=Event)
    numbers: Iterator[int] = field(default_factory=count)
    acknowledged: list[str] = field(default_factory=list)
    cut_off: int = 0

    @contextmanager
    def on(self, apis: list[_Api]) -> Iterator[None]:
        tellers = [Thread(target=self._tell, args=(api.environment["SHIMING_ISSUER"],)) for api in apis * _TELLERS]
        for teller in tellers:
            teller.start()
        try:
            yield
        finally:
            self.ended.set()
            for teller in tellers:
                teller.join()

    def _tell(self, address: str) -> None:
        while not self.ended.is_set():
            try:
                forum = ForumBackend(address, self.credentials)
            except (httpx2.TransportError, ValueError, KeyError):
                sleep(0.05)  # it starts again
                continue
            with closing(forum.http):
                self._write(forum)

    def _write(self, forum: ForumBackend) -> None:
        """Until the process is gone."""
        while not self.ended.is_set():
            try:
                answer = forum.post("/v1/accounts", {"handle": f"甲{next(self.numbers)}"})
                self.acknowledged += [answer.json()["id"]] if answer.status_code == httpx2.codes.CREATED else []
            except (httpx2.TransportError, ValueError):
                self.cut_off += 1
                return


def test_whoever_numbers_the_log_is_killed_and_nothing_is_lost_or_counted_twice(tmp_path: Path, form: Form) -> None:
    kills, processes = form.size(short=1, long=50), form.size(short=2, long=4)
    server, random, began = start_postgres(), Random(8), monotonic()  # noqa: S311 -- how long until the next kill
    settings = _settings(server.url("postgres"), tmp_path)
    initialise(settings)
    services = build(settings)
    load = _Load(services.forums.add(OPERATOR, "测试论坛"))
    apis = [_api(settings, tmp_path, number) for number in range(processes)]
    killed: Counter[str] = Counter()
    try:
        for api in apis:
            api.start()
        with load.on(apis), _watching(server.url("postgres")) as watcher:
            for _ in range(kills):
                sleep(random.uniform(0.05, 0.5))
                victim = _whoever_numbers(watcher, apis)
                victim.kill()
                killed[victim.name] += 1
                victim.start()
        _wait_until_all_is_numbered(services)
        told = _check(services, load)
    finally:
        for api in apis:
            api.stack.close()
        services.engine.dispose()
        server.stop()
    what = f"{processes} API processes, killed {kills} times while they held the turn ({len(killed)} of them)"
    cut = f"{load.cut_off} requests cut off"
    form.tell("sequencer, kill -9", f"{what}, {cut}: {told}; {monotonic() - began:.0f} s")


def _api(settings: Settings, folder: Path, number: int) -> _Api:
    name = f"api-{number}"
    environment = environment_of(
        folder, settings.database(), SHIMING_ISSUER=free_address(), SHIMING_LOG_LEVEL="ERROR", PGAPPNAME=name
    )
    return _Api(name, environment, folder / name)


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=folder / "keys",
        data_dir=folder / "var",
        issuer=free_address(),
    )


@contextmanager
def _watching(url: str) -> Iterator[psycopg.Connection[tuple[str]]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as watcher:
        yield watcher


def _whoever_numbers(watcher: psycopg.Connection[tuple[str]], apis: list[_Api]) -> _Api:
    """The process that holds the turn at this very moment."""
    key = int.from_bytes(_TURN[:8])
    by_name, deadline = {api.name: api for api in apis}, monotonic() + _PATIENCE
    while monotonic() < deadline:
        found = watcher.execute(_HOLDS_THE_TURN.encode(), (key >> 32, key & 0xFFFFFFFF)).fetchone()
        if found and found[0] in by_name:
            return by_name[found[0]]
    raise AssertionError("nobody numbers the log")


def _wait_until_all_is_numbered(services: Services) -> None:
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline:
        with services.unit_of_work.read() as tx:
            if not tx.session.scalar(select(func.count()).select_from(WaitingEntryRow)):
                return
        sleep(0.1)
    raise AssertionError("entries wait in vain")


def _check(services: Services, load: _Load) -> str:
    """Contiguous, every staged entry once, every acknowledged account once, every checkpoint signed and of one tree."""
    with services.unit_of_work.read() as tx:
        (origin,) = tx.session.scalars(select(OriginRow.name))
        entries = {row.id: row.entry for row in tx.session.scalars(select(StagedEntryRow))}
        leaves = tx.session.execute(
            select(LeafRow.number, LeafRow.entry_id, LeafRow.leaf_hash).order_by(LeafRow.number)
        ).all()
        notes = tx.session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.size)).all()
    assert [leaf.number for leaf in leaves] == list(range(len(leaves)))
    assert sorted(leaf.entry_id for leaf in leaves) == sorted(entries)
    assert all(leaf.leaf_hash == leaf_hash(entries[leaf.entry_id]) for leaf in leaves)
    created = Counter(
        said["object"]["id"] for said in map(json.loads, entries.values()) if "account.cr" in said["action"]
    )
    assert set(created.values()) == {1}
    assert set(load.acknowledged) <= set(created)
    key, edge = verifier_key(origin, services.audit.signer), Edge()
    for note in notes:
        signed = open_checkpoint(note, key, is_signed_by)
        edge.append([leaf.leaf_hash for leaf in leaves[edge.size : signed.size]])
        assert (edge.size, edge.root()) == (signed.size, signed.root)
    assert edge.size == len(leaves)
    assert services.audit.head.read() == notes[-1]
    told = f"{len(load.acknowledged):,} writes acknowledged, {len(leaves):,} entries contiguous"
    return f"{told}, {len(notes):,} checkpoints of one tree"
