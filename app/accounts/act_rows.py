"""Queries on what was done to accounts, by whom and why."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.domain import DESTRUCTIVE, Act, ActKind, AttributedAct
from app.accounts.models import ActRow
from app.db.words import read_word
from app.kernel.actor import Actor
from app.kernel.ids import AccountId


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
