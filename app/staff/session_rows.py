"""Every query on sessions, codes that were used, and failures."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from sqlalchemy import CursorResult, Executable, Update, delete, func, select, update
from sqlalchemy.orm import Session

from app.kernel.ids import StaffId
from app.staff.models import FailureRow, RecoveryCodeRow, StaffSessionRow, UsedCodeRow


class Tries(Enum):
    """What is counted in a session, each on its own: a right password forgives no wrong code."""

    CODES = "codes"
    PASSWORDS = "passwords"


_COUNTERS = {Tries.CODES: StaffSessionRow.wrong_codes, Tries.PASSWORDS: StaffSessionRow.wrong_passwords}


def find(session: Session, digest: bytes) -> StaffSessionRow | None:
    return session.scalar(select(StaffSessionRow).where(StaffSessionRow.digest == digest))


def touch(session: Session, session_id: str, now: datetime) -> None:
    session.execute(_live(session_id).values(seen_at=now))


def charge_try(session: Session, session_id: str, tries: Tries, limit: int) -> bool:
    """Counts one before it is judged; False where no try is left."""
    counter = _COUNTERS[tries]
    return _changes_one(session, _live(session_id).where(counter < limit).values({counter: counter + 1}))


def forgive(session: Session, session_id: str, tries: Tries) -> None:
    session.execute(_live(session_id).values({_COUNTERS[tries]: 0}))


def live(session: Session, session_id: str) -> StaffSessionRow | None:
    """As it stands now."""
    query = select(StaffSessionRow).where(StaffSessionRow.id == session_id, StaffSessionRow.ended_at.is_(None))
    return session.scalar(query.execution_options(populate_existing=True))


def end(session: Session, session_id: str, now: datetime) -> bool:
    """False when it had ended before."""
    return _changes_one(session, _live(session_id).values(ended_at=now))


def end_if_exhausted(session: Session, session_id: str, tries: Tries, now: datetime, limit: int) -> None:
    session.execute(_live(session_id).where(_COUNTERS[tries] >= limit).values(ended_at=now))


def end_all(session: Session, staff_id: StaffId, now: datetime, but: str = "") -> None:
    """Every session of a member, except one."""
    session.execute(
        update(StaffSessionRow)
        .where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.ended_at.is_(None), StaffSessionRow.id != but)
        .values(ended_at=now)
    )


def drop_old(session: Session, staff_id: StaffId, before: datetime) -> None:
    session.execute(
        delete(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.created_at < before)
    )


def use_step(session: Session, staff_id: StaffId, step: int, now: datetime, forgotten: datetime) -> None:
    """Runs into the primary key, at the next flush, when another sign-in used the same code."""
    session.execute(delete(UsedCodeRow).where(UsedCodeRow.staff_id == staff_id, UsedCodeRow.used_at < forgotten))
    session.add(UsedCodeRow(staff_id=staff_id, counter=step, used_at=now))


def is_used(session: Session, staff_id: StaffId, step: int) -> bool:
    return session.get(UsedCodeRow, (staff_id, step)) is not None


def has_recovery_code(session: Session, staff_id: StaffId, digest: bytes) -> bool:
    return session.get(RecoveryCodeRow, (staff_id, digest)) is not None


def use_recovery_code(session: Session, staff_id: StaffId, digest: bytes) -> bool:
    """False when it was used before, or meanwhile."""
    return _changes_one(
        session, delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id, RecoveryCodeRow.digest == digest)
    )


def replace_recovery_codes(session: Session, staff_id: StaffId, digests: Sequence[bytes]) -> None:
    """With another authenticator: which codes of the one before were used is nothing to it."""
    for row in (UsedCodeRow, RecoveryCodeRow):
        session.execute(delete(row).where(row.staff_id == staff_id))
    session.add_all(RecoveryCodeRow(staff_id=staff_id, digest=digest) for digest in digests)
    session.flush()


def recovery_codes_left(session: Session, staff_id: StaffId) -> int:
    query = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id)
    return session.scalar(query) or 0


def failures(session: Session, subjects: Sequence[bytes], now: datetime) -> list[FailureRow]:
    """Those whose window has not ended."""
    query = select(FailureRow).where(FailureRow.subject.in_(subjects), FailureRow.ends_at > now)
    return list(session.scalars(query))


def charge_failure(session: Session, subject: bytes, now: datetime, ends_at: datetime, limit: int) -> bool:
    """Counts one more, up to the limit; False when there were as many. A new window ends at `ends_at`."""
    session.execute(delete(FailureRow).where(FailureRow.ends_at <= now))
    charge = update(FailureRow).where(FailureRow.subject == subject)
    if _changes_one(session, charge.where(FailureRow.failures < limit).values(failures=FailureRow.failures + 1)):
        return True
    if session.get(FailureRow, subject) is not None:
        return False
    session.add(FailureRow(subject=subject, ends_at=ends_at, failures=1))
    session.flush()
    return True


def uncharge_failure(session: Session, subject: bytes) -> None:
    session.execute(
        update(FailureRow)
        .where(FailureRow.subject == subject, FailureRow.failures > 0)
        .values(failures=FailureRow.failures - 1)
    )


def _live(session_id: str) -> Update:
    return update(StaffSessionRow).where(StaffSessionRow.id == session_id, StaffSessionRow.ended_at.is_(None))


def _changes_one(session: Session, statement: Executable) -> bool:
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
