"""Examines the audit log from outside: whether it grows, goes on from what was signed last, and is kept elsewhere."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import policies
from app.audit.declared import declared_losses
from app.audit.desk import AuditDesk, AuditPlaces, open_desk
from app.audit.errors import Inconsistency
from app.audit.protection import PROTECTED, is_queued, missing_protection
from app.audit.watch import AnchorWatched
from app.crypto.ed25519 import AuditKeys
from app.crypto.keyring import load_keyring
from app.db.engine import is_sqlite, make_engine, reading, sqlite_file
from app.db.roles import changeable
from app.db.unit_of_work import UnitOfWork
from app.kernel.clock import Clock
from app.kernel.errors import StartRefused, Unavailable
from app.reporting.protection import keeps_evidence
from app.upkeep.doctor import Finding, failed, ok, warning

_LOOKS = 3
_LATE = timedelta(seconds=policies.AUDIT_LATE.value)
_ANCHOR_LATE = timedelta(seconds=policies.AUDIT_ANCHOR_LATE.value)
_SERVE = "see that `shiming serve` runs; audit-postponed or audit-failed in its log says why not"
_PROTECT = "run `shiming init` as the owner of the tables, then `shiming audit verify`"


def examine_audit(url: str, keys_directory: Path, places: AuditPlaces, clock: Clock) -> Iterator[Finding]:
    """Nothing where keys or database cannot be used: other findings say so. Writes nothing."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        return
    try:
        keys, engine = AuditKeys(load_keyring(keys_directory)), make_engine(url)
    except StartRefused:
        return
    try:
        unit_of_work = UnitOfWork(engine, clock)
        desk = open_desk(unit_of_work, keys, places)
        yield from _examine_desk(desk, unit_of_work, clock)
        yield from _examine_protection(engine)
        yield from _examine_left_out(desk.watch.left_out())
    except (Unavailable, SQLAlchemyError):
        return
    finally:
        engine.dispose()


def _examine_desk(desk: AuditDesk, unit_of_work: UnitOfWork, clock: Clock) -> Iterator[Finding]:
    found = _inconsistency(desk, unit_of_work)
    if found is not None:
        yield failed(f"audit: nothing is signed: {found.value}", "docs/audit.md says what to do about it")
    else:
        yield ok("audit: goes on from what was signed last")
    watched, now = desk.watch.look(), clock.now()
    if watched.lag(now) >= _LATE:
        yield warning(f"audit: an entry has waited {watched.lag(now).total_seconds():.0f} seconds for a number", _SERVE)
    else:
        yield ok(f"audit: no entry waits long for its number; {watched.size} in the newest checkpoint")
    with unit_of_work.read() as tx:
        losses = declared_losses(tx.session)
    for loss in losses:
        said = f"audit: {loss.origin} was signed up to {loss.signed} entries, and {loss.left} are here"
        yield warning(
            f"{said}: a recovery has declared it", "`shiming audit verify` says whether anything bears it out"
        )
    for anchor in watched.anchors if watched.size else ():
        yield _examine_anchor(anchor, anchor.age(now))


def _inconsistency(desk: AuditDesk, unit_of_work: UnitOfWork) -> Inconsistency | None:
    """Said only when it is found again and again: a log may grow between two looks at database and file."""
    found = None
    for _ in range(_LOOKS):
        with unit_of_work.read() as tx:
            found = desk.sequencer.inconsistency(tx)
        if found is None:
            return None
    return found


def _examine_anchor(anchor: AnchorWatched, age: timedelta | None) -> Finding:
    what = f"anchor: {anchor.sink}"
    if anchor.state is not None and anchor.state.failure is not None:
        since = f"{anchor.state.failing_since:%Y-%m-%d %H:%M} UTC"
        return failed(f"{what} fails since {since} ({anchor.state.failure})", "see that the service may append there")
    if age is None:
        return warning(f"{what} was never written", _SERVE)
    minutes = f"{what} was written {age.total_seconds() / 60:.0f} minutes ago"
    return warning(minutes, _SERVE) if age >= _ANCHOR_LATE else ok(minutes)


def _examine_left_out(left_out: int) -> Iterator[Finding]:
    """The last, for it counts the whole log."""
    if left_out:
        yield warning(
            f"audit: rows staged that get no number: {left_out}",
            "`shiming audit verify` says whether they are entries; if not, somebody has written past the service",
        )


def _examine_protection(engine: Engine) -> Iterator[Finding]:
    with reading(engine).connect() as connection:
        missing = missing_protection(connection)
        queued, keeps = is_queued(connection), keeps_evidence(connection)
        may_change = [] if is_sqlite(engine) else changeable(connection, PROTECTED)
    if not queued:
        yield failed("audit: what is recorded is not queued for its number", "put the trigger of migration 0016 back")
    if missing:
        yield failed(f"audit: rows may be changed in {', '.join(missing)}", _PROTECT)
    else:
        yield ok("audit: triggers keep its tables append-only")
    if keeps:
        yield ok("evidence: triggers keep it until its time is over")
    else:
        yield failed(
            "evidence: it may be changed or deleted before its time", "run `shiming init` as the owner of the tables"
        )
    if not is_sqlite(engine) and not may_change:
        yield ok("audit: the role that serves cannot change it")
