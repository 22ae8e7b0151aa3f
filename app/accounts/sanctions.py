"""Use cases that stop an account or let it go on: suspend, ban, close, reinstate; each acts on tokens at once.

Each holds the forum first, so that a verification that ends at the same moment sees what was decided, and so that the
cap is exact.
"""

from datetime import datetime, timedelta

from app import policies
from app.accounts import act_rows, repository
from app.accounts.announcements import announce
from app.accounts.domain import Account, Act, ActKind, Basis, PersonBehind, Sanction, SanctionKind
from app.accounts.errors import (
    AccountIsClosed,
    AlreadyBanned,
    ClosedByPerson,
    ClosingIsFinal,
    NeedsConfirmation,
    NothingToLift,
)
from app.accounts.service import get_account, touch
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType
from app.forums.service import acts_confirmed, hold_forum
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import ForumId
from app.kernel.sentence import Sentence
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_IN_THE_PAST = FieldError("/until", "in-the-past", Sentence("结束时间要晚于现在。", "`until` must be later than now."))
_CLOSING = "closing"
_NO_BASIS = Basis()


class Sanctions:
    def __init__(self, unit_of_work: UnitOfWork, person_behind: PersonBehind) -> None:
        self._unit_of_work = unit_of_work
        self._person_behind = person_behind

    def suspend(
        self,
        actor: Actor,
        forum_id: ForumId,
        account_id: str,
        reason: str,
        until: datetime | None,
        basis: Basis = _NO_BASIS,
    ) -> None:
        """Stops posting, for good or until `until`; a second suspension replaces the first, and none weakens a ban.

        `basis` says on what it rests.

        Raises `NoSuchAccount`, `Invalid`, `AccountIsClosed`, `AlreadyBanned`, `NeedsConfirmation`. Source: L6c.
        """
        with self._unit_of_work.begin(actor) as tx:
            suspension = Sanction(SanctionKind.SUSPENSION, reason, until, basis.ground)
            suspend_account(tx, forum_id, account_id, suspension, self._person_behind, basis.case_id)

    def ban(self, actor: Actor, forum_id: ForumId, account_id: str, reason: str, basis: Basis = _NO_BASIS) -> None:
        """Stops posting until it is lifted, on a closed account too; it replaces a suspension and an earlier ban.

        Raises `NoSuchAccount`, `Invalid`, `NeedsConfirmation`. Source: L6c.
        """
        with self._unit_of_work.begin(actor) as tx:
            account = _hold(tx, forum_id, account_id, reason)
            _refuse_unreadable(basis.ground)
            _impose(tx, account, Sanction(SanctionKind.BAN, reason, None, basis.ground))
            _record(tx, account, ActKind.BAN, reason, basis.case_id)
            audit.record(tx, Action.ACCOUNT_BANNED, ObjectKind.ACCOUNT, account.id, case=basis.case_id)
            self._announce(tx, account, EventType.ACCOUNT_BANNED, account.closed_at)

    def close(self, actor: Actor, forum_id: ForumId, account_id: str, reason: str | None) -> None:
        """Ends the account; for `CLOSURE_REVERSIBLE` it can be reopened. Closing twice changes nothing.

        Raises `NoSuchAccount`, `Invalid`, `NeedsConfirmation`. Source: L6c.
        """
        with self._unit_of_work.begin(actor) as tx:
            close_account(tx, forum_id, account_id, reason)

    def reinstate(self, actor: Actor, forum_id: ForumId, account_id: str, reason: str) -> None:
        """Lifts what the status shows: a closing before any ban, which then still stands, else a ban or a suspension.

        Raises `NoSuchAccount`, `Invalid`, `ClosingIsFinal`, `ClosedByPerson`, `NothingToLift`. Boundary: exactly after
        `CLOSURE_REVERSIBLE` a closing is final; that of an account whose registration was given up always is.
        """
        with self._unit_of_work.begin(actor) as tx:
            account = _hold(tx, forum_id, account_id, reason)
            sanction = repository.find_sanction(tx.session, account.id, tx.now)
            if account.closed_at is not None:
                final = tx.now >= account.closed_at + timedelta(days=policies.CLOSURE_REVERSIBLE.value)
                if final or repository.is_nameless(tx.session, account.id):
                    raise ClosingIsFinal
                if act_rows.closed_by(tx.session, account.id) == ActorKind.PERSON:
                    raise ClosedByPerson
                repository.set_closed(tx.session, account.id, None)
                lifted = _CLOSING
            elif sanction is not None:
                repository.lift_sanction(tx.session, account.id, tx.now, reason)
                lifted = sanction.kind.value
            else:
                raise NothingToLift
            _record(tx, account, ActKind.REINSTATE, reason)
            audit.record(tx, Action.ACCOUNT_REINSTATED, ObjectKind.ACCOUNT, account.id, reason=lifted)
            self._announce(tx, account, EventType.ACCOUNT_REINSTATED, None)

    def _announce(self, tx: Transaction, account: Account, kind: EventType, closed_at: datetime | None) -> None:
        announce(tx, account, kind, closed_at=closed_at, person_behind=self._person_behind(tx, account.id))


def suspend_account(
    tx: Transaction,
    forum_id: ForumId,
    account_id: str,
    suspension: Sanction,
    person_behind: PersonBehind,
    case_id: str | None = None,
) -> None:
    """A step: as `Sanctions.suspend`."""
    account = _hold(tx, forum_id, account_id, suspension.reason)
    _refuse_unreadable(suspension.ground)
    if not suspension.in_force(tx.now):
        raise Invalid([_IN_THE_PAST])
    if account.closed_at is not None:
        raise AccountIsClosed
    sanction = repository.find_sanction(tx.session, account.id, tx.now)
    if sanction is not None and sanction.kind is SanctionKind.BAN:
        raise AlreadyBanned
    _impose(tx, account, suspension)
    _record(tx, account, ActKind.SUSPEND, suspension.reason, case_id)
    audit.record(tx, Action.ACCOUNT_SUSPENDED, ObjectKind.ACCOUNT, account.id, case=case_id)
    behind = person_behind(tx, account.id)
    announce(tx, account, EventType.ACCOUNT_SUSPENDED, closed_at=account.closed_at, person_behind=behind)


def close_account(tx: Transaction, forum_id: ForumId, account_id: str, reason: str | None = None) -> None:
    """A step: as `Sanctions.close`."""
    account = _hold(tx, forum_id, account_id, reason)
    if account.closed_at is not None:
        return
    _refuse_too_many(tx, account)
    repository.set_closed(tx.session, account.id, tx.now)
    _record(tx, account, ActKind.CLOSE, reason)
    audit.record(tx, Action.ACCOUNT_CLOSED, ObjectKind.ACCOUNT, account.id)
    announce(tx, account, EventType.ACCOUNT_CLOSED, closed_at=tx.now, person_behind=False)


def _hold(tx: Transaction, forum_id: ForumId, account_id: str, reason: str | None) -> Account:
    hold_forum(tx, forum_id)
    account = get_account(tx, forum_id, account_id, lock=True)
    if reason is not None:
        refuse_unreadable([Text(Field.REASON, "/reason", reason)])
    return account


def _refuse_unreadable(ground: str | None) -> None:
    """Raises `Invalid`."""
    if ground is not None:
        refuse_unreadable([Text(Field.REASON, "/ground", ground)])


def _impose(tx: Transaction, account: Account, sanction: Sanction) -> None:
    _refuse_too_many(tx, account)
    replaced = repository.lift_sanction(tx.session, account.id, tx.now, repository.REPLACED)
    repository.impose_sanction(tx.session, account.id, sanction, tx.now, tx.actor, replaced)


def _record(tx: Transaction, account: Account, kind: ActKind, reason: str | None, case_id: str | None = None) -> None:
    act_rows.add_act(tx.session, account.id, tx.actor, Act(kind, reason, tx.now), case_id)
    touch(tx, account.id)


def _refuse_too_many(tx: Transaction, account: Account) -> None:
    """Raises `NeedsConfirmation`. Boundary: an act exactly `DESTRUCTIVE_ACTS_WINDOW` ago counts no more."""
    if tx.actor.kind is not ActorKind.CLIENT:
        return
    since = tx.now - timedelta(hours=policies.DESTRUCTIVE_ACTS_WINDOW.value)
    acted_on = 1 + act_rows.count_others_acted_on(tx.session, account.id, tx.actor.id, since)
    if acted_on <= policies.DESTRUCTIVE_ACTS.value or acts_confirmed(tx, account.forum_id):
        return
    accounts = repository.count_accounts(tx.session, account.forum_id)
    if acted_on * 100 > accounts * policies.DESTRUCTIVE_ACTS_SHARE.value:
        raise NeedsConfirmation
