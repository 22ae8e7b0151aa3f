"""Every query on sign-ins."""

from datetime import datetime

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from app.verification.models import SignInRow


def newest_of(session: Session, browser_digest: bytes) -> SignInRow | None:
    """The last code that this browser asked for: an earlier one opens nothing any more."""
    return session.scalar(
        select(SignInRow)
        .where(SignInRow.browser_digest == browser_digest)
        .order_by(SignInRow.sent_at.desc(), SignInRow.id.desc())
        .limit(1)
    )


def of_session(session: Session, session_digest: bytes) -> SignInRow | None:
    return session.scalar(select(SignInRow).where(SignInRow.session_digest == session_digest))


def charge_try(session: Session, row: SignInRow, limit: int) -> bool:
    """Takes one try before anything is compared, and reads the row again; False when there was none left."""
    charged = session.execute(
        update(SignInRow)
        .where(SignInRow.id == row.id, SignInRow.tries < limit)
        .values(tries=SignInRow.tries + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return isinstance(charged, CursorResult) and charged.rowcount == 1


def touch(session: Session, sign_in_id: str, now: datetime) -> None:
    session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(seen_at=now))


def end(session: Session, session_digest: bytes, now: datetime) -> None:
    """Ends a session; of one that has ended, or that there never was, nothing changes."""
    session.execute(
        update(SignInRow)
        .where(SignInRow.session_digest == session_digest, SignInRow.ended_at.is_(None))
        .values(ended_at=now)
    )


def expire(session: Session, sign_in_id: str, now: datetime) -> None:
    session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(expires_at=now))


def drop(session: Session, sign_in_id: str) -> None:
    session.execute(delete(SignInRow).where(SignInRow.id == sign_in_id))


def drop_old(session: Session, sent_by: datetime) -> int:
    """How many there were."""
    dropped = session.execute(delete(SignInRow).where(SignInRow.sent_at <= sent_by))
    return dropped.rowcount if isinstance(dropped, CursorResult) else 0
