"""Words: the standing of an account, the scopes of a permit, the permits themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.accounts.domain import Account, AccountStatus, Sanction, SanctionKind
from app.kernel.ids import AccountId, ForumId
from app.posting.errors import ReasonCode, RemedyPlace
from app.verification.domain import IdentityLevel, Method


class PostingScope(StrEnum):
    """What a permit may be for; every way to write has one. Source: L8e, N5 (a like counts)."""

    POST = "post"
    REPLY = "reply"
    EDIT = "edit"
    ATTACH = "attach"
    LIKE = "like"
    MESSAGE = "message"
    PROFILE = "profile"
    BOARD_CREATE = "board_create"
    MODERATE = "moderate"


@dataclass(frozen=True, slots=True)
class Identity:
    """How surely a person stands behind the account; nothing of who."""

    level: IdentityLevel
    method: Method
    verified_at: datetime
    sandbox: bool


@dataclass(frozen=True, slots=True)
class AgreementInForce:
    version: str
    accept_by: datetime


@dataclass(frozen=True, slots=True)
class AcceptedAgreement:
    version: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a decision looks at, read in one statement."""

    account: Account
    sanction: Sanction | None
    """The sanction that nobody has lifted; whether it is still in force depends on the time."""
    identity: Identity | None
    agreement: AgreementInForce | None
    accepted: AcceptedAgreement | None
    organisation_verified: bool = False
    status_index: int = 0
    """The account's place in its forum's status list."""

    def status(self, now: datetime) -> AccountStatus:
        """Computed, so that a late verification never lifts a suspension and a dead worker keeps none alive."""
        if self.account.closed_at is not None:
            return AccountStatus.CLOSED
        if self.sanction is not None and self.sanction.in_force(now):
            return AccountStatus.BANNED if self.sanction.kind is SanctionKind.BAN else AccountStatus.SUSPENDED
        return AccountStatus.ACTIVE if self.identity is not None else AccountStatus.UNVERIFIED


@dataclass(frozen=True, slots=True)
class PostingToken:
    token: str
    jti: str
    scope: tuple[PostingScope, ...]
    account_id: AccountId
    expires_in: int


@dataclass(frozen=True, slots=True)
class ActiveToken:
    account_id: AccountId
    handle: str
    scope: tuple[PostingScope, ...]
    board: str | None
    jti: str
    iat: int
    exp: int


@dataclass(frozen=True, slots=True)
class InactiveToken:
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """Where a remedy leads, and for whom: the page shows nothing but the handle."""

    place: RemedyPlace
    account_id: AccountId
    forum_id: ForumId
    handle: str


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """Which accounts of a forum to read; what is None does not narrow."""

    forum_id: ForumId
    account_id: str | None = None
    handle: str | None = None
    external_id: str | None = None
    status: AccountStatus | None = None
    after: str | None = None
    limit: int = 1


@dataclass(frozen=True, slots=True)
class Campaign:
    """How far a forum is on the way to verified accounts: numbers, and nobody in them. Source: L13."""

    forum_id: ForumId
    name: str
    by_status: Mapping[AccountStatus, int]
    may_post: int
    unverified_may_post: int
    """Counted and not assumed: anything but 0 is a defect."""
    verified: int
    """Whose person is on record, of those that are not closed."""
    brought_in: int
    """From the forum's own list, of those that are not closed."""
    brought_in_verified: int
    verified_by_week: tuple[tuple[date, int], ...]
    """By the Monday in Shanghai: accounts whose first verification was in that week, the newest week first."""

    @property
    def accounts(self) -> int:
        return sum(self.by_status.values())
