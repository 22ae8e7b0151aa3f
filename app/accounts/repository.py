"""Every query on accounts, their handles, their sanctions and what was done to them."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.domain import (
    DESTRUCTIVE,
    STATUS_BLOCK,
    Account,
    AccountName,
    Act,
    ActKind,
    AttributedAct,
    Hold,
    Names,
    Profile,
    SanctionKind,
    handle_key,
)
from app.accounts.models import AccountRow, ActRow, HandleRow, SanctionRow
from app.db.bulk import among
from app.db.words import read_word
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId

_DRAWS = 22
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


def add_act(session: Session, account_id: AccountId, actor: Actor, act: Act, case_id: str | None = None) -> None:
    add_acts(session, [account_id], actor, act, case_id)


def add_acts(
    session: Session, account_ids: Iterable[AccountId], actor: Actor, act: Act, case_id: str | None = None
) -> None:
    session.add_all(
        ActRow(
            account_id=account_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            kind=act.kind,
            reason=act.reason,
            at=act.at,
            case_id=case_id,
        )
        for account_id in account_ids
    )
    session.flush()


def attributed_acts(
    session: Session, account_ids: Collection[AccountId], kinds: Collection[ActKind]
) -> list[AttributedAct]:
    """Of these kinds on these accounts, the earliest first."""
    query = select(ActRow).where(ActRow.account_id.in_(account_ids), ActRow.kind.in_(kinds)).order_by(ActRow.id)
    return [
        AttributedAct(
            row.id,
            AccountId(row.account_id),
            ActKind(row.kind),
            row.actor_kind,
            row.actor_id,
            row.reason,
            row.at,
            row.case_id,
        )
        for row in session.scalars(query)
    ]


def acts_on(session: Session, account_id: AccountId, limit: int) -> list[Act]:
    """Newest first."""
    query = select(ActRow).where(ActRow.account_id == account_id).order_by(ActRow.id.desc()).limit(limit)
    return [Act(read_word(ActKind, row.kind, str(row.id)), row.reason, row.at) for row in session.scalars(query)]


def closed_by(session: Session, account_id: AccountId) -> str | None:
    """The kind of actor who closed it last."""
    return session.scalar(
        select(ActRow.actor_kind)
        .where(ActRow.account_id == account_id, ActRow.kind == ActKind.CLOSE)
        .order_by(ActRow.id.desc())
        .limit(1)
    )


def count_others_acted_on(session: Session, account_id: AccountId, actor_id: str, since: datetime) -> int:
    """Accounts beside this one that the actor suspended, banned or closed after `since`."""
    counted = select(func.count(ActRow.account_id.distinct())).where(
        ActRow.actor_id == actor_id, ActRow.at > since, ActRow.kind.in_(DESTRUCTIVE), ActRow.account_id != account_id
    )
    return session.scalar(counted) or 0


def count_accounts(session: Session, forum_id: ForumId) -> int:
    return session.scalar(select(func.count()).where(AccountRow.forum_id == forum_id)) or 0


def _shown_texts() -> Select[str, str, str, str | None, str | None, str | None]:
    row = AccountRow
    columns = (row.id, row.forum_id, row.handle, row.display_name, row.bio, row.signature)
    return select(*columns).where(func.substr(row.handle_key, 1, 1) != _NAMELESS)


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
