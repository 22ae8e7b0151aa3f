"""What a recorded write costs: 32 clients that each commit one row and its entry, beside the same without the entry.

`make bench-audit-writes` (or `python -m bench.audit_writes SECONDS`) writes into `bench/results.md`. One worker, as
the targets ask, and two beside it; rounds alternate on one PostgreSQL. While entries are written the workers number
and sign them, and a round ends when every entry has its number.
"""

import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import func, select

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.audit.models import LeafRow, StagedEntryRow, WaitingEntryRow
from app.forums.models import RevokedTokenRow
from app.jobs.sequencing import Sequencing
from app.kernel.actor import OPERATOR
from app.kernel.ids import new_id
from app.settings import Settings
from app.web.logs import configure_logs
from app.wiring import Services, build, initialise
from tests.support.postgres import Postgres, start_postgres
from tests.torture.form import tested_commit

_CLIENTS, _WORKERS, _ROUNDS, _SECONDS = 32, (1, 2), 7, 4.0
_DEMAND = 0.6
_RESULTS = Path(__file__).parent / "results.md"
_TITLE = "## Writes with their entries"
_FORKS = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Round:
    """`numbered` counts the time until every entry had its number; seconds of processor time are of all processes."""

    writes: int
    seconds: float
    numbered: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.writes / self.numbered

    @property
    def cost(self) -> float:
        """Microseconds of processor time for each write."""
        return self.cpu / self.writes * 1e6


@dataclass(frozen=True)
class Rounds:
    bare: list[Round]
    ours: list[Round]

    def ratios(self) -> list[float]:
        return sorted(ours.rate / bare.rate for bare, ours in zip(self.bare, self.ours, strict=True))


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else _SECONDS
    configure_logs("ERROR")
    server = start_postgres("shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=1h")
    with tempfile.TemporaryDirectory() as folder:
        try:
            services = _services(server.url("postgres"), Path(folder))
            found = {workers: _measure(services, server, workers, seconds) for workers in _WORKERS}
            services.engine.dispose()
            return _tell(found, seconds)
        finally:
            server.stop()


def _services(url: str, folder: Path) -> Services:
    settings = _settings(url, folder)
    initialise(settings)
    return build(settings)


def _measure(services: Services, server: Postgres, workers: int, seconds: float) -> Rounds:
    pipes = [_start(server.url("postgres"), services.data_dir.parent, _CLIENTS // workers) for _ in range(workers)]
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    for number in range(2 * _ROUNDS + 2):
        recorded = bool(number % 2)
        done = _round(services, server, pipes, (recorded, seconds))
        sys.stdout.write(
            f"{'with' if recorded else 'without'} entries: {done.rate:,.0f} a second, {done.cost:.0f} us\n"
        )
        if number > 1:  # the first of each warms up
            rounds[recorded].append(done)
    with services.unit_of_work.read() as tx:
        staged, leaves = (tx.session.scalar(select(func.count()).select_from(row)) for row in (StagedEntryRow, LeafRow))
    assert staged == leaves, "entries without a number"
    for pipe in pipes:
        pipe.send(None)
    return Rounds(rounds[False], rounds[True])


def _round(services: Services, server: Postgres, pipes: list[Connection], asked: tuple[bool, float]) -> Round:
    before, began = _server_cpu(server), time.perf_counter()
    for pipe in pipes:
        pipe.send(asked)
    counts = [pipe.recv() for pipe in pipes]
    ended = time.perf_counter()
    while _waits(services):
        time.sleep(0.01)
    numbered = time.perf_counter() - began
    for pipe in pipes:
        pipe.send("cpu")
    cpu = sum(pipe.recv() for pipe in pipes) + _server_cpu(server) - before
    return Round(sum(counts), ended - began, numbered, cpu)


def _waits(services: Services) -> bool:
    with services.unit_of_work.read() as tx:
        return tx.session.scalar(select(WaitingEntryRow.id).limit(1)) is not None


def _start(url: str, folder: Path, clients: int) -> Connection:
    ours, theirs = _FORKS.Pipe()
    _FORKS.Process(target=_serve, args=(url, folder, clients, theirs), daemon=True).start()
    return ours


def _serve(url: str, folder: Path, clients: int, pipe: Connection) -> None:
    configure_logs("ERROR")
    services = build(_settings(url, folder))
    end, cpu = Sequencing(services.audit.sequencer).start_thread(), time.process_time()
    while asked := pipe.recv():
        if asked == "cpu":
            now = time.process_time()
            pipe.send(now - cpu)
            cpu = now
            continue
        pipe.send(_write(services, clients, *asked))
    end()


def _write(services: Services, clients: int, recorded: bool, seconds: float) -> int:  # noqa: FBT001
    ended, counts = Event(), [0] * clients
    write = _with_entry if recorded else _without

    def client(place: int) -> None:
        while not ended.is_set():
            write(services)
            counts[place] += 1

    threads = [Thread(target=client, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    ended.set()
    for thread in threads:
        thread.join()
    return sum(counts)


def _without(services: Services) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add(RevokedTokenRow(jti=new_id("jti", tx.now), expires_at=tx.now))


def _with_entry(services: Services) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        jti = new_id("jti", tx.now)
        tx.session.add(RevokedTokenRow(jti=jti, expires_at=tx.now))
        audit.record(tx, Action.TOKEN_REVOKED, ObjectKind.TOKEN, jti)


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=folder / "keys",
        data_dir=folder / "var",
        log_level="ERROR",
    )


def _server_cpu(server: Postgres) -> float:
    """Of PostgreSQL and its children, the ended ones too; in seconds."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            is_server = status.parent.name == str(server.process.pid)
            if is_server or fields[1] == str(server.process.pid):
                ticks += sum(int(field) for field in fields[11 : 15 if is_server else 13])
    return ticks / os.sysconf("SC_CLK_TCK")


def _tell(found: dict[int, Rounds], seconds: float) -> int:
    rows = [row for workers, rounds in found.items() for row in _rows(workers, rounds)]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL 18 in memory, fsync off"
    head = f"{_TITLE}\n\n`make bench-audit-writes`, commit {tested_commit()}, {machine}. "
    head += f"{_CLIENTS} clients, the middle of {_ROUNDS} rounds each of {seconds:g} s.\n\n"
    table = "".join(f"| {what} | {number} | {verdict} |\n" for what, number, verdict in rows)
    text = f"{head}| what | measured | met |\n| --- | --- | --- |\n{table}"
    sys.stdout.write(text)
    _replace(text)
    return 0 if statistics.median(found[1].ratios()) >= _DEMAND else 1


def _rows(workers: int, rounds: Rounds) -> list[tuple[str, str, str]]:
    def middle(of: Callable[[Round], float], which: list[Round]) -> float:
        return statistics.median(of(one) for one in which)

    ratios, name = rounds.ratios(), f"{workers} worker{'s' if workers > 1 else ''}"
    bare, ours = (middle(lambda one: one.rate, which) for which in (rounds.bare, rounds.ours))
    ratio, lag = statistics.median(ratios), middle(lambda one: one.numbered - one.seconds, rounds.ours)
    before, after = (middle(lambda one: one.cost, which) for which in (rounds.bare, rounds.ours))
    demand = ("at least 0.6", "yes" if ratio >= _DEMAND else "**no**") if workers == 1 else ("no demand", "")
    spread = f"{ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}), {demand[0]}"
    return [
        (f"{name}: writes with their entries / without", f"{spread}: {ours:,.0f} / {bare:,.0f} a second", demand[1]),
        (f"{name}: processor time of a write", f"{after:.0f} / {before:.0f} µs", ""),
        (f"{name}: until the last entry had its number", f"{lag * 1000:.0f} ms after the last commit", ""),
    ]


def _replace(text: str) -> None:
    """Puts the section where it stood, or at the end."""
    before, found, after = _RESULTS.read_text(encoding="utf-8").partition(f"{_TITLE}\n")
    rest = after.partition("\n## ")[2] if found else ""
    parts = [before.rstrip(), text.rstrip(), f"## {rest}".rstrip() if rest else ""]
    _RESULTS.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
