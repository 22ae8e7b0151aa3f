"""Use cases of the forum's backend: register an account, find it, change it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from app.accounts import act_rows, repository
from app.accounts.domain import (
    Account,
    AccountChange,
    AccountName,
    Act,
    ActKind,
    AttributedAct,
    Hold,
    Names,
    Profile,
    Sanction,
)
from app.accounts.errors import AccountIsClosed, AccountNotFound, ExternalIdTaken, HandleTaken, NoSuchAccount
from app.accounts.naming import Naming
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId
from app.screening.service import OPEN_FIELD_RULE, let_go

_EXTERNAL_ID_RULE, _STATUS_INDEX_RULE = "uq_accounts_external_id", "uq_accounts_status_index"
_TO_BE_TRIED_AGAIN = {_STATUS_INDEX_RULE, OPEN_FIELD_RULE}


class Accounts:
    def __init__(self, unit_of_work: UnitOfWork, naming: Naming) -> None:
        self._unit_of_work = unit_of_work
        self._naming = naming

    def register(
        self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
    ) -> Account:
        """A new account, unverified. Also the way to bring in a forum's existing users. Source: L13.

        What a lexicon holds back is stored with a placeholder until its review. Raises `HandleInvalid`, `HandleTaken`,
        `ExternalIdTaken`, `Invalid`, `ScreeningBlocked`.
        """
        return again_on_collision(lambda: self._add(actor, forum_id, handle, external_id, profile))

    def _add(self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile) -> Account:
        with names_told(self._unit_of_work, forum_id, external_id), self._unit_of_work.begin(actor) as tx:
            return self._naming.add(tx, forum_id, handle, external_id, profile)

    def get(self, forum_id: ForumId, account_id: str) -> Account:
        """The account that a path names. Raises `NoSuchAccount`, also for another forum's account."""
        with self._unit_of_work.read() as tx:
            return get_account(tx, forum_id, account_id)

    def get_open(self, forum_id: ForumId, account_id: str) -> Account:
        """Likewise, for what a closed account cannot do any more. Raises `NoSuchAccount`, `AccountIsClosed`."""
        account = self.get(forum_id, account_id)
        if account.closed_at is not None:
            raise AccountIsClosed
        return account

    def change(self, actor: Actor, forum_id: ForumId, account_id: str, wanted: AccountChange) -> None:
        """Changes what is given. A handle that is given up stays reserved for its account for `HANDLE_RESERVED`.

        Raises `NoSuchAccount`, `AccountIsClosed`, `HandleInvalid`, `HandleTaken`, `ExternalIdTaken`,
        `ExternalIdFixed`, `Invalid`, `ScreeningBlocked`.
        """
        again_on_collision(lambda: self._change(actor, forum_id, account_id, wanted))

    def _change(self, actor: Actor, forum_id: ForumId, account_id: str, wanted: AccountChange) -> None:
        try:
            with self._unit_of_work.begin(actor) as tx:
                account = get_account(tx, forum_id, account_id, lock=True)
                if account.closed_at is not None:
                    raise AccountIsClosed
                self._naming.change(tx, account, wanted)
        except ConstraintViolated as violated:
            if violated.constraint in _TO_BE_TRIED_AGAIN:
                raise
            raise (ExternalIdTaken if violated.constraint == _EXTERNAL_ID_RULE else HandleTaken) from None


@contextmanager
def names_told(unit_of_work: UnitOfWork, forum_id: ForumId, external_id: str | None) -> Iterator[None]:
    """Around a transaction that takes names: says which of them was taken. Raises `HandleTaken`, `ExternalIdTaken`.

    `ConstraintViolated` is left for a place in the status list that another one drew: draw again; and for a review that
    a patrol opened at this moment. A request that is repeated meets its own account: that is a matter of the user id,
    not of the handle.
    """
    try:
        yield
    except (ConstraintViolated, HandleTaken) as lost:
        if isinstance(lost, ConstraintViolated) and lost.constraint in _TO_BE_TRIED_AGAIN:
            raise
        with unit_of_work.read() as tx:
            known = external_id is not None and is_external_id_known(tx, forum_id, external_id)
        raise (ExternalIdTaken() if known else HandleTaken()) from None


def withdraw(tx: Transaction, account: Account) -> None:
    """A step: ends an account that nobody ever stood behind, and sets its names free."""
    let_go(tx, account.id)
    repository.free_names(tx.session, account.id)
    repository.set_closed(tx.session, account.id, tx.now)
    touch(tx, account.id)
    audit.record(tx, Action.ACCOUNT_CLOSED, ObjectKind.ACCOUNT, account.id, reason="registration-ended")


def is_external_id_known(tx: Transaction, forum_id: ForumId, external_id: str) -> bool:
    """A step."""
    return repository.find(tx.session, forum_id, AccountName(external_id=external_id)) is not None


def find_named(tx: Transaction, forum_id: ForumId, name: AccountName, *, lock: bool = False) -> Account:
    """A step: the account that a body names. Raises `AccountNotFound`."""
    account = repository.find(tx.session, forum_id, name, lock=lock)
    if account is None:
        raise AccountNotFound
    return account


def find_anywhere(tx: Transaction, account_id: AccountId) -> Account | None:
    """A step for staff: an account of whichever forum."""
    return repository.find_anywhere(tx.session, account_id)


def find_open(tx: Transaction, forum_id: ForumId, name: AccountName, *, lock: bool = False) -> Account:
    """A step: likewise, for what a closed account cannot do any more. Raises `AccountNotFound`, `AccountIsClosed`."""
    account = find_named(tx, forum_id, name, lock=lock)
    if account.closed_at is not None:
        raise AccountIsClosed
    return account


def touch(tx: Transaction, account_id: AccountId) -> None:
    """A step: what the account shows has changed now."""
    repository.touch(tx.session, account_id, tx.now)


def holds_on(tx: Transaction, account_ids: Collection[AccountId]) -> Mapping[AccountId, Hold]:
    """A step: which of these accounts are banned or closed."""
    return repository.holds(tx.session, account_ids)


def names_of(tx: Transaction, account_ids: Collection[AccountId]) -> Mapping[AccountId, Names]:
    """A step."""
    return repository.names(tx.session, account_ids)


def accounts_known(tx: Transaction, forum_id: ForumId, account_ids: Collection[str]) -> set[str]:
    """A step: which of these ids are a forum's own, closed accounts too."""
    return repository.known(tx.session, forum_id, account_ids)


def accounts_named(
    tx: Transaction, forum_id: ForumId, external_ids: Collection[str] | None, handles: Collection[str] | None
) -> list[AccountId] | None:
    """A step: those of a forum that go by these names, by either kind where both are given; None where none is."""
    if external_ids is None and handles is None:
        return None
    return [
        *repository.ids_by_external_ids(tx.session, forum_id, external_ids or ()),
        *repository.ids_by_handles(tx.session, forum_id, handles or ()),
    ]


def stopped_accounts(tx: Transaction, account_ids: Collection[AccountId]) -> set[AccountId]:
    """A step: which of these are suspended, banned or closed now."""
    return repository.stopped(tx.session, account_ids, tx.now)


def sanction_in_force(tx: Transaction, account_id: AccountId) -> Sanction | None:
    """A step: the suspension or ban that stands on an account now."""
    return repository.find_sanction(tx.session, account_id, tx.now)


def acts_on(tx: Transaction, account_id: AccountId, limit: int) -> list[Act]:
    """A step: newest first."""
    return act_rows.acts_on(tx.session, account_id, limit)


def attributed_acts(
    tx: Transaction, account_ids: Collection[AccountId], kinds: Collection[ActKind]
) -> list[AttributedAct]:
    """A step: of these kinds on these accounts, with who did them; the earliest first."""
    return act_rows.attributed_acts(tx.session, account_ids, kinds)


def account_anywhere(tx: Transaction, account_id: str) -> Account:
    """A step: likewise of whatever forum it is, for staff. Raises `NoSuchAccount`."""
    account = repository.find_anywhere(tx.session, account_id)
    if account is None:
        raise NoSuchAccount
    return account


def get_account(tx: Transaction, forum_id: ForumId, account_id: str, *, lock: bool = False) -> Account:
    """A step: the account that a path names. Raises `NoSuchAccount`."""
    account = repository.find(tx.session, forum_id, AccountName(account_id=account_id), lock=lock)
    if account is None:
        raise NoSuchAccount
    return account
