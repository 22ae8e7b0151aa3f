"""Use cases of the forum's backend: register an account, find it, suspend and reinstate it."""

from datetime import datetime

from app.accounts import repository
from app.accounts.domain import (
    Account,
    AccountName,
    Profile,
    Sanction,
    SanctionKind,
    is_handle,
    normalise_handle,
    text_faults,
)
from app.accounts.errors import (
    AccountNotFound,
    ExternalIdTaken,
    HandleInvalid,
    HandleTaken,
    NoSuchAccount,
    NotSuspended,
)
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import Actor
from app.kernel.errors import Conflict, FieldError, Invalid
from app.kernel.ids import AccountId, ForumId, new_id
from app.kernel.sentence import Sentence

_IN_THE_PAST = FieldError("/until", "in-the-past", Sentence("结束时间要晚于现在。", "`until` must be later than now."))


class Accounts:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def register(
        self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
    ) -> Account:
        """A new account, unverified. Also the way to bring in a forum's existing users. Source: L13.

        Raises `HandleInvalid`, `HandleTaken`, `ExternalIdTaken`, `Invalid`.
        """
        handle = normalise_handle(handle)
        if not is_handle(handle):
            raise HandleInvalid
        _refuse_unreadable(external_id, profile)
        return again_on_collision(lambda: self._add(actor, forum_id, handle, external_id, profile))

    def _add(self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile) -> Account:
        """Raises `ConstraintViolated` when another one drew the same place in the status list: draw again."""
        try:
            with self._unit_of_work.begin(actor) as tx:
                account = Account(
                    id=AccountId(new_id("acc", tx.now)),
                    forum_id=forum_id,
                    handle=handle,
                    external_id=external_id,
                    profile=profile,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
                repository.add(tx.session, account)
                audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, account.id)
        except ConstraintViolated as violated:
            if violated.constraint == "uq_accounts_status_index":
                raise
            raise self._who_was_first(forum_id, external_id) from None
        return account

    def get(self, forum_id: ForumId, account_id: str) -> Account:
        """The account that a path names. Raises `NoSuchAccount`, also for another forum's account."""
        with self._unit_of_work.read() as tx:
            return _get(tx, forum_id, account_id)

    def _who_was_first(self, forum_id: ForumId, external_id: str | None) -> Conflict:
        """A request that is repeated meets its own account: that is a matter of the user id, not of the handle."""
        with self._unit_of_work.read() as tx:
            known = external_id is not None and repository.find(
                tx.session, forum_id, AccountName(external_id=external_id)
            )
        return ExternalIdTaken() if known else HandleTaken()

    def suspend(self, actor: Actor, forum_id: ForumId, account_id: str, reason: str, until: datetime | None) -> None:
        """Stops posting at once, for good or until `until`; a second suspension replaces the first.

        Raises `NoSuchAccount`, `Invalid`. Source: L6c.
        """
        with self._unit_of_work.begin(actor) as tx:
            account = _get(tx, forum_id, account_id, lock=True)
            _refuse_unreadable_reason(reason)
            if until is not None and until <= tx.now:
                raise Invalid([_IN_THE_PAST])
            repository.lift_sanction(tx.session, account.id, tx.now, "replaced")
            repository.impose_sanction(tx.session, account.id, Sanction(SanctionKind.SUSPENSION, reason, until), tx.now)
            repository.touch(tx.session, account.id, tx.now)
            audit.record(tx, Action.ACCOUNT_SUSPENDED, ObjectKind.ACCOUNT, account.id)

    def reinstate(self, actor: Actor, forum_id: ForumId, account_id: str, reason: str) -> None:
        """Lifts the suspension. Raises `NoSuchAccount`, `NotSuspended`, `Invalid`."""
        with self._unit_of_work.begin(actor) as tx:
            account = _get(tx, forum_id, account_id, lock=True)
            _refuse_unreadable_reason(reason)
            if not repository.lift_sanction(tx.session, account.id, tx.now, reason):
                raise NotSuspended
            repository.touch(tx.session, account.id, tx.now)
            audit.record(tx, Action.ACCOUNT_REINSTATED, ObjectKind.ACCOUNT, account.id)


def find_named(tx: Transaction, forum_id: ForumId, name: AccountName, *, lock: bool = False) -> Account:
    """A step: the account that a body names. Raises `AccountNotFound`."""
    account = repository.find(tx.session, forum_id, name, lock=lock)
    if account is None:
        raise AccountNotFound
    return account


def _get(tx: Transaction, forum_id: ForumId, account_id: str, *, lock: bool = False) -> Account:
    account = repository.find(tx.session, forum_id, AccountName(account_id=account_id), lock=lock)
    if account is None:
        raise NoSuchAccount
    return account


def _refuse_unreadable(external_id: str | None, profile: Profile) -> None:
    faults = [
        *text_faults("/external_id", external_id),
        *text_faults("/profile/display_name", profile.display_name),
        *text_faults("/profile/bio", profile.bio, lines=True),
        *text_faults("/profile/signature", profile.signature, lines=True),
    ]
    if faults:
        raise Invalid(faults)


def _refuse_unreadable_reason(reason: str) -> None:
    faults = text_faults("/reason", reason, lines=True)
    if faults:
        raise Invalid(faults)
