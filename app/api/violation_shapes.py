"""Shapes of violations, their measures and what is kept of them."""

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field

from app import policies
from app.api.account_shapes import NamesAccount, Reason
from app.api.shapes import Answer, Moment, Request, Stamp
from app.api.staff_callers import Named
from app.kernel.actor import ActorKind
from app.organisation.domain import AuthorityKind
from app.reporting import offences
from app.reporting.domain import Category
from app.reporting.evidence import OpenedEvidence
from app.reporting.offence_errors import NOT_AN_ADDRESS, PORT_WITHOUT_ADDRESS, unfit
from app.reporting.offences import (
    AuthorityReport,
    By,
    MeasureKind,
    NewMeasure,
    NewViolation,
    Obligation,
    ReportState,
    Source,
    ViolationState,
    ViolationView,
    stopped_at,
)

CategoryName = Literal[
    "illegal",
    "fraud",
    "gambling",
    "pornography",
    "violence",
    "doxxing",
    "minors",
    "impersonation",
    "defamation",
    "spam",
    "other",
]
SourceName = Literal["screening", "patrol", "complaint", "moderator", "staff", "authority"]
MeasureName = Literal[
    "stop_transmission", "mask", "delete", "break_link", "lock_thread", "suspend_account", "ban_account", "freeze_board"
]
CaseGiven = Annotated[str, Field(pattern="^cmp_[0-9a-f]{32}$", description="The complaint by which it was found.")]


class ContentGiven(Request):
    """What was published, as it was."""

    ref: Annotated[str, Field(min_length=1, max_length=200, description="By which the forum knows it.")]
    text: Annotated[str, Field(min_length=1, max_length=policies.VIOLATION_TEXT_LONGEST.value)]
    published_at: Moment
    ip: Annotated[str, Field(min_length=2, max_length=45, description="From which it came.")] | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None

    def as_content(self) -> offences.Content:
        """Raises `Invalid` for an address that is none, and for a port alone."""
        if self.ip is None and self.port is not None:
            raise unfit("/content/port", "missing", PORT_WITHOUT_ADDRESS)
        try:
            ip = str(ip_address(self.ip)) if self.ip is not None else None
        except ValueError:
            raise unfit("/content/ip", "not-an-address", NOT_AN_ADDRESS) from None
        return offences.Content(self.ref, self.text, self.published_at, ip, self.port)


class NewViolationGiven(NamesAccount):
    board: Annotated[str, Field(min_length=1, max_length=100, description="Its id or slug.")] | None = None
    category: CategoryName
    source: SourceName
    discovered_at: Moment
    content: ContentGiven

    def as_violation(self, case: str | None = None) -> NewViolation:
        return NewViolation(
            self.account_name(),
            self.board,
            Category(self.category),
            Source(self.source),
            self.discovered_at,
            self.content.as_content(),
            case,
        )


class NewStaffViolation(NewViolationGiven):
    forum_id: Annotated[str, Field(min_length=1, max_length=60)]
    case: CaseGiven | None = None


class MeasureGiven(Request):
    measure: MeasureName
    taken_at: Moment
    reason: Reason

    def as_measure(self) -> NewMeasure:
        return NewMeasure(MeasureKind(self.measure), self.reason, self.taken_at)


class StaffMeasure(Request):
    measure: MeasureName
    taken_at: Moment | None = None
    reason: Reason

    def as_measure(self) -> NewMeasure:
        return NewMeasure(MeasureKind(self.measure), self.reason, self.taken_at)


class ContentShown(Answer):
    ref: str | None
    """Null once its time is over; so the next two."""
    url: str | None
    sha256: str | None
    """Of the text, in hex."""
    published_at: Stamp
    screening_id: str | None

    @classmethod
    def of(cls, content: offences.StoredContent) -> "ContentShown":
        digest = content.sha256.hex() if content.sha256 else None
        return cls(
            ref=content.ref,
            url=content.url,
            sha256=digest,
            published_at=content.published_at,
            screening_id=content.screening_id,
        )


class MeasureShown(Answer):
    id: str
    measure: MeasureKind
    taken_at: Stamp
    recorded_at: Stamp
    by: Literal["forum", "staff"]
    reason: str
    confirmed_at: Stamp | None
    """When it really was so; null while staff ordered it and the forum has not recorded it."""

    @classmethod
    def of(cls, measure: offences.Measure) -> "MeasureShown":
        return cls(
            id=measure.id,
            measure=measure.kind,
            taken_at=measure.taken_at,
            recorded_at=measure.recorded_at,
            by=_face_of(measure.by),
            reason=measure.reason,
            confirmed_at=measure.confirmed_at,
        )


class ToldReport(Answer):
    """An authority that was told, or is to be."""

    id: str
    kind: AuthorityKind
    authority: str
    """Its name."""
    state: ReportState
    due_at: Stamp | None
    sent_at: Stamp | None
    receipt_no: str | None

    @classmethod
    def of(cls, report: AuthorityReport) -> "ToldReport":
        return cls(
            id=report.id,
            kind=report.authority.kind,
            authority=report.authority.name,
            state=report.state,
            due_at=report.due_at,
            sent_at=report.sent.at if report.sent else None,
            receipt_no=report.receipt_no,
        )


class ViolationShown(Answer):
    id: str
    account_id: str
    board_id: str | None
    category: Category
    source: Source
    discovered_at: Stamp
    recorded_at: Stamp
    state: ViolationState
    stopped_at: Stamp | None
    """Since when nobody reads it any more."""
    content: ContentShown
    measures: list[MeasureShown]
    reports: list[ToldReport]
    case: str | None

    @classmethod
    def of(cls, view: ViolationView) -> "ViolationShown":
        found = view.violation
        return cls(
            id=found.id,
            account_id=found.account_id,
            board_id=found.board_id,
            category=found.category,
            source=found.source,
            discovered_at=found.discovered_at,
            recorded_at=found.recorded_at,
            state=view.state,
            stopped_at=stopped_at(view.measures),
            content=ContentShown.of(found.content),
            measures=[MeasureShown.of(one) for one in view.measures],
            reports=[ToldReport.of(one) for one in view.reports],
            case=found.case,
        )


class ViolationPage(Answer):
    items: list[ViolationShown]
    next_cursor: str | None


class StaffMeasureShown(Answer):
    id: str
    measure: MeasureKind
    taken_at: Stamp
    recorded_at: Stamp
    by: Named
    reason: str
    confirmed_at: Stamp | None

    @classmethod
    def of(cls, measure: offences.Measure) -> "StaffMeasureShown":
        return cls(
            id=measure.id,
            measure=measure.kind,
            taken_at=measure.taken_at,
            recorded_at=measure.recorded_at,
            by=named(measure.by),
            reason=measure.reason,
            confirmed_at=measure.confirmed_at,
        )


class HoldShown(Answer):
    at: Stamp
    by: str
    reason: str


class ObligationShown(Answer):
    kinds: list[AuthorityKind]
    """Any of these is to be told."""
    due_at: Stamp
    report_id: str | None
    met: bool

    @classmethod
    def of(cls, one: Obligation) -> "ObligationShown":
        report_id = one.report.id if one.report else None
        return cls(kinds=list(one.kinds), due_at=one.due_at, report_id=report_id, met=one.is_met())


class StaffViolationShown(Answer):
    id: str
    forum_id: str
    account_id: str
    board_id: str | None
    category: Category
    source: Source
    discovered_at: Stamp
    recorded_at: Stamp
    recorded_by: Named
    state: ViolationState
    stopped_at: Stamp | None
    content: ContentShown
    measures: list[StaffMeasureShown]
    reports: list[ToldReport]
    obligations: list[ObligationShown]
    """Which authorities are to be told, and by when."""
    case: str | None
    kept_until: Stamp
    hold: HoldShown | None
    erased_at: Stamp | None

    @classmethod
    def of(cls, view: ViolationView) -> "StaffViolationShown":
        found, hold = view.violation, view.violation.hold
        return cls(
            id=found.id,
            forum_id=found.forum_id,
            account_id=found.account_id,
            board_id=found.board_id,
            category=found.category,
            source=found.source,
            discovered_at=found.discovered_at,
            recorded_at=found.recorded_at,
            recorded_by=named(found.recorded_by),
            state=view.state,
            stopped_at=stopped_at(view.measures),
            content=ContentShown.of(found.content),
            measures=[StaffMeasureShown.of(one) for one in view.measures],
            reports=[ToldReport.of(one) for one in view.reports],
            obligations=[ObligationShown.of(one) for one in view.obligations],
            case=found.case,
            kept_until=found.kept_until,
            hold=HoldShown(at=hold.at, by=hold.by, reason=hold.reason) if hold else None,
            erased_at=found.erased_at,
        )


class StaffViolationPage(Answer):
    items: list[StaffViolationShown]
    next_cursor: str | None


class EvidenceContent(Answer):
    ref: str
    text: str
    published_at: str
    ip: str | None
    port: int | None


class EvidenceShown(Answer):
    """As it was written, to the letter: its canonical form (RFC 8785) has the digest."""

    v: int
    salt: str
    violation_id: str
    forum_id: str
    account_id: str
    handle: str
    external_id: str | None
    board_id: str | None
    category: str
    source: str
    discovered_at: str
    recorded_at: str
    content: EvidenceContent


class OpenedEvidenceShown(Answer):
    evidence: EvidenceShown | None
    """Null where the seal does not open: it was bent, or a key is missing."""
    sha256: str
    verified: bool

    @classmethod
    def of(cls, opened: OpenedEvidence) -> "OpenedEvidenceShown":
        shown = EvidenceShown.model_validate(opened.evidence.said()) if opened.evidence else None
        return cls(evidence=shown, sha256=opened.sha256.hex(), verified=opened.verified)


class EvidenceAsked(Request):
    reason: Reason


class HoldGiven(Request):
    """A reason holds the evidence; null lets it go again."""

    reason: Reason | None


def named(by: By) -> Named:
    return Named(kind=by.kind, id=by.id)


def _face_of(by: By) -> Literal["forum", "staff"]:
    return "forum" if by.kind == ActorKind.CLIENT else "staff"
