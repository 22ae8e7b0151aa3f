"""Every query on members and their roles."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from app.kernel.ids import StaffId
from app.staff.access import Role
from app.staff.domain import Staff, StaffState
from app.staff.models import StaffRoleRow, StaffRow

_ROLES, _STATES = frozenset(Role), frozenset(StaffState)
"""What anybody else wrote there is no role, and lets nobody in."""


def add(session: Session, staff: Staff) -> None:
    session.add(
        StaffRow(
            id=staff.id,
            email=staff.email,
            password_hash=None,
            sealed_totp_seed=None,
            state=staff.state,
            proposed_by=staff.proposed_by,
            created_at=staff.created_at,
            disabled_at=staff.disabled_at,
            ends_at=staff.ends_at,
            own_password_at=staff.own_password_at,
            credentials_at=staff.credentials_at,
            confirmed_by=staff.confirmed_by,
            version=staff.version,
            seal=staff.seal,
        )
    )
    session.flush()
    _add_roles(session, staff)


def save(session: Session, staff: Staff) -> bool:
    """False when somebody else changed the member since they were read."""
    result = session.execute(
        update(StaffRow)
        .where(StaffRow.id == staff.id, StaffRow.version == staff.version)
        .values(
            state=staff.state,
            proposed_by=staff.proposed_by,
            disabled_at=staff.disabled_at,
            ends_at=staff.ends_at,
            own_password_at=staff.own_password_at,
            credentials_at=staff.credentials_at,
            confirmed_by=staff.confirmed_by,
            version=staff.version + 1,
            seal=staff.seal,
        )
    )
    if not (isinstance(result, CursorResult) and result.rowcount == 1):
        return False
    session.execute(delete(StaffRoleRow).where(StaffRoleRow.staff_id == staff.id))
    _add_roles(session, staff)
    return True


def _add_roles(session: Session, staff: Staff) -> None:
    session.add_all(StaffRoleRow(staff_id=staff.id, role=role, granted_at=since) for role, since in staff.roles.items())
    session.flush()


def find(session: Session, staff_id: str) -> Staff | None:
    if not staff_id.isascii():
        return None
    return _whole(session, session.scalars(select(StaffRow).where(StaffRow.id == staff_id)).all())


def find_by_email(session: Session, email: str) -> Staff | None:
    return _whole(session, session.scalars(select(StaffRow).where(StaffRow.email == email)).all())


def all_members(session: Session) -> list[Staff]:
    """The oldest first."""
    return _members(session, session.scalars(select(StaffRow).order_by(StaffRow.id)).all())


def holders_of(session: Session, role: Role) -> list[Staff]:
    """Whatever their state; the oldest first."""
    holds = select(StaffRoleRow.staff_id).where(StaffRoleRow.role == role)
    return _members(
        session, session.scalars(select(StaffRow).where(StaffRow.id.in_(holds)).order_by(StaffRow.id)).all()
    )


def password_hash(session: Session, staff_id: StaffId) -> str | None:
    return session.scalar(select(StaffRow.password_hash).where(StaffRow.id == staff_id))


def sealed_totp_seed(session: Session, staff_id: StaffId) -> bytes | None:
    return session.scalar(select(StaffRow.sealed_totp_seed).where(StaffRow.id == staff_id))


def set_password_hash(session: Session, staff_id: StaffId, hashed: str | None) -> None:
    session.execute(update(StaffRow).where(StaffRow.id == staff_id).values(password_hash=hashed))


def set_own_password(session: Session, staff_id: StaffId, hashed: str, now: datetime) -> None:
    """One that the member chose."""
    changed = {"password_hash": hashed, "own_password_at": now, "version": StaffRow.version + 1}
    session.execute(update(StaffRow).where(StaffRow.id == staff_id).values(changed))


def set_totp_seed(session: Session, staff_id: StaffId, sealed: bytes | None) -> None:
    session.execute(update(StaffRow).where(StaffRow.id == staff_id).values(sealed_totp_seed=sealed))


def _whole(session: Session, rows: Iterable[StaffRow]) -> Staff | None:
    return next(iter(_members(session, rows)), None)


def _members(session: Session, rows: Iterable[StaffRow]) -> list[Staff]:
    found = list(rows)
    roles: dict[str, dict[Role, datetime]] = {}
    ids = [row.id for row in found] or [""]  # the same query for nobody
    query = select(StaffRoleRow).where(StaffRoleRow.staff_id.in_(ids))
    for role in session.scalars(query.order_by(StaffRoleRow.role)):
        if role.role in _ROLES:
            roles.setdefault(role.staff_id, {})[Role(role.role)] = role.granted_at
    return [_staff(row, roles.get(row.id, {})) for row in found]


def _staff(row: StaffRow, roles: dict[Role, datetime]) -> Staff:
    return Staff(
        id=StaffId(row.id),
        email=row.email,
        state=StaffState(row.state) if row.state in _STATES else StaffState.DISABLED,
        roles=roles,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        ends_at=row.ends_at,
        proposed_by=StaffId(row.proposed_by) if row.proposed_by else None,
        own_password_at=row.own_password_at,
        version=row.version,
        credentials_at=row.credentials_at,
        confirmed_by=StaffId(row.confirmed_by) if row.confirmed_by else None,
        seal=row.seal,
    )
