"""What a company asks to be deleted takes a second member, whether or not its case is named. Source: L9."""

from collections.abc import Sequence

from app.db.unit_of_work import Transaction
from app.reporting import case_rows
from app.reporting.domain import ASKED_BY_A_COMPANY
from app.reporting.errors import NeedsAgreement
from app.reporting.offences import Violation


def refuse_unagreed(tx: Transaction, violation: Violation, measure: str, digests: Sequence[bytes]) -> None:
    """A step: a measure that a company asked for waits until a second member agrees to that one.

    The case of the violation asks for it, and every case of a company about the same content or account that is not
    over: so nobody gets around it by naming none. `digests` are those of the content's names. Raises `NeedsAgreement`.
    """
    if measure not in ASKED_BY_A_COMPANY:
        return
    for row in case_rows.of_companies(tx.session, violation, digests):
        if row.agreed_by is None or measure not in row.measures:
            raise NeedsAgreement
