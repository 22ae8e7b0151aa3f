"""Every webhook event and what its `data` holds: ids and states, never anything of the person.

Fields stand in the contract's order. A class of payloads says in its fields all that a forum is told.
"""

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum

_LEFT_OUT = "left out of the JSON when None"


class EventType(StrEnum):
    REGISTRATION_COMPLETED = "registration.completed"
    VERIFICATION_COMPLETED = "verification.completed"
    ACCOUNT_VERIFIED = "account.verified"
    ACCOUNT_SUSPENDED = "account.suspended"
    ACCOUNT_REINSTATED = "account.reinstated"
    ACCOUNT_BANNED = "account.banned"
    ACCOUNT_CLOSED = "account.closed"
    ACCOUNT_ERASED = "account.erased"
    MODERATOR_FILED = "moderator.filed"
    MODERATOR_REMINDED = "moderator.reminded"
    MODERATOR_WARNED = "moderator.warned"
    MODERATOR_OVERDUE = "moderator.overdue"
    MODERATOR_SUSPENDED = "moderator.suspended"
    MODERATOR_REINSTATED = "moderator.reinstated"
    MODERATOR_ENDED = "moderator.ended"
    BOARD_FROZEN = "board.frozen"
    BOARD_REOPENED = "board.reopened"
    BOARD_CLOSED = "board.closed"
    BOARD_UNATTENDED = "board.unattended"
    """Said before a board loses its last working moderator."""
    RECONCILIATION_REQUESTED = "reconciliation.requested"
    POSTING_PAUSED = "posting.paused"
    POSTING_RESUMED = "posting.resumed"
    REVIEW_OPENED = "review.opened"
    REVIEW_DECIDED = "review.decided"
    VIOLATION_RECORDED = "violation.recorded"
    VIOLATION_TAKEDOWN = "violation.takedown"
    COMPLAINT_RECEIVED = "complaint.received"
    COMPLAINT_DECIDED = "complaint.decided"
    AGREEMENT_PUBLISHED = "agreement.published"
    LEXICON_PUBLISHED = "lexicon.published"
    WEBHOOK_TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Payload:
    """What an event says; every kind of it is a subclass."""


@dataclass(frozen=True, slots=True)
class AccountPayload(Payload):
    account_id: str
    external_id: str | None
    handle: str
    status: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class VerificationPayload(Payload):
    verification_id: str | None
    """None for one at our own pages."""
    account_id: str
    external_id: str | None
    handle: str
    method: str
    outcome: str
    level: str


@dataclass(frozen=True, slots=True)
class RegistrationPayload(Payload):
    registration_id: str
    account_id: str
    external_id: str | None
    handle: str
    status: str


@dataclass(frozen=True, slots=True)
class Notice(Payload):
    """What the forum shows to the moderator, and where it leads."""

    zh: str
    en: str
    url: str


@dataclass(frozen=True, slots=True)
class SanctionNotice(Payload):
    """A step of the ladder: why, on what ground, and where to appeal."""

    id: str
    step: str
    reason: str
    basis: str
    appeal_url: str


@dataclass(frozen=True, slots=True)
class ModeratorPayload(Payload):
    moderator_id: str
    board_id: str
    board: str
    """The slug."""
    account_id: str
    external_id: str | None
    handle: str
    role: str
    state: str
    due_at: datetime | None
    suspends_at: datetime | None
    notice: Notice | None = field(default=None, metadata={_LEFT_OUT: True})
    sanction: SanctionNotice | None = field(default=None, metadata={_LEFT_OUT: True})


@dataclass(frozen=True, slots=True)
class BoardPayload(Payload):
    board_id: str
    board: str
    status: str
    unattended_at: datetime | None = field(default=None, metadata={_LEFT_OUT: True})


@dataclass(frozen=True, slots=True)
class ReconciliationPayload(Payload):
    board_id: str
    board: str


@dataclass(frozen=True, slots=True)
class PauseScope(Payload):
    """Exactly one is given."""

    all: bool | None = field(default=None, metadata={_LEFT_OUT: True})
    forum_id: str | None = field(default=None, metadata={_LEFT_OUT: True})
    board_id: str | None = field(default=None, metadata={_LEFT_OUT: True})


@dataclass(frozen=True, slots=True)
class PostingPayload(Payload):
    scope: PauseScope


@dataclass(frozen=True, slots=True)
class ReviewPayload(Payload):
    review_id: str
    screening_id: str | None
    ref: str | None
    account_id: str | None
    board_id: str | None
    field: str
    decision: str
    """`review` while it waits, then `pass`, `mask` or `block`."""


@dataclass(frozen=True, slots=True)
class ViolationPayload(Payload):
    violation_id: str
    account_id: str
    external_id: str | None
    board_id: str | None
    category: str
    source: str


@dataclass(frozen=True, slots=True)
class TakedownPayload(Payload):
    violation_id: str
    account_id: str
    external_id: str | None
    board_id: str | None
    screening_id: str | None
    content_ref: str | None
    url: str | None
    measure: str


@dataclass(frozen=True, slots=True)
class ComplaintPayload(Payload):
    """Nothing of whoever complained, and of what they complained of only the category."""

    complaint_id: str
    category: str
    queue: str
    status: str
    respond_by: datetime | None
    outcome: str | None = field(default=None, metadata={_LEFT_OUT: True})


@dataclass(frozen=True, slots=True)
class AgreementPayload(Payload):
    kind: str
    version: str
    effective_at: datetime
    accept_by: datetime


@dataclass(frozen=True, slots=True)
class LexiconPayload(Payload):
    lexicon: str
    version: str


@dataclass(frozen=True, slots=True)
class EndpointPayload(Payload):
    endpoint_id: str


PAYLOADS: dict[EventType, type[Payload]] = {
    EventType.REGISTRATION_COMPLETED: RegistrationPayload,
    EventType.VERIFICATION_COMPLETED: VerificationPayload,
    EventType.ACCOUNT_VERIFIED: AccountPayload,
    EventType.ACCOUNT_SUSPENDED: AccountPayload,
    EventType.ACCOUNT_REINSTATED: AccountPayload,
    EventType.ACCOUNT_BANNED: AccountPayload,
    EventType.ACCOUNT_CLOSED: AccountPayload,
    EventType.ACCOUNT_ERASED: AccountPayload,
    EventType.MODERATOR_FILED: ModeratorPayload,
    EventType.MODERATOR_REMINDED: ModeratorPayload,
    EventType.MODERATOR_WARNED: ModeratorPayload,
    EventType.MODERATOR_OVERDUE: ModeratorPayload,
    EventType.MODERATOR_SUSPENDED: ModeratorPayload,
    EventType.MODERATOR_REINSTATED: ModeratorPayload,
    EventType.MODERATOR_ENDED: ModeratorPayload,
    EventType.BOARD_FROZEN: BoardPayload,
    EventType.BOARD_REOPENED: BoardPayload,
    EventType.BOARD_CLOSED: BoardPayload,
    EventType.BOARD_UNATTENDED: BoardPayload,
    EventType.RECONCILIATION_REQUESTED: ReconciliationPayload,
    EventType.POSTING_PAUSED: PostingPayload,
    EventType.POSTING_RESUMED: PostingPayload,
    EventType.REVIEW_OPENED: ReviewPayload,
    EventType.REVIEW_DECIDED: ReviewPayload,
    EventType.VIOLATION_RECORDED: ViolationPayload,
    EventType.VIOLATION_TAKEDOWN: TakedownPayload,
    EventType.COMPLAINT_RECEIVED: ComplaintPayload,
    EventType.COMPLAINT_DECIDED: ComplaintPayload,
    EventType.AGREEMENT_PUBLISHED: AgreementPayload,
    EventType.LEXICON_PUBLISHED: LexiconPayload,
    EventType.WEBHOOK_TEST: EndpointPayload,
}


def body_of(kind: EventType, timestamp: datetime, payload: Payload) -> str:
    """The body of every attempt, byte for byte: compact JSON, times in UTC ending in `Z`."""
    if not isinstance(payload, PAYLOADS[kind]):
        raise TypeError(f"{kind} does not carry a {type(payload).__name__}")
    said = {"type": kind.value, "timestamp": _moment(timestamp), "data": _data(payload)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _data(payload: Payload) -> dict[str, object]:
    values = {member.name: (getattr(payload, member.name), member.metadata) for member in fields(payload)}
    return {name: _value(value) for name, (value, told) in values.items() if value is not None or not told}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return _moment(value)
    return _data(value) if isinstance(value, Payload) else value


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
