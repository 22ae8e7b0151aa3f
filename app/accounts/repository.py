"""Every query on accounts and their sanctions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from app.accounts.domain import Account, AccountName, Hold, Profile, Sanction, SanctionKind, handle_key
from app.accounts.models import AccountRow, SanctionRow
from app.kernel.ids import AccountId, ForumId


def add(session: Session, account: Account) -> None:
    session.add(
        AccountRow(
            id=account.id,
            forum_id=account.forum_id,
            handle=account.handle,
            handle_key=handle_key(account.handle),
            external_id=account.external_id,
            display_name=account.profile.display_name,
            bio=account.profile.bio,
            signature=account.profile.signature,
            created_at=account.created_at,
            updated_at=account.updated_at,
            closed_at=None,
        )
    )
    session.flush()


def find(session: Session, forum_id: ForumId, name: AccountName, *, lock: bool = False) -> Account | None:
    """The account of this forum that goes by that name; `lock` holds it until the transaction ends."""
    query = select(AccountRow).where(AccountRow.forum_id == forum_id)
    if name.account_id is not None:
        query = query.where(AccountRow.id == name.account_id)
    elif name.handle is not None:
        query = query.where(AccountRow.handle_key == handle_key(name.handle))
    else:
        query = query.where(AccountRow.external_id == name.external_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _account(row) if row else None


def holds(session: Session, account_ids: Collection[AccountId]) -> dict[AccountId, Hold]:
    ban = and_(
        SanctionRow.account_id == AccountRow.id, SanctionRow.kind == SanctionKind.BAN, SanctionRow.lifted_at.is_(None)
    )
    query = (
        select(AccountRow.id, AccountRow.closed_at, SanctionRow.id.is_not(None))
        .outerjoin(SanctionRow, ban)
        .where(AccountRow.id.in_(account_ids))
    )
    return {AccountId(row[0]): Hold(bool(row[2]), row[1]) for row in session.execute(query)}


def touch(session: Session, account_id: AccountId, now: datetime) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(updated_at=now))


def lift_sanction(session: Session, account_id: AccountId, now: datetime, because: str) -> bool:
    """Ends the sanction that stands now; False where none does. One that ran out by itself is closed on the way."""
    open_row = session.scalar(
        select(SanctionRow).where(SanctionRow.account_id == account_id, SanctionRow.lifted_at.is_(None))
    )
    if open_row is None:
        return False
    ran_out = open_row.until is not None and open_row.until <= now
    open_row.lifted_at, open_row.lifted_because = (open_row.until, "ran out") if ran_out else (now, because)
    session.flush()
    return not ran_out


def impose_sanction(session: Session, account_id: AccountId, sanction: Sanction, now: datetime) -> None:
    session.add(
        SanctionRow(
            account_id=account_id,
            kind=sanction.kind,
            reason=sanction.reason,
            imposed_at=now,
            until=sanction.until,
            lifted_at=None,
            lifted_because=None,
        )
    )
    session.flush()


def _account(row: AccountRow) -> Account:
    return Account(
        id=AccountId(row.id),
        forum_id=ForumId(row.forum_id),
        handle=row.handle,
        external_id=row.external_id,
        profile=Profile(row.display_name, row.bio, row.signature),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
