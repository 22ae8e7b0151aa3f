"""What a night costs at a million appointments: our sweep beside the same in bare SQL, and the big questions.

`make bench-sweep` (or `python -m bench.sweep 100000`) writes into `bench/results.md`.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx2
import psycopg

from app.boards.domain import OrderScope, ScopeKind
from app.boards.schedules import day_of
from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.settings import Settings
from app.web.logs import configure_logs
from app.wiring import Services, build, initialise
from tests.support.forum import ForumBackend
from tests.support.postgres import Postgres, start_postgres
from tests.support.serving import serving
from tests.torture.form import tested_commit

T = TypeVar("T")
_MILLION = 1_000_000
_BOARDS = 2_000
_FORUMS = 100
_RESULTS = Path(__file__).parent / "results.md"
_TARGET = 3.0
_FLAT_MEGABYTES = 50
_FILL = """
INSERT INTO boards (id, forum_id, slug, name, description, status, minimum_level, created_at)
SELECT 'brd_' || lpad(b::text, 32, '0'), (SELECT id FROM forums ORDER BY id OFFSET b % {forums} LIMIT 1), 'b' || b,
       'board', '', 'active', 'phone', now()
FROM generate_series(0, {boards} - 1) b;
INSERT INTO persons (id, audit_ref, wrapped_key, adult_from, created_at)
SELECT 'per_' || lpad(n::text, 32, '0'), 'ref' || n, '\\x00', 2000, now() FROM generate_series(1, {count}) n;
INSERT INTO accounts (id, forum_id, handle, handle_key, external_id, created_at, updated_at, status_index)
SELECT 'acc_' || lpad(n::text, 32, '0'), b.forum_id, 'm' || n, 'm' || n, n::text, now(), now(), n
FROM generate_series(1, {count}) n JOIN boards b ON b.id = 'brd_' || lpad((n % {boards})::text, 32, '0');
INSERT INTO person_links (account_id, person_id, level, method, verified_at, sandbox)
SELECT 'acc_' || lpad(n::text, 32, '0'), 'per_' || lpad(n::text, 32, '0'), 'document', 'id2',
       now() - interval '200 days', true
FROM generate_series(1, {count}) n;
INSERT INTO moderators (id, forum_id, board_id, account_id, role, filed_at, anchor_day, interval_days, grace_days,
                        due_at, suspends_at, look_at, verified_seen_at, told_state)
SELECT 'mod_' || lpad(n::text, 32, '0'), b.forum_id, b.id, 'acc_' || lpad(n::text, 32, '0'), 'manager',
       d.due - interval '180 days', {today} + ((n - 1) * 29 / {count}) - 180, 180, 14, d.due,
       d.due + interval '14 days', d.due - interval '30 days', d.due - interval '180 days', 'current'
FROM generate_series(1, {count}) n
JOIN boards b ON b.id = 'brd_' || lpad((n % {boards})::text, 32, '0')
CROSS JOIN LATERAL (SELECT {tomorrow}::timestamptz + ((n - 1) * 29 / {count}) * interval '1 day' AS due) d;
"""
_BARE = (
    """
INSERT INTO moderator_history (moderator_id, at, what, due_at, stage, texting)
SELECT id, now(), 'reminded', due_at,
       CASE WHEN due_at - interval '1 day' <= now() THEN 1 WHEN due_at - interval '7 days' <= now() THEN 7 ELSE 30 END,
       'waiting'
FROM moderators WHERE look_at <= now() AND ended_at IS NULL
""",
    """
UPDATE moderators SET told_state = 'due',
       look_at = CASE WHEN due_at - interval '1 day' <= now() THEN due_at
                      WHEN due_at - interval '7 days' <= now() THEN due_at - interval '1 day'
                      ELSE due_at - interval '7 days' END
WHERE look_at <= now() AND ended_at IS NULL
""",
)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _MILLION
    server = start_postgres("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=1h")
    configure_logs("WARNING")
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _measure(server, Path(folder), count)
        finally:
            server.stop()


def _measure(server: Postgres, folder: Path, count: int) -> int:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=server.url("ours"),
        keys_dir=folder / "keys",
        data_dir=folder,
        log_level="WARNING",
    )
    with _raw(server, "postgres") as raw:
        raw.execute("CREATE DATABASE ours")
    initialise(settings)
    services = build(settings)
    try:
        forums = [services.forums.add(OPERATOR, f"论坛{number}") for number in range(_FORUMS)]
        services.engine.dispose()
        _fill(server, count)
        bare = _bare(server)
        ours, grown = _ours(server, services, count)
        same = _same(server)
        sys.stdout.write(f"bare {bare}, ours {ours}, {grown}, same: {same}\n")
        questions = _questions(services, forums[0])
    finally:
        services.engine.dispose()
    ratio = ours.cpu / bare.cpu
    verdict = f"{ratio:.2f} times the processor time (at most {_TARGET:.0f}), {ours.wall / bare.wall:.2f} times as long"
    _write(
        f"{count:,} appointments, all in their window, a reminder each",
        {
            "bare SQL, one INSERT and one UPDATE": str(bare),
            "`sweeps.look()` until nothing is left": f"{ours}, {count / ours.wall:,.0f} a second: {verdict}",
            "memory of the worker": grown,
            "reminders and looks left behind": "the same as of bare SQL" if same else "NOT THE SAME",
            **questions,
        },
    )
    return 0 if ratio <= _TARGET and same else 1


def _raw(server: Postgres, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True)


def _fill(server: Postgres, count: int) -> None:
    """Both databases alike, the tables as large and as warm. Who was filed later is due later, as in life."""
    today = day_of(datetime.now(UTC))
    tomorrow = (datetime.now(UTC) + timedelta(hours=8)).date() + timedelta(days=1)
    values = {"forums": _FORUMS, "boards": _BOARDS, "count": count, "today": today}
    with _raw(server, "ours") as raw:
        for statement in _FILL.format(**values, tomorrow=f"'{tomorrow} 00:00+08'").split(";"):
            if statement.strip():
                raw.execute(statement.encode())
        raw.execute("VACUUM ANALYZE")
    with _raw(server, "postgres") as raw:
        raw.execute("CREATE DATABASE bare TEMPLATE ours STRATEGY FILE_COPY")
        raw.execute("CHECKPOINT")


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float
    """Of the server and of this process together: whoever else is at work on the machine does not lengthen it."""

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.cpu:.1f} s of processor time"


def _cost_of(server: Postgres, work: Callable[[], object]) -> Cost:
    before, began = processor_seconds(server), time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, processor_seconds(server) - before)


def processor_seconds(server: Postgres) -> float:
    """Of this process, the server and its children, the ended ones too; in seconds."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            is_server = status.parent.name == str(server.process.pid)
            if is_server or fields[1] == str(server.process.pid):
                ticks += sum(int(field) for field in fields[11 : 15 if is_server else 13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _bare(server: Postgres) -> Cost:
    with _raw(server, "bare") as raw:
        cost = _cost_of(server, lambda: [raw.execute(statement.encode()) for statement in _BARE])
        raw.execute("CHECKPOINT")
    return cost


def _ours(server: Postgres, services: Services, count: int) -> tuple[Cost, str]:
    first = services.sweeps.look()  # what the first batch loads once is no growth
    before, most = _resident(), 0

    def sweep() -> None:
        nonlocal most
        while services.sweeps.look():
            most = max(most, _resident())

    cost = _cost_of(server, sweep)
    share = count / (count - first)
    flat = "flat" if most - before < _FLAT_MEGABYTES else "NOT FLAT"
    grown = f"{before} MB before, {most} MB at most, {_resident()} MB after: {flat}"
    return Cost(cost.wall * share, cost.cpu * share), grown


def _same(server: Postgres) -> bool:
    """Whether both have left the same reminders, looks and states."""
    asked = (
        "SELECT what, stage, count(*), min(due_at), max(due_at) FROM moderator_history GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT told_state, look_at, count(*) FROM moderators GROUP BY 1, 2 ORDER BY 1, 2",
    )
    found = []
    for database in ("ours", "bare"):
        with _raw(server, database) as raw:
            found.append([raw.execute(query.encode()).fetchall() for query in asked])
    return found[0] == found[1]


def _questions(services: Services, credentials: Credentials) -> dict[str, str]:
    """The big questions of an operator, over HTTP and at the desk."""
    told = {}
    with serving(services) as address, closing(ForumBackend(address, credentials).http) as http:
        http.timeout = 300

        def asked(path: str) -> Callable[[], httpx2.Response]:
            return lambda: http.get(path)

        for path in ("state=overdue", "state=due", "state=suspended", "due_before=2020-01-01T00:00:00Z"):
            seconds, answer = _timed(asked(f"/v1/moderators?{path}"))
            told[f"`GET /v1/moderators?{path.partition('T')[0]}`"] = f"{seconds * 1000:.0f} ms, {answer.status_code}"
        seconds, answer = _timed(asked("/v1/reverifications/forecast?weeks=12&interval_days=90"))
        told["`GET /v1/reverifications/forecast` of one forum of a hundred"] = f"{seconds:.1f} s, {answer.status_code}"
        body = {"scope": {"all": True}, "reason": "年度核验", "due_in_days": 3}
        seconds, answer = _timed(lambda: http.post("/v1/reverifications", json=body))
        affected = f"{answer.json()['affected']:,} affected" if answer.is_success else answer.text
        told["`POST /v1/reverifications` by one forum of a hundred"] = f"{seconds:.1f} s, {affected}"
    scope = OrderScope(ScopeKind.ALL)
    try:
        seconds, placed = _timed(lambda: services.reverifications.order(OPERATOR, None, scope, "年度核验", 2))
        told["an order to everybody in all forums"] = f"{seconds:.1f} s, {placed.affected:,} affected"
        seconds, progress = _timed(lambda: services.reverifications.get(None, placed.order.id))
        told["how far it is"] = f"{seconds:.1f} s, {progress.completed:,} done"
    except Unavailable:
        told["an order to everybody in all forums"] = "NOT WITHIN THE LIMITS OF A STATEMENT"
    seconds, warned = _timed(services.chores.warn_of_unattended_boards)
    told["which boards will be left alone, a first batch"] = f"{seconds:.1f} s, {warned} warned of"
    return told


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def _resident() -> int:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def _write(what: str, numbers: dict[str, str]) -> None:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL 18 in memory, fsync off"
    rows = "".join(f"| {name} | {number} |\n" for name, number in numbers.items())
    head = f"## The nightly sweep\n\n`make bench-sweep`, commit {tested_commit()}, {machine}. {what}.\n\n"
    sys.stdout.write(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n")
    if what.startswith(f"{_MILLION:,} "):
        _RESULTS.write_text(f"# Numbers of `bench/`\n\n{head}| what | took |\n| --- | --- |\n{rows}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
