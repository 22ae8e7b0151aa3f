"""Everything about complaints and appeals that a face may call, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.crypto.envelope import Records
from app.crypto.mac import Mac
from app.db.unit_of_work import UnitOfWork
from app.reporting.desk import Complaints
from app.reporting.domain import AgainstKind
from app.reporting.erasure import CaseErasure
from app.reporting.escalation import Escalations
from app.reporting.filing import Filing
from app.reporting.handling import Effect, Handling
from app.reporting.recusals import Recusals


@dataclass(frozen=True, slots=True)
class ComplaintDesk:
    public: Complaints
    handling: Handling
    recusals: Recusals
    escalations: Escalations
    erasure: CaseErasure
    filing: Filing
    """The one step by which cases come in."""


def open_complaint_desk(
    unit_of_work: UnitOfWork, records: Records, mac: Mac, effects: Mapping[AgainstKind, Effect]
) -> ComplaintDesk:
    """`effects` say what a decided appeal does, by what it is against."""
    filing = Filing(records, mac)
    return ComplaintDesk(
        public=Complaints(unit_of_work, filing),
        handling=Handling(unit_of_work, filing, records, effects),
        recusals=Recusals(unit_of_work),
        escalations=Escalations(unit_of_work),
        erasure=CaseErasure(unit_of_work),
        filing=filing,
    )
