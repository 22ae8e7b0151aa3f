"""Use cases of prohibited content: record it with its evidence, say what was done, open and hold what was kept."""

from dataclasses import replace
from hashlib import sha256

from app.accounts.domain import Account
from app.accounts.service import find_named
from app.audit import service as audit
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, ObjectKind
from app.boards.service import get_board
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType, ViolationPayload
from app.events.service import publish
from app.forums.service import get_forum
from app.kernel.actor import SYSTEM, Actor, ActorKind
from app.kernel.ids import ForumId, StaffId, new_id
from app.kernel.secret import Secret
from app.reporting import case_rows, evidence, measures, report_rows, violation_rows
from app.reporting.agreement import refuse_unagreed
from app.reporting.docket import Recused
from app.reporting.domain import TargetKind
from app.reporting.errors import NoSuchCase
from app.reporting.evidence import OpenedEvidence
from app.reporting.figures import reporting_figures
from app.reporting.filing import Filing
from app.reporting.moments import refuse_outside
from app.reporting.offence_errors import ANOTHER_ACCOUNT, EvidenceErased, NoSuchViolation, unfit
from app.reporting.offences import (
    KEPT,
    By,
    Hold,
    Measure,
    NewMeasure,
    NewViolation,
    StoredContent,
    Violation,
    ViolationFigures,
    ViolationFilter,
    ViolationId,
    ViolationView,
)
from app.reporting.recusals import recused_from
from app.screening.domain import Field, Text
from app.screening.screenings import find_published
from app.screening.service import refuse_unreadable

_BENT = "not-verified"


class ViolationDesk:
    def __init__(self, unit_of_work: UnitOfWork, records: Records, filing: Filing) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._filing = filing

    def record(self, actor: Actor, forum_id: ForumId, new: NewViolation) -> ViolationView:
        """Puts prohibited content on record, with evidence that outlives the post and the account.

        Raises `ForumNotFound`, `AccountNotFound`, `NoSuchBoard`, `Invalid`. Source: L7a, L7d.
        """
        with self._unit_of_work.begin(actor) as tx:
            get_forum(tx, forum_id)
            return view_of(tx, self.record_in(tx, forum_id, new))

    def record_in(self, tx: Transaction, forum_id: ForumId, new: NewViolation) -> Violation:
        """A step: the same in the transaction of what depends on it. Raises `NoSuchCase` besides."""
        refuse_unreadable([Text(Field.EXTERNAL_ID, "/content/ref", new.content.ref)])
        account = find_named(tx, forum_id, new.account)
        violation = _new_violation(tx, account, new)
        if new.case is not None:
            _name_whose(tx, new.case, violation)
        violation_rows.add(tx.session, violation)
        digest = evidence.keep(tx, self._records, violation, account, new.content)
        audit.record(tx, Action.VIOLATION_RECORDED, ObjectKind.VIOLATION, violation.id, case=digest.hex())
        payload = ViolationPayload(
            violation.id, account.id, account.external_id, violation.board_id, violation.category, violation.source
        )
        publish(tx, forum_id, EventType.VIOLATION_RECORDED, payload, subject=account.id)
        return violation

    def get(self, forum_id: ForumId | None, violation_id: str, reader: Actor = SYSTEM) -> ViolationView:
        """Of one forum, or of any for the staff who read it.

        Raises `NoSuchViolation`, also for another forum's, and for one that concerns an account of the reader's own.
        """
        with self._unit_of_work.read() as tx:
            return view_of(tx, get_violation(replace(tx, actor=reader), forum_id, violation_id))

    def list_all(self, wanted: ViolationFilter, reader: Actor = SYSTEM) -> list[ViolationView]:
        """Newest first, without their evidence, and without what concerns accounts of the reader's own."""
        with self._unit_of_work.read() as tx:
            hidden = hidden_from(replace(tx, actor=reader))
            return _views(tx, violation_rows.newest(tx.session, wanted, hidden))

    def refuse_another(self, forum_id: ForumId, violation_id: str, concerned: str) -> None:
        """Whether an act on that account or board can be for this violation. Raises `NoSuchViolation`, `Invalid`."""
        with self._unit_of_work.read() as tx:
            violation = get_violation(tx, forum_id, violation_id)
        if concerned not in {violation.account_id, violation.board_id}:
            raise unfit("/violation_id", "another-account", ANOTHER_ACCOUNT)

    def measure(self, actor: Actor, forum_id: ForumId | None, violation_id: str, new: NewMeasure) -> Measure:
        """What was done about it; what staff order waits for the forum's word. Source: L7b, L7c.

        Raises `NoSuchViolation`, `Invalid`, `NotSuspended`, `NotBanned`, `NotFrozen`, `NeedsAgreement`. Source: L9.
        """
        with self._unit_of_work.begin(actor) as tx:
            violation = get_violation(tx, forum_id, violation_id, lock=True)
            if measures.is_of_staff(actor):
                refuse_unagreed(tx, violation, new.kind, self._digests(violation))
            return measures.take(tx, violation, new)

    def _digests(self, violation: Violation) -> list[bytes]:
        """By which complaints about the same content are found."""
        names = {violation.content.ref, violation.content.url} - {None}
        return [self._filing.target_digest(violation.forum_id, TargetKind.CONTENT, str(name)) for name in names]

    def open_evidence(self, actor: Actor, violation_id: str, reason: str) -> OpenedEvidence:
        """What was kept, for a reason that is on record; a bent one is not shown as a whole one.

        Raises `NoSuchViolation`, `EvidenceErased`, `Invalid`. Source: L7d.
        """
        refuse_unreadable([Text(Field.REASON, "/reason", reason)])
        with self._unit_of_work.begin(actor) as tx:
            violation = get_violation(tx, None, violation_id)
            opened = evidence.read(tx, self._records, violation.id)
            detail, said = Detail(self._records, Secret(reason)), None if opened.verified else _BENT
            audit.record_with(
                tx, detail, Action.EVIDENCE_OPENED, AuditObject(ObjectKind.VIOLATION, violation.id), reason=said
            )
            return opened

    def hold(self, actor: Actor, violation_id: str, reason: str | None) -> ViolationView:
        """Keeps evidence beyond its time, as long as it is held; None lets it go again.

        Raises `NoSuchViolation`, `EvidenceErased`, `Invalid`.
        """
        if reason is not None:
            refuse_unreadable([Text(Field.REASON, "/reason", reason)])
        with self._unit_of_work.begin(actor) as tx:
            violation = get_violation(tx, None, violation_id, lock=True)
            if violation.erased_at is not None:
                raise EvidenceErased
            hold = None if reason is None else Hold(tx.now, StaffId(tx.actor.id), reason)
            violation_rows.set_hold(tx.session, violation.id, hold)
            said = "released" if hold is None else "held"
            audit.record(tx, Action.EVIDENCE_HELD, ObjectKind.VIOLATION, violation.id, reason=said)
            return view_of(tx, replace(violation, hold=hold))

    def figures(self) -> ViolationFigures:
        """What waits for somebody, now."""
        with self._unit_of_work.read() as tx:
            return reporting_figures(tx).violations

    def forget_old(self) -> int:
        """A use case of the background: takes away evidence whose time is over; how many."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return evidence.forget_old(tx)


def get_violation(tx: Transaction, forum_id: ForumId | None, violation_id: str, *, lock: bool = False) -> Violation:
    """A step. Raises `NoSuchViolation`, also for another forum's, and for what concerns the member who acts."""
    found = violation_rows.find(tx.session, forum_id, violation_id, lock=lock)
    if found is None:
        raise NoSuchViolation
    hidden = hidden_from(tx)
    if found.account_id in hidden.accounts or found.board_id in hidden.boards:
        raise NoSuchViolation
    return found


def hidden_from(tx: Transaction) -> Recused:
    """A step: the accounts and boards of the member who acts, of which they see no violation. Source: L9."""
    return recused_from(tx, tx.actor.id) if tx.actor.kind is ActorKind.STAFF else Recused()


def _name_whose(tx: Transaction, case_id: str, violation: Violation) -> None:
    """The case by which it was found says from now on whose content it is about, and does not exist for them.

    Raises `NoSuchCase`, also for another forum's and for what concerns the member who acts.
    """
    case = case_rows.find(tx.session, case_id, recused_from(tx, tx.actor.id))
    if case is None or case.forum_id != violation.forum_id:
        raise NoSuchCase
    case.target_account_id = case.target_account_id or violation.account_id
    case.target_board_id = case.target_board_id or violation.board_id


def view_of(tx: Transaction, violation: Violation) -> ViolationView:
    """A step: with all that became of it."""
    return _views(tx, [violation])[0]


def _views(tx: Transaction, violations: list[Violation]) -> list[ViolationView]:
    done = measures.measures_of(tx, violations)
    reports = report_rows.reports_on(tx.session, [one.id for one in violations])
    return [ViolationView(one, done[one.id], tuple(reports.get(one.id, ()))) for one in violations]


def _new_violation(tx: Transaction, account: Account, new: NewViolation) -> Violation:
    board_id = get_board(tx, account.forum_id, new.board).id if new.board is not None else None
    published_at = refuse_outside(tx, "/content/published_at", new.content.published_at)
    discovered_at = refuse_outside(tx, "/discovered_at", new.discovered_at, published_at)
    screening_id, url = find_published(tx, account.forum_id, new.content.ref) or (None, None)
    return Violation(
        id=ViolationId(new_id("vio", tx.now)),
        forum_id=account.forum_id,
        account_id=account.id,
        board_id=board_id,
        category=new.category,
        source=new.source,
        discovered_at=discovered_at,
        recorded_at=tx.now,
        recorded_by=By(tx.actor.kind, tx.actor.id),
        content=StoredContent(
            new.content.ref, url, screening_id, published_at, sha256(new.content.text.encode()).digest()
        ),
        case=new.case,
        kept_until=tx.now + KEPT,
        hold=None,
        erased_at=None,
    )
