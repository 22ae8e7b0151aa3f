"""Words: levels, methods, outcomes, the link between an account and a person, one verification."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.kernel.ids import AccountId, PersonId, VerificationId


class IdentityLevel(StrEnum):
    NONE = "none"
    PHONE = "phone"
    DOCUMENT = "document"


class Method(StrEnum):
    PHONE_CODE = "phone_code"
    ID2 = "id2"
    """Name and number."""
    PHONE3 = "phone3"
    """Name, number and phone."""
    HOSTED = "hosted"
    NATIONAL_NETWORK_ID = "national_network_id"
    ORGANISATION = "organisation"
    MANUAL = "manual"


class Outcome(StrEnum):
    VERIFIED = "verified"
    REJECTED = "rejected"
    PENDING = "pending"


class Reason(StrEnum):
    NOT_CONFIRMED = "not-confirmed"
    """One answer for a mismatch, no record, and whatever concerns a person already known: no oracle."""
    CODE_WRONG = "code-wrong"
    CODE_EXPIRED = "code-expired"
    CODE_EXHAUSTED = "code-exhausted"
    PROVIDER_UNAVAILABLE = "provider-unavailable"
    OUTCOME_UNKNOWN = "outcome-unknown"
    REVIEW = "review"


class InnerReason(StrEnum):
    """Why a proof that was right did not count: for the person and for staff, never for a forum."""

    BANNED = "banned"
    ACCOUNT_LIMIT = "account-limit"
    DIFFERENT_PERSON = "different-person"
    POSSESSION_MISSING = "possession-missing"


class NextStep(StrEnum):
    CODE = "code"
    WAIT = "wait"
    OTHER_METHOD = "other-method"


@dataclass(frozen=True, slots=True)
class Verification:
    id: VerificationId
    account_id: AccountId
    method: Method
    outcome: Outcome
    reason: Reason | None
    level: IdentityLevel
    """The account's level when it ended `verified`, else `none`."""
    verified_at: datetime | None
    sandbox: bool

    @property
    def next(self) -> NextStep | None:
        return next_step(self.method, self.outcome, self.reason)


def next_step(method: Method, outcome: Outcome, reason: Reason | None) -> NextStep | None:
    """What the person can do now; None when it is done, or when it begins anew."""
    if reason in {Reason.NOT_CONFIRMED, Reason.OUTCOME_UNKNOWN}:
        return NextStep.OTHER_METHOD
    if outcome is not Outcome.PENDING:
        return None
    if method is Method.PHONE_CODE and reason in {None, Reason.CODE_WRONG}:
        return NextStep.CODE
    return NextStep.WAIT


@dataclass(frozen=True, slots=True)
class Link:
    """That a person stands behind an account: how surely, and since when."""

    account_id: AccountId
    person_id: PersonId
    level: IdentityLevel
    method: Method
    verified_at: datetime
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a verification ends, or waits. `inner_reason` is written down and never shown to a forum."""

    outcome: Outcome
    reason: Reason | None = None
    level: IdentityLevel = IdentityLevel.NONE
    inner_reason: InnerReason | None = None


def ending(found: Link | InnerReason | None) -> Ending:
    """What became of a proof; None for one that was no match. Every refusal looks alike from outside."""
    if isinstance(found, Link):
        return Ending(Outcome.VERIFIED, level=found.level)
    return Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED, inner_reason=found)
