"""Use cases of re-verification out of turn: order it, watch it, foresee what the schedules ask. Source: L8d."""

from dataclasses import replace
from datetime import datetime

from app import policies
from app.accounts.domain import Account, AccountName
from app.accounts.errors import AccountNotFound, NoSuchAccount
from app.accounts.service import account_anywhere, find_named
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards import order_rows, repository
from app.boards.announcements import views_of
from app.boards.domain import (
    Cause,
    ForecastWeek,
    LeftOut,
    Order,
    Ordered,
    OrderedState,
    OrderPreview,
    OrderScope,
    Progress,
    ScopeKind,
    Standing,
    Touched,
)
from app.boards.errors import AppointmentEnded, NoSuchModerator, NoSuchOrder
from app.boards.forecasting import Weeks, everybody
from app.boards.schedules import Terms, day_of, end_of
from app.boards.service import get_board
from app.boards.standings import standings_of
from app.db.unit_of_work import Transaction, UnitOfWork
from app.forums.service import get_forum, hold_forum
from app.kernel.actor import Actor
from app.kernel.ids import ForumId, OrderId, new_id
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable
from app.verification.progress import first_verified_since, verified_since

_AT_ONCE = policies.ORDERED_AT_ONCE.value


class Reverifications:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def order(
        self,
        actor: Actor,
        forum_id: ForumId | None,
        scope: OrderScope,
        reason: str,
        due_in_days: int,
        cause: Cause = Cause.ORDER,
    ) -> Progress:
        """Has everybody in scope re-verify by the end of a day of Shanghai, `due_in_days` from today; 0 means at once.

        It brings due dates forward, never back. Only the operator and staff may leave out the forum: then what is named
        says whose it is, and everybody means all forums. Raises `ForumNotFound`, `NoSuchModerator`,
        `AppointmentEnded`, `NoSuchBoard`, `AccountNotFound`, `Invalid`.
        """
        with self._unit_of_work.begin(actor) as tx:
            forum_id, scope = _resolved(tx, forum_id, scope, lock=True)
            refuse_unreadable([Text(Field.REASON, "/reason", reason)])
            return place_order(tx, forum_id, scope, cause, reason, _due_at(tx, due_in_days))

    def preview(self, forum_id: ForumId | None, scope: OrderScope, due_in_days: int, limit: int) -> OrderPreview:
        """Whom such an order would touch, the first `limit` of them, and who is left out; writes nothing.

        Raises as `order`.
        """
        with self._unit_of_work.read() as tx:
            forum_id, scope = _resolved(tx, forum_id, scope)
            due_at = _due_at(tx, due_in_days)
            order = Order(OrderId(""), forum_id, scope, Cause.ORDER, "", due_at, tx.now)
            first = next(order_rows.in_scope(tx.session, order, limit), [])
            standings = standings_of(tx, repository.appointments(tx.session, [repository.is_among(first)]))
            touched = [Touched(view, min(due_at, view.standing.deadline.due_at)) for view in views_of(tx, standings)]
            affected, accounts = order_rows.count_in_scope(tx.session, order)
            left_out = tuple(_left_out(tx, scope))
            earlier = order_rows.under_order(tx.session, order)
            return OrderPreview(affected, due_at, tuple(touched), left_out, accounts, *earlier)

    def get(self, forum_id: ForumId | None, order_id: str) -> Progress:
        """Raises `NoSuchOrder`, also for another forum's."""
        with self._unit_of_work.read() as tx:
            order = order_rows.find(tx.session, order_id)
            if order is None or (forum_id is not None and order.forum_id not in {None, forum_id}):
                raise NoSuchOrder
            return _progress(tx, order, forum_id)

    def ordered(
        self, order_id: str, state: OrderedState | None, after: tuple[OrderedState, str] | None, limit: int
    ) -> list[Ordered]:
        """Whom an order concerns, those first who have something left to do; `after` is state and id of an appointment.

        Raises `NoSuchOrder`.
        """
        with self._unit_of_work.read() as tx:
            order = order_rows.find(tx.session, order_id)
            if order is None:
                raise NoSuchOrder
            found = dict(order_rows.list_ordered(tx.session, order, state, after, limit))
            standings = standings_of(tx, repository.appointments(tx.session, [repository.is_among(found)]))
            views = {view.standing.appointment.id: view for view in views_of(tx, standings)}
            accounts = [view.standing.appointment.account_id for view in views.values()]
            done = first_verified_since(tx, accounts, order.created_at)
            return [
                Ordered(views[one], stands, done.get(views[one].standing.appointment.account_id))
                for one, stands in found.items()
            ]

    def list_all(self, forum_id: ForumId | None, after: str | None, limit: int) -> list[Progress]:
        """Newest first."""
        with self._unit_of_work.read() as tx:
            orders = order_rows.list_orders(tx.session, forum_id, after, limit)
            return [_progress(tx, order, forum_id) for order in orders]

    def forecast(self, forum_id: ForumId | None, weeks: int, interval_days: int | None) -> list[ForecastWeek]:
        """How many fall due in each coming week, if each is done on its day; today's terms beside an interval.

        Writes nothing. What is overdue already stands in no week. Source: L8d.
        """
        with self._unit_of_work.read() as tx:
            calendar = Weeks(day_of(tx.now), weeks)
            under_policy, under_interval = [0] * weeks, [0] * weeks
            for standing in everybody(tx, forum_id):
                calendar.count_due(under_policy, standing)
                if interval_days is not None:
                    calendar.count_due(under_interval, _supposed(standing, interval_days))
        return [
            ForecastWeek(starts_on, under_policy[week], None if interval_days is None else under_interval[week])
            for week, starts_on in enumerate(calendar.names)
        ]


def place_order(
    tx: Transaction,
    forum_id: ForumId | None,
    scope: OrderScope,
    cause: Cause,
    reason: str,
    due_at: datetime,
    cause_ref: str | None = None,
) -> Progress:
    """A step: an order, in the schedules of all that it concerns. `cause_ref` names the risk that asks for it, once."""
    order = Order(OrderId(new_id("rvo", tx.now)), forum_id, scope, cause, reason, due_at, tx.now)
    order_rows.add(tx.session, order, cause_ref)
    for moderator_ids in order_rows.in_scope(tx.session, order, _AT_ONCE):
        order_rows.forget_satisfied(tx.session, moderator_ids)
        order_rows.bring_forward(tx.session, order, moderator_ids)
    audit.record(tx, Action.REVERIFICATION_ORDERED, ObjectKind.ORDER, order.id, reason=cause)
    return _progress(tx, order, None)


def _due_at(tx: Transaction, due_in_days: int) -> datetime:
    return end_of(day_of(tx.now) + due_in_days) if due_in_days else tx.now


def _resolved(
    tx: Transaction, forum_id: ForumId | None, scope: OrderScope, *, lock: bool = False
) -> tuple[ForumId | None, OrderScope]:
    """With the forum of what is named; `lock` holds it. Raises as `Reverifications.order`."""
    if forum_id is None:
        forum_id = _forum_of(tx, scope)
    if forum_id is None:
        if scope.kind is ScopeKind.MODERATORS and len(_left_out(tx, scope)) == len(set(scope.moderators)):
            raise NoSuchModerator
        return None, scope
    if lock:
        hold_forum(tx, forum_id)
    get_forum(tx, forum_id)
    return forum_id, _resolved_in(tx, forum_id, scope)


def _forum_of(tx: Transaction, scope: OrderScope) -> ForumId | None:
    """None where several may be concerned."""
    named = scope.ref or ""
    if scope.kind is ScopeKind.BOARD:
        return get_board(tx, None, named).forum_id
    if scope.kind is ScopeKind.ACCOUNT:
        return _account(tx, named).forum_id
    if scope.kind is ScopeKind.MODERATOR:
        found = repository.find_appointment(tx.session, None, named)
        if found is None:
            raise NoSuchModerator
        return found.forum_id
    return None


def _account(tx: Transaction, named: str) -> Account:
    """Raises `AccountNotFound`: it is a body that names the account, and no path."""
    try:
        return account_anywhere(tx, named)
    except NoSuchAccount:
        raise AccountNotFound from None


def _left_out(tx: Transaction, scope: OrderScope) -> list[tuple[str, LeftOut]]:
    """Of several that are named, those who are nobody or have ended."""
    known = order_rows.ended_or_in_office(tx.session, scope.moderators)
    left = {one: LeftOut.ENDED if one in known else LeftOut.UNKNOWN for one in scope.moderators}
    return [(one, why) for one, why in left.items() if known.get(one, True)]


def _resolved_in(tx: Transaction, forum_id: ForumId, scope: OrderScope) -> OrderScope:
    if scope.kind is ScopeKind.BOARD:
        return replace(scope, ref=get_board(tx, forum_id, scope.ref or "").id)
    if scope.kind is ScopeKind.ACCOUNT:
        return replace(scope, ref=find_named(tx, forum_id, AccountName(account_id=scope.ref)).id)
    if scope.kind is ScopeKind.MODERATOR:
        found = repository.find_appointment(tx.session, forum_id, scope.ref or "")
        if found is None:
            raise NoSuchModerator
        if found.ended_at is not None:
            raise AppointmentEnded
    return scope


def _progress(tx: Transaction, order: Order, forum_id: ForumId | None) -> Progress:
    counted = order_rows.counts(tx.session, order.id, forum_id, verified_since(order.created_at))
    affected, completed, accounts = counted
    return Progress(order, affected, completed, affected - completed if tx.now >= order.due_at else 0, accounts)


def _supposed(standing: Standing, interval_days: int) -> Standing:
    """As if that interval came into force now."""
    appointment = standing.appointment
    terms = Terms(interval_days, appointment.schedule.terms.grace_days)
    schedule = appointment.schedule.under(terms, standing.now, standing.verified_at)
    return replace(standing, appointment=replace(appointment, schedule=schedule))
