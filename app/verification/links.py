"""What a proved phone or a confirmed document does to the link between an account and a person.

A document that is on file already counts on another account only after a code to its person's phone, so that a stolen
pair of name and number opens nothing once its owner is here. Whatever the verdict and whoever is behind the account,
the same statements read the same things; only a proof that counts locks persons and writes. Source: `docs/api.md`
part 4.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import Account
from app.accounts.service import holds_on, touch
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import CollidedWithAnother, Transaction
from app.kernel.clock import SHANGHAI
from app.kernel.ids import AccountId, ForumId, PersonId
from app.vault.domain import DocumentRecord, HeldPhone, PhoneState
from app.vault.service import Vault
from app.verification import repository
from app.verification.assessment import (
    Answered,
    Assessment,
    Known,
    Way,
    answers_after_phone,
    free_slot,
    judge_document,
    judge_phone,
)
from app.verification.domain import IdentityLevel, InnerReason, Link, Method

_REVERSIBLE = timedelta(days=policies.CLOSURE_REVERSIBLE.value)
_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class DocumentProof:
    """A provider's verdict on a document. Codes entered since `proved_since` show possession of a phone."""

    method: Method
    document: DocumentRecord
    matched: bool
    proved_since: datetime
    sandbox: bool


class Links:
    """Steps; each joins the transaction of the verification that calls it, with forum and account held."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def is_adult(self, tx: Transaction, person_id: PersonId) -> bool:
        adult_from = self._vault.adult_from(tx, person_id)
        return adult_from is not None and tx.now.astimezone(SHANGHAI).year > adult_from

    def possession_proved(self, tx: Transaction, link: Link, since: datetime) -> bool:
        """Whether this account entered, since then, a code sent to a phone on record for its person."""
        proved = repository.proved_phones(tx.session, link.account_id, since)
        return bool(proved & self._vault.record_of(tx, link.person_id).phones_on_record)

    def confirm_phone(self, tx: Transaction, account: Account, holder: str, *, sandbox: bool) -> Link | InnerReason:
        """The link after a right code, or the true reason why it counts for nothing. Raises `HeldPhoneGone`."""
        phone = self._vault.held_phone(tx, holder)
        known = self._about_phone(tx, account, phone)
        way = judge_phone(known)
        if isinstance(way, InnerReason):
            return way
        self._hold(tx, known, lambda: self._about_phone(tx, account, phone))
        state = PhoneState.CLAIMED if known.holder.exists else PhoneState.CURRENT
        if known.link is None:
            person_id = self._vault.new_person_of_held_phone(tx, holder, state)
            link = Link(account.id, person_id, IdentityLevel.PHONE, Method.PHONE_CODE, tx.now, sandbox)
        else:
            self._vault.drop_held_phone(tx, holder)
            if known.own.record.has_document:
                return known.link
            person_id = known.link.person_id
            self._vault.take_up_phone(tx, person_id, phone.digest, state)
            link = Link(
                account.id, person_id, known.link.level, known.link.method, tx.now, known.link.sandbox or sandbox
            )
        self._answer(tx, account.forum_id, account.id, answers_after_phone(known).person_id or person_id)
        return self._save(tx, link)

    def confirm_document(self, tx: Transaction, account: Account, proof: DocumentProof) -> Link | InnerReason | None:
        """The link after a provider's match, or the true reason why it does not count here; None for no match."""
        known = self._about_document(tx, account, proof)
        way = judge_document(known)
        if not proof.matched:
            return None
        if isinstance(way, InnerReason):
            return way
        self._hold(tx, known, lambda: self._about_document(tx, account, proof))
        person_id = self._person(tx, known, way, proof.document)
        self._answer(tx, account.forum_id, account.id, person_id)
        verified_at = max(tx.now, _document_verified_at(known.link) or tx.now)
        link = self._save(
            tx, Link(account.id, person_id, IdentityLevel.DOCUMENT, proof.method, verified_at, proof.sandbox)
        )
        if way is Way.JOIN_HOLDER and known.link is not None:
            self._dissolve(tx, known.link.person_id, into=person_id)
        return link

    def _person(self, tx: Transaction, known: Assessment, way: Way, document: DocumentRecord) -> PersonId:
        if known.holder.person_id is not None:
            if way is Way.SAME_PERSON:
                self._vault.confirm_document_again(tx, document.index)
            return known.holder.person_id
        if known.own.person_id is None:
            return self._vault.new_person(tx, document)
        self._vault.add_document(tx, known.own.person_id, document)
        self._vault.settle_claimed_phones(tx, known.own.person_id)
        return known.own.person_id

    def _about_document(self, tx: Transaction, account: Account, proof: DocumentProof) -> Assessment:
        holder = self._vault.person_with_document(tx, proof.document.index)
        proved = repository.proved_phones(tx.session, account.id, proof.proved_since)
        return self._assess(tx, account, holder, proved)

    def _about_phone(self, tx: Transaction, account: Account, phone: HeldPhone) -> Assessment:
        return self._assess(tx, account, self._vault.person_with_phone(tx, phone), frozenset({phone.digest}))

    def _assess(
        self, tx: Transaction, account: Account, holder: PersonId | None, proved: frozenset[bytes]
    ) -> Assessment:
        link = repository.find_link(tx.session, account.id)
        return Assessment(
            account_id=account.id,
            link=link,
            answerer=repository.find_answerer(tx.session, account.id),
            own=self._known(tx, account.forum_id, link.person_id if link else None),
            holder=self._known(tx, account.forum_id, holder),
            proved=proved,
        )

    def _known(self, tx: Transaction, forum_id: ForumId, person_id: PersonId | None) -> Known:
        return Known(person_id, self._vault.record_of(tx, person_id), _answered(tx, forum_id, person_id))

    def _hold(self, tx: Transaction, known: Assessment, again: Callable[[], Assessment]) -> None:
        """Locks the persons of a proof that counts. Raises `CollidedWithAnother` when one changed before that."""
        self._vault.hold(tx, known.persons)
        if again() != known:
            raise CollidedWithAnother

    def _answer(self, tx: Transaction, forum_id: ForumId, account_id: AccountId, person_id: PersonId) -> None:
        """From now on this person answers for the account, and a slot that fell free is reused."""
        if repository.find_answerer(tx.session, account_id) == person_id:
            return
        answered = _answered(tx, forum_id, person_id)
        repository.drop_slots(tx.session, [account.account_id for account in answered if account.free])
        repository.save_slot(tx.session, account_id, forum_id, person_id, free_slot(answered))

    def _dissolve(self, tx: Transaction, person_id: PersonId, *, into: PersonId) -> None:
        """Two persons turned out to be one; what the one answered for, in any forum, the other answers for."""
        for forum_id in repository.forums_answered_in(tx.session, person_id):
            for account in _answered(tx, forum_id, person_id):
                if account.free:
                    repository.drop_slots(tx.session, [account.account_id])
                else:
                    self._answer(tx, forum_id, account.account_id, into)
        self._vault.dissolve(tx, person_id)

    def _save(self, tx: Transaction, link: Link) -> Link:
        repository.save_link(tx.session, link)
        touch(tx, link.account_id)
        audit.record(tx, Action.ACCOUNT_LINKED, ObjectKind.ACCOUNT, link.account_id, reason=link.level)
        return link


def _document_verified_at(link: Link | None) -> datetime | None:
    """A clock that was set back takes no earlier proof away."""
    return link.verified_at if link is not None and link.level is IdentityLevel.DOCUMENT else None


def has_person(tx: Transaction, account_id: AccountId) -> bool:
    """A step: whether somebody stands behind an account."""
    return repository.find_link(tx.session, account_id) is not None


def person_behind(tx: Transaction, account_id: AccountId) -> PersonId | None:
    """A step, for those who may open the vault: who stands behind an account; nothing outside learns it."""
    link = repository.find_link(tx.session, account_id)
    return link.person_id if link else None


def accounts_of_same_persons(tx: Transaction, account_ids: Collection[AccountId]) -> list[AccountId]:
    """A step: whatever accounts, of all forums, the persons behind these have."""
    return repository.accounts_of_same_persons(tx.session, account_ids)


def _answered(tx: Transaction, forum_id: ForumId, person_id: PersonId | None) -> tuple[Answered, ...]:
    slots = repository.slots_of(tx.session, person_id or _NOBODY, forum_id)
    holds = holds_on(tx, [*slots, AccountId(_NOBODY)])  # one statement, also where there is nobody
    return tuple(
        Answered(
            account_id,
            slot,
            banned=(hold := holds[account_id]).banned,
            free=not hold.banned and hold.closed_at is not None and hold.closed_at + _REVERSIBLE <= tx.now,
        )
        for account_id, slot in slots.items()
    )
