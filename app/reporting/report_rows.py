"""Every query on reports to authorities."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.db.words import read_word
from app.kernel.ids import AuthorityId, StaffId
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.docket import Recused
from app.reporting.offences import AuthorityReport, ReportFilter, ReportId, ReportState, Step, ViolationId
from app.reporting.violation_models import AuthorityReportRow, ViolationRow
from app.reporting.violation_rows import visible_to

OPEN_REPORT_RULE = "uq_authority_reports_open"


@dataclass(frozen=True, slots=True)
class SealedTexts:
    """What of a report is readable to staff alone; None once its time is over, or before there is any."""

    note: bytes | None = field(repr=False)
    document: bytes | None = field(repr=False)


def add(session: Session, report: AuthorityReport, sealed_note: bytes | None) -> None:
    """Raises `ConstraintViolated` where one to the same authority is open already."""
    entry = report.authority
    session.add(
        AuthorityReportRow(
            id=report.id,
            violation_id=report.violation_id,
            authority_id=report.authority_id,
            authority_name=entry.name,
            kind=entry.kind,
            region=entry.region,
            channel=entry.channel,
            reviewed_on=entry.reviewed_on,
            due_at=report.due_at,
            sealed_note=sealed_note,
            disclosure_id=report.disclosure_id,
            drafted_at=report.drafted.at,
            drafted_by=report.drafted.by,
        )
    )
    session.flush()


def find(session: Session, report_id: str, *, lock: bool = False) -> AuthorityReport | None:
    if not report_id.isascii() or not report_id.isprintable():
        return None
    query = select(AuthorityReportRow).where(AuthorityReportRow.id == report_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _report(row) if row else None


def reports_on(session: Session, violation_ids: Collection[ViolationId]) -> dict[ViolationId, list[AuthorityReport]]:
    """Of these violations, the earliest first."""
    query = select(AuthorityReportRow).where(AuthorityReportRow.violation_id.in_(violation_ids))
    found: dict[ViolationId, list[AuthorityReport]] = {}
    for report in map(_report, session.scalars(query.order_by(AuthorityReportRow.id))):
        found.setdefault(report.violation_id, []).append(report)
    return found


def newest(session: Session, wanted: ReportFilter, hidden: Recused) -> list[AuthorityReport]:
    """Newest first, without those of violations that concern these accounts and boards."""
    query = select(AuthorityReportRow)
    if seen := visible_to(hidden):
        query = query.join(ViolationRow, ViolationRow.id == AuthorityReportRow.violation_id).where(*seen)
    if wanted.state is not None:
        query = query.where(*_is(wanted.state))
    if wanted.due_before is not None:
        query = query.where(AuthorityReportRow.due_at < wanted.due_before)
    if wanted.before is not None:
        query = query.where(AuthorityReportRow.id < wanted.before)
    rows = session.scalars(query.order_by(AuthorityReportRow.id.desc()).limit(wanted.limit))
    return [_report(row) for row in rows]


def _is(state: ReportState) -> list[ColumnElement[bool]]:
    row = AuthorityReportRow
    if state is ReportState.WITHDRAWN:
        return [row.withdrawn_at.is_not(None)]
    stands = row.withdrawn_at.is_(None)
    match state:
        case ReportState.DRAFT:
            return [stands, row.approved_at.is_(None)]
        case ReportState.APPROVED:
            return [stands, row.approved_at.is_not(None), row.sent_at.is_(None)]
        case ReportState.SENT:
            return [stands, row.sent_at.is_not(None), row.receipt_no.is_(None)]
        case ReportState.RECEIVED:
            return [stands, row.receipt_no.is_not(None)]


def texts_of(session: Session, report_id: ReportId) -> SealedTexts:
    row = session.get_one(AuthorityReportRow, report_id)
    return SealedTexts(row.sealed_note, row.sealed_document)


def approve(session: Session, report_id: ReportId, step: Step, sealed_document: bytes, digest: bytes) -> None:
    _set(session, report_id, approved_at=step.at, approved_by=step.by, sealed_document=sealed_document, digest=digest)


def send(session: Session, report_id: ReportId, step: Step) -> None:
    _set(session, report_id, sent_at=step.at, sent_by=step.by)


def add_receipt(session: Session, report_id: ReportId, receipt_no: str, at: datetime) -> None:
    _set(session, report_id, receipt_no=receipt_no, receipt_at=at)


def withdraw(session: Session, report_id: ReportId, step: Step, because: str) -> None:
    _set(session, report_id, withdrawn_at=step.at, withdrawn_by=step.by, withdrawn_because=because)


def _set(session: Session, report_id: ReportId, **values: object) -> None:
    session.execute(update(AuthorityReportRow).where(AuthorityReportRow.id == report_id).values(**values))


def _report(row: AuthorityReportRow) -> AuthorityReport:
    kind = read_word(AuthorityKind, row.kind, row.id)
    entry = AuthorityEntry(row.authority_name, kind, row.region, row.channel, row.reviewed_on)
    return AuthorityReport(
        id=ReportId(row.id),
        violation_id=ViolationId(row.violation_id),
        authority_id=AuthorityId(row.authority_id),
        authority=entry,
        due_at=row.due_at,
        disclosure_id=row.disclosure_id,
        drafted=Step(row.drafted_at, StaffId(row.drafted_by)),
        approved=_step(row.approved_at, row.approved_by),
        sha256=row.digest,
        sent=_step(row.sent_at, row.sent_by),
        receipt_no=row.receipt_no,
        receipt_at=row.receipt_at,
        withdrawn=_step(row.withdrawn_at, row.withdrawn_by),
        withdrawn_because=row.withdrawn_because,
    )


def _step(at: datetime | None, by: str | None) -> Step | None:
    return None if at is None or by is None else Step(at, StaffId(by))
