"""Steps for other rooms: who a member of the staff is at this moment, and who holds a role."""

from collections.abc import Collection

from app.db.unit_of_work import Transaction
from app.kernel.ids import StaffId
from app.staff import repository
from app.staff.access import Role
from app.staff.domain import Staff


def find_member(tx: Transaction, staff_id: str) -> Staff | None:
    return repository.find(tx.session, staff_id)


def find_members(tx: Transaction, staff_ids: Collection[StaffId]) -> dict[StaffId, Staff]:
    found = (repository.find(tx.session, one) for one in sorted(staff_ids))
    return {one.id: one for one in found if one is not None}


def holders_of(tx: Transaction, role: Role) -> list[Staff]:
    """Whatever their state; the oldest first."""
    return repository.holders_of(tx.session, role)


def all_members(tx: Transaction) -> list[Staff]:
    """Whatever their state; the oldest first."""
    return repository.all_members(tx.session)
