"""A job: what is late is escalated, once in each stage, however many workers run."""

from app import policies
from app.audit import service as audit
from app.audit.domain import Action
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import SYSTEM
from app.reporting import case_rows
from app.reporting.case_rows import case_of
from app.reporting.filing import object_kind


class Escalations:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def escalate_late(self) -> int:
        """How many were. Source: L11d."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            found = case_rows.escalate(tx.session, tx.now, policies.CASES_ESCALATED_AT_ONCE.value)
            for row in found:
                case = case_of(row)
                audit.record(tx, Action.COMPLAINT_ESCALATED, object_kind(case), case.id, reason=case.queue)
            return len(found)
