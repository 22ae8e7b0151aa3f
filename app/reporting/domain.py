"""Words: a case, which is a complaint or an appeal; where it waits, how far it has come, and who it is about."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from app.kernel.ids import AccountId, BoardId, ForumId, StaffId
from app.kernel.secret import Secret

CaseId = NewType("CaseId", str)
"""`cmp_` of a complaint, `apl_` of an appeal."""


class CaseKind(StrEnum):
    COMPLAINT = "complaint"
    APPEAL = "appeal"


PREFIX = {CaseKind.COMPLAINT: "cmp", CaseKind.APPEAL: "apl"}


class Category(StrEnum):
    """What a complaint, or a violation, is about."""

    ILLEGAL = "illegal"
    FRAUD = "fraud"
    GAMBLING = "gambling"
    PORNOGRAPHY = "pornography"
    VIOLENCE = "violence"
    DOXXING = "doxxing"
    MINORS = "minors"
    IMPERSONATION = "impersonation"
    DEFAMATION = "defamation"
    SPAM = "spam"
    OTHER = "other"


class TargetKind(StrEnum):
    CONTENT = "content"
    ACCOUNT = "account"
    BOARD = "board"
    MODERATOR = "moderator"
    IDENTITY_MISUSE = "identity_misuse"
    PRIVACY = "privacy"
    OTHER = "other"


class Queue(StrEnum):
    """Where a case waits; each has its own clock."""

    ORDINARY = "ordinary"
    MINORS = "minors"
    DOXXING = "doxxing"
    MISUSE = "misuse"
    APPEALS = "appeals"


def queue_of(category: Category, target: TargetKind) -> Queue:
    """Of a complaint. What hurts a child comes before all else."""
    if category is Category.MINORS:
        return Queue.MINORS
    if target is TargetKind.IDENTITY_MISUSE or category is Category.IMPERSONATION:
        return Queue.MISUSE
    if category is Category.DOXXING or target is TargetKind.PRIVACY:
        return Queue.DOXXING
    return Queue.ORDINARY


class OnBehalf(StrEnum):
    """For whom somebody complains. What a company asks to be deleted takes a second member's agreement."""

    PERSON = "person"
    COMPANY = "company"


class AgainstKind(StrEnum):
    """What an appeal is against."""

    SUSPENSION = "suspension"
    BAN = "ban"
    REFUSED_VERIFICATION = "refused_verification"
    SCREENING_DECISION = "screening_decision"
    MODERATOR_SANCTION = "moderator_sanction"
    COMPLAINT_OUTCOME = "complaint_outcome"


NOT_PROVEN = "account_not_proven"
"""The reason with which an appeal is rejected without a look at what it is against: nobody showed whose it is."""


class CaseState(StrEnum):
    """Computed from what has happened to a case."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DECIDED = "decided"
    APPEALED = "appealed"


class Standing(StrEnum):
    """How a case stands to its clock. Boundaries belong to the later one."""

    ON_TIME = "on_time"
    NEAR = "near"
    LATE = "late"
    ENDED = "ended"


class Author(StrEnum):
    COMPLAINANT = "complainant"
    STAFF = "staff"


class Measure(StrEnum):
    """What a decision may order to be done to content; `MEASURES_OF_CONTENT` of violations has the same names."""

    DELETE = "delete"
    MASK = "mask"
    BREAK_LINK = "break_link"
    STOP_TRANSMISSION = "stop_transmission"


ASKED_BY_A_COMPANY = frozenset({Measure.DELETE, Measure.MASK, Measure.BREAK_LINK})
"""What takes a second member's agreement when a company asked for it. Source: L9."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a complaint is about, as it was named; and whose it is, where it was found when the complaint came in."""

    kind: TargetKind
    ref: str = field(repr=False)
    account_id: AccountId | None = None
    board_id: BoardId | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """What an appeal is against; `proven` where it came through the ticket of a refusal or one's own pages."""

    kind: AgainstKind
    ref: str | None
    account_id: AccountId | None
    proven: bool = False
    decided_by: StaffId | None = None
    """The member who took the first decision, where one did: another person decides."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach whoever complains; sealed, and opened for a reason that is on record."""

    phone: Secret[str] | None = None
    email: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """How a case, or its appeal, ended: by whom, with which code, for which reason."""

    outcome: str
    reason: str
    at: datetime
    by: StaffId
    text: Secret[str] | None
    """What staff wrote beside the reason's sentence; None where nothing was, or its time is over."""


@dataclass(frozen=True, slots=True)
class Message:
    """One of the conversation. `staff_id` is never told outside."""

    number: int
    author: Author
    staff_id: StaffId | None
    asks: bool
    """A question, for which the clock stands still."""
    at: datetime
    text: Secret[str]


@dataclass(frozen=True, slots=True)
class Note:
    """What a member wrote down about a case for the others."""

    by: StaffId
    at: datetime
    text: Secret[str]


@dataclass(frozen=True, slots=True)
class Case:
    """A case without its texts. `respond_by` is what was promised; it moves only by the time that a question waited."""

    id: CaseId
    kind: CaseKind
    forum_id: ForumId
    queue: Queue
    category: Category | None
    target_kind: TargetKind | None
    target_account_id: AccountId | None
    target_board_id: BoardId | None
    against: Against | None
    on_behalf: OnBehalf
    received_at: datetime
    respond_by: datetime
    next_by: datetime
    """The next moment by which something must happen: accepted, then decided."""
    asked_at: datetime | None
    """Since when a question waits for whoever complained."""
    accepted_at: datetime | None
    accepted_by: StaffId | None
    assigned_at: datetime | None
    assigned_to: StaffId | None
    decided: Decided | None
    appealed_at: datetime | None
    appeal_decided: Decided | None
    measures: tuple[Measure, ...]
    agreed_at: datetime | None
    agreed_by: StaffId | None
    escalated_at: datetime | None
    appeal_escalated_at: datetime | None
    ended_at: datetime | None
    version: int

    @property
    def state(self) -> CaseState:
        if self.appealed_at is not None and self.appeal_decided is None:
            return CaseState.APPEALED
        if self.decided is not None:
            return CaseState.DECIDED
        if self.accepted_at is None:
            return CaseState.RECEIVED
        return CaseState.ACCEPTED if self.assigned_to is None else CaseState.IN_PROGRESS

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_escalated(self) -> bool:
        """In the stage it is in."""
        return (self.escalated_at if self.appealed_at is None else self.appeal_escalated_at) is not None

    @property
    def deciders(self) -> frozenset[StaffId]:
        """Who had a part in what was decided before: another person goes on."""
        decided = {one.by for one in (self.decided, self.appeal_decided) if one is not None}
        others = {self.agreed_by, self.against.decided_by if self.against else None}
        return frozenset({*decided, *(one for one in others if one is not None)})

    @property
    def waits_for_agreement(self) -> bool:
        """Whether a company's wish to delete was granted, and nobody else has agreed yet. Source: L9."""
        if self.on_behalf is not OnBehalf.COMPANY or self.agreed_by is not None:
            return False
        return not ASKED_BY_A_COMPANY.isdisjoint(self.measures)
