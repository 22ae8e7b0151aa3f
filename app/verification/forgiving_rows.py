"""Queries on verifications that were rejected."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kernel.ids import AccountId, VerificationId
from app.verification.domain import Outcome
from app.verification.models import VerificationRow


def forgive(session: Session, account_id: AccountId, now: datetime) -> None:
    """No rejection of this account up to now counts any more."""
    session.execute(
        update(VerificationRow)
        .where(
            VerificationRow.account_id == account_id,
            VerificationRow.outcome == Outcome.REJECTED,
            VerificationRow.forgiven_at.is_(None),
        )
        .values(forgiven_at=now)
    )


def newest_rejected(
    session: Session, account_id: AccountId, verification_id: str | None
) -> tuple[VerificationId, datetime] | None:
    """The one that is named, or the last one, whatever its method; and when it was begun."""
    query = select(VerificationRow.id, VerificationRow.started_at).where(
        VerificationRow.account_id == account_id, VerificationRow.outcome == Outcome.REJECTED
    )
    if verification_id is not None:
        query = query.where(VerificationRow.id == verification_id)
    newest = query.order_by(VerificationRow.started_at.desc(), VerificationRow.id.desc()).limit(1)
    found = session.execute(newest).first()
    return (VerificationId(found[0]), found[1]) if found else None
