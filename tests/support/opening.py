"""Opens an identity as a disclosure does, without the people that it takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.audit.proofs import Receipt
from app.audit.receipts import Receipts
from app.kernel.actor import Actor
from app.kernel.ids import PersonId
from app.kernel.secret import Secret
from app.vault.domain import IdentityField, ReadPurpose
from app.wiring import Services


@dataclass(frozen=True)
class Opened:
    fields: Mapping[IdentityField, Secret[str]]
    receipt: Receipt


def read_identity(
    services: Services,
    actor: Actor,
    person_id: PersonId,
    purpose: ReadPurpose = ReadPurpose.COURT_ORDER,
    fields: Collection[IdentityField] = tuple(IdentityField),
    case: str = "案1",
    receipts: Receipts | None = None,
) -> Opened:
    with services.unit_of_work.begin(actor) as tx:
        entry_id = services.vault.begin_reading(tx, person_id, purpose, fields, case)
    receipt = (receipts or services.audit.receipts).published(entry_id)
    with services.unit_of_work.begin(actor) as tx:
        return Opened(services.vault.open_read(tx, person_id, fields, receipt, case), receipt)
