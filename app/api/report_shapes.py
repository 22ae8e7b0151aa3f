"""Shapes of reports to authorities."""

import dataclasses
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.api.account_shapes import Reason
from app.api.shapes import Answer, Moment, Request, Stamp
from app.organisation.domain import AuthorityKind, day_in_shanghai
from app.reporting.authority_reports import ReportView
from app.reporting.offences import AuthorityReport, NewReport, ReportState, Step


class NewReportGiven(Request):
    authority: Annotated[
        str,
        Field(min_length=1, max_length=60, description="An id of the directory, or a kind: the first in use of it."),
    ]
    note: Annotated[str, Field(min_length=1, max_length=2000, description="No identity.")] | None = None
    disclosure_id: (
        Annotated[
            str, Field(pattern="^dsc_[0-9a-f]{32}$", description="Where an instrument asked who is behind the account.")
        ]
        | None
    ) = None

    def as_report(self) -> NewReport:
        return NewReport(self.authority, self.note, self.disclosure_id)


class SentGiven(Request):
    receipt_no: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    sent_at: Moment | None = None


class WithdrawalGiven(Request):
    reason: Reason


class StepShown(Answer):
    at: Stamp
    by: str

    @classmethod
    def of(cls, step: Step | None) -> "StepShown | None":
        return cls(at=step.at, by=step.by) if step else None


class AuthorityTold(Answer):
    id: str
    name: str
    kind: AuthorityKind
    region: str
    channel: str
    """How it is reached."""
    reviewed_on: str
    review_overdue: bool
    """Nobody has looked for a long time whether this still holds."""


class ReportShown(Answer):
    id: str
    violation_id: str
    authority: AuthorityTold
    state: ReportState
    due_at: Stamp | None
    overdue: bool
    disclosure_id: str | None
    drafted: StepShown
    approved: StepShown | None
    sent: StepShown | None
    receipt_no: str | None
    receipt_at: Stamp | None
    withdrawn: StepShown | None
    withdrawn_because: str | None
    sha256: str | None
    """Of the document as it was approved, in hex."""

    @classmethod
    def of(cls, report: AuthorityReport, now: datetime) -> "ReportShown":
        return cls.model_validate(_said(report, now))


class ForumTold(Answer):
    id: str
    name: str


class AuthorityNamed(Answer):
    id: str
    name: str
    kind: str
    region: str


class ViolationTold(Answer):
    id: str
    category: str
    source: str
    discovered_at: str
    recorded_at: str
    evidence_sha256: str


class AccountTold(Answer):
    id: str
    handle: str
    external_id: str | None


class BoardTold(Answer):
    id: str
    slug: str
    name: str


class ContentTold(Answer):
    ref: str
    url: str | None
    text: str
    published_at: str
    ip: str | None
    port: int | None


class MeasureTold(Answer):
    measure: str
    taken_at: str
    confirmed_at: str | None
    reason: str


class DocumentShown(Answer):
    """What is sent: its canonical form (RFC 8785) has the digest. Nothing of it says who is behind the account."""

    v: int
    report_id: str
    forum: ForumTold
    authority: AuthorityNamed
    violation: ViolationTold
    account: AccountTold
    board: BoardTold | None
    content: ContentTold
    measures: list[MeasureTold]
    note: str | None
    disclosure_id: str | None


class ReportWithDocument(ReportShown):
    document: DocumentShown | None
    """Frozen once it is approved, before as it would be now; null once its time is over."""
    verified: bool
    """Whether it is what was approved."""

    @classmethod
    def of_view(cls, view: ReportView, now: datetime) -> "ReportWithDocument":
        document = DocumentShown.model_validate(dataclasses.asdict(view.document)) if view.document else None
        return cls.model_validate({**_said(view.report, now), "document": document, "verified": view.verified})


class ReportPage(Answer):
    items: list[ReportShown]
    next_cursor: str | None


def _said(report: AuthorityReport, now: datetime) -> dict[str, object]:
    entry = report.authority
    return {
        "id": report.id,
        "violation_id": report.violation_id,
        "authority": AuthorityTold(
            id=report.authority_id,
            name=entry.name,
            kind=entry.kind,
            region=entry.region,
            channel=entry.channel,
            reviewed_on=entry.reviewed_on.isoformat(),
            review_overdue=day_in_shanghai(now) >= entry.review_due_on,
        ),
        "state": report.state,
        "due_at": report.due_at,
        "overdue": report.is_overdue(now),
        "disclosure_id": report.disclosure_id,
        "drafted": StepShown.of(report.drafted),
        "approved": StepShown.of(report.approved),
        "sent": StepShown.of(report.sent),
        "receipt_no": report.receipt_no,
        "receipt_at": report.receipt_at,
        "withdrawn": StepShown.of(report.withdrawn),
        "withdrawn_because": report.withdrawn_because,
        "sha256": report.sha256.hex() if report.sha256 else None,
    }
