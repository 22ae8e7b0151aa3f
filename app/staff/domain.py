"""Words: a member of the staff, a session, and what each is worth at a moment."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from app import policies
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.staff.access import OPENED_BY, Permission, Role, exclude_each_other
from app.staff.errors import EmailUnusable, RolesExclude

_IDLE = timedelta(minutes=policies.STAFF_SESSION_IDLE.value)
_LONGEST = timedelta(hours=policies.STAFF_SESSION_LONGEST.value)
_FRESH = timedelta(minutes=policies.SECOND_FACTOR_FRESH.value)
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+")


class StaffState(StrEnum):
    """What is stored; that an end date has passed is computed."""

    ACTIVE = "active"
    PENDING = "pending"
    """Proposed; has no credentials until a `privacy` member confirms."""
    DISABLED = "disabled"


class Face(StrEnum):
    """Where a session is good: a token of one is nothing at the other."""

    API = "api"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of the staff."""

    id: StaffId
    email: str = field(repr=False)
    state: StaffState
    roles: Mapping[Role, datetime]
    """Each with the moment since which it counts."""
    created_at: datetime
    disabled_at: datetime | None
    ends_at: datetime | None
    proposed_by: StaffId | None
    """Who proposed what waits for confirmation."""
    own_password_at: datetime | None
    """When they chose their password themselves; None while the one that was handed out is in use."""
    version: int
    credentials_at: datetime | None = None
    """When what they sign in with was last handed out; whoever did it could have signed in as them."""
    confirmed_by: StaffId | None = None
    """To whom it went then, where that was a confirmation."""
    seal: bytes = field(default=b"", repr=False, compare=False)

    def is_active(self, now: datetime) -> bool:
        """Boundary: exactly at `ends_at` a member is not."""
        return self.state is StaffState.ACTIVE and (self.ends_at is None or now < self.ends_at)

    def opens(self, permission: Permission) -> bool:
        """Whether one of their roles does, active or not."""
        return not OPENED_BY[permission].isdisjoint(self.roles)

    def shown_state(self, now: datetime) -> Literal["active", "pending", "disabled", "ended"]:
        """As it is at this moment."""
        if self.state is StaffState.PENDING:
            return "pending"
        if self.state is StaffState.DISABLED:
            return "disabled"
        return "active" if self.is_active(now) else "ended"

    def may(self, permission: Permission, now: datetime) -> bool:
        return self.is_active(now) and self.opens(permission)

    def holds(self, role: Role, now: datetime, standing: timedelta = timedelta()) -> bool:
        """Whether an active member has held this role, and been here, for so long. Boundary: exactly then they have."""
        since = self.roles.get(role)
        return self.is_active(now) and since is not None and max(since, self.created_at) + standing <= now

    def as_actor(self, request_id: str | None = None) -> Actor:
        return Actor(ActorKind.STAFF, self.id, request_id)


def comes_back(before: Staff, after: Staff, now: datetime) -> bool:
    """Whether one with `privacy` is let in again, or for longer than a second person agreed to."""
    if Role.PRIVACY not in before.roles.keys() | after.roles.keys():
        return False
    stays_longer = before.ends_at is not None and (after.ends_at is None or before.ends_at < after.ends_at)
    return stays_longer or not before.is_active(now)


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A live session and whose it is, both as they were read for this request."""

    id: str
    face: Face
    staff: Staff
    created_at: datetime
    seen_at: datetime
    second_factor_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When it ends however it is used."""
        return self.created_at + _LONGEST

    @property
    def second_factor_until(self) -> datetime:
        return self.second_factor_at + _FRESH

    def is_fresh(self, now: datetime) -> bool:
        """Whether the second factor is recent enough for what asks for one. Boundary: exactly at the end it is not."""
        return self.second_factor_at <= now < self.second_factor_until


def read_email(typed: str) -> str:
    """As addresses are compared: NFKC, lower case, without blanks around; empty for what no address can be."""
    read = unicodedata.normalize("NFKC", typed).strip().lower()
    return read if read.isprintable() else ""


def session_is_live(created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Boundaries: exactly at an end a session is over."""
    return now < min(created_at + _LONGEST, seen_at + _IDLE)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and its token, which is told this once."""

    session: StaffSession
    token: Secret[str]


@dataclass(frozen=True, slots=True)
class SteppedUp:
    """A session whose second factor is fresh. `token` is a new one at the console; None where the old one stays."""

    session: StaffSession
    token: Secret[str] | None


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What somebody typed, and from which address it came."""

    email: str = field(repr=False)
    password: Secret[str]
    code: Secret[str]
    face: Face
    address: str = field(repr=False)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewMember:
    """Whom to add."""

    email: str = field(repr=False)
    roles: frozenset[Role]
    ends_at: datetime | None = None

    @classmethod
    def of(cls, email: str, roles: Iterable[Role], ends_at: datetime | None = None) -> "NewMember":
        """Raises `EmailUnusable`, `RolesExclude`."""
        read = read_email(email)
        if len(read) > _LONGEST_EMAIL or not _EMAIL.fullmatch(read):
            raise EmailUnusable
        return cls(read, checked_roles(roles), ends_at)


def checked_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """Roles that one member may hold together. Raises `RolesExclude`."""
    found = frozenset(roles)
    if not found or exclude_each_other(found):
        raise RolesExclude
    return found


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What becomes of a member: None leaves roles as they are; `ends_at` counts where `sets_end` says so."""

    version: int
    roles: frozenset[Role] | None = None
    sets_end: bool = False
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MadePassword:
    """A password to hand out, and what is kept of it."""

    password: Secret[str]
    hashed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Announced:
    """An act that is on record and may be done now; with a password that nobody has yet, where it hands one out."""

    staff_id: StaffId
    entry_id: str
    version: int
    """Of the member when it was announced; 0 for a new one."""
    made: MadePassword | None


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A second factor: what an authenticator reads from a QR code, and codes for who loses it; told this once."""

    totp_uri: Secret[str]
    recovery_codes: tuple[Secret[str], ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a member signs in with; told this once."""

    password: Secret[str]
    authenticator: Authenticator


@dataclass(frozen=True, slots=True)
class Handout:
    """A member as they are now, and what they sign in with; no credentials where that waits for a confirmation."""

    staff: Staff
    credentials: Credentials | None
