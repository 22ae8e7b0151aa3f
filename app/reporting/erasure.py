"""A job: contacts and texts of cases go when their time is over; what remains is a number for figures."""

from datetime import timedelta

from app import policies
from app.audit import service as audit
from app.audit.domain import Action
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import SYSTEM
from app.reporting import case_rows
from app.reporting.case_notes import erase_notes
from app.reporting.case_rows import case_of
from app.reporting.filing import object_kind
from app.reporting.models import CaseRow
from app.verification.misuse import forget_proofs

_CASE_KEPT = timedelta(days=policies.CASE_KEPT.value)
_CONTACT_KEPT = timedelta(days=policies.CONTACT_KEPT.value)
_AT_ONCE = policies.CASES_ERASED_AT_ONCE.value


class CaseErasure:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def erase_old(self) -> int:
        """How many contacts and cases were. Boundary: exactly when its time is over something goes. Source: PIPL 47."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            contacts = case_rows.contacts_before(tx.session, tx.now - _CONTACT_KEPT, _AT_ONCE)
            for row in contacts:
                row.sealed_contact, row.contact_channels, row.contact_erased_at = None, [], tx.now
                _record(tx, row, "contact")
            cases = case_rows.ended_before(tx.session, tx.now - _CASE_KEPT, _AT_ONCE)
            case_rows.erase(tx.session, cases, tx.now)
            erase_notes(tx.session, [row.id for row in cases])
            forget_proofs(tx, [row.id for row in cases])
            for row in cases:
                _record(tx, row, "case")
            return len(contacts) + len(cases)


def _record(tx: Transaction, row: CaseRow, what: str) -> None:
    case = case_of(row)
    audit.record(tx, Action.COMPLAINT_ERASED, object_kind(case), case.id, reason=what)
