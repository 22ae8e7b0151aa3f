"""Every query on questions to providers: asked, answered, lost, paid for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from app.kernel.ids import AccountId, VerificationId
from app.verification.domain import Method, Outcome, Reason
from app.verification.models import PERHAPS_BILLED, ProviderAttemptRow, VerificationRow
from app.verification.providers.contract import OutcomeUnknown

SENT = "sent"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Spent:
    """Questions that a provider has billed, or may have."""

    today: int
    this_month: int


def add(
    session: Session, attempt_id: str, verification_id: VerificationId, provider: str, kind: str, now: datetime
) -> None:
    session.add(
        ProviderAttemptRow(
            id=attempt_id,
            verification_id=verification_id,
            provider=provider,
            kind=kind,
            answer=SENT,
            raw_code=None,
            request_id=None,
            billable=None,
            sent_at=now,
            answered_at=None,
        )
    )
    session.flush()


def settle(
    session: Session,
    attempt_id: str,
    answer: str,
    raw_code: str,
    request_id: str | None,
    now: datetime,
    *,
    billable: bool | None,
) -> None:
    """A null `billable` means that the provider may have billed it."""
    session.execute(
        update(ProviderAttemptRow)
        .where(ProviderAttemptRow.id == attempt_id)
        .values(answer=answer, raw_code=raw_code, request_id=request_id, billable=billable, answered_at=now)
    )


def spent(session: Session, provider: str, day: datetime, month: datetime) -> Spent:
    today = func.coalesce(func.sum(case((ProviderAttemptRow.sent_at >= day, 1), else_=0)), 0)
    query = select(today, func.count()).where(
        ProviderAttemptRow.provider == provider, ProviderAttemptRow.sent_at >= month, PERHAPS_BILLED
    )
    return Spent(*session.execute(query).one())


def is_open(session: Session, verification_id: VerificationId, lost: datetime) -> bool:
    """Whether a check begun after `lost` still waits for its answer; it is held, so that nobody gives it up."""
    query = select(VerificationRow.id).where(
        VerificationRow.id == verification_id,
        VerificationRow.outcome == Outcome.PENDING,
        VerificationRow.reason.is_(None),
        VerificationRow.started_at > lost,
    )
    return session.scalar(query.with_for_update()) is not None


def close_lost(
    session: Session, started_by: datetime, now: datetime, account_id: AccountId | None = None
) -> list[VerificationId]:
    """Ends a batch of the checks whose answer never came; each is told to one caller only, however many call."""
    lost = select(VerificationRow.id).where(
        VerificationRow.outcome == Outcome.PENDING,
        VerificationRow.reason.is_(None),
        VerificationRow.method != Method.PHONE_CODE,
        VerificationRow.started_at <= started_by,
    )
    if account_id is not None:
        lost = lost.where(VerificationRow.account_id == account_id)
    ended = session.scalars(
        update(VerificationRow)
        .where(VerificationRow.id.in_(lost.limit(_BATCH).with_for_update(skip_locked=True)))
        .values(reason=Reason.OUTCOME_UNKNOWN, answered_at=now)
        .returning(VerificationRow.id)
        .execution_options(synchronize_session=False)
    ).all()
    if ended:
        session.execute(
            update(ProviderAttemptRow)
            .where(ProviderAttemptRow.verification_id.in_(ended), ProviderAttemptRow.answer == SENT)
            .values(answer=OutcomeUnknown.__name__, answered_at=now)
        )
    return [VerificationId(verification_id) for verification_id in ended]
