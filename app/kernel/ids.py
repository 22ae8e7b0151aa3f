"""Identifiers: an opaque prefix that tells the kind, and a UUIDv7 that sorts by time."""

import os
from datetime import datetime
from typing import NewType
from uuid import UUID

ForumId = NewType("ForumId", str)
ClientId = NewType("ClientId", str)
AccountId = NewType("AccountId", str)
VerificationId = NewType("VerificationId", str)
BoardId = NewType("BoardId", str)
ModeratorId = NewType("ModeratorId", str)
"""An appointment: one account in one office on one board."""
OrderId = NewType("OrderId", str)
DraftId = NewType("DraftId", str)
"""Of an agreement that is being written."""
OfficerId = NewType("OfficerId", str)
AuthorityId = NewType("AuthorityId", str)
StaffId = NewType("StaffId", str)
PauseId = NewType("PauseId", str)
DisclosureId = NewType("DisclosureId", str)
PersonId = NewType("PersonId", str)
"""Never leaves the service: no answer, token or log line carries it."""


def uuid7(now: datetime) -> UUID:
    """A version 7 UUID whose time part is `now`, in milliseconds. Source: RFC 9562 part 5.7."""
    milliseconds = int(now.timestamp() * 1000)  # in 48 bits until the year 10889
    noise = int.from_bytes(os.urandom(10)) & (1 << 74) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (noise >> 62) << 64 | 0b10 << 62 | noise & (1 << 62) - 1)


def new_id(prefix: str, now: datetime) -> str:
    return f"{prefix}_{uuid7(now).hex}"


def first_id(prefix: str, moment: datetime) -> str:
    """No id made at `moment` or later sorts before it, and none made a millisecond earlier behind it."""
    return f"{prefix}_{UUID(int=int(moment.timestamp() * 1000) << 80).hex}"


def new_person_id() -> PersonId:
    """Random through and through: even its time would let two records be matched."""
    return PersonId(f"per_{os.urandom(16).hex()}")
