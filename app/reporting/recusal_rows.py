"""Queries on which forum accounts are a member's own."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.kernel.ids import AccountId, StaffId
from app.reporting.models import RecusalRow


def accounts_of(session: Session, staff_id: str) -> list[AccountId]:
    query = select(RecusalRow.account_id).where(RecusalRow.staff_id == staff_id).order_by(RecusalRow.account_id)
    return [AccountId(account_id) for account_id in session.scalars(query)]


def is_anybodys(session: Session, account_id: AccountId) -> bool:
    return session.scalar(select(RecusalRow.staff_id).where(RecusalRow.account_id == account_id).limit(1)) is not None


def list_all(session: Session, staff_id: str | None) -> list[RecusalRow]:
    query = select(RecusalRow).order_by(RecusalRow.staff_id, RecusalRow.account_id)
    return list(session.scalars(query if staff_id is None else query.where(RecusalRow.staff_id == staff_id)))


def add(session: Session, staff_id: StaffId, account_id: AccountId, by: StaffId, now: datetime) -> None:
    session.add(RecusalRow(staff_id=staff_id, account_id=account_id, declared_at=now, declared_by=by))
    session.flush()


def remove(session: Session, staff_id: str, account_id: str) -> bool:
    """Whether there was one."""
    removed = session.execute(
        delete(RecusalRow)
        .where(RecusalRow.staff_id == staff_id, RecusalRow.account_id == account_id)
        .returning(RecusalRow.account_id)
    )
    return removed.first() is not None
