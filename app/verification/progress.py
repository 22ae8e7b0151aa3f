"""What the person at our own pages may see of an attempt: how it stands, the true reason, the tries that are left."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from app import policies
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId, VerificationId
from app.vault.service import frozen_phones
from app.verification import count_rows, repository
from app.verification.domain import IdentityLevel, InnerReason, Method, Outcome, Verification

_DAY = timedelta(days=1)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RecycledPhone:
    """An account whose person had a phone that is somebody else's now; `ref` names that one event on that account."""

    account_id: AccountId
    ref: str
    frozen_at: datetime
    """Known to nobody outside: it is the same for all accounts of the person, in every forum."""


@dataclass(frozen=True, slots=True)
class Progress:
    verification: Verification
    inner_reason: InnerReason | None
    """Why a right proof did not count; None unless the person proved a phone on record for whom it concerns."""
    tries_left: int
    code_expires_at: datetime | None
    started_at: datetime


def read_progress(tx: Transaction, forum_id: ForumId, verification_id: VerificationId) -> Progress:
    """A step. Raises `VerificationNotFound`.

    A code for another phone than the one on record proves nothing about the person on record, so it is `not-confirmed`
    here too; every other inner reason is given only after the possession of a phone was proved. Source: `docs/api.md`
    part 4.
    """
    verification = repository.get(tx.session, forum_id, verification_id, tx.now)
    seen = repository.inside(tx.session, verification_id)
    is_code = verification.method is Method.PHONE_CODE
    untold = {InnerReason.POSSESSION_MISSING, *({InnerReason.DIFFERENT_PERSON} if is_code else ())}
    used = seen.code_tries
    if not is_code:
        used = repository.rejections(tx.session, verification.account_id, seen.subject_digest, tx.now - _DAY).settled
    limit = policies.CODE_TRIES if is_code else policies.REJECTIONS_PER_ACCOUNT_AND_DOCUMENT
    return Progress(
        verification,
        None if seen.inner_reason in untold else seen.inner_reason,
        max(0, limit.value - used),
        seen.code_expires_at,
        seen.started_at,
    )


def awaits_person(tx: Transaction, account_id: AccountId) -> bool:
    """A step: whether somebody of the staff has been asked to look at this account and has not decided."""
    return repository.pending_by_hand(tx.session, account_id) is not None


def level_of(tx: Transaction, account_id: AccountId) -> IdentityLevel:
    """A step: how surely a person stands behind an account, whatever has expired since."""
    link = repository.find_link(tx.session, account_id)
    return link.level if link else IdentityLevel.NONE


def documents_verified(tx: Transaction, account_ids: Collection[AccountId]) -> Mapping[AccountId, datetime]:
    """A step: when the person behind each account last proved themselves by document; without those who never did.

    Only the same person can: whoever else tries is refused. A code to a phone moves nothing here. Source: L8d.
    """
    return repository.documents_verified(tx.session, account_ids)


def first_verified_since(
    tx: Transaction, account_ids: Collection[AccountId], since: datetime
) -> Mapping[AccountId, datetime]:
    """A step: when the person behind each account first proved themselves by document since then; without the others.

    Source: L8d.
    """
    return count_rows.first_by_document(tx.session, account_ids, since)


def recycled_phones(tx: Transaction, since: datetime) -> list[RecycledPhone]:
    """A step: the accounts at document level whose person lost a phone to somebody else since then, each once a phone.

    Without those whose person has proved themselves by document after that. Source: L8d, dynamic re-verification.
    """
    frozen = frozen_phones(tx, since)
    found = []
    for begin in range(0, len(frozen), _AT_ONCE):
        some = frozen[begin : begin + _AT_ONCE]
        accounts = repository.document_accounts(tx.session, {phone.person_id for phone in some})
        found += [
            RecycledPhone(account_id, f"phone-{phone.id}-{account_id}", phone.frozen_at)
            for phone in some
            for account_id, verified_at in accounts[phone.person_id]
            if verified_at <= phone.frozen_at
        ]
    return found


def results_by_day(tx: Transaction, begins: Sequence[datetime]) -> Mapping[tuple[int, Outcome], int]:
    """A step: verifications by their place in `begins`, the latest first, and by how they stand now."""
    return count_rows.results_since(tx.session, begins)


def oldest_standing(tx: Transaction) -> datetime | None:
    """A step: when the verification was made that has stood longest."""
    return count_rows.oldest_link(tx.session)


def verification_ids_of(tx: Transaction, account_id: AccountId, limit: int) -> list[str]:
    """A step: newest first."""
    return count_rows.ids_of_account(tx.session, account_id, limit)


def verified_since(since: datetime | InstrumentedAttribute[datetime | None]) -> Select[str]:
    """The accounts whose person proved themselves by document since then, as part of another room's statement.

    `since` may be a column of that statement; where it is null nobody has.
    """
    return repository.verified_since(since)
