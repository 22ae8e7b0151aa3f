"""Use cases of the forum's backend: register an account, find it, change it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from app import policies
from app.accounts import repository
from app.accounts.domain import (
    Account,
    AccountChange,
    AccountName,
    Hold,
    Names,
    Profile,
    Sanction,
    is_handle,
    normalise_handle,
)
from app.accounts.errors import (
    AccountIsClosed,
    AccountNotFound,
    ExternalIdFixed,
    ExternalIdTaken,
    HandleInvalid,
    HandleMixesScripts,
    HandleTaken,
    NoSuchAccount,
)
from app.accounts.lookalikes import looks, mixes_imitating_scripts
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision, hold_keys
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId, new_id
from app.screening import service as screening
from app.screening.domain import Field, Text

_EXTERNAL_ID_RULE, _STATUS_INDEX_RULE = "uq_accounts_external_id", "uq_accounts_status_index"


class Accounts:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def register(
        self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
    ) -> Account:
        """A new account, unverified. Also the way to bring in a forum's existing users. Source: L13.

        Raises `HandleInvalid`, `HandleTaken`, `ExternalIdTaken`, `Invalid`.
        """
        return again_on_collision(lambda: self._add(actor, forum_id, handle, external_id, profile))

    def _add(self, actor: Actor, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile) -> Account:
        with names_told(self._unit_of_work, forum_id, external_id), self._unit_of_work.begin(actor) as tx:
            return add_account(tx, forum_id, handle, external_id, profile)

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
        `ExternalIdFixed`, `Invalid`.
        """
        try:
            with self._unit_of_work.begin(actor) as tx:
                account = get_account(tx, forum_id, account_id, lock=True)
                if account.closed_at is not None:
                    raise AccountIsClosed
                screening.check(tx, _texts(wanted.handle, wanted.external_id, wanted.profile))
                _save(tx, account, _changed(account, wanted))
        except ConstraintViolated as violated:
            raise (ExternalIdTaken if violated.constraint == _EXTERNAL_ID_RULE else HandleTaken) from None


@contextmanager
def names_told(unit_of_work: UnitOfWork, forum_id: ForumId, external_id: str | None) -> Iterator[None]:
    """Around a transaction that takes names: says which of them was taken. Raises `HandleTaken`, `ExternalIdTaken`.

    `ConstraintViolated` is left for a place in the status list that another one drew: draw again. A request that is
    repeated meets its own account: that is a matter of the user id, not of the handle.
    """
    try:
        yield
    except (ConstraintViolated, HandleTaken) as lost:
        if isinstance(lost, ConstraintViolated) and lost.constraint == _STATUS_INDEX_RULE:
            raise
        with unit_of_work.read() as tx:
            known = external_id is not None and is_external_id_known(tx, forum_id, external_id)
        raise (ExternalIdTaken() if known else HandleTaken()) from None


def add_account(tx: Transaction, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile) -> Account:
    """A step, within `names_told`: a new account, unverified. Raises `HandleInvalid`, `HandleTaken`, `Invalid`."""
    account = screened_account(tx, forum_id, handle, external_id, profile)
    _refuse_look_alikes(tx, account)
    repository.add(tx.session, account)
    _keep_handle(tx, account)
    audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, account.id)
    return account


def screened_account(
    tx: Transaction, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
) -> Account:
    """A step: an account as it would be, if nobody has its names. Raises `HandleInvalid`, `Invalid`."""
    account = Account(
        id=AccountId(new_id("acc", tx.now)),
        forum_id=forum_id,
        handle=_read_handle(handle),
        external_id=external_id,
        profile=profile,
        created_at=tx.now,
        updated_at=tx.now,
    )
    screening.check(tx, _texts(account.handle, external_id, _fields(profile)))
    return account


def rename(tx: Transaction, account: Account, handle: str) -> None:
    """A step, within `names_told`: another handle for an account that is held, and that nobody has seen yet.

    The old one is free at once. Raises as `add_account`.
    """
    screening.check(tx, _texts(handle, None, {}))
    _save(tx, account, _changed(account, AccountChange(handle, None, {})))
    repository.drop_reserved_looks(tx.session, account.id)


def refuse_handle(tx: Transaction, account: Account, typed: str) -> None:
    """A step: whether this account, which may not exist yet, could have the handle now; nothing is reserved.

    Raises `HandleInvalid`, `HandleTaken`, `Invalid`.
    """
    handle = _read_handle(typed)
    screening.check(tx, _texts(handle, None, {}))
    if repository.looks_of_others(tx.session, replace(account, handle=handle), looks(handle), tx.now):
        raise HandleTaken


def withdraw(tx: Transaction, account: Account) -> None:
    """A step: ends an account that nobody ever stood behind, and sets its names free."""
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


def get_account(tx: Transaction, forum_id: ForumId, account_id: str, *, lock: bool = False) -> Account:
    """A step: the account that a path names. Raises `NoSuchAccount`."""
    account = repository.find(tx.session, forum_id, AccountName(account_id=account_id), lock=lock)
    if account is None:
        raise NoSuchAccount
    return account


def _read_handle(typed: str) -> str:
    """Raises `HandleInvalid`."""
    handle = normalise_handle(typed)
    if not is_handle(handle):
        raise HandleInvalid
    if mixes_imitating_scripts(handle):
        raise HandleMixesScripts
    return handle


def _changed(account: Account, wanted: AccountChange) -> Account:
    """Raises `HandleInvalid`, `ExternalIdFixed`."""
    handle = account.handle
    if wanted.handle is not None and normalise_handle(wanted.handle) != handle:
        handle = _read_handle(wanted.handle)
    external_id = wanted.external_id if wanted.external_id is not None else account.external_id
    if account.external_id not in {None, external_id}:
        raise ExternalIdFixed
    return replace(account, handle=handle, external_id=external_id, profile=account.profile.with_fields(wanted.profile))


def _save(tx: Transaction, before: Account, after: Account) -> None:
    changes = {
        "handle": after.handle != before.handle,
        "external_id": after.external_id != before.external_id,
        "profile": after.profile != before.profile,
    }
    if not any(changes.values()):
        return
    if changes["handle"]:
        _refuse_look_alikes(tx, after)
        _keep_handle(tx, after)
    repository.save(tx.session, replace(after, updated_at=tx.now))
    named = " ".join(what for what, changed in changes.items() if changed)
    audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, after.id, reason=named)


def _refuse_look_alikes(tx: Transaction, account: Account) -> None:
    """From here to the end of the transaction nobody else takes a look of this handle. Raises `HandleTaken`."""
    wanted = looks(account.handle)
    hold_looks(tx, account.forum_id, wanted)
    if repository.looks_of_others(tx.session, account, wanted, tx.now):
        raise HandleTaken


def hold_looks(tx: Transaction, forum_id: ForumId, wanted: Collection[str]) -> None:
    """A step: in one order, so that no two wait for each other."""
    hold_keys(tx, [sha256(f"{forum_id} {look}".encode()).digest() for look in sorted(wanted)])


def _keep_handle(tx: Transaction, account: Account) -> None:
    reserved_until = tx.now + timedelta(days=policies.HANDLE_RESERVED.value)
    repository.keep_looks(tx.session, account, looks(account.handle), reserved_until)


def _fields(profile: Profile) -> Mapping[str, str | None]:
    return {"display_name": profile.display_name, "bio": profile.bio, "signature": profile.signature}


def _texts(handle: str | None, external_id: str | None, profile: Mapping[str, str | None]) -> list[Text]:
    given = [
        (Field.HANDLE, "/handle", handle),
        (Field.EXTERNAL_ID, "/external_id", external_id),
        *((Field(name), f"/profile/{name}", text) for name, text in profile.items()),
    ]
    return [Text(field, pointer, text) for field, pointer, text in given if text is not None]
