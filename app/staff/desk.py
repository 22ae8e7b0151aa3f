"""Everything about the staff that a face may call, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.audit.receipts import Receipts
from app.crypto.envelope import Records
from app.crypto.mac import Mac
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import Actor
from app.kernel.clock import Clock
from app.kernel.secret import Secret
from app.staff.access import Permission
from app.staff.domain import Face
from app.staff.errors import RoleNotSufficient
from app.staff.own_credentials import OwnCredentials
from app.staff.seals import Seals
from app.staff.second_factor import SecondFactors
from app.staff.service import Members
from app.staff.sessions import Sessions


@dataclass(frozen=True, slots=True)
class StaffDesk:
    sessions: Sessions
    members: Members
    own: OwnCredentials
    clock: Clock

    def auditor(self, token: Secret[str]) -> Actor | None:
        """Who may read the log by this token of the API; None for nobody's. Raises `RoleNotSufficient`."""
        session = self.sessions.find(token, Face.API)
        if session is not None and not session.staff.may(Permission.AUDIT, self.clock.now()):
            raise RoleNotSufficient
        return session.staff.as_actor() if session else None


def open_staff_desk(
    unit_of_work: UnitOfWork, records: Records, mac: Mac, receipts: Receipts, clocks: Sequence[Clock]
) -> StaffDesk:
    """`clocks`: the service's own first, then any other that an authenticator may go by."""
    second_factors = SecondFactors(records, mac, clocks)
    return StaffDesk(
        Sessions(unit_of_work, mac, second_factors),
        Members(unit_of_work, records, receipts, second_factors, Seals(mac), clocks[0]),
        OwnCredentials(unit_of_work, second_factors),
        clocks[0],
    )
