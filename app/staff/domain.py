"""Words: a member of the staff, a session, and what each is worth at a moment."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app import policies
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.staff.access import OPENED_BY, Permission, Role

_IDLE = timedelta(minutes=policies.STAFF_SESSION_IDLE.value)
_LONGEST = timedelta(hours=policies.STAFF_SESSION_LONGEST.value)
_FRESH = timedelta(minutes=policies.SECOND_FACTOR_FRESH.value)


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
    own_credentials_at: datetime | None
    """When they chose a password and an authenticator themselves; None while those handed out are in use."""
    version: int

    def is_active(self, now: datetime) -> bool:
        """Boundary: exactly at `ends_at` a member is not."""
        return self.state is StaffState.ACTIVE and (self.ends_at is None or now < self.ends_at)

    def may(self, permission: Permission, now: datetime) -> bool:
        return self.is_active(now) and not OPENED_BY[permission].isdisjoint(self.roles)

    def holds(self, role: Role, now: datetime, standing: timedelta = timedelta()) -> bool:
        """Whether an active member has held this role, and been here, for so long. Boundary: exactly then they have."""
        since = self.roles.get(role)
        return self.is_active(now) and since is not None and max(since, self.created_at) + standing <= now

    def as_actor(self, request_id: str | None = None) -> Actor:
        return Actor(ActorKind.STAFF, self.id, request_id)


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

    def is_fresh(self, now: datetime) -> bool:
        """Whether the second factor is recent enough for what asks for one. Boundary: exactly at the end it is not."""
        return self.second_factor_at <= now < self.second_factor_at + _FRESH


def read_email(typed: str) -> str:
    """As addresses are compared: NFKC, lower case, without blanks around."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


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
class Credentials:
    """What a member signs in with; told this once."""

    staff_id: StaffId
    password: Secret[str]
    totp_uri: Secret[str]
    recovery_codes: tuple[Secret[str], ...]
