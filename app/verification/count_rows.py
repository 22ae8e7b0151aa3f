"""Queries that count verifications, for who watches; none of them tells anything of a person."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from app.db.bulk import among
from app.kernel.ids import AccountId, first_id
from app.verification.domain import IdentityLevel, Outcome
from app.verification.models import LinkRow, VerificationRow


def results_since(session: Session, begins: Sequence[datetime]) -> dict[tuple[int, Outcome], int]:
    """By period, the latest first: a range of ids, which begin with their time, and so no index more."""
    floors = [first_id("vrf", begin) for begin in begins]
    period = case(*((VerificationRow.id >= floor, literal(place)) for place, floor in enumerate(floors)))
    each = (
        select(period.label("period"), VerificationRow.outcome.label("outcome"))
        .where(VerificationRow.id >= floors[-1])
        .subquery()
    )
    counted = session.execute(select(each.c.period, each.c.outcome, func.count()).group_by(*each.c))
    return {(place, Outcome(outcome)): number for place, outcome, number in counted}


def oldest_link(session: Session) -> datetime | None:
    return session.scalar(select(func.min(LinkRow.verified_at)))


def ids_of_account(session: Session, account_id: AccountId, limit: int) -> list[str]:
    """Newest first."""
    query = select(VerificationRow.id).where(VerificationRow.account_id == account_id)
    return list(session.scalars(query.order_by(VerificationRow.started_at.desc()).limit(limit)))


def first_by_document(
    session: Session, account_ids: Collection[AccountId], since: datetime
) -> dict[AccountId, datetime]:
    row = VerificationRow
    query = select(row.account_id, func.min(row.verified_at)).where(
        among(row.account_id, account_ids),
        row.outcome == Outcome.VERIFIED,
        row.level == IdentityLevel.DOCUMENT,
        row.verified_at >= since,
    )
    return {
        AccountId(account_id): first for account_id, first in session.execute(query.group_by(row.account_id)) if first
    }
