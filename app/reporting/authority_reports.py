"""Use cases of reports to authorities: draft, approve by another member, send, receipt; never an identity in them.

Source: L3, L7e, N6.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Place, Records
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.actor import SYSTEM, Actor
from app.kernel.ids import StaffId, new_id
from app.kernel.secret import Secret
from app.organisation.domain import Authority, AuthorityKind
from app.organisation.errors import NoSuchAuthority
from app.organisation.service import authorities_in_use, find_authority
from app.reporting import report_rows
from app.reporting.documents import Document, document_of, read_document, write_document
from app.reporting.moments import refuse_outside
from app.reporting.offence_errors import (
    BEFORE_IT_WAS_APPROVED,
    EvidenceErased,
    NoAuthority,
    NoSuchReport,
    NoSuchViolation,
    NotADraft,
    NotApprovedYet,
    OwnDraft,
    ReportBegun,
    ReportWasSent,
    ReportWasWithdrawn,
)
from app.reporting.offences import AuthorityReport, NewReport, ReportFilter, ReportId, ReportState, Step, due_at
from app.reporting.violation_models import AuthorityReportRow
from app.reporting.violations import get_violation, hidden_from
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_KINDS = frozenset(AuthorityKind)


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as staff see it: frozen once it is approved, as it would be now before; None once its time is over."""

    report: AuthorityReport
    document: Document | None = field(repr=False)
    note: Secret[str] | None
    verified: bool
    """Whether the document is the one that was approved; also of a draft."""


class AuthorityReports:
    def __init__(self, unit_of_work: UnitOfWork, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._records = records

    def draft(self, actor: Actor, violation_id: str, new: NewReport) -> AuthorityReport:
        """Begins a report to an authority of the directory, or to the first one in use of a kind.

        Raises `NoSuchViolation`, `NoSuchAuthority`, `NoAuthority`, `EvidenceErased`, `ReportBegun`, `Invalid`.
        """
        if new.note is not None:
            refuse_unreadable([Text(Field.REASON, "/note", new.note)])
        try:
            with self._unit_of_work.begin(actor) as tx:
                return self._draft(tx, violation_id, new)
        except ConstraintViolated as violated:
            if violated.constraint != report_rows.OPEN_REPORT_RULE:
                raise
            raise ReportBegun from None

    def _draft(self, tx: Transaction, violation_id: str, new: NewReport) -> AuthorityReport:
        violation, authority = get_violation(tx, None, violation_id), _authority(tx, new.authority)
        if violation.erased_at is not None:
            raise EvidenceErased
        report = AuthorityReport(
            id=ReportId(new_id("rep", tx.now)),
            violation_id=violation.id,
            authority_id=authority.id,
            authority=authority.entry,
            due_at=due_at(authority.entry.kind, violation.discovered_at),
            disclosure_id=new.disclosure_id,
            drafted=_step(tx),
            approved=None,
            sha256=None,
            sent=None,
            receipt_no=None,
            receipt_at=None,
            withdrawn=None,
            withdrawn_because=None,
        )
        note = None if new.note is None else self._records.seal(Secret(new.note), _place(report.id, "note"))
        report_rows.add(tx.session, report, note)
        self._record(tx, Action.REPORT_DRAFTED, report)
        return report

    def approve(self, actor: Actor, report_id: str) -> AuthorityReport:
        """Another member than who drafted it: what is sent is frozen now.

        Raises `NoSuchReport`, `OwnDraft`, `NotADraft`, `EvidenceErased`.
        """
        with self._unit_of_work.begin(actor) as tx:
            report = _found(tx, report_id, lock=True)
            if report.drafted.by == tx.actor.id:
                raise OwnDraft
            if report.state is not ReportState.DRAFT:
                raise NotADraft
            document = write_document(document_of(tx, self._records, report, self._note(tx, report)))
            digest, step = sha256(document.encode()).digest(), _step(tx)
            sealed = self._records.seal(Secret(document), _place(report.id, "document"))
            report_rows.approve(tx.session, report.id, step, sealed, digest)
            self._record(tx, Action.REPORT_APPROVED, report, digest.hex())
            return replace(report, approved=step, sha256=digest)

    def note_sent(
        self, actor: Actor, report_id: str, receipt_no: str | None, sent_at: datetime | None
    ) -> AuthorityReport:
        """That it was sent, and the authority's receipt, at once or later; nobody sends what nobody else approved.

        Raises `NoSuchReport`, `NotApprovedYet`, `ReportWasSent`, `ReportWasWithdrawn`, `Invalid`.
        """
        if receipt_no is not None:
            refuse_unreadable([Text(Field.EXTERNAL_ID, "/receipt_no", receipt_no)])
        with self._unit_of_work.begin(actor) as tx:
            report = _found(tx, report_id, lock=True)
            if report.withdrawn is not None:
                raise ReportWasWithdrawn
            if report.approved is None:
                raise NotApprovedYet
            if report.receipt_no is not None or (report.sent is not None and receipt_no is None):
                raise ReportWasSent
            if report.sent is None:
                at = refuse_outside(tx, "/sent_at", sent_at or tx.now, report.approved.at, BEFORE_IT_WAS_APPROVED)
                report = replace(report, sent=Step(at, StaffId(tx.actor.id)))
                report_rows.send(tx.session, report.id, Step(at, StaffId(tx.actor.id)))
            if receipt_no is not None:
                report = replace(report, receipt_no=receipt_no, receipt_at=tx.now)
                report_rows.add_receipt(tx.session, report.id, receipt_no, tx.now)
            self._record(tx, Action.REPORT_SENT, report)
            return report

    def withdraw(self, actor: Actor, report_id: str, reason: str) -> AuthorityReport:
        """Ends a report that was not sent. Raises `NoSuchReport`, `ReportWasSent`, `ReportWasWithdrawn`, `Invalid`."""
        refuse_unreadable([Text(Field.REASON, "/reason", reason)])
        with self._unit_of_work.begin(actor) as tx:
            report = _found(tx, report_id, lock=True)
            if report.withdrawn is not None:
                raise ReportWasWithdrawn
            if report.sent is not None:
                raise ReportWasSent
            step = _step(tx)
            report_rows.withdraw(tx.session, report.id, step, reason)
            self._record(tx, Action.REPORT_WITHDRAWN, report)
            return replace(report, withdrawn=step, withdrawn_because=reason)

    def list_all(self, wanted: ReportFilter, reader: Actor = SYSTEM) -> list[AuthorityReport]:
        """Newest first, without their documents, and without what concerns accounts of the reader's own."""
        with self._unit_of_work.read() as tx:
            return report_rows.newest(tx.session, wanted, hidden_from(replace(tx, actor=reader)))

    def get(self, actor: Actor, report_id: str) -> ReportView:
        """With its document; that holds what was published, and so whoever reads it is on record.

        Raises `NoSuchReport`.
        """
        with self._unit_of_work.begin(actor) as tx:
            report = _found(tx, report_id)
            view = self._view(tx, report)
            said = "report" if view.verified else "report-not-verified"
            audit.record(
                tx, Action.EVIDENCE_OPENED, ObjectKind.VIOLATION, report.violation_id, reason=said, case=report.id
            )
            return view

    def _view(self, tx: Transaction, report: AuthorityReport) -> ReportView:
        note = self._note(tx, report)
        if report.sha256 is None:
            erased = get_violation(tx, None, report.violation_id).erased_at is not None
            if erased or report.withdrawn is not None:
                return ReportView(report, None, note, verified=True)
            return ReportView(report, document_of(tx, self._records, report, note), note, verified=True)
        sealed = report_rows.texts_of(tx.session, report.id).document
        if sealed is None:
            return ReportView(report, None, note, verified=True)
        plain = self._records.unseal(sealed, _place(report.id, "document")).reveal()
        whole = sha256(plain.encode()).digest() == report.sha256
        return ReportView(report, read_document(plain), note, verified=whole)

    def _note(self, tx: Transaction, report: AuthorityReport) -> Secret[str] | None:
        sealed = report_rows.texts_of(tx.session, report.id).note
        return None if sealed is None else self._records.unseal(sealed, _place(report.id, "note"))

    def _record(self, tx: Transaction, action: Action, report: AuthorityReport, reason: str | None = None) -> None:
        """The case is the violation; of an approval the reason is the digest of what was approved, in hex."""
        audit.record(tx, action, ObjectKind.REPORT, report.id, reason=reason, case=report.violation_id)


def _found(tx: Transaction, report_id: str, *, lock: bool = False) -> AuthorityReport:
    """Raises `NoSuchReport`, also where the violation concerns the member who acts."""
    found = report_rows.find(tx.session, report_id, lock=lock)
    if found is None:
        raise NoSuchReport
    try:
        get_violation(tx, None, found.violation_id)
    except NoSuchViolation:
        raise NoSuchReport from None
    return found


def _step(tx: Transaction) -> Step:
    return Step(tx.now, StaffId(tx.actor.id))


def _place(report_id: ReportId, field_name: str) -> Place:
    return Place(AuthorityReportRow.__tablename__, report_id, field_name)


def _authority(tx: Transaction, named: str) -> Authority:
    """By id, or the oldest in use of a kind."""
    if named not in _KINDS:
        found = find_authority(tx, named)
        if found is None:
            raise NoSuchAuthority
        if found.ended_because is not None:
            raise NoAuthority
        return found
    of_kind = next((one for one in authorities_in_use(tx) if one.entry.kind == named), None)
    if of_kind is None:
        raise NoAuthority
    return of_kind
