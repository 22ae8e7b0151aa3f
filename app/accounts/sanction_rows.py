"""Every query on suspensions and bans."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.domain import ImposedSanction, Sanction, SanctionKind
from app.accounts.models import SanctionRow
from app.kernel.actor import Actor
from app.kernel.ids import AccountId

REPLACED = "replaced"
"""Why a sanction ended that another one took the place of."""
_LONGEST_NUMBER = 10


def find_sanction(session: Session, account_id: AccountId, now: datetime) -> Sanction | None:
    """The sanction in force."""
    row = session.scalar(
        select(SanctionRow).where(SanctionRow.account_id == account_id, SanctionRow.lifted_at.is_(None))
    )
    sanction = row.sanction() if row else None
    return sanction if sanction is not None and sanction.in_force(now) else None


def lift_sanction(session: Session, account_id: AccountId, now: datetime, because: str) -> int | None:
    """Ends the sanction that stands now, and names it. One that ran out by itself is closed on the way: then None."""
    open_row = session.scalar(
        select(SanctionRow).where(SanctionRow.account_id == account_id, SanctionRow.lifted_at.is_(None))
    )
    if open_row is None:
        return None
    ran_out = open_row.until is not None and open_row.until <= now
    open_row.lifted_at, open_row.lifted_because = (open_row.until, "ran out") if ran_out else (now, because)
    session.flush()
    return None if ran_out else open_row.id


def impose_sanction(
    session: Session,
    account_id: AccountId,
    sanction: Sanction,
    now: datetime,
    by: Actor | None = None,
    replaces: int | None = None,
) -> None:
    session.add(
        SanctionRow(
            account_id=account_id,
            kind=sanction.kind,
            reason=sanction.reason,
            imposed_at=now,
            until=sanction.until,
            lifted_at=None,
            lifted_because=None,
            ground=sanction.ground,
            actor_kind=by.kind if by else None,
            actor_id=by.id if by else None,
            replaces=replaces,
            overturned_at=None,
        )
    )
    session.flush()


def newest_sanction(session: Session, account_id: AccountId, kind: SanctionKind) -> ImposedSanction | None:
    """The one that was imposed last, whether or not it still stands."""
    query = select(SanctionRow).where(SanctionRow.account_id == account_id, SanctionRow.kind == kind)
    row = session.scalar(query.order_by(SanctionRow.id.desc()).limit(1))
    return _imposed(row) if row else None


def get_sanction(session: Session, account_id: AccountId, sanction_id: str) -> ImposedSanction | None:
    row = _sanction_row(session, account_id, sanction_id)
    return _imposed(row) if row else None


def overturn_sanction(session: Session, account_id: AccountId, sanction_id: str, because: str, now: datetime) -> None:
    """Marks it as wrong, and ends it where it stands; what it replaced goes on as it was, where that would still run.

    Of what it replaced, a sanction that was overturned itself does not come back; what that one had replaced does.
    """
    row = _sanction_row(session, account_id, sanction_id)
    if row is None:
        return
    stood = row.lifted_at is None and (row.until is None or now < row.until)
    row.overturned_at = now
    if stood:
        row.lifted_at, row.lifted_because = now, because
    session.flush()
    before = session.get(SanctionRow, row.replaces) if stood and row.replaces is not None else None
    while before is not None and before.overturned_at is not None:
        before = session.get(SanctionRow, before.replaces) if before.replaces is not None else None
    if before is not None and (before.until is None or now < before.until):
        before.lifted_at = before.lifted_because = None
        session.flush()


def _sanction_row(session: Session, account_id: AccountId, sanction_id: str) -> SanctionRow | None:
    if not (sanction_id.isascii() and sanction_id.isdigit() and len(sanction_id) < _LONGEST_NUMBER):
        return None
    row = session.get(SanctionRow, int(sanction_id))
    return row if row is not None and row.account_id == account_id else None


def _imposed(row: SanctionRow) -> ImposedSanction:
    return ImposedSanction(
        id=str(row.id),
        sanction=row.sanction(),
        imposed_at=row.imposed_at,
        imposed_by=(row.actor_kind, row.actor_id) if row.actor_kind and row.actor_id else None,
        lifted_at=row.lifted_at,
        was_replaced=row.lifted_because == REPLACED,
        overturned_at=row.overturned_at,
    )
