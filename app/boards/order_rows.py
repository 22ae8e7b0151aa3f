"""Queries on orders to re-verify."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from app.boards.domain import BoardStatus, Cause, Happening, ListsCompared, Order, OrderedState, OrderScope, ScopeKind
from app.boards.models import BoardRow, HistoryRow, ModeratorRow, OrderedModeratorRow, OrderRow, TermsRow
from app.db.bulk import among, each_with
from app.db.types import UtcDateTime
from app.kernel.ids import ForumId, ModeratorId, OrderId
from app.verification.progress import verified_since

_SCOPES = {
    ScopeKind.MODERATOR: ModeratorRow.id,
    ScopeKind.BOARD: ModeratorRow.board_id,
    ScopeKind.ACCOUNT: ModeratorRow.account_id,
}
"""Of scopes that name one."""
_STATES = tuple(OrderedState)
_RANKS = {state: rank for rank, state in enumerate(_STATES)}


def add(session: Session, order: Order, cause_ref: str | None) -> None:
    session.add(
        OrderRow(
            id=order.id,
            forum_id=order.forum_id,
            scope_kind=order.scope.kind,
            scope_ref=order.scope.ref,
            cause=order.cause,
            cause_ref=cause_ref,
            reason=order.reason,
            due_at=order.due_at,
            created_at=order.created_at,
        )
    )
    session.flush()


def in_scope(session: Session, order: Order, at_once: int) -> Iterator[list[ModeratorId]]:
    """Those in office whom an order concerns, so many at once: a statement about all of them would take too long."""
    scope, after = _scope(order), ""
    while True:
        query = select(ModeratorRow.id).where(*scope, ModeratorRow.id > after).order_by(ModeratorRow.id).limit(at_once)
        found = [ModeratorId(moderator_id) for moderator_id in session.scalars(query)]
        if found:
            yield found
        if len(found) < at_once:
            return
        after = found[-1]


def count_in_scope(session: Session, order: Order) -> tuple[int, int]:
    """Appointments, and the accounts that hold them."""
    found = session.execute(
        select(func.count(), func.count(ModeratorRow.account_id.distinct())).where(*_scope(order))
    ).one()
    return found[0], found[1]


def under_order(session: Session, order: Order) -> tuple[int, datetime | None]:
    """How many of those whom an order would concern have not done an earlier one, and since when the first has not."""
    query = select(func.count(), func.min(ModeratorRow.ordered_at)).where(
        *_scope(order),
        ModeratorRow.ordered_at.is_not(None),
        ModeratorRow.account_id.not_in(verified_since(ModeratorRow.ordered_at)),
    )
    number, since = session.execute(query).one()
    return number, since


def is_plain(after: datetime, longest: int) -> ColumnElement[bool]:
    """In office, due once within so many days at most, not before `after`, and on the day that is written down.

    No order stands, no forum has changed its terms, and what lies beyond every window nobody can have done already.
    """
    changed = select(TermsRow.forum_id).where(TermsRow.forum_id == ModeratorRow.forum_id).exists()
    return and_(
        ModeratorRow.ended_at.is_(None),
        ModeratorRow.due_at > after,
        ModeratorRow.ordered_at.is_(None),
        ModeratorRow.interval_days >= longest,
        ~changed,
    )


def count_plain(session: Session, plain: ColumnElement[bool], begins: Sequence[datetime]) -> dict[int, int]:
    """By place in `begins`, the earliest first: how many are due from that moment on and before the next one.

    A due date is the first moment after its day, so it belongs to the day before.
    """
    weeks = list(enumerate(pairwise(begins)))
    bounds = [(and_(ModeratorRow.due_at > begin, ModeratorRow.due_at <= end), place) for place, (begin, end) in weeks]
    week = case(*((within, literal(place)) for within, place in bounds))
    each = select(week.label("week")).where(plain, ModeratorRow.due_at <= begins[-1]).subquery()
    counted = session.execute(
        select(each.c.week, func.count().label("number")).where(each.c.week.is_not(None)).group_by(each.c.week)
    )
    return {row.week: row.number for row in counted}


def count_in_office(session: Session) -> int:
    return session.scalar(select(func.count()).where(ModeratorRow.ended_at.is_(None))) or 0


def ended_or_in_office(session: Session, moderator_ids: Collection[str]) -> dict[str, bool]:
    """Of these the ones that there are: whether they have ended."""
    query = select(ModeratorRow.id, ModeratorRow.ended_at).where(among(ModeratorRow.id, moderator_ids))
    return {row.id: row.ended_at is not None for row in session.execute(query)}


def lists_compared(session: Session, since: datetime) -> ListsCompared:
    late = BoardRow.reconciled_at < since
    counts = (
        func.count(),
        func.count().filter(BoardRow.reconciled_at.is_(None)),
        func.count().filter(late),
        func.count().filter(BoardRow.unfiled_count > 0),
    )
    return ListsCompared(*session.execute(select(*counts).where(BoardRow.status != BoardStatus.CLOSED)).one())


def forget_satisfied(session: Session, moderator_ids: Collection[ModeratorId]) -> None:
    """Of these, earlier orders that they have done already."""
    session.execute(
        update(ModeratorRow)
        .where(
            among(ModeratorRow.id, moderator_ids), ModeratorRow.account_id.in_(verified_since(ModeratorRow.ordered_at))
        )
        .values(ordered_at=None, order_due_at=None)
        .execution_options(synchronize_session=False)
    )


def bring_forward(session: Session, order: Order, moderator_ids: Collection[ModeratorId]) -> None:
    """Puts the order into their schedules: one that stands keeps its beginning, and the earlier end holds."""
    due_at, ordered_at = literal(order.due_at, UtcDateTime), literal(order.created_at, UtcDateTime)
    session.execute(
        update(ModeratorRow)
        .where(among(ModeratorRow.id, moderator_ids))
        .values(
            ordered_at=func.coalesce(ModeratorRow.ordered_at, ordered_at),
            order_due_at=case((ModeratorRow.order_due_at < due_at, ModeratorRow.order_due_at), else_=due_at),
            due_at=case((ModeratorRow.due_at < due_at, ModeratorRow.due_at), else_=due_at),
            suspends_at=case((ModeratorRow.suspends_at < due_at, ModeratorRow.suspends_at), else_=due_at),
            look_at=ordered_at,
        )
        .execution_options(synchronize_session=False)
    )
    named = each_with(moderator_ids, literal(order.id))
    session.execute(insert(OrderedModeratorRow).from_select(["moderator_id", "order_id"], named))
    happened = each_with(moderator_ids, ordered_at, literal(Happening.ORDERED.value), literal(0), literal(order.id))
    session.execute(insert(HistoryRow).from_select(["moderator_id", "at", "what", "stage", "detail"], happened))


def _scope(order: Order) -> list[ColumnElement[bool]]:
    scope: list[ColumnElement[bool]] = [ModeratorRow.ended_at.is_(None)]
    if order.forum_id is not None:
        scope.append(ModeratorRow.forum_id == order.forum_id)
    if order.scope.kind in _SCOPES:
        scope.append(_SCOPES[order.scope.kind] == order.scope.ref)
    if order.scope.kind is ScopeKind.MODERATORS:
        scope.append(among(ModeratorRow.id, order.scope.moderators))
    return scope


def find(session: Session, order_id: str) -> Order | None:
    row = session.get(OrderRow, order_id)
    return _order(row) if row else None


def list_orders(session: Session, forum_id: ForumId | None, after: str | None, limit: int) -> list[Order]:
    """Newest first; those of one forum, or all."""
    query = select(OrderRow).order_by(OrderRow.id.desc()).limit(limit)
    if forum_id is not None:
        query = query.where(or_(OrderRow.forum_id == forum_id, OrderRow.forum_id.is_(None)))
    if after is not None:
        query = query.where(OrderRow.id < after)
    return [_order(row) for row in session.scalars(query)]


def known_refs(session: Session, cause: Cause, cause_refs: Collection[str]) -> set[str]:
    """Which of these risks an order stands for already."""
    query = select(OrderRow.cause_ref).where(OrderRow.cause == cause, OrderRow.cause_ref.in_(cause_refs))
    return {str(ref) for ref in session.scalars(query)}


def counts(session: Session, order_id: str, forum_id: ForumId | None, verified: Select[str]) -> tuple[int, int, int]:
    """Of one forum, or all: appointments in scope, those of them done or ended, and the accounts that hold them."""
    done = or_(ModeratorRow.ended_at.is_not(None), ModeratorRow.account_id.in_(verified))
    query = (
        select(func.count(), func.count().filter(done), func.count(ModeratorRow.account_id.distinct()))
        .select_from(OrderedModeratorRow)
        .join(ModeratorRow, ModeratorRow.id == OrderedModeratorRow.moderator_id)
        .where(OrderedModeratorRow.order_id == order_id)
    )
    if forum_id is not None:
        query = query.where(ModeratorRow.forum_id == forum_id)
    affected, completed, accounts = session.execute(query).one()
    return affected, completed, accounts


def list_ordered(
    session: Session, order: Order, state: OrderedState | None, after: tuple[OrderedState, str] | None, limit: int
) -> list[tuple[ModeratorId, OrderedState]]:
    """Whom an order concerns and how they stand to it: those first who have something left to do, then by filing.

    `after` is a place in that list.
    """
    stands = case(
        (ModeratorRow.account_id.in_(verified_since(order.created_at)), literal(_RANKS[OrderedState.DONE])),
        (ModeratorRow.ended_at.is_not(None), literal(_RANKS[OrderedState.ENDED])),
        else_=literal(_RANKS[OrderedState.LEFT]),
    ).label("stands")
    query = (
        select(ModeratorRow.id, stands)
        .join(OrderedModeratorRow, OrderedModeratorRow.moderator_id == ModeratorRow.id)
        .where(OrderedModeratorRow.order_id == order.id)
        .order_by(stands, ModeratorRow.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(stands == _RANKS[state])
    if after is not None:
        rank = _RANKS[after[0]]
        query = query.where(or_(stands > rank, and_(stands == rank, ModeratorRow.id > after[1])))
    return [(ModeratorId(row.id), _STATES[row.stands]) for row in session.execute(query)]


def newest_reasons(session: Session, moderator_ids: Collection[ModeratorId]) -> dict[str, str]:
    """Why these were ordered to re-verify last."""
    query = (
        select(OrderedModeratorRow.moderator_id, OrderRow.reason)
        .join(OrderRow, OrderRow.id == OrderedModeratorRow.order_id)
        .where(among(OrderedModeratorRow.moderator_id, moderator_ids))
        .order_by(OrderRow.created_at)
    )
    return {row.moderator_id: row.reason for row in session.execute(query)}


def _order(row: OrderRow) -> Order:
    return Order(
        id=OrderId(row.id),
        forum_id=ForumId(row.forum_id) if row.forum_id else None,
        scope=OrderScope(ScopeKind(row.scope_kind), row.scope_ref),
        cause=Cause(row.cause),
        reason=row.reason,
        due_at=row.due_at,
        created_at=row.created_at,
    )
