"""Every query on links and slots, verifications and codes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, Select, delete, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import policies
from app.db.bulk import among
from app.db.words import read_word
from app.kernel.ids import AccountId, ForumId, PersonId, VerificationId
from app.verification.domain import Ending, IdentityLevel, InnerReason, Link, Method, Outcome, Reason, Verification
from app.verification.errors import VerificationNotFound
from app.verification.models import CodeRow, LinkRow, OrganisationMarkRow, SlotRow, VerificationRow

_RAW_CODE, _REQUEST_ID = 80, 120
_LOST = timedelta(seconds=policies.ATTEMPT_LOST.value)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A verification as it is when it begins."""

    id: VerificationId
    forum_id: ForumId
    account_id: AccountId
    method: Method
    provider: str
    sandbox: bool
    document_type: str | None = None
    subject_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Code:
    digest: bytes
    phone_digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Inside:
    """What no forum is told of an attempt."""

    inner_reason: InnerReason | None
    subject_digest: bytes | None
    started_at: datetime
    code_tries: int
    code_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Used:
    settled: int
    first: datetime | None


def documents_verified(session: Session, account_ids: Collection[AccountId]) -> dict[AccountId, datetime]:
    query = select(LinkRow.account_id, LinkRow.verified_at).where(
        among(LinkRow.account_id, account_ids), LinkRow.level == IdentityLevel.DOCUMENT
    )
    return {AccountId(account_id): verified_at for account_id, verified_at in session.execute(query)}


def verified_since(since: datetime | InstrumentedAttribute[datetime | None]) -> Select[str]:
    return select(LinkRow.account_id).where(LinkRow.level == IdentityLevel.DOCUMENT, LinkRow.verified_at >= since)


def document_accounts(
    session: Session, person_ids: Collection[PersonId]
) -> Mapping[PersonId, list[tuple[AccountId, datetime]]]:
    """The accounts for which these persons proved themselves by document, and when they did so last."""
    query = select(LinkRow.person_id, LinkRow.account_id, LinkRow.verified_at).where(
        LinkRow.person_id.in_(person_ids), LinkRow.level == IdentityLevel.DOCUMENT
    )
    found: dict[PersonId, list[tuple[AccountId, datetime]]] = {person_id: [] for person_id in person_ids}
    for person_id, account_id, verified_at in session.execute(query.order_by(LinkRow.account_id)):
        found[PersonId(person_id)].append((AccountId(account_id), verified_at))
    return found


def add_attempt(session: Session, attempt: Attempt, now: datetime) -> None:
    session.add(
        VerificationRow(
            id=attempt.id,
            forum_id=attempt.forum_id,
            account_id=attempt.account_id,
            method=attempt.method,
            outcome=Outcome.PENDING,
            reason=None,
            inner_reason=None,
            level=IdentityLevel.NONE,
            document_type=attempt.document_type,
            subject_digest=attempt.subject_digest,
            provider=attempt.provider,
            raw_code=None,
            provider_request_id=None,
            billable=None,
            sandbox=attempt.sandbox,
            started_at=now,
            answered_at=None,
            verified_at=None,
        )
    )
    session.flush()


def note_answer(
    session: Session,
    verification_id: VerificationId,
    raw_code: str,
    request_id: str | None = None,
    *,
    billable: bool | None = None,
) -> None:
    session.execute(
        update(VerificationRow)
        .where(VerificationRow.id == verification_id)
        .values(
            raw_code=raw_code[:_RAW_CODE],
            provider_request_id=request_id and request_id[:_REQUEST_ID],
            billable=billable,
        )
    )


def settle(session: Session, verification_id: VerificationId, end: Ending, now: datetime) -> None:
    session.execute(
        update(VerificationRow)
        .where(VerificationRow.id == verification_id)
        .values(
            outcome=end.outcome,
            reason=end.reason,
            inner_reason=end.inner_reason,
            level=end.level,
            answered_at=now,
            verified_at=now if end.outcome is Outcome.VERIFIED else None,
        )
    )


def whose(session: Session, verification_id: VerificationId) -> tuple[str, str, Method]:
    """Forum, account and method."""
    query = select(VerificationRow.forum_id, VerificationRow.account_id, VerificationRow.method)
    forum_id, account_id, method = session.execute(query.where(VerificationRow.id == verification_id)).one()
    return forum_id, account_id, read_word(Method, method, verification_id)


def has_ended(session: Session, verification_id: VerificationId) -> bool:
    """Whether its end is written down already."""
    query = select(VerificationRow.outcome).where(VerificationRow.id == verification_id)
    return session.scalar(query) != Outcome.PENDING


def get(session: Session, forum_id: ForumId, verification_id: str, now: datetime) -> Verification:
    """The verification as it stands at `now`, whoever noticed or not.

    A code that nobody entered in time has expired; a check without an answer after 60 seconds has none. Raises
    `VerificationNotFound`, also for another forum's.
    """
    found = session.execute(
        select(VerificationRow, CodeRow.expires_at)
        .outerjoin(CodeRow, CodeRow.verification_id == VerificationRow.id)
        .where(VerificationRow.id == verification_id, VerificationRow.forum_id == forum_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise VerificationNotFound
    row, expires_at = found
    verification = Verification(
        id=VerificationId(row.id),
        account_id=AccountId(row.account_id),
        method=read_word(Method, row.method, row.id),
        outcome=read_word(Outcome, row.outcome, row.id),
        reason=read_word(Reason, row.reason, row.id) if row.reason else None,
        level=read_word(IdentityLevel, row.level, row.id),
        verified_at=row.verified_at,
        sandbox=row.sandbox,
    )
    if verification.method is not Method.PHONE_CODE and row.started_at <= now - _LOST:
        return _lost(verification)
    return _expired_by(verification, expires_at, now)


def inside(session: Session, verification_id: VerificationId) -> Inside:
    row = session.get_one(VerificationRow, verification_id, populate_existing=True)
    code = session.get(CodeRow, verification_id, populate_existing=True)
    return Inside(
        InnerReason(row.inner_reason) if row.inner_reason else None,
        row.subject_digest,
        row.started_at,
        0 if code is None else code.tries,
        None if code is None else code.expires_at,
    )


def _lost(verification: Verification) -> Verification:
    if verification.outcome is not Outcome.PENDING or verification.reason is not None:
        return verification
    return replace(verification, reason=Reason.OUTCOME_UNKNOWN)


def _expired_by(verification: Verification, expires_at: datetime | None, now: datetime) -> Verification:
    waits_for_code = verification.outcome is Outcome.PENDING and verification.reason in {None, Reason.CODE_WRONG}
    if not waits_for_code or expires_at is None or now < expires_at:
        return verification
    return replace(verification, outcome=Outcome.REJECTED, reason=Reason.CODE_EXPIRED)


def pending_by_hand(session: Session, account_id: AccountId) -> VerificationId | None:
    found = session.scalar(
        select(VerificationRow.id).where(
            VerificationRow.account_id == account_id,
            VerificationRow.method == Method.MANUAL,
            VerificationRow.outcome == Outcome.PENDING,
        )
    )
    return VerificationId(found) if found else None


def rejections(session: Session, account_id: AccountId, subject: bytes | None, since: datetime) -> Used:
    """The document checks of this account, or of one document on it, that were rejected since then."""
    query = select(func.count(), func.min(VerificationRow.started_at)).where(
        VerificationRow.outcome == Outcome.REJECTED,
        VerificationRow.forgiven_at.is_(None),
        *_document_checks(account_id, subject, since),
    )
    return Used(*session.execute(query).one())


def in_flight(session: Session, account_id: AccountId, subject: bytes | None, since: datetime) -> int:
    """Document checks whose answer is still awaited."""
    query = select(func.count()).where(
        VerificationRow.outcome == Outcome.PENDING,
        VerificationRow.reason.is_(None),
        *_document_checks(account_id, subject, since),
    )
    return session.scalar(query) or 0


def _document_checks(account_id: AccountId, subject: bytes | None, since: datetime) -> list[ColumnElement[bool]]:
    conditions = [
        VerificationRow.account_id == account_id,
        VerificationRow.method != Method.PHONE_CODE,
        VerificationRow.started_at > since,
    ]
    return conditions if subject is None else [*conditions, VerificationRow.subject_digest == subject]


def proved_phones(session: Session, account_id: AccountId, since: datetime) -> frozenset[bytes]:
    """Index digests of the phones whose code this account entered rightly since then."""
    return frozenset(
        session.scalars(
            select(CodeRow.phone_digest)
            .join(VerificationRow, VerificationRow.id == CodeRow.verification_id)
            .where(
                VerificationRow.account_id == account_id,
                VerificationRow.outcome == Outcome.VERIFIED,
                VerificationRow.verified_at >= since,
            )
        )
    )


def add_code(session: Session, verification_id: VerificationId, code: Code, now: datetime) -> None:
    session.add(
        CodeRow(
            verification_id=verification_id,
            digest=code.digest,
            phone_digest=code.phone_digest,
            sent_at=now,
            expires_at=code.expires_at,
            tries=0,
        )
    )
    session.flush()


def get_code(session: Session, verification_id: VerificationId) -> Code | None:
    row = session.get(CodeRow, verification_id)
    return Code(row.digest, row.phone_digest, row.expires_at) if row else None


def drop_code(session: Session, verification_id: VerificationId) -> None:
    session.execute(delete(CodeRow).where(CodeRow.verification_id == verification_id))


def charge_try(session: Session, verification_id: VerificationId, limit: int) -> int | None:
    """Takes one try before anything is compared; the tries used so far, or None when there was none left."""
    result = session.execute(
        update(CodeRow)
        .where(CodeRow.verification_id == verification_id, CodeRow.tries < limit)
        .values(tries=CodeRow.tries + 1)
    )
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    return session.scalar(select(CodeRow.tries).where(CodeRow.verification_id == verification_id))


def mark_organisation(
    session: Session, account_id: AccountId, organisation_id: str, now: datetime, *, sandbox: bool
) -> str | None:
    """The organisation that the account was marked with before."""
    row = session.get(OrganisationMarkRow, account_id)
    before = row.organisation_id if row else None
    if row is None:
        row = OrganisationMarkRow(account_id=account_id)
        session.add(row)
    row.organisation_id = organisation_id
    row.verified_at = now
    row.sandbox = sandbox
    session.flush()
    return before


def has_organisation(session: Session, account_id: AccountId) -> bool:
    return session.get(OrganisationMarkRow, account_id) is not None


def find_link(session: Session, account_id: AccountId) -> Link | None:
    row = session.get(LinkRow, account_id, populate_existing=True)
    if row is None:
        return None
    level, method = row.proof()
    return Link(
        account_id=AccountId(row.account_id),
        person_id=PersonId(row.person_id),
        level=level,
        method=method,
        verified_at=row.verified_at,
        sandbox=row.sandbox,
    )


def save_link(session: Session, link: Link) -> None:
    row = session.get(LinkRow, link.account_id)
    if row is None:
        row = LinkRow(account_id=link.account_id)
        session.add(row)
    row.person_id = link.person_id
    row.level = link.level
    row.method = link.method
    row.verified_at = link.verified_at
    row.sandbox = link.sandbox
    session.flush()


def has_links(session: Session, person_id: PersonId) -> bool:
    return bool(session.scalar(select(exists().where(LinkRow.person_id == person_id))))


def find_answerer(session: Session, account_id: AccountId) -> PersonId | None:
    found = session.scalar(select(SlotRow.person_id).where(SlotRow.account_id == account_id))
    return PersonId(found) if found else None


def slots_of(session: Session, person_id: str, forum_id: ForumId) -> dict[AccountId, int]:
    """The accounts of a forum for which a person answers, each with its slot."""
    query = (
        select(SlotRow.account_id, SlotRow.slot)
        .where(SlotRow.person_id == person_id, SlotRow.forum_id == forum_id)
        .order_by(SlotRow.slot)
    )
    return {AccountId(account_id): slot for account_id, slot in session.execute(query)}


def accounts_of(session: Session, person_ids: Collection[PersonId], forum_id: str) -> list[AccountId]:
    """The accounts of a forum behind which one of these persons stands, oldest first."""
    query = (
        select(LinkRow.account_id)
        .join(SlotRow, SlotRow.account_id == LinkRow.account_id)
        .where(LinkRow.person_id.in_(person_ids), SlotRow.forum_id == forum_id)
        .order_by(LinkRow.account_id)
    )
    return [AccountId(account_id) for account_id in session.scalars(query)]


def accounts_of_same_persons(session: Session, account_ids: Collection[AccountId]) -> list[AccountId]:
    """All accounts of all forums behind which somebody stands who stands behind one of these."""
    persons = select(LinkRow.person_id).where(LinkRow.account_id.in_(account_ids))
    query = select(LinkRow.account_id).where(LinkRow.person_id.in_(persons)).order_by(LinkRow.account_id)
    return [AccountId(account_id) for account_id in session.scalars(query)]


def forums_answered_in(session: Session, person_id: PersonId) -> list[ForumId]:
    query = select(SlotRow.forum_id).where(SlotRow.person_id == person_id).distinct().order_by(SlotRow.forum_id)
    return [ForumId(forum_id) for forum_id in session.scalars(query)]


def save_slot(session: Session, account_id: AccountId, forum_id: ForumId, person_id: PersonId, slot: int) -> None:
    drop_slots(session, [account_id])
    session.add(SlotRow(account_id=account_id, forum_id=forum_id, person_id=person_id, slot=slot))
    session.flush()


def drop_slots(session: Session, account_ids: Collection[AccountId]) -> None:
    session.execute(delete(SlotRow).where(SlotRow.account_id.in_(account_ids)))
