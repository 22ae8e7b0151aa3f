"""Every query on claims."""

from datetime import datetime

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from app.idempotency.domain import Claim
from app.idempotency.models import ClaimRow


def find(session: Session, claim_id: str) -> ClaimRow | None:
    return session.scalar(select(ClaimRow).where(ClaimRow.id == claim_id).with_for_update())


def add(session: Session, claim: Claim, until: datetime, now: datetime) -> None:
    session.execute(delete(ClaimRow).where(ClaimRow.id == claim.id))
    session.add(
        ClaimRow(
            id=claim.id,
            body_digest=claim.body_digest,
            owner=claim.owner,
            claimed_until=until,
            subject=None,
            sealed_answer=None,
            created_at=now,
        )
    )


def change(session: Session, claim: Claim, **values: str | datetime | bytes) -> bool:
    """False when the claim is no longer this owner's."""
    result = session.execute(
        update(ClaimRow)
        .where(ClaimRow.id == claim.id, ClaimRow.owner == claim.owner, ClaimRow.sealed_answer.is_(None))
        .values(**values)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def drop(session: Session, claim: Claim) -> None:
    """Gives back a claim under which nothing has begun."""
    session.execute(
        delete(ClaimRow).where(
            ClaimRow.id == claim.id,
            ClaimRow.owner == claim.owner,
            ClaimRow.subject.is_(None),
            ClaimRow.sealed_answer.is_(None),
        )
    )


def drop_old(session: Session, since: datetime, now: datetime, limit: int) -> int:
    """Drops rows from before, the oldest first; the number dropped. Nobody waits for a row that another one drops."""
    old = session.scalars(
        select(ClaimRow.id)
        .where(ClaimRow.created_at <= since, ClaimRow.claimed_until <= now)
        .order_by(ClaimRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = old.all()  # a subquery with a limit may be run more than once, and would drop more
    session.execute(delete(ClaimRow).where(ClaimRow.id.in_(ids)))
    return len(ids)
