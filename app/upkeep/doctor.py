"""Examines an installation, broken ones too: one finding for each thing, never a secret, a key or a password."""

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app import policies
from app.audit import verification_rows
from app.audit.findings import Outcome
from app.audit.service import newest_entry_at
from app.crypto.keyring import KeyPurpose, Keyring, KeyState, load_keyring
from app.db.engine import is_sqlite, make_engine, reading, sqlite_file
from app.db.unit_of_work import UnitOfWork
from app.kernel.clock import Clock
from app.kernel.errors import StartRefused, Unavailable
from app.upkeep.job_runs import JobRuns
from app.upkeep.keys import refuse_missing_keys
from app.upkeep.schema import refuse_old_schema

_MEBIBYTE = 1024 * 1024
_OLDEST_POSTGRES = 150_000
_SQLITE_AS_IT_MUST_BE = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1"}
_POSTGRES_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
_INIT = "run `shiming init`"


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and how it is; `advice` says what to do where it is not well."""

    verdict: Verdict
    what: str
    advice: str = ""


def ok(what: str) -> Finding:
    return Finding(Verdict.OK, what)


def warning(what: str, advice: str) -> Finding:
    return Finding(Verdict.WARNING, what, advice)


def failed(what: str, advice: str) -> Finding:
    return Finding(Verdict.FAILED, what, advice)


def examine_keys(directory: Path, clock: Clock) -> Iterator[Finding]:
    if not directory.is_dir():
        yield failed("key directory: it is not there", f"{_INIT}, or point SHIMING_KEYS_DIR at it")
        return
    if directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield warning("key directory: others may write to it", "chmod 700 the directory")
    try:
        keyring = load_keyring(directory)
    except StartRefused as refused:
        yield failed("key files: one cannot be used", str(refused))
        return
    missing = [purpose for purpose in KeyPurpose if not _current(keyring, purpose)]
    if missing:
        yield failed(f"keys: there is no current {', '.join(missing)} key", _INIT)
    else:
        yield ok(f"keys: {len(keyring.all())} readable by their owner alone, one current for each purpose")
    limit = timedelta(days=policies.KEY_AGE.value)
    current = [key for key in keyring.all() if key.state is KeyState.CURRENT]
    old = [f"{key.purpose} {key.id}" for key in current if _age(key.current_since(), clock) > limit]
    if old:
        yield warning(f"keys: older than {policies.KEY_AGE.value} days: {', '.join(old)}", "plan their rotation")


def examine_database(url: str, keys_directory: Path, clock: Clock) -> Iterator[Finding]:
    """Reachable, schema, keys that it names, integrity, durability, clocks. Makes no file that is not there."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        yield failed("database: the file is not there", f"{_INIT}, or point SHIMING_DATA_DIR at it")
        return
    try:
        engine = make_engine(url)
    except StartRefused as refused:
        yield failed("database: it cannot be opened", str(refused) if file else "correct SHIMING_DATABASE_URL")
        return
    try:
        yield from _examine_open_database(engine, keys_directory, clock)
    finally:
        engine.dispose()


def examine_disk(data_directory: Path) -> Finding:
    """Room where the data lies; the nearest folder above that exists counts."""
    there = next(
        folder for folder in (data_directory.absolute(), *data_directory.absolute().parents) if folder.exists()
    )
    free = shutil.disk_usage(there).free // _MEBIBYTE
    what = f"disk: {free} MiB free for the data directory"
    if free < policies.DISK_FULL.value:
        return failed(what, "make room: writes will be refused")
    return warning(what, "make room") if free < policies.DISK_LOW.value else ok(what)


def _examine_open_database(engine: Engine, keys_directory: Path, clock: Clock) -> Iterator[Finding]:
    where = "SQLite" if is_sqlite(engine) else f"PostgreSQL at {engine.url.host or 'its socket'}"
    try:
        with reading(engine).connect() as connection:  # never in the way of who writes
            yield ok(f"database: {where} answers")
            yield from _examine_sqlite(connection) if is_sqlite(engine) else _examine_postgres(connection, clock)
    except (Unavailable, SQLAlchemyError):
        yield failed(f"database: {where} does not answer as a sound database", "check its address, server and log")
        return
    unit_of_work = UnitOfWork(engine, clock)
    yield from _examined("schema", "as this version needs it", lambda: refuse_old_schema(reading(engine)))
    yield from _examined(
        "keys of the database",
        "all present",
        lambda: refuse_missing_keys(unit_of_work, load_keyring(keys_directory), str(keys_directory)),
    )
    yield from _examine_newest(unit_of_work, clock)
    yield from _examine_jobs(unit_of_work, clock)
    yield from _examine_verification(unit_of_work, clock)


def _examined(what: str, good: str, refuse: Callable[[], None]) -> Iterator[Finding]:
    """One of the checks that the start makes, as a finding."""
    try:
        refuse()
    except StartRefused as refused:
        yield failed(f"{what}: not as it must be", str(refused))
    except (Unavailable, SQLAlchemyError):
        yield failed(f"{what}: it could not be read", "check the database's log")
    else:
        yield ok(f"{what}: {good}")


def _examine_sqlite(connection: Connection) -> Iterator[Finding]:
    damage = connection.scalar(text("PRAGMA quick_check(1)"))
    if damage == "ok":
        yield ok("integrity: quick_check finds nothing")
    else:
        yield failed("integrity: quick_check finds damage", "stop the service and restore a backup")
    found = {name: str(connection.scalar(text(f"PRAGMA {name}"))) for name in _SQLITE_AS_IT_MUST_BE}
    off = [f"{name} is {found[name]}" for name, wanted in _SQLITE_AS_IT_MUST_BE.items() if found[name] != wanted]
    if off:
        yield failed(f"durability: {', '.join(off)}", "use a local disk that can hold a write-ahead log")
    else:
        yield ok("durability: write-ahead log, synced at every commit")


def _examine_postgres(connection: Connection, clock: Clock) -> Iterator[Finding]:
    version = int(str(connection.scalar(text("SHOW server_version_num"))))
    shown = f"PostgreSQL version: {version // 10_000}"
    yield ok(shown) if version >= _OLDEST_POSTGRES else failed(shown, "upgrade to 15 or later")
    off = [name for name in _POSTGRES_DURABLE if connection.scalar(text(f"SHOW {name}")) == "off"]
    if off:
        yield failed(f"durability: {', '.join(off)} off", "turn it on: acknowledged writes would be lost")
    else:
        yield ok("durability: fsync, full_page_writes and synchronous_commit are on")
    theirs = connection.scalar(text("SELECT clock_timestamp()"))
    skew = abs((theirs - clock.now()).total_seconds()) if isinstance(theirs, datetime) else 0.0
    if skew > policies.CLOCK_TOLERANCE.value:
        yield warning(f"clock: {skew:.0f} seconds from the database server's", "let both hosts follow NTP")
    else:
        yield ok("clock: agrees with the database server's")


def _examine_newest(unit_of_work: UnitOfWork, clock: Clock) -> Iterator[Finding]:
    """A clock that stands before the newest record was set back, or was ahead when it was written."""
    try:
        with unit_of_work.read() as tx:
            newest = newest_entry_at(tx)
    except (Unavailable, SQLAlchemyError):
        return  # the schema's finding has said why
    ahead = (newest - clock.now()).total_seconds() if newest else 0.0
    if ahead > policies.CLOCK_TOLERANCE.value:
        yield failed(f"clock: {ahead:.0f} seconds behind the newest record", "set the host's clock right")
    else:
        yield ok("clock: not behind the newest record")


def _examine_jobs(unit_of_work: UnitOfWork, clock: Clock) -> Iterator[Finding]:
    """Whether every background job has its turns, by what the workers wrote down."""
    try:
        runs = JobRuns(unit_of_work).list_all()
    except (Unavailable, SQLAlchemyError):
        return  # the schema's finding has said why
    late = [(run, lag) for run in runs if (lag := run.lag(clock.now())) >= policies.JOB_BEHIND.value]
    failing = [run for run in runs if run.is_failing]
    if not runs:
        yield warning("jobs: none has ever run", "run `shiming worker`, or `shiming serve` without --no-worker")
    if late:
        named = ", ".join(f"{run.name} by {lag:.0f} seconds" for run, lag in late)
        yield warning(f"jobs: behind: {named}", "see that a worker runs; what it does is in docs/worker.md")
    if failing:
        named = ", ".join(f"{run.name} ({run.last_failure}, {run.failures} times in all)" for run in failing)
        yield failed(f"jobs: failing: {named}", "look for job-failed in the worker's log: it says where")
    if runs and not late and not failing:
        yield ok(f"jobs: {len(runs)}, all on time")


def _examine_verification(unit_of_work: UnitOfWork, clock: Clock) -> Iterator[Finding]:
    """What the verification of the audit log found last night. The doctor does not verify it again."""
    try:
        with unit_of_work.read() as tx:
            last, waits = verification_rows.newest(tx.session, ended=True), newest_entry_at(tx)
    except (Unavailable, SQLAlchemyError):
        return  # the schema's finding has said why
    if last is None or last.ended_at is None:
        if waits:
            yield warning(
                "audit log: never verified", "run `shiming audit verify`, and a worker, which does it nightly"
            )
        return
    hours = (clock.now() - last.ended_at).total_seconds() / 3600
    if last.outcome is Outcome.TAMPERED:
        at = "" if last.place is None else f" at {last.place}"
        yield failed(
            f"audit log: tampered with: {last.kind}{at}, {last.findings} findings", "`shiming audit verify` says all"
        )
    elif last.outcome is Outcome.UNVERIFIABLE:
        yield failed("audit log: it could not be verified", "`shiming audit verify` says why")
    elif hours > policies.AUDIT_VERIFICATION_LATE.value:
        yield warning(f"audit log: last verified {hours:.0f} hours ago", "see that a worker runs")
    else:
        yield ok(f"audit log: {last.entries} entries verified {max(hours, 0):.0f} hours ago")


def _current(keyring: Keyring, purpose: KeyPurpose) -> bool:
    return any(key.state is KeyState.CURRENT for key in keyring.of(purpose))


def _age(since: datetime, clock: Clock) -> timedelta:
    return clock.now() - (since if since.tzinfo else since.replace(tzinfo=UTC))
