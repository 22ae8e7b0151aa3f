"""Use case of the operator: brings in a forum's existing users, many in one transaction, each judged for itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from app.accounts import act_rows, repository
from app.accounts.domain import (
    LONGEST_BIO,
    LONGEST_DISPLAY_NAME,
    LONGEST_EXTERNAL_ID,
    LONGEST_SIGNATURE,
    Act,
    ActKind,
    ExistingUser,
    handle_key,
)
from app.accounts.errors import ExternalIdTaken, HandleTaken
from app.accounts.naming import Draft, Naming, hold_looks
from app.accounts.service import names_told
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
    def __init__(self, unit_of_work: UnitOfWork, naming: Naming) -> None:
        self._unit_of_work = unit_of_work
        self._naming = naming

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
            return [told for told, _ in self._judge(tx, forum_id, users, before)]

    def _bring_in_together(self, actor: Actor, forum_id: ForumId, users: Sequence[ExistingUser]) -> list[BroughtIn]:
        try:
            with self._unit_of_work.begin(actor) as tx:
                judged = self._judge(tx, forum_id, users, Rehearsal())
                self._add(tx, forum_id, [draft for _, draft in judged if draft is not None])
                return [told for told, _ in judged]
        except ConstraintViolated:
            raise _Raced from None

    def _bring_in_alone(self, actor: Actor, forum_id: ForumId, user: ExistingUser) -> BroughtIn:
        """For users of whom somebody else took a name in this moment: who it was is told as in a registration."""

        def work() -> BroughtIn:
            with names_told(self._unit_of_work, forum_id, user.external_id), self._unit_of_work.begin(actor) as tx:
                ((told, draft),) = self._judge(tx, forum_id, [user], Rehearsal())
                self._add(tx, forum_id, [draft] if draft else [])
                return told

        try:
            return again_on_collision(work)
        except (HandleTaken, ExternalIdTaken) as refusal:
            return BroughtIn(user, refusal)

    def _judge(
        self, tx: Transaction, forum_id: ForumId, users: Sequence[ExistingUser], before: Rehearsal
    ) -> list[tuple[BroughtIn, Draft | None]]:
        """Each user with their new account; from here on nobody else takes a look of them."""
        get_forum(tx, forum_id)
        read = [self._read(tx, forum_id, user) for user in users]
        readable = [draft for draft in read if isinstance(draft, Draft)]
        wanted = {look for draft in readable for look in draft.looks}
        hold_looks(tx, forum_id, wanted)
        external_ids = [draft.account.external_id for draft in readable if draft.account.external_id]
        before.handle_keys.update(repository.handle_keys(tx.session, forum_id, external_ids))
        before.looks.update(repository.taken_looks(tx.session, forum_id, wanted, tx.now))
        return [_settle(user, draft, before) for user, draft in zip(users, read, strict=True)]

    def _read(self, tx: Transaction, forum_id: ForumId, user: ExistingUser) -> Draft | ShimingError:
        try:
            _refuse_lengths(user)
            return self._naming.draft(tx, forum_id, user.handle, user.external_id, user.profile)
        except ShimingError as refusal:
            return refusal

    def _add(self, tx: Transaction, forum_id: ForumId, drafts: Collection[Draft]) -> None:
        if not drafts:
            return
        ids = [draft.account.id for draft in drafts]
        repository.add_all(tx.session, forum_id, [draft.account for draft in drafts])
        repository.give_looks(tx.session, forum_id, {draft.account.id: draft.looks for draft in drafts})
        act_rows.add_acts(tx.session, ids, tx.actor, Act(ActKind.BRING_IN, None, tx.now))
        for draft in drafts:
            if draft.judgement.held:
                self._naming.wait_for_review(tx, draft)
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, draft.account.id)


class _Raced(Exception):
    """Somebody else took a name, or a place in the status list, of one of these users."""


def _settle(user: ExistingUser, draft: Draft | ShimingError, before: Rehearsal) -> tuple[BroughtIn, Draft | None]:
    if isinstance(draft, ShimingError):
        return BroughtIn(user, draft), None
    known, key = before.handle_keys.get(user.external_id), handle_key(draft.wanted_handle)
    if known is not None:
        same = known in {key, handle_key(draft.account.handle)}
        return BroughtIn(user, None if same else ExternalIdTaken(), was_there=same), None
    if draft.looks & before.looks:
        return BroughtIn(user, HandleTaken()), None
    before.looks.update(draft.looks)
    before.handle_keys[user.external_id] = key
    return BroughtIn(user), draft


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
