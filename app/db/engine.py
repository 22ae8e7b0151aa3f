"""Engines whose commits are on the disk before they return, and whose errors name no value."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.db.pulse import Pulse
from app.kernel.errors import StartRefused

_PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"),
    "recursive_triggers=ON",  # or INSERT OR REPLACE deletes rows past the triggers of append-only tables
)
_USABLE = (
    "SHIMING_DATABASE_URL must be sqlite:///path/to/file or postgresql://user:password@host/database; write each `@`,"
    " `:` and `/` of a password as %40, %3A and %2F."
)
_CONNECT_SECONDS = 2
_STATEMENT_MILLISECONDS = 5000
_SERVER_POOL = 20
"""Connections of one process: four workers fit under PostgreSQL's default of 100."""
THREADS = 40
"""One connection for each thread that may serve a request, so that nobody waits for the pool."""


def make_engine(url: str) -> Engine:
    """An engine for SQLite (file) or PostgreSQL. Raises `StartRefused` for any other database."""
    parsed = _read(url)
    if parsed is None:
        raise StartRefused(_USABLE)
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _embedded(parsed, Path(parsed.database))
    if backend == "postgresql":
        return _server(parsed)
    raise StartRefused(_USABLE)


def sqlite_file(url: str) -> Path | None:
    """The file of an embedded database; None for a server."""
    parsed = _read(url)  # `make_engine` says what is wrong with it
    return Path(parsed.database) if parsed and parsed.get_backend_name() == "sqlite" and parsed.database else None


def _read(url: str) -> URL | None:
    """None for what is no address, and where a bare `@` or `:` would make a piece of the password host or port."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    return None if "@" in (parsed.host or "") else parsed


def _embedded(url: URL, file: Path) -> Engine:
    _own_file(file)
    engine = create_engine(
        url, hide_parameters=True, pool_size=THREADS, max_overflow=0, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin_as_asked)
    _keep_to_one_file(engine, file)
    return engine


def _server(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=_SERVER_POOL,
        max_overflow=0,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": _STATEMENT_MILLISECONDS,
            "keepalives_idle": _CONNECT_SECONDS,
            "options": f"-c statement_timeout={_STATEMENT_MILLISECONDS} -c lock_timeout={_STATEMENT_MILLISECONDS}",
        },
    )
    event.listen(engine, "handle_error", _drop_values)
    pulse = Pulse()
    event.listen(engine, "do_connect", lambda _dialect, _record, how, and_how: pulse.connect(how, and_how))
    event.listen(engine, "engine_disposed", lambda _engine: pulse.stop())
    return engine


def _keep_to_one_file(engine: Engine, file: Path) -> None:
    """A file that was deleted or replaced still takes writes and loses them: no connection to it is used again."""

    def identity() -> tuple[int, int] | None:
        try:
            found = file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def refuse_to_make_one(*_how: object) -> None:
        if identity() is None:
            raise sqlite3.OperationalError("the database file is gone")

    def note(_raw: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = identity()

    def refuse_another(_raw: DBAPIConnection, record: ConnectionPoolEntry, _user: PoolProxiedConnection) -> None:
        if record.info["file"] != identity():
            raise DisconnectionError

    event.listen(engine, "do_connect", refuse_to_make_one)
    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", refuse_another)


def _own_file(path: Path) -> None:
    """Makes the file readable by its owner alone; the write-ahead log takes after it. Raises `StartRefused`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StartRefused(f"The database file {path} cannot be opened: {error.strerror}.") from None


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read: one snapshot, no write lock."""
    if is_sqlite(engine):
        return engine.execution_options(begin="DEFERRED")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _set_pragmas(raw: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if not isinstance(raw, sqlite3.Connection):  # pragma: no cover -- the listener hangs on SQLite engines only
        return
    raw.isolation_level = None  # the driver never begins by itself
    for pragma in _PRAGMAS:
        raw.execute(f"PRAGMA {pragma}")


def _begin_as_asked(connection: Connection) -> None:
    """`BEGIN IMMEDIATE` unless reading: with a plain `BEGIN`, 87 of 100 concurrent writers fail at once."""
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'IMMEDIATE')}")


def _drop_values(context: ExceptionContext) -> None:
    """PostgreSQL repeats the offending values in `DETAIL`; only the state and the constraint's name stay."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    diagnostics = getattr(original, "diag", None)
    if wrapped is None or diagnostics is None:
        return
    said = f"{getattr(original, 'sqlstate', None)} {diagnostics.constraint_name or ''}"
    original.args, wrapped.args = (said,), (said,)
