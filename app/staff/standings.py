"""Steps for the rooms above: who members of the staff are at this moment, whatever their state."""

from collections.abc import Collection

from app.db.unit_of_work import Transaction
from app.kernel.ids import StaffId
from app.staff import repository
from app.staff.domain import Staff


def find_member(tx: Transaction, staff_id: str) -> Staff | None:
    return repository.find(tx.session, staff_id)


def find_members(tx: Transaction, staff_ids: Collection[StaffId]) -> dict[StaffId, Staff]:
    found = (repository.find(tx.session, one) for one in sorted(staff_ids))
    return {one.id: one for one in found if one is not None}


def all_members(tx: Transaction) -> list[Staff]:
    """The oldest first."""
    return repository.all_members(tx.session)
