"""Every query on accounts, their handles, their sanctions and what was done to them."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.domain import (
    STATUS_BLOCK,
    Account,
    AccountName,
    Hold,
    ImposedSanction,
    Names,
    Profile,
    Sanction,
    SanctionKind,
    handle_key,
)
from app.accounts.models import AccountRow, HandleRow, SanctionRow
from app.db.bulk import among
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId

_DRAWS, _LONGEST_NUMBER = 22, 10
REPLACED = "replaced"
"""Why a sanction ended that another one took the place of."""
_NAMELESS = " "
"""No handle begins with it, so no handle is found by a key that does."""
ShownTexts = Row[str, str, str, str | None, str | None, str | None]
"""Id, forum, handle, display name, bio, signature: columns alone, since a patrol reads a million of them."""


def add(session: Session, account: Account) -> None:
    add_all(session, account.forum_id, [account])


def add_all(session: Session, forum_id: ForumId, accounts: Sequence[Account]) -> None:
    """New accounts of one forum."""
    places = draw_status_indexes(session, forum_id, len(accounts))
    session.add_all(
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
            status_index=place,
        )
        for account, place in zip(accounts, places, strict=True)
    )
    session.flush()


def draw_status_indexes(session: Session, forum_id: ForumId, count: int, block_size: int = STATUS_BLOCK) -> list[int]:
    """For each of so many accounts a free place at random in the newest block of the forum's status list.

    Where every draw meets a taken one, which happens when some 70 % are, the next block begins. A place tells nothing
    of when its account came within its block.
    """
    newest = select(func.max(AccountRow.status_index)).where(AccountRow.forum_id == forum_id)
    begin = (session.scalar(newest) or 0) // block_size * block_size
    draws = [[begin + secrets.randbelow(block_size) for _ in range(_DRAWS)] for _ in range(count)]
    drawn = [place for own in draws for place in own]
    meets = select(AccountRow.status_index).where(AccountRow.forum_id == forum_id, AccountRow.status_index.in_(drawn))
    taken = set(session.scalars(meets))
    places = []
    for own in draws:
        free = (place for place in own if place not in taken)
        places.append(next(free, begin + block_size + secrets.randbelow(block_size)))
        taken.add(places[-1])
    return places


def find_anywhere(session: Session, account_id: str) -> Account | None:
    row = session.get(AccountRow, account_id) if account_id.isascii() else None
    return _account(row) if row else None


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


def page_of_shown(session: Session, after: str, limit: int) -> Sequence[ShownTexts]:
    """What the accounts of all forums behind that id show, oldest first, but for those that lost their names."""
    query = _shown_texts().where(AccountRow.id > after).order_by(AccountRow.id)
    return session.execute(query.limit(limit)).all()


def newest_shown(session: Session, limit: int) -> Sequence[ShownTexts]:
    return session.execute(_shown_texts().order_by(AccountRow.id.desc()).limit(limit)).all()


def names(session: Session, account_ids: Collection[AccountId]) -> dict[AccountId, Names]:
    query = select(AccountRow.id, AccountRow.handle, AccountRow.external_id).where(AccountRow.id.in_(account_ids))
    return {AccountId(row.id): Names(row.handle, row.external_id) for row in session.execute(query)}


def known(session: Session, forum_id: ForumId, account_ids: Collection[str]) -> set[str]:
    """Which of these are accounts of the forum."""
    query = select(AccountRow.id).where(AccountRow.forum_id == forum_id, among(AccountRow.id, account_ids))
    return set(session.scalars(query)) if account_ids else set()


def ids_by_external_ids(session: Session, forum_id: ForumId, external_ids: Collection[str]) -> list[AccountId]:
    query = select(AccountRow.id).where(AccountRow.forum_id == forum_id, AccountRow.external_id.in_(external_ids))
    return [AccountId(account_id) for account_id in session.scalars(query)]


def ids_by_handles(session: Session, forum_id: ForumId, handles: Collection[str]) -> list[AccountId]:
    keys = {handle_key(handle) for handle in handles}
    query = select(AccountRow.id).where(AccountRow.forum_id == forum_id, AccountRow.handle_key.in_(keys))
    return [AccountId(account_id) for account_id in session.scalars(query)]


def stopped(session: Session, account_ids: Collection[AccountId], now: datetime) -> set[AccountId]:
    in_force = and_(
        SanctionRow.account_id == AccountRow.id,
        SanctionRow.lifted_at.is_(None),
        or_(SanctionRow.until.is_(None), SanctionRow.until > now),
    )
    query = (
        select(AccountRow.id)
        .outerjoin(SanctionRow, in_force)
        .where(among(AccountRow.id, account_ids), or_(AccountRow.closed_at.is_not(None), SanctionRow.id.is_not(None)))
    )
    return {AccountId(account_id) for account_id in session.scalars(query)}


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


def save(session: Session, account: Account) -> None:
    """Stores what a forum may change."""
    session.execute(
        update(AccountRow)
        .where(AccountRow.id == account.id)
        .values(
            handle=account.handle,
            handle_key=handle_key(account.handle),
            external_id=account.external_id,
            display_name=account.profile.display_name,
            bio=account.profile.bio,
            signature=account.profile.signature,
            updated_at=account.updated_at,
        )
    )


def looks_of_others(session: Session, account: Account, looks: Collection[str], now: datetime) -> bool:
    """Whether another account has one of these looks. Boundary: exactly at `reserved_until` it is free."""
    rows = session.scalars(
        select(HandleRow).where(
            HandleRow.forum_id == account.forum_id, HandleRow.skeleton.in_(looks), HandleRow.account_id != account.id
        )
    )
    return any(row.reserved_until is None or now < row.reserved_until for row in rows)


def keep_looks(session: Session, account: Account, looks: Collection[str], reserved_until: datetime) -> None:
    """Gives the account these looks; those that it gives up stay its own until `reserved_until`."""
    session.execute(
        update(HandleRow)
        .where(HandleRow.account_id == account.id, HandleRow.reserved_until.is_(None), HandleRow.skeleton.not_in(looks))
        .values(reserved_until=reserved_until)
    )
    for look in sorted(looks):
        session.merge(HandleRow(forum_id=account.forum_id, skeleton=look, account_id=account.id, reserved_until=None))
    session.flush()


def taken_looks(session: Session, forum_id: ForumId, looks: Collection[str], now: datetime) -> set[str]:
    """Which of these looks some account has. Boundary: exactly at `reserved_until` a look is free."""
    rows = session.execute(
        select(HandleRow.skeleton, HandleRow.reserved_until).where(
            HandleRow.forum_id == forum_id, HandleRow.skeleton.in_(looks)
        )
    )
    return {look for look, until in rows if until is None or now < until}


def give_looks(session: Session, forum_id: ForumId, looks: Mapping[AccountId, Collection[str]]) -> None:
    """Gives new accounts looks that are free; a reservation that has ended makes room."""
    given = [look for own in looks.values() for look in own]
    session.execute(delete(HandleRow).where(HandleRow.forum_id == forum_id, HandleRow.skeleton.in_(given)))
    session.add_all(
        HandleRow(forum_id=forum_id, skeleton=look, account_id=account_id, reserved_until=None)
        for account_id, own in looks.items()
        for look in own
    )
    session.flush()


def handle_keys(session: Session, forum_id: ForumId, external_ids: Iterable[str]) -> dict[str, str]:
    """The keys of the handles of those accounts that are there, by the forum's own user ids."""
    query = select(AccountRow.external_id, AccountRow.handle_key).where(
        AccountRow.forum_id == forum_id, AccountRow.external_id.in_(external_ids)
    )
    return {str(external_id): key for external_id, key in session.execute(query)}


def drop_reserved_looks(session: Session, account_id: AccountId) -> None:
    session.execute(delete(HandleRow).where(HandleRow.account_id == account_id, HandleRow.reserved_until.is_not(None)))


def free_names(session: Session, account_id: AccountId) -> None:
    """Nobody finds the account by handle or user id any more, and both are anybody's."""
    session.execute(delete(HandleRow).where(HandleRow.account_id == account_id))
    session.execute(
        update(AccountRow)
        .where(AccountRow.id == account_id)
        .values(handle_key=f"{_NAMELESS}{account_id}", external_id=None)
    )


def is_nameless(session: Session, account_id: AccountId) -> bool:
    key = session.scalar(select(AccountRow.handle_key).where(AccountRow.id == account_id))
    return key is not None and key.startswith(_NAMELESS)


def set_closed(session: Session, account_id: AccountId, closed_at: datetime | None) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(closed_at=closed_at))


def freeze_handle(session: Session, account_id: AccountId, frozen_at: datetime | None) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(handle_frozen_at=frozen_at))


def touch(session: Session, account_id: AccountId, now: datetime) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(updated_at=now))


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


def count_accounts(session: Session, forum_id: ForumId) -> int:
    return session.scalar(select(func.count()).where(AccountRow.forum_id == forum_id)) or 0


def _shown_texts() -> Select[str, str, str, str | None, str | None, str | None]:
    row = AccountRow
    columns = (row.id, row.forum_id, row.handle, row.display_name, row.bio, row.signature)
    return select(*columns).where(func.substr(row.handle_key, 1, 1) != _NAMELESS)


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


def _account(row: AccountRow) -> Account:
    return Account(
        id=AccountId(row.id),
        forum_id=ForumId(row.forum_id),
        handle=row.handle,
        external_id=row.external_id,
        profile=Profile(row.display_name, row.bio, row.signature),
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
        handle_frozen_at=row.handle_frozen_at,
    )
