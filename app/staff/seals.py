"""Keyed seals on members and sessions: whoever can only write the database makes nobody anything.

A member whose row or roles were changed there holds no role, and such a session is none; both are logged.
"""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import structlog

from app.crypto.mac import Mac, MacUse
from app.staff.domain import Staff
from app.staff.models import StaffSessionRow

_UNSEALED = frozenset({"own_password_at", "version", "seal"})
"""What changes when a member chooses a password, and gives nobody anything."""


class Seals:
    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def sealed(self, staff: Staff) -> Staff:
        """With the seal that belongs to what they are."""
        return replace(staff, seal=self._mac.digest(MacUse.STAFF_MEMBER, _of_member(staff)))

    def whole(self, staff: Staff | None) -> Staff | None:
        """None for one who was changed in the database."""
        if staff is None or self._mac.matches(staff.seal, MacUse.STAFF_MEMBER, _of_member(staff)):
            return staff
        _warn("staff-member-altered", staff.id)
        return None

    def checked(self, staff: Staff) -> Staff:
        """Without any role if they were changed in the database: what is saved then is what somebody grants anew."""
        return self.whole(staff) or replace(staff, roles={})

    def seal_session(self, row: StaffSessionRow) -> None:
        row.seal = self._mac.digest(MacUse.STAFF_SESSION_ROW, *_of_session(row))

    def is_session(self, row: StaffSessionRow) -> bool:
        if self._mac.matches(row.seal, MacUse.STAFF_SESSION_ROW, *_of_session(row)):
            return True
        _warn("staff-session-altered", row.id)
        return False


def _of_member(staff: Staff) -> str:
    """Everything that a member is, whatever comes to be added."""
    said = {one.name: getattr(staff, one.name) for one in fields(staff) if one.name not in _UNSEALED}
    return json.dumps(said, default=_written, ensure_ascii=False, sort_keys=True)


def _of_session(row: StaffSessionRow) -> tuple[str, ...]:
    moments = (_written(one) for one in (row.created_at, row.second_factor_at))
    return row.digest.hex(), row.id, row.staff_id, row.face, *moments


def _written(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no seal covers a {type(value).__name__}")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _warn(event: str, altered: str) -> None:
    structlog.get_logger("shiming").warning(event, id=altered)
