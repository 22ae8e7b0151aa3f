"""What the verification of a million entries costs, beside SHA-256 over the same bytes in the same run.

`make bench-audit` writes into `bench/results.md`. The log is written by the sequencer itself, in memory.
"""

import gc
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from sqlalchemy import create_engine, insert, select, text

from app.audit import verify_rows
from app.audit.canonical import columns_of
from app.audit.domain import Action, AuditObject, Entry, ObjectKind
from app.audit.examining import checked
from app.audit.models import StagedEntryRow
from app.audit.tree import Edge, leaf_hashes
from app.db.engine import reading
from app.db.unit_of_work import UnitOfWork
from app.installation import inspection
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Unavailable
from app.kernel.ids import new_id, uuid7
from app.settings import Settings
from app.wiring import Services, build, initialise
from bench.corpus import Row
from bench.sweep import processor_seconds
from tests.support.disk import in_memory
from tests.support.postgres import Postgres, start_postgres
from tests.torture.form import tested_commit

T = TypeVar("T")
_RESULTS = Path(__file__).parent / "results.md"
_TITLE = "## Verification of the audit log"
_ENTRIES = 1_000_000
_A_TRANSACTION = 2_000
_SAMPLE = 100_000
_ROUNDS = 3
_PATIENCE = 10
_DEMAND = 0.2


def measure(entries: int) -> tuple[list[Row], list[str]]:
    rows, parts = [], []
    for name, url, folder, server in _databases():
        settings = _settings(url, folder)
        initialise(settings)
        services = build(settings)
        fill(services, entries)
        row, part = _measured(name, settings, services, server)
        services.engine.dispose()
        rows.append(row)
        parts.append(part)
        print(row.line(), part, sep="\n")
    return rows, parts


def fill(services: Services, entries: int) -> None:
    """Entries as a forum's client leaves them, numbered in batches of 2,000."""
    actor = Actor(ActorKind.CLIENT, new_id("cli", services.clock.now()), new_id("req", services.clock.now()))
    for _ in range(0, entries, _A_TRANSACTION):
        with services.unit_of_work.begin(actor) as tx:
            made = [_entry(actor, str(uuid7(tx.now)), new_id("acc", tx.now)) for _ in range(_A_TRANSACTION)]
            tx.session.connection().execute(
                insert(StagedEntryRow), [{"id": entry.id, "entry": entry.canonical()} for entry in made]
            )
        _number(services)


def _number(services: Services) -> None:
    """A machine that does something else as well may be slow for a moment."""
    for _ in range(_PATIENCE):
        with suppress(Unavailable):
            services.audit.sequencer.catch_up()
            return
    services.audit.sequencer.catch_up()


def _entry(actor: Actor, entry_id: str, account_id: str) -> Entry:
    return Entry(
        id=entry_id,
        ts="2026-11-30T04:00:00.000Z",
        actor=actor,
        action=Action.ACCOUNT_CREATED,
        object=AuditObject(ObjectKind.ACCOUNT, account_id),
        outcome="done",
        reason=None,
        case=None,
    )


def _measured(name: str, settings: Settings, services: Services, server: Postgres | None) -> tuple[Row, str]:
    gc.disable()  # as the command does
    bare = _best(lambda: _bare(services))
    with inspection(settings) as inspecting:
        report = inspecting.verify()
        assert not report.tampering
        size = report.logs[0].size
        ours = _best(lambda: _seconds(inspecting.verify, server))
    ratio = bare / ours
    measured = f"{ratio:.3f} ({bare / size * 1e6:.2f} / {ours / size * 1e6:.2f} µs an entry, {ours:.1f} s in all)"
    row = Row(
        f"{size:,} entries on {name}: SHA-256 of them / verification", f">= {_DEMAND}", measured, ratio >= _DEMAND
    )
    return row, f"| {name} | " + " | ".join(f"{one / size * 1e6:.2f}" for one in _profile(services, size)) + " |"


def _bare(services: Services) -> float:
    """Over bytes that lie in memory."""
    with services.unit_of_work.read() as tx:
        entries = [bytes(one) for one in tx.session.scalars(select(StagedEntryRow.entry).limit(_SAMPLE))]
        count = tx.session.scalar(text("SELECT count(*) FROM audit_leaves")) or 0

    def hash_all() -> None:
        for entry in entries:
            sha256(entry).digest()

    return _seconds(hash_all) / len(entries) * count


def _profile(services: Services, size: int) -> list[float]:
    """Seconds for reading, hashing, the search columns, all other comparisons, and the tree."""
    spent, edge = [0.0] * 5, Edge()
    with UnitOfWork(reading(services.engine), services.clock).read() as tx:
        for first in range(0, size, verify_rows.PIECE):
            end = min(first + verify_rows.PIECE, size)
            piece, read = _timed(lambda first=first, end=end: verify_rows.read_piece(tx.session, 1, first, end))  # type: ignore[misc]
            entries = [entry for entry in piece.entries if entry]
            _, hashing = _timed(lambda entries=entries: leaf_hashes(entries))  # type: ignore[misc]
            _, columns = _timed(lambda entries=entries: columns_of(entries))  # type: ignore[misc]
            hashes, comparing = _timed(lambda piece=piece: checked(piece))  # type: ignore[misc]
            assert hashes
            _, growing = _timed(lambda hashes=hashes: edge.append(hashes))  # type: ignore[misc]
            for place, took in enumerate((read, hashing, columns, comparing - hashing - columns, growing)):
                spent[place] += took
    return spent


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """Processor time of this process: of a server's work only the waiting is ours."""
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def _seconds(work: Callable[[], object], server: Postgres | None = None) -> float:
    """Processor time, of the server as well: the machine may do something else beside."""
    began = processor_seconds(server) if server else time.process_time()
    work()
    return (processor_seconds(server) if server else time.process_time()) - began


def _best(measured: Callable[[], float]) -> float:
    """What else the machine does only adds."""
    return min(measured() for _ in range(_ROUNDS))


@contextmanager
def _memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        yield Path(folder)


def _databases() -> Iterator[tuple[str, str, Path, Postgres | None]]:
    with _memory() as folder:
        yield "SQLite", f"sqlite:///{folder}/shiming.db", folder, None
    server = start_postgres()
    try:
        address = f"postgresql+psycopg://postgres@/{{}}?host={server.folder}"
        engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE audit_bench")
        engine.dispose()
        with _memory() as folder:
            yield "PostgreSQL", address.format("audit_bench"), folder, server
    finally:
        server.stop()


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=folder / "keys",
        data_dir=folder,
        log_level="WARNING",
    )


def write(rows: list[Row], parts: list[str]) -> None:
    text_of = (
        f"{_TITLE}\n\n`make bench-audit`, commit {tested_commit()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, one process. Everything is verified: bytes, hashes, search columns, tiles, the"
        f" root and signature of every checkpoint."
        f" Processor time, of the server too; the best of {_ROUNDS} rounds; databases in memory.\n\n"
        "| what | demand | measured | met |\n| --- | --- | --- | --- |\n"
        + "\n".join(row.line() for row in rows)
        + "\n\nWhere the processor time of this process goes, µs an entry:\n\n"
        "| database | reading rows | hashing leaves | search columns from bytes | comparing | tiles and root |\n"
        "| --- | --- | --- | --- | --- | --- |\n" + "\n".join(parts) + "\n"
    )
    before, _, after = _RESULTS.read_text(encoding="utf-8").partition(_TITLE + "\n")
    _, mark, rest = after.partition("\n## ")
    _RESULTS.write_text(before.rstrip() + "\n\n" + text_of + (mark + rest if mark else ""), encoding="utf-8")


def main() -> None:
    rows, parts = measure(int(sys.argv[1]) if sys.argv[1:] else _ENTRIES)
    if not sys.argv[1:]:
        write(rows, parts)
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()
