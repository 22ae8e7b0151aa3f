"""What an installation consists of beside its services: clock, database, and what lies around its audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine

from app.audit.desk import AuditPlaces
from app.audit.evidence import Trust
from app.audit.inspection import Evidence, Inspection, open_inspection
from app.audit.protection import missing_protection
from app.audit.sinks import sinks_of
from app.crypto.keyring import load_keyring
from app.db.engine import make_engine, sqlite_file
from app.db.unit_of_work import UnitOfWork
from app.kernel.clock import Clock, SystemClock
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep.schema import refuse_old_schema


def clock_of(settings: Settings) -> Clock:
    return SystemClock(timedelta(seconds=settings.clock_offset_seconds))


def existing_database(settings: Settings) -> Engine:
    """The engine of a database that is there. Raises `StartRefused`."""
    file = sqlite_file(settings.database())
    if file is not None and not file.exists():
        raise StartRefused(f"There is no database at {file} yet. Run `shiming init`.")
    return make_engine(settings.database())


def audit_places(settings: Settings) -> AuditPlaces:
    sinks = sinks_of(settings.audit_anchor_file, settings.audit_syslog)
    return AuditPlaces(settings.audit_directory(), settings.issuer, sinks)


def inspect(settings: Settings, unit_of_work: UnitOfWork, trust: Trust | None = None) -> Inspection:
    """By the keys as they are now: a rotation may have added one since the start."""
    evidence = Evidence(settings.audit_directory(), settings.audit_anchor_file, missing_protection)
    return open_inspection(unit_of_work, load_keyring(settings.keys_dir), evidence, trust)


@contextmanager
def inspection(settings: Settings, trust: Trust | None = None) -> Iterator[Inspection]:
    """What reads the audit log: needs the database, and no key where `trust` is given. Raises `StartRefused`."""
    engine = existing_database(settings)
    try:
        refuse_old_schema(engine)
        yield inspect(settings, UnitOfWork(engine, clock_of(settings)), trust)
    finally:
        engine.dispose()
