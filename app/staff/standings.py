"""Steps for the rooms above: who members of the staff are at this moment, whatever their state."""

from app.db.unit_of_work import Transaction
from app.staff import repository
from app.staff.domain import Staff


def find_member(tx: Transaction, staff_id: str) -> Staff | None:
    return repository.find(tx.session, staff_id)


def all_members(tx: Transaction) -> list[Staff]:
    """The oldest first."""
    return repository.all_members(tx.session)
