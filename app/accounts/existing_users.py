"""Use case of the operator: brings in a forum's existing users, many in one transaction, each judged for itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from app.accounts import repository
from app.accounts.domain import (
    LONGEST_BIO,
    LONGEST_DISPLAY_NAME,
    LONGEST_EXTERNAL_ID,
    LONGEST_SIGNATURE,
    Account,
    ActKind,
    ExistingUser,
    handle_key,
)
from app.accounts.errors import ExternalIdTaken, HandleTaken
from app.accounts.lookalikes import looks
from app.accounts.service import hold_looks, names_told, screened_account
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.forums.service import get_forum
from app.kernel.actor import Actor
from app.kernel.errors import FieldError, Invalid, ShimingError
from app.kernel.ids import ForumId
from app.kernel.sentence import Sentence

_MISSING = FieldError(
    "/external_id",
    "missing",
    Sentence("没有 external_id，再次导入时认不出此人。", "Without it nobody is recognised when the file is run again."),
)
_TOO_LONG = Sentence("太长。", "It is too long.")


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What became of one user: a new account, one that was there before, or none and why."""

    user: ExistingUser
    refusal: ShimingError | None = None
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The names that users before would have taken: what a rehearsal knows in place of accounts."""

    looks: set[str] = field(default_factory=set)
    handle_keys: dict[str, str] = field(default_factory=dict)
    """By the forum's own user ids."""


class ExistingUsers:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def bring_in(self, actor: Actor, forum_id: ForumId, users: Sequence[ExistingUser]) -> list[BroughtIn]:
        """Accounts, unverified, by the rules of `Accounts.register`; one answer for each user, in their order.

        Who has an account with this user id and this handle was there before, so that a list may be brought in again.
        Raises `ForumNotFound`, `Unavailable`. Source: L13.
        """
        try:
            return again_on_collision(lambda: self._bring_in_together(actor, forum_id, users))
        except _Raced:
            return [self._bring_in_alone(actor, forum_id, user) for user in users]

    def rehearse(self, forum_id: ForumId, users: Sequence[ExistingUser], before: Rehearsal) -> list[BroughtIn]:
        """What `bring_in` would answer; writes nothing, and adds the names to `before`. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            return [told for told, _ in _judge(tx, forum_id, users, before)]

    def _bring_in_together(self, actor: Actor, forum_id: ForumId, users: Sequence[ExistingUser]) -> list[BroughtIn]:
        try:
            with self._unit_of_work.begin(actor) as tx:
                judged = _judge(tx, forum_id, users, Rehearsal())
                _add(tx, forum_id, [account for _, account in judged if account is not None])
                return [told for told, _ in judged]
        except ConstraintViolated:
            raise _Raced from None

    def _bring_in_alone(self, actor: Actor, forum_id: ForumId, user: ExistingUser) -> BroughtIn:
        """For users of whom somebody else took a name in this moment: who it was is told as in a registration."""

        def work() -> BroughtIn:
            with names_told(self._unit_of_work, forum_id, user.external_id), self._unit_of_work.begin(actor) as tx:
                ((told, account),) = _judge(tx, forum_id, [user], Rehearsal())
                _add(tx, forum_id, [account] if account else [])
                return told

        try:
            return again_on_collision(work)
        except (HandleTaken, ExternalIdTaken) as refusal:
            return BroughtIn(user, refusal)


class _Raced(Exception):
    """Somebody else took a name, or a place in the status list, of one of these users."""


def _judge(
    tx: Transaction, forum_id: ForumId, users: Sequence[ExistingUser], before: Rehearsal
) -> list[tuple[BroughtIn, Account | None]]:
    """Each user with their new account; from here on nobody else takes a look of them."""
    get_forum(tx, forum_id)
    read = [_read(tx, forum_id, user) for user in users]
    readable = [account for account in read if isinstance(account, Account)]
    wanted = {look for account in readable for look in looks(account.handle)}
    hold_looks(tx, forum_id, wanted)
    external_ids = [account.external_id for account in readable if account.external_id]
    before.handle_keys.update(repository.handle_keys(tx.session, forum_id, external_ids))
    before.looks.update(repository.taken_looks(tx.session, forum_id, wanted, tx.now))
    return [_settle(user, account, before) for user, account in zip(users, read, strict=True)]


def _read(tx: Transaction, forum_id: ForumId, user: ExistingUser) -> Account | ShimingError:
    try:
        _refuse_lengths(user)
        return screened_account(tx, forum_id, user.handle, user.external_id, user.profile)
    except ShimingError as refusal:
        return refusal


def _settle(user: ExistingUser, account: Account | ShimingError, before: Rehearsal) -> tuple[BroughtIn, Account | None]:
    if isinstance(account, ShimingError):
        return BroughtIn(user, account), None
    known, key = before.handle_keys.get(user.external_id), handle_key(account.handle)
    if known is not None:
        return BroughtIn(user, None if known == key else ExternalIdTaken(), was_there=known == key), None
    own = looks(account.handle)
    if own & before.looks:
        return BroughtIn(user, HandleTaken()), None
    before.looks.update(own)
    before.handle_keys[user.external_id] = key
    return BroughtIn(user), account


def _add(tx: Transaction, forum_id: ForumId, accounts: Collection[Account]) -> None:
    if not accounts:
        return
    ids = [account.id for account in accounts]
    repository.add_all(tx.session, forum_id, list(accounts))
    repository.give_looks(tx.session, forum_id, {account.id: looks(account.handle) for account in accounts})
    repository.add_acts(tx.session, ids, tx.actor, ActKind.BRING_IN, None, tx.now)
    for account_id in ids:
        audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, account_id)


def _refuse_lengths(user: ExistingUser) -> None:
    """Raises `Invalid`."""
    given = (
        ("/external_id", user.external_id, LONGEST_EXTERNAL_ID),
        ("/profile/display_name", user.profile.display_name, LONGEST_DISPLAY_NAME),
        ("/profile/bio", user.profile.bio, LONGEST_BIO),
        ("/profile/signature", user.profile.signature, LONGEST_SIGNATURE),
    )
    faults = [FieldError(pointer, "too-long", _TOO_LONG) for pointer, text, most in given if len(text or "") > most]
    if not user.external_id:
        faults.append(_MISSING)
    if faults:
        raise Invalid(faults)
