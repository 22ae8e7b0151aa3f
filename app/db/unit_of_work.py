"""The one place that opens a transaction, and the one that commits."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TypeVar

from sqlalchemy import Engine, PrimaryKeyConstraint, Table, UniqueConstraint, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.db.base import Base
from app.db.engine import is_sqlite, reading
from app.kernel.actor import SYSTEM, Actor
from app.kernel.clock import Clock
from app.kernel.errors import Unavailable

T = TypeVar("T")
_SERIALISATION_FAILURES = {"40001", "40P01"}
_ONLY_READS = {"25006", "0A000"}
"""What a standby says to whoever writes: the transaction is read-only, or cannot be made a writing one."""
_POSTGRES_UNIQUE = "23505 "
_SQLITE_UNIQUE = "UNIQUE constraint failed: "
_ROUNDS = 4
_INITIALISATION = 7_236_441_908_113_520_077
_TURN_SECONDS = 5.0
_LOCKED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a step needs: the session, who acts, and the one moment at which all of it happens."""

    session: Session
    actor: Actor
    now: datetime


_around: ContextVar[Transaction | None] = ContextVar("around", default=None)
"""The transaction of `UnitOfWork.together` that this thread of work is inside of."""


class ConstraintViolated(Exception):
    """A uniqueness rule of the database refused a write; the use case turns it into the documented answer."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class CollidedWithAnother(Unavailable):
    """Two transactions held what the other wanted; running it again is safe."""


def inside_another() -> bool:
    """Whether what is opened now joins a transaction of `together`, which nobody outside sees before its end."""
    return _around.get() is not None


def again_on_collision(work: Callable[[], T]) -> T:
    """Runs a whole transaction again when another one was quicker; `Unavailable` when it never gets through.

    Inside `together` a deadlock concerns the whole, and is left to who opened it.
    """
    for _ in range(_ROUNDS):
        try:
            return work()
        except ConstraintViolated:
            continue
        except CollidedWithAnother:
            if _around.get() is not None:
                raise
    raise Unavailable


def hold_key(tx: Transaction, key: bytes) -> None:
    """Lets one transaction at a time pass for this key. On SQLite a writing transaction is alone anyway."""
    hold_keys(tx, [key])


def hold_keys(tx: Transaction, keys: Sequence[bytes]) -> None:
    """Likewise for several, one after the other in this order."""
    if tx.session.get_bind().dialect.name == "postgresql":
        numbers = [int.from_bytes(key[:8], signed=True) for key in keys]
        held = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
        tx.session.execute(held, {"keys": numbers})


def try_hold(tx: Transaction, key: bytes) -> bool:
    """Likewise without waiting: whether this transaction is the one that passes."""
    if tx.session.get_bind().dialect.name != "postgresql":
        return True
    number = int.from_bytes(key[:8], signed=True)
    return bool(tx.session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": number}))


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """One initialisation at a time, on any number of hosts; on SQLite every writer is alone anyway."""
    if is_sqlite(engine):
        yield
        return
    with translated(), engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INITIALISATION})
        yield


class UnitOfWork:
    """Opens transactions for use cases. Everything inside one commits together, before an answer is sent."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._writer = engine
        self._reader = reading(engine)
        self._clock = clock
        self._turn = Lock() if is_sqlite(engine) else None
        self._locked_until = 0.0

    @property
    def engine(self) -> Engine:
        return self._writer

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[Transaction]:
        """A writing transaction; commits at the end of the block, rolls back when it raises.

        Raises `ConstraintViolated` for a uniqueness rule, `CollidedWithAnother` for a deadlock, `Unavailable` when
        the database does not answer.
        """
        around = _around.get()
        if around is not None:
            with _joined(around) as session, session.begin_nested():
                yield Transaction(session, actor, around.now)
                session.flush()
            return
        with translated(), self._own_turn(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield Transaction(session, actor, self._clock.now())
            session.flush()

    @contextmanager
    def together(self, actor: Actor) -> Iterator[Transaction]:
        """One writing transaction around whole use cases: whatever they open inside the block joins it.

        A `begin` that joins is a savepoint, so that a use case may catch `ConstraintViolated` and try again; a `read`
        sees what is not committed yet; only the end of this block commits. Raises like `begin`. Nobody outside may be
        waited for inside it.
        """
        with self.begin(actor) as tx:
            token = _around.set(tx)
            try:
                yield tx
            finally:
                _around.reset(token)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A reading transaction: one snapshot, nothing is written. Raises `Unavailable`."""
        around = _around.get()
        if around is not None:
            with _joined(around) as session:
                yield Transaction(session, SYSTEM, around.now)
            return
        with translated(), Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield Transaction(session, SYSTEM, self._clock.now())

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time and lets the others poll, up to 100 ms apart; a lock wakes the next.

        While another process keeps the file locked one of us at a time waits for it, and nobody else.
        """
        if self._turn is None:
            yield
            return
        locked = self._locked_until
        if time.monotonic() < locked or not self._turn.acquire(timeout=0 if locked else _TURN_SECONDS):
            raise Unavailable
        try:
            if self._locked_until > locked:  # whoever had the turn before has waited in vain
                raise Unavailable
            with self._lock_noted():
                yield
        finally:
            self._turn.release()

    @contextmanager
    def _lock_noted(self) -> Iterator[None]:
        """Whatever else ends the block, the file was not locked."""
        locked_until = 0.0
        try:
            yield
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                locked_until = time.monotonic() + _LOCKED_SECONDS
            raise
        finally:
            self._locked_until = locked_until


@contextmanager
def _joined(around: Transaction) -> Iterator[Session]:
    """The session of the transaction around, holding no row that a statement may have changed since it was read."""
    with translated():
        around.session.flush()
        around.session.expire_all()
        yield around.session


@contextmanager
def translated() -> Iterator[None]:
    """Turns the database's errors into ours; for the few places that need a connection without a transaction."""
    try:
        yield
    except IntegrityError as error:
        constraint = _unique_constraint_of(error)
        if constraint is None:
            raise
        raise ConstraintViolated(constraint) from None
    except (OperationalError, PoolTimeout) as error:
        if _state_of(error) in _SERIALISATION_FAILURES:
            raise CollidedWithAnother from None
        raise Unavailable from None
    except DBAPIError as error:
        if error.connection_invalidated or _state_of(error) in _ONLY_READS:
            raise Unavailable from None
        raise


def _state_of(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _unique_constraint_of(error: IntegrityError) -> str | None:
    """The name of the uniqueness rule that was violated; SQLite tells only `table.column, ...`, so it is looked up.

    None for any other kind of rule: running into a foreign key or a NOT NULL is a defect, not a race.
    """
    said = str(error.orig)
    if said.startswith(_POSTGRES_UNIQUE):
        return said.removeprefix(_POSTGRES_UNIQUE).strip()
    if not said.startswith(_SQLITE_UNIQUE):
        return None
    columns = [name.strip() for name in said.removeprefix(_SQLITE_UNIQUE).split(",")]
    table = Base.metadata.tables.get(columns[0].split(".")[0])
    wanted = {name.split(".")[-1] for name in columns}
    return next((name for name, members in _unique_rules(table) if members == wanted), said)


def _unique_rules(table: Table | None) -> Iterator[tuple[str, set[str]]]:
    if table is None:
        return
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield str(constraint.name), {column.name for column in constraint.columns}
    for index in table.indexes:
        if index.unique:
            yield str(index.name), {column.name for column in index.columns}
