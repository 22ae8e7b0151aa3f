"""Every query on key names and on runs of jobs."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import CursorResult, delete, inspect, select, update

from app.crypto.keyring import Key
from app.db.unit_of_work import Transaction
from app.upkeep.domain import JobNote, JobRun
from app.upkeep.models import JobRunRow, KeyNameRow

_LONGEST_FAILURE = 80


def named_keys(tx: Transaction) -> dict[str, tuple[str, bytes]]:
    """Key id to purpose and check value; empty for a database that has no tables yet."""
    if not inspect(tx.session.connection()).has_table(KeyNameRow.__tablename__):
        return {}
    return {row.id: (row.purpose, row.check_value) for row in tx.session.scalars(select(KeyNameRow))}


def name_keys(tx: Transaction, keys: Iterable[Key]) -> None:
    tx.session.add_all(
        KeyNameRow(id=key.id, purpose=key.purpose, check_value=key.check_value(), named_at=tx.now) for key in keys
    )


def forget_keys(tx: Transaction, keys: Iterable[Key]) -> None:
    tx.session.execute(delete(KeyNameRow).where(KeyNameRow.id.in_([key.id for key in keys])))


def job_runs(tx: Transaction) -> list[JobRun]:
    """By name."""
    return [
        JobRun(
            name=row.name,
            period=row.period,
            last_began_at=row.last_began_at,
            last_ended_at=row.last_ended_at,
            last_ok_at=row.last_ok_at,
            failures=row.failures,
            last_failure=row.last_failure,
            done=row.done,
        )
        for row in tx.session.scalars(select(JobRunRow).order_by(JobRunRow.name))
    ]


def add_job_run(tx: Transaction, name: str, period: float) -> None:
    """A job that has not run yet."""
    tx.session.add(JobRunRow(name=name, period=period, last_began_at=tx.now, failures=0, done=0))
    tx.session.flush()


def note_job_run(tx: Transaction, note: JobNote) -> bool:
    """Adds to what others have done. False for a job that nobody has named yet."""
    values = {
        "period": note.period,
        "last_began_at": note.began_at,
        "last_ended_at": note.ended_at,
        "failures": JobRunRow.failures + note.failures,
        "done": JobRunRow.done + note.done,
    }
    if note.ok_at is not None:
        values["last_ok_at"] = note.ok_at
    if note.failure is not None:
        values["last_failure"] = note.failure[:_LONGEST_FAILURE]
    noted = tx.session.execute(
        update(JobRunRow).where(JobRunRow.name == note.name).values(values).execution_options(synchronize_session=False)
    )
    return isinstance(noted, CursorResult) and noted.rowcount == 1


def drop_job_runs(tx: Transaction, kept: Collection[str], began_before: datetime) -> int:
    dropped = tx.session.execute(
        delete(JobRunRow).where(JobRunRow.name.not_in(kept), JobRunRow.last_began_at <= began_before)
    )
    return dropped.rowcount if isinstance(dropped, CursorResult) else 0
