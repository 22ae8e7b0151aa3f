"""Words: prohibited content that was found, what was done about it, what is reported to whom. Source: L7a to L7e."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from app import policies
from app.accounts.domain import AccountName
from app.kernel.ids import AccountId, AuthorityId, BoardId, ForumId, StaffId
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.domain import Category

ViolationId = NewType("ViolationId", str)
ReportId = NewType("ReportId", str)
KEPT = timedelta(days=policies.EVIDENCE_KEPT.value)
NEAR = timedelta(hours=policies.REPORT_NEAR.value)
ATTACHED = timedelta(days=policies.MEASURE_ATTACHED.value)


class Source(StrEnum):
    """By what it was found."""

    SCREENING = "screening"
    PATROL = "patrol"
    COMPLAINT = "complaint"
    MODERATOR = "moderator"
    STAFF = "staff"
    AUTHORITY = "authority"


class MeasureKind(StrEnum):
    """Source: L7b, L7c."""

    STOP_TRANSMISSION = "stop_transmission"
    MASK = "mask"
    DELETE = "delete"
    BREAK_LINK = "break_link"
    LOCK_THREAD = "lock_thread"
    SUSPEND_ACCOUNT = "suspend_account"
    BAN_ACCOUNT = "ban_account"
    FREEZE_BOARD = "freeze_board"


TAKEDOWNS = frozenset({MeasureKind.STOP_TRANSMISSION, MeasureKind.MASK, MeasureKind.DELETE, MeasureKind.BREAK_LINK})
"""After which nobody reads the content any more: the forum is told, whoever ordered them."""
BY_THEIR_OWN_ENDPOINTS = frozenset({MeasureKind.SUSPEND_ACCOUNT, MeasureKind.BAN_ACCOUNT, MeasureKind.FREEZE_BOARD})
"""Acts on accounts and boards, which write their measure by themselves."""


class ViolationState(StrEnum):
    """Computed from the measures."""

    RECORDED = "recorded"
    """Nothing was done to the content yet."""
    ORDERED = "ordered"
    """Staff ordered a takedown that the forum has not confirmed."""
    STOPPED = "stopped"


class ViolationQueue(StrEnum):
    """What staff look for in the list."""

    RECORDED = "recorded"
    ORDERED = "ordered"
    STOPPED = "stopped"
    UNREPORTED = "unreported"
    """An authority is to be told, and was not."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was published, as it was. Times in UTC; the address and port from which it came where they are known."""

    ref: str
    text: str = field(repr=False)
    published_at: datetime
    ip: str | None = field(default=None, repr=False)
    port: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewViolation:
    account: AccountName
    board: str | None
    """Its id or slug."""
    category: Category
    source: Source
    discovered_at: datetime
    content: Content
    case: str | None = None
    """The complaint by which it was found."""


@dataclass(frozen=True, slots=True)
class By:
    """Who did something: the kind of actor and an id, never a person's."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What stays readable of a content: None once its time is over."""

    ref: str | None
    url: str | None
    screening_id: str | None
    published_at: datetime
    sha256: bytes | None
    """Of the text."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Evidence that somebody still needs is kept beyond its time."""

    at: datetime
    by: StaffId
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    id: ViolationId
    forum_id: ForumId
    account_id: AccountId
    board_id: BoardId | None
    category: Category
    source: Source
    discovered_at: datetime
    recorded_at: datetime
    recorded_by: By
    content: StoredContent
    case: str | None
    kept_until: datetime
    hold: Hold | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Measure:
    """What was done; `confirmed_at` says since when it really is so, and is None while the forum has not said it."""

    id: str
    kind: MeasureKind
    taken_at: datetime
    recorded_at: datetime
    by: By
    reason: str
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewMeasure:
    kind: MeasureKind
    reason: str
    taken_at: datetime | None = None
    """Now, where none is given."""


def stopped_at(measures: Iterable[Measure]) -> datetime | None:
    """Since when nobody reads the content any more, by the forum's word. Source: L7b."""
    confirmed = [one.confirmed_at for one in measures if one.kind in TAKEDOWNS and one.confirmed_at is not None]
    return min(confirmed, default=None)


def state_of(measures: Sequence[Measure]) -> ViolationState:
    if stopped_at(measures) is not None:
        return ViolationState.STOPPED
    ordered = any(one.kind in TAKEDOWNS for one in measures)
    return ViolationState.ORDERED if ordered else ViolationState.RECORDED


# -- authority reports ------------------------------------------------------------------------------------------


class ReportState(StrEnum):
    """Computed from what has happened to a report."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    RECEIVED = "received"
    """With the authority's receipt."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is to be told: any authority of one of these kinds, the first where there is a choice."""

    kinds: tuple[AuthorityKind, ...]
    within: timedelta


POLICE = Addressee((AuthorityKind.PS_LOCAL,), timedelta(hours=policies.PS_REPORT_WITHIN.value))
CAC = Addressee(
    (AuthorityKind.CAC_LOCAL, AuthorityKind.CAC_NATIONAL), timedelta(hours=policies.CAC_REPORT_WITHIN.value)
)
_BOTH = (POLICE, CAC)
ADDRESSEES: Mapping[Category, tuple[Addressee, ...]] = {
    Category.ILLEGAL: _BOTH,
    Category.FRAUD: _BOTH,
    Category.GAMBLING: _BOTH,
    Category.PORNOGRAPHY: _BOTH,
    Category.VIOLENCE: _BOTH,
    Category.DOXXING: _BOTH,
    Category.MINORS: _BOTH,
    Category.IMPERSONATION: (CAC,),
    Category.DEFAMATION: (CAC,),
    Category.SPAM: (),
    Category.OTHER: (),
}
"""Source: L7e, N6."""


def due_at(kind: AuthorityKind, discovered_at: datetime) -> datetime | None:
    """By when an authority of that kind is to be told; None where no rule names a time."""
    return next((discovered_at + one.within for one in (POLICE, CAC) if kind in one.kinds), None)


@dataclass(frozen=True, slots=True)
class NewReport:
    """`authority` is an id of the directory or a kind; the note may say anything but an identity."""

    authority: str
    note: str | None = field(default=None, repr=False)
    disclosure_id: str | None = None
    """Where an instrument asked for the identity: the disclosure that answers it, apart from this report."""


@dataclass(frozen=True, slots=True)
class Step:
    """When one was taken, and by whom."""

    at: datetime
    by: StaffId


@dataclass(frozen=True, slots=True)
class AuthorityReport:
    id: ReportId
    violation_id: ViolationId
    authority_id: AuthorityId
    authority: AuthorityEntry
    """As the directory had it when the report was drafted."""
    due_at: datetime | None
    disclosure_id: str | None
    drafted: Step
    approved: Step | None
    sha256: bytes | None
    """Of the document as it was approved."""
    sent: Step | None
    receipt_no: str | None
    receipt_at: datetime | None
    withdrawn: Step | None
    withdrawn_because: str | None

    @property
    def state(self) -> ReportState:
        if self.withdrawn is not None:
            return ReportState.WITHDRAWN
        if self.sent is not None:
            return ReportState.RECEIVED if self.receipt_no is not None else ReportState.SENT
        return ReportState.DRAFT if self.approved is None else ReportState.APPROVED

    def is_overdue(self, now: datetime) -> bool:
        """Boundary: exactly at `due_at` it is."""
        over = self.due_at is not None and now >= self.due_at
        return over and self.state in {ReportState.DRAFT, ReportState.APPROVED}


@dataclass(frozen=True, slots=True)
class Obligation:
    """An authority that is to be told of a violation, and the report that does so; None where nobody began one."""

    kinds: tuple[AuthorityKind, ...]
    due_at: datetime
    report: AuthorityReport | None

    def is_met(self) -> bool:
        return self.report is not None and self.report.sent is not None

    def is_overdue(self, now: datetime) -> bool:
        """Boundary: exactly at `due_at` it is."""
        return not self.is_met() and now >= self.due_at


def obligations(violation: Violation, reports: Sequence[AuthorityReport]) -> tuple[Obligation, ...]:
    """Computed, so that nobody has to remember to ask for a report. Source: L7e, N6."""
    return tuple(
        Obligation(one.kinds, violation.discovered_at + one.within, _furthest(reports, one))
        for one in ADDRESSEES[violation.category]
    )


def _furthest(reports: Sequence[AuthorityReport], addressee: Addressee) -> AuthorityReport | None:
    meant = [one for one in reports if one.authority.kind in addressee.kinds and one.withdrawn is None]
    return max(meant, key=lambda one: (one.sent is not None, one.approved is not None), default=None)


@dataclass(frozen=True, slots=True)
class ViolationView:
    """A violation with all that became of it."""

    violation: Violation
    measures: tuple[Measure, ...]
    """The earliest first."""
    reports: tuple[AuthorityReport, ...]

    @property
    def state(self) -> ViolationState:
        return state_of(self.measures)

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        return obligations(self.violation, self.reports)


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """`before` is the id with which the page before ended."""

    forum_id: ForumId | None = None
    category: Category | None = None
    queue: ViolationQueue | None = None
    account_id: AccountId | None = None
    case: str | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ReportFilter:
    state: ReportState | None = None
    due_before: datetime | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ViolationFigures:
    """For the overview: what waits, since when, and what is late."""

    recorded: int
    ordered: int
    oldest_unstopped: datetime | None
    unreported: int
    near: int
    """Of these: within `REPORT_NEAR` of the moment by which an authority is to be told."""
    overdue: int
    """Of these: past it."""
    oldest_due: datetime | None
    authorities_missing: tuple[AuthorityKind, ...]
