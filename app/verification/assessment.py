"""Whether a proved phone or a matched document counts on an account: pure rules over what is on file.

A person *answers* for accounts: their own, and those that merely claim a phone which is current for them. Bans and the
limit of accounts go by who answers. Source: `docs/api.md` part 4, N4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app import policies
from app.kernel.ids import AccountId, PersonId
from app.vault.domain import PersonRecord
from app.verification.domain import InnerReason, Link

_NOTHING_ON_FILE = PersonRecord()


class Way(StrEnum):
    """What a proof that counts does to the account's link."""

    NEW_PERSON = "new-person"
    SAME_PERSON = "same-person"
    ADD_DOCUMENT = "add-document"
    JOIN_HOLDER = "join-holder"


@dataclass(frozen=True, slots=True)
class Answered:
    """An account of this forum for which a person answers."""

    account_id: AccountId
    slot: int
    banned: bool
    free: bool
    """Its closing is final and no ban stands on it: the slot is anybody's of the same person."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person as far as one forum is concerned; without an id, nobody."""

    person_id: PersonId | None = None
    record: PersonRecord = _NOTHING_ON_FILE
    answers_for: tuple[Answered, ...] = ()

    @property
    def exists(self) -> bool:
        return self.person_id is not None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything a decision may rest on, read in one transaction by statements that are the same for everybody."""

    account_id: AccountId
    link: Link | None
    answerer: PersonId | None
    """Who answers for this account now."""
    own: Known
    """The person behind this account."""
    holder: Known
    """Whose document it is, or whose current phone."""
    proved: frozenset[bytes]
    """Phones whose code this account entered in time."""

    @property
    def persons(self) -> frozenset[PersonId]:
        found = {self.answerer, self.own.person_id, self.holder.person_id}
        return frozenset(person_id for person_id in found if person_id is not None)


def judge_document(known: Assessment) -> Way | InnerReason:
    """What a document that a provider confirmed does here, or the true reason why it does nothing."""
    own, holder = known.own, known.holder
    same = own.person_id == holder.person_id
    if own.record.has_document and not same:
        return InnerReason.DIFFERENT_PERSON
    trusted = holder.record.current_phones if holder.exists else own.record.phones_on_record
    if (own.exists or holder.exists) and not known.proved & trusted:
        return InnerReason.POSSESSION_MISSING
    if not own.exists:
        return Way.NEW_PERSON
    if not holder.exists:
        return _refusal(known, own, {known.account_id}) or Way.ADD_DOCUMENT
    if same:
        return _refusal(known, own, {known.account_id}) or Way.SAME_PERSON
    coming = {known.account_id, *(account.account_id for account in own.answers_for if not account.free)}
    return _refusal(known, holder, coming) or Way.JOIN_HOLDER


def judge_phone(known: Assessment) -> Way | InnerReason:
    """What a right code does here, or the true reason why it does nothing."""
    own = known.own
    if own.exists and not known.proved & own.record.phones_on_record:
        return InnerReason.DIFFERENT_PERSON
    way = Way.SAME_PERSON if own.exists else Way.NEW_PERSON
    return _refusal(known, answers_after_phone(known), {known.account_id}) or way


def answers_after_phone(known: Assessment) -> Known:
    """Who answers for the account after a right code: without a document, whoever's current phone it is."""
    own, holder = known.own, known.holder
    return holder if holder.exists and not own.record.has_document else own


def free_slot(answers_for: Iterable[Answered]) -> int:
    """The lowest slot that no live account of the person has."""
    taken = {account.slot for account in answers_for if not account.free}
    return min(set(range(1, len(taken) + 2)) - taken)


def _refusal(known: Assessment, answerer: Known, coming: set[AccountId]) -> InnerReason | None:
    """Why this person may not answer for these accounts too."""
    concerned = (*known.own.answers_for, *known.holder.answers_for)
    if any(account.banned for account in concerned if account.account_id != known.account_id):
        return InnerReason.BANNED
    live = {account.account_id for account in answerer.answers_for if not account.free}
    if coming <= live or len(live | coming) <= policies.ACCOUNTS_PER_PERSON.value:
        return None
    return InnerReason.ACCOUNT_LIMIT
