"""Queries that count cases and takedowns of a period; nobody is named in what they give."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.reporting.domain import CaseKind
from app.reporting.models import CaseRow
from app.reporting.offences import TAKEDOWNS
from app.reporting.violation_models import MeasureRow, ViolationRow


@dataclass(frozen=True, slots=True)
class DecidedOnce:
    """The first decision of a case."""

    received_at: datetime
    decided_at: datetime
    in_time: bool
    outcome: str


def count_received(session: Session, kind: CaseKind, since: datetime, until: datetime) -> int:
    row = CaseRow
    query = select(func.count()).where(row.kind == kind, row.received_at >= since, row.received_at < until)
    return session.scalar(query) or 0


def decided(session: Session, kind: CaseKind, since: datetime, until: datetime) -> list[DecidedOnce]:
    """An appeal begins another clock: of a case that was appealed, whether it was escalated before tells."""
    row = CaseRow
    query = select(row.received_at, row.decided_at, row.outcome, row.respond_by, row.appealed_at, row.escalated_at)
    found = session.execute(query.where(row.kind == kind, row.decided_at >= since, row.decided_at < until))
    return [
        DecidedOnce(received, at, escalated is None and (appealed is not None or at <= promised), outcome)
        for received, at, outcome, promised, appealed, escalated in found
        if at is not None and outcome is not None
    ]


def takedowns(session: Session, since: datetime, until: datetime) -> tuple[int, list[timedelta]]:
    """How many violations were recorded, and of those whose content was stopped, how long it took."""
    stopped = (
        select(ViolationRow.id, ViolationRow.discovered_at, func.min(MeasureRow.confirmed_at))
        .outerjoin(MeasureRow, (MeasureRow.violation_id == ViolationRow.id) & MeasureRow.measure.in_(TAKEDOWNS))
        .where(ViolationRow.recorded_at >= since, ViolationRow.recorded_at < until)
        .group_by(ViolationRow.id, ViolationRow.discovered_at)
    )
    found = session.execute(stopped).all()
    return len(found), [at - discovered for _, discovered, at in found if at is not None]
