"""What a company asks to be deleted takes a second member. Source: L9."""

from app.db.unit_of_work import Transaction
from app.reporting.domain import ASKED_BY_A_COMPANY, CaseId, OnBehalf
from app.reporting.errors import NeedsAgreement
from app.reporting.models import CaseRow


def refuse_unagreed(tx: Transaction, case_id: CaseId, measure: str) -> None:
    """A step: a measure that a company asked for waits until a second member agrees to that one.

    Raises `NeedsAgreement`. Source: L9.
    """
    row = tx.session.get(CaseRow, case_id)
    if row is None or row.on_behalf != OnBehalf.COMPANY or measure not in ASKED_BY_A_COMPANY:
        return
    if row.agreed_by is None or measure not in row.measures:
        raise NeedsAgreement
