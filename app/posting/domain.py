"""Words: the standing of an account, the scopes of a permit, the permits themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.accounts.domain import Account, AccountStatus, Sanction, status_of
from app.boards.domain import Board
from app.boards.domain import Standing as Office
from app.kernel.ids import AccountId, ForumId
from app.posting.errors import ReasonCode, RemedyPlace
from app.screening.contents import Screened
from app.screening.domain import Field
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


BEYOND_POSTING = frozenset({PostingScope.MODERATE, PostingScope.BOARD_CREATE})
"""What takes more than the right to post."""


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
    perhaps_lapsed: bool = False
    """Some office of the account may have lost its powers; the schedule tells whether it has."""
    lapse_stops_posting: bool = False
    """One has, and its forum lets nobody post like that."""
    held: tuple[Field, ...] = ()
    """What waits for a review; a placeholder is shown meanwhile."""
    paused: tuple[str, ...] = ()
    """Where posting is paused in the account's forum: boards by id, the forum by its own, or `all`."""

    def status(self, now: datetime) -> AccountStatus:
        return status_of(self.account, self.sanction, now, person_behind=self.identity is not None)


@dataclass(frozen=True, slots=True)
class Use:
    """What a permit is for; `board` is an id or a slug."""

    scope: tuple[PostingScope, ...]
    board: str | None = None

    @property
    def moderates(self) -> bool:
        return PostingScope.MODERATE in self.scope

    @property
    def founds(self) -> bool:
        return PostingScope.BOARD_CREATE in self.scope


@dataclass(frozen=True, slots=True)
class BoardStanding:
    """What a decision looks at besides, for a use that names a board, moderates or founds one."""

    named: bool = False
    board: Board | None = None
    """None where none is named, and where there is none of that name."""
    office: Office | None = None
    """The account's, on that board."""
    bound: bool = False
    """Whether the account has accepted the moderator agreement."""
    adult: bool = False


@dataclass(frozen=True, slots=True)
class PostingToken:
    token: str
    jti: str
    scope: tuple[PostingScope, ...]
    account_id: AccountId
    expires_in: int
    screened: Screened | None = None
    """What was found in the content that it is bound to."""


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
class PosterFilter:
    """Those who may post now, or those whom nobody stands behind; of one forum, or of all."""

    verified: bool
    newest_first: bool = False
    forum_id: ForumId | None = None
    after: tuple[datetime, str] | tuple[str] | None = None
    """The place of the last one: verification and id, or the id alone."""
    limit: int = 1


@dataclass(frozen=True, slots=True)
class Poster:
    """An account, and when the person behind it was verified; nothing of who."""

    account_id: AccountId
    forum_id: ForumId
    handle: str
    level: IdentityLevel | None
    verified_at: datetime | None


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
