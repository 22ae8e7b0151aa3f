"""Everything about disclosures that a face may call, put together."""

from dataclasses import dataclass

from app.audit.desk import AuditDesk
from app.crypto.envelope import Records
from app.crypto.mac import Mac
from app.db.unit_of_work import UnitOfWork
from app.disclosure.docket import Docket, IsAdult
from app.disclosure.openings import Openings
from app.disclosure.sealing import Sealing
from app.disclosure.seals import Seals
from app.disclosure.service import Disclosures
from app.disclosure.telling import Tellings
from app.staff.seals import Seals as MemberSeals
from app.vault.service import Vault


@dataclass(frozen=True, slots=True)
class DisclosureDesk:
    requests: Disclosures
    openings: Openings
    sealing: Sealing
    tellings: Tellings


def open_disclosure_desk(
    unit_of_work: UnitOfWork, records: Records, mac: Mac, vault: Vault, is_adult: IsAdult, audit: AuditDesk
) -> DisclosureDesk:
    docket = Docket(records, Seals(mac), MemberSeals(mac), is_adult)
    openings = Openings(unit_of_work, docket, vault, audit)
    return DisclosureDesk(
        requests=Disclosures(unit_of_work, docket, audit.receipts),
        openings=openings,
        sealing=Sealing(unit_of_work, mac, docket, openings),
        tellings=Tellings(unit_of_work, docket),
    )
