"""Every query on accounts and their sanctions."""

import secrets
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.domain import STATUS_BLOCK, Account, AccountName, Profile, Sanction, handle_key
from app.accounts.models import AccountRow, SanctionRow
from app.kernel.ids import AccountId, ForumId

_DRAWS = 22


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
            status_index=draw_status_index(session, account.forum_id),
        )
    )
    session.flush()


def draw_status_index(session: Session, forum_id: ForumId, block_size: int = STATUS_BLOCK) -> int:
    """A free place at random in the newest block of the forum's status list.

    Where every draw meets a taken one, which happens when some 70 % are, the next block begins. A place tells nothing
    of when its account came within its block.
    """
    newest = select(func.max(AccountRow.status_index)).where(AccountRow.forum_id == forum_id)
    begin = (session.scalar(newest) or 0) // block_size * block_size
    draws = [begin + secrets.randbelow(block_size) for _ in range(_DRAWS)]
    meets = select(AccountRow.status_index).where(AccountRow.forum_id == forum_id, AccountRow.status_index.in_(draws))
    taken = set(session.scalars(meets))
    free = (place for place in draws if place not in taken)
    return next(free, begin + block_size + secrets.randbelow(block_size))


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
