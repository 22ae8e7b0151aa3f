"""Steps that give an account its names: each passes the gate, and what waits for a review is not shown meanwhile."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from app import policies
from app.accounts import repository
from app.accounts.domain import Account, AccountChange, AccountName, Profile, is_handle, normalise_handle
from app.accounts.errors import ExternalIdFixed, HandleFrozen, HandleInvalid, HandleMixesScripts, HandleTaken
from app.accounts.lookalikes import looks, mixes_imitating_scripts
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction, hold_keys
from app.kernel.ids import AccountId, ForumId, new_id
from app.screening.domain import Field, Judgement, Subject, SubjectKind, Text
from app.screening.service import Gate

_PLACEHOLDER_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """An account as it is to be stored, with placeholders for what waits, and the handle that it asks for."""

    account: Account
    wanted_handle: str
    judgement: Judgement

    @property
    def looks(self) -> frozenset[str]:
        """Of the handle that is shown and of the one that waits: nobody else gets either."""
        return looks(self.account.handle) | looks(self.wanted_handle)


class Naming:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def draft(
        self, tx: Transaction, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
    ) -> Draft:
        """A step: an account as it would be, if nobody has its names; writes nothing.

        Raises `HandleInvalid`, `Invalid`, `ScreeningBlocked`.
        """
        account = Account(
            id=AccountId(new_id("acc", tx.now)),
            forum_id=forum_id,
            handle=_read_handle(handle),
            external_id=external_id,
            profile=profile,
            created_at=tx.now,
            updated_at=tx.now,
        )
        return self._screened(tx, account, _texts(account.handle, external_id, _fields(profile)))

    def add(
        self, tx: Transaction, forum_id: ForumId, handle: str, external_id: str | None, profile: Profile
    ) -> Account:
        """A step, within `names_told`: a new account, unverified.

        Raises `HandleInvalid`, `HandleTaken`, `Invalid`, `ScreeningBlocked`.
        """
        draft = self.draft(tx, forum_id, handle, external_id, profile)
        _refuse_look_alikes(tx, draft)
        repository.add(tx.session, draft.account)
        _keep_handle(tx, draft)
        self.wait_for_review(tx, draft)
        audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, draft.account.id)
        return draft.account

    def wait_for_review(self, tx: Transaction, draft: Draft, emptied: Collection[Field] = ()) -> bool:
        """A step: opens the reviews of what is held; whether anything else waits now."""
        return self._gate.hold(tx, _subject(draft.account), draft.judgement, emptied)

    def rename(self, tx: Transaction, account: Account, handle: str) -> None:
        """A step, within `names_told`: another handle for an account that is held, and that nobody has seen yet.

        The old one is free at once. Raises as `add`.
        """
        self.change(tx, account, AccountChange(handle, None, {}))
        repository.drop_reserved_looks(tx.session, account.id)

    def would_wait(self, tx: Transaction, account: Account, typed: str) -> bool:
        """A step: whether a handle that this account, which may not exist yet, could ask for now waits for a review.

        Nothing is reserved. Raises `HandleInvalid`, `HandleTaken`, `Invalid`, `ScreeningBlocked`.
        """
        handle = _read_handle(typed)
        judgement = self._gate.judge(tx, account.forum_id, _texts(handle, None, {}))
        if repository.looks_of_others(tx.session, account, looks(handle), tx.now):
            raise HandleTaken
        return bool(judgement.held)

    def change(self, tx: Transaction, before: Account, wanted: AccountChange) -> None:
        """A step, within `names_told`, on an account that is held: changes what is given.

        Raises `HandleInvalid`, `HandleTaken`, `ExternalIdFixed`, `Invalid`, `ScreeningBlocked`.
        """
        after = _changed(before, wanted)
        handle = None if wanted.handle is None else after.handle
        draft = self._screened(tx, after, _texts(handle, wanted.external_id, wanted.profile))
        saved = self._save(tx, before, draft)
        emptied = {Field(name) for name, text in wanted.profile.items() if text is None}
        if self.wait_for_review(tx, draft, emptied) and not saved:  # what is shown stays; what waits is another
            audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, before.id, reason="profile")

    def settle(
        self, tx: Transaction, subject: Subject, field: Field, text: str | None, *, instead_of: str | None
    ) -> None:
        """A step, `SettleField` of accounts: shows what passed, and a placeholder for what was refused.

        Also on a closed account, which may come back.
        """
        account = repository.find(tx.session, subject.forum_id, AccountName(account_id=subject.id), lock=True)
        if account is None or repository.is_nameless(tx.session, account.id):
            return
        if instead_of is not None and _shown(account, field) != instead_of:
            return
        if field is Field.HANDLE:
            after = replace(account, handle=_placeholder(account.id) if text is None else text)
        else:
            after = replace(account, profile=account.profile.with_fields({field.value: text}))
        repository.save(tx.session, replace(after, updated_at=tx.now))
        if field is Field.HANDLE:
            reserved = tx.now if account.handle == _placeholder(account.id) else _reserved_until(tx)
            repository.keep_looks(tx.session, after, looks(after.handle), reserved)

    def restore(self, tx: Transaction, subject: Subject, field: Field, text: str, *, instead_of: str | None) -> bool:
        """A step, `RestoreField` of accounts: shows again what was refused; whether it is shown now."""
        account = repository.find(tx.session, subject.forum_id, AccountName(account_id=subject.id), lock=True)
        if account is None or repository.is_nameless(tx.session, account.id):
            return False
        stand_in = _placeholder(account.id) if field is Field.HANDLE else None
        if _shown(account, field) != (stand_in if instead_of is None else instead_of):
            return False
        if field is Field.HANDLE:
            hold_looks(tx, account.forum_id, looks(text))
            if repository.looks_of_others(tx.session, account, looks(text), tx.now):
                return False
        self.settle(tx, subject, field, text, instead_of=None)
        return True

    def _screened(self, tx: Transaction, account: Account, texts: Collection[Text]) -> Draft:
        judgement = self._gate.judge(tx, account.forum_id, texts)
        shown = dict(judgement.shown)
        handle = shown.pop(Field.HANDLE, account.handle)
        profile = account.profile.with_fields({field.value: text for field, text in shown.items()})
        stored = replace(account, handle=_placeholder(account.id) if handle is None else handle, profile=profile)
        return Draft(stored, account.handle, judgement)

    def _save(self, tx: Transaction, before: Account, draft: Draft) -> bool:
        """Whether anything is shown differently now."""
        after = draft.account
        lets_go = Field.HANDLE in draft.judgement.shown and is_placeholder(before.id, before.handle)
        changes = {
            "handle": draft.wanted_handle != before.handle or after.handle != before.handle or lets_go,
            "external_id": after.external_id != before.external_id,
            "profile": after.profile != before.profile,
        }
        if not any(changes.values()):
            return False
        if changes["handle"]:
            _refuse_look_alikes(tx, draft)
            _keep_handle(tx, draft)
        repository.save(tx.session, replace(after, updated_at=tx.now))
        named = " ".join(what for what, changed in changes.items() if changed)
        audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, after.id, reason=named)
        return True


def hold_looks(tx: Transaction, forum_id: ForumId, wanted: Collection[str]) -> None:
    """A step: in one order, so that no two wait for each other."""
    hold_keys(tx, [sha256(f"{forum_id} {look}".encode()).digest() for look in sorted(wanted)])


def _placeholder(account_id: AccountId) -> str:
    """What is shown in place of a handle that waits or was refused: neutral, and nobody else's."""
    return f"用户{account_id[-_PLACEHOLDER_LETTERS:]}"


def is_placeholder(account_id: AccountId, handle: str) -> bool:
    """Whether a handle of this account waits or was refused."""
    return handle == _placeholder(account_id)


def _subject(account: Account) -> Subject:
    return Subject(SubjectKind.ACCOUNT, account.id, account.forum_id, account.id)


def _read_handle(typed: str) -> str:
    """Raises `HandleInvalid`."""
    handle = normalise_handle(typed)
    if not is_handle(handle):
        raise HandleInvalid
    if mixes_imitating_scripts(handle):
        raise HandleMixesScripts
    return handle


def _changed(account: Account, wanted: AccountChange) -> Account:
    """Raises `HandleInvalid`, `HandleFrozen`, `ExternalIdFixed`."""
    handle = account.handle
    if wanted.handle is not None and normalise_handle(wanted.handle) != handle:
        if account.handle_frozen_at is not None:
            raise HandleFrozen
        handle = _read_handle(wanted.handle)
    external_id = wanted.external_id if wanted.external_id is not None else account.external_id
    if account.external_id not in {None, external_id}:
        raise ExternalIdFixed
    return replace(account, handle=handle, external_id=external_id, profile=account.profile.with_fields(wanted.profile))


def _refuse_look_alikes(tx: Transaction, draft: Draft) -> None:
    """From here to the end of the transaction nobody else takes a look of this handle. Raises `HandleTaken`."""
    hold_looks(tx, draft.account.forum_id, draft.looks)
    if repository.looks_of_others(tx.session, draft.account, draft.looks, tx.now):
        raise HandleTaken


def _keep_handle(tx: Transaction, draft: Draft) -> None:
    repository.keep_looks(tx.session, draft.account, draft.looks, _reserved_until(tx))


def _reserved_until(tx: Transaction) -> datetime:
    return tx.now + timedelta(days=policies.HANDLE_RESERVED.value)


def _shown(account: Account, field: Field) -> str | None:
    return account.handle if field is Field.HANDLE else _fields(account.profile)[field.value]


def _fields(profile: Profile) -> Mapping[str, str | None]:
    return {"display_name": profile.display_name, "bio": profile.bio, "signature": profile.signature}


def _texts(handle: str | None, external_id: str | None, profile: Mapping[str, str | None]) -> list[Text]:
    given = [
        (Field.HANDLE, "/handle", handle),
        (Field.EXTERNAL_ID, "/external_id", external_id),
        *((Field(name), f"/profile/{name}", text) for name, text in profile.items()),
    ]
    return [Text(field, pointer, text) for field, pointer, text in given if text is not None]
