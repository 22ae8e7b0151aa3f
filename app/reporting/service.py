"""Everything about complaints and appeals that a face may call, put together."""

from dataclasses import dataclass

from app.crypto.envelope import Records
from app.crypto.mac import Mac
from app.db.unit_of_work import UnitOfWork
from app.reporting.appealing import Appeals, OpenTicket
from app.reporting.appeals import Effects
from app.reporting.decisions import FirstDecisions
from app.reporting.desk import Complaints
from app.reporting.erasure import CaseErasure
from app.reporting.escalation import Escalations
from app.reporting.filing import Filing
from app.reporting.handling import Handling
from app.reporting.integrity import Integrity
from app.reporting.misuse import MisuseDesk
from app.reporting.recusals import Recusals
from app.reporting.transparency import TransparencyDesk
from app.screening.overturning import Overturning
from app.verification.misuse import MisuseProofs


@dataclass(frozen=True, slots=True)
class ComplaintDesk:
    public: Complaints
    handling: Handling
    recusals: Recusals
    escalations: Escalations
    erasure: CaseErasure
    filing: Filing
    """The one step by which cases come in."""
    appeals: Appeals
    integrity: Integrity
    misuse: MisuseDesk
    overturning: Overturning
    transparency: TransparencyDesk


@dataclass(frozen=True, slots=True)
class Remedies:
    """What lower rooms do for whoever was wronged."""

    overturning: Overturning
    proofs: MisuseProofs
    open_ticket: OpenTicket


def open_complaint_desk(unit_of_work: UnitOfWork, records: Records, mac: Mac, remedies: Remedies) -> ComplaintDesk:
    filing, decisions = Filing(records, mac), FirstDecisions(remedies.overturning)
    effects = Effects(decisions, remedies.overturning, remedies.proofs).table()
    return ComplaintDesk(
        public=Complaints(unit_of_work, filing),
        handling=Handling(unit_of_work, filing, records, effects),
        recusals=Recusals(unit_of_work),
        escalations=Escalations(unit_of_work),
        erasure=CaseErasure(unit_of_work),
        filing=filing,
        appeals=Appeals(unit_of_work, filing, decisions, remedies.open_ticket),
        integrity=Integrity(unit_of_work),
        misuse=MisuseDesk(unit_of_work, filing, remedies.proofs),
        overturning=remedies.overturning,
        transparency=TransparencyDesk(unit_of_work),
    )
