"""Use case of whoever complains that their identity is used: the tracking code opens the way to prove who they are.

Only a complaint of that kind opens it, as long as it is not decided. What comes of the proof is for those who decide.
"""

from dataclasses import dataclass

from app.db.unit_of_work import UnitOfWork
from app.kernel.secret import Secret
from app.reporting import case_rows
from app.reporting.case_rows import case_of
from app.reporting.domain import TargetKind
from app.reporting.errors import NoSuchTrackingCode, NotAboutMisuse
from app.reporting.filing import Filing
from app.verification.misuse import AwaitedProof, MisuseCase, MisuseProofs, ProofSeen


@dataclass(frozen=True, slots=True)
class ProofFlow:
    """The way of one complaint: what `MisuseProofs` asks for, and the code that is awaited now."""

    case: MisuseCase
    awaited: AwaitedProof | None


class MisuseDesk:
    def __init__(self, unit_of_work: UnitOfWork, filing: Filing, proofs: MisuseProofs) -> None:
        self._unit_of_work = unit_of_work
        self._filing = filing
        self.proofs = proofs

    def begin(self, code: Secret[str]) -> ProofFlow:
        """Opens the flow, also half way through.

        Raises `TrackingCodeMistyped`, `NoSuchTrackingCode`, `NotAboutMisuse` also once it is decided. Source: N5.
        """
        digest = self._filing.digest(code)
        with self._unit_of_work.read() as tx:
            row = case_rows.find_by_code(tx.session, digest)
            if row is None:
                raise NoSuchTrackingCode
            found = case_of(row)
        if found.target_kind is not TargetKind.IDENTITY_MISUSE or not found.is_open:
            raise NotAboutMisuse
        case = MisuseCase(found.id, found.target_account_id)
        return ProofFlow(case, self.proofs.awaited(case))

    def seen(self, case_id: str) -> ProofSeen | None:
        """What came of it, for staff who may see the case; None as long as nobody has proved to be who they say."""
        with self._unit_of_work.read() as tx:
            return self.proofs.seen(tx, case_id)
