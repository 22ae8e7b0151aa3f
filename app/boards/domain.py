"""Words: a board, an office on it, an appointment, a measure against a moderator, an order to re-verify."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.boards.schedules import Deadline, ModeratorState, Schedule
from app.boards.terms import WantedTerms
from app.kernel.ids import AccountId, BoardId, ForumId, ModeratorId, OrderId
from app.screening.domain import Field
from app.verification.domain import IdentityLevel

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_ID_PREFIX = "brd_"


class BoardStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class Role(StrEnum):
    """Source: Art. 8 (版块发起者、管理者)."""

    FOUNDER = "founder"
    MANAGER = "manager"


def is_slug(slug: str) -> bool:
    """Whether a board may be named so: small letters, digits, hyphens, underscores; never like a board's id."""
    return _SLUG.fullmatch(slug) is not None and not slug.startswith(_ID_PREFIX)


def can_name_a_board(named: str) -> bool:
    """Whether some board could have this slug or this id; what cannot be one is looked for in no database."""
    return _SLUG.fullmatch(named) is not None


@dataclass(frozen=True, slots=True)
class Board:
    id: BoardId
    forum_id: ForumId
    slug: str
    name: str
    description: str
    status: BoardStatus
    status_reason: str | None
    minimum_level: IdentityLevel
    """What posting here asks of an identity; moderating asks for a document everywhere."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BoardAct:
    """What was done to a board: what it became, by whom, why, and for which case."""

    id: int
    board_id: BoardId
    status: BoardStatus
    actor_kind: str
    actor_id: str
    reason: str
    at: datetime
    case_id: str | None


@dataclass(frozen=True, slots=True)
class Founder:
    account_id: AccountId
    handle: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """A board as its forum sees it."""

    board: Board
    founder: Founder | None
    interval_days: int
    attended_until: datetime | None
    """When its last working moderator loses the powers, if nobody re-verifies; None where nobody has any now."""
    held: tuple[Field, ...]
    """What waits for a review; a placeholder is shown meanwhile."""
    in_office: int
    """How many moderate it, with whatever standing."""
    lapsed: int
    """How many of them are overdue, or have lost their powers for it."""


@dataclass(frozen=True, slots=True)
class NewBoard:
    slug: str
    name: str
    description: str
    terms: WantedTerms
    minimum_level: IdentityLevel


@dataclass(frozen=True, slots=True)
class BoardChange:
    """What is given replaces; None leaves it as it is."""

    slug: str | None = None
    name: str | None = None
    description: str | None = None
    minimum_level: IdentityLevel | None = None
    terms: WantedTerms | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A filing (备案): one account in one office on one board, and the schedule that keeps it verified. Source: L8c."""

    id: ModeratorId
    forum_id: ForumId
    board_id: BoardId
    account_id: AccountId
    role: Role
    filed_at: datetime
    schedule: Schedule
    """Of a row: as it began, under an order perhaps; in a `Standing`: as changes of terms have made it since."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An appointment at one moment: its next due date, and what follows from it."""

    appointment: Appointment
    verified_at: datetime | None
    """The newest verification by document; None where the account has none any more."""
    deadline: Deadline
    account_stopped: bool
    """The account is suspended, banned or closed."""
    now: datetime

    @property
    def state(self) -> ModeratorState:
        return ModeratorState.ENDED if self.appointment.ended_at is not None else self.deadline.state(self.now)

    @property
    def has_powers(self) -> bool:
        """Whether they can act, as far as it is a matter of who they are; a board that is not open is another."""
        return not self.account_stopped and self.state not in {ModeratorState.SUSPENDED, ModeratorState.ENDED}


@dataclass(frozen=True, slots=True)
class ModeratorView:
    """A moderator as their forum sees them."""

    standing: Standing
    board: Board
    handle: str
    external_id: str | None

    @property
    def powers(self) -> bool:
        """Whether a permit to moderate would be given now."""
        return self.standing.has_powers and self.board.status is BoardStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class ModeratorFilter:
    """Which appointments to read; what is None does not narrow. Those that ended are read only by `state`."""

    forum_id: ForumId | None
    board: str | None = None
    state: ModeratorState | None = None
    due_before: datetime | None = None
    external_ids: tuple[str, ...] | None = None
    handles: tuple[str, ...] | None = None
    account_id: str | None = None
    after: str | None = None
    limit: int = 1


class Step(StrEnum):
    """A measure against a moderator, the milder first. Source: L6e.

    The ladder goes on with the suspension and the ban of the account and the closing of the board.
    """

    WARN = "warn"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Sanction:
    """A measure with its reason and the law or clause it rests on, until it is lifted. Source: L6e."""

    id: str
    moderator_id: ModeratorId
    step: Step
    reason: str
    basis: str
    imposed_at: datetime
    lifted_at: datetime | None
    lifted_because: str | None
    imposed_by: tuple[str, str] | None = None
    """Kind and id of the actor; None for one that was imposed before this was kept."""


class Cause(StrEnum):
    """Why somebody must re-verify out of turn. Source: L8d, dynamic re-verification."""

    ORDER = "order"
    PHONE_RECYCLED = "phone_recycled"
    DOCUMENT_EXPIRED = "document_expired"
    IDENTITY_MISUSE = "identity_misuse"


class ScopeKind(StrEnum):
    MODERATOR = "moderator"
    MODERATORS = "moderators"
    BOARD = "board"
    ACCOUNT = "account"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class OrderScope:
    """Whom an order concerns; `ref` names the one, and is None for everybody.

    `moderators` names several, and is empty in an order that was placed: who they were is told by their appointments.
    """

    kind: ScopeKind
    ref: str | None = None
    moderators: tuple[str, ...] = ()


class OrderStatus(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    """Past its due date, and somebody in office has not done it."""
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Order:
    id: OrderId
    forum_id: ForumId | None
    scope: OrderScope
    cause: Cause
    reason: str
    due_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order is: `affected` counts the appointments in scope, `completed` those done or ended."""

    order: Order
    affected: int
    completed: int
    overdue: int
    accounts: int
    """Who holds those appointments: one may hold several."""

    @property
    def status(self) -> OrderStatus:
        if self.completed == self.affected:
            return OrderStatus.COMPLETED
        return OrderStatus.OVERDUE if self.overdue else OrderStatus.OPEN


class OrderedState(StrEnum):
    """How somebody stands to an order that they were given."""

    LEFT = "left"
    """In office, and not verified again since."""
    DONE = "done"
    ENDED = "ended"
    """Left office without having done it."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """One appointment that an order concerns; `done_at` is the first verification by document since."""

    view: ModeratorView
    state: OrderedState
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody whom an order would concern; `due_at` as it would be then, and never later than it is now."""

    view: ModeratorView
    due_at: datetime

    @property
    def is_nearer(self) -> bool:
        return self.due_at < self.view.standing.deadline.due_at


class LeftOut(StrEnum):
    """Why somebody who was named is not concerned."""

    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What an order would do: `affected` counts all, `touched` shows the first of them."""

    affected: int
    due_at: datetime
    touched: tuple[Touched, ...]
    left_out: tuple[tuple[str, LeftOut], ...]
    """By the id of the appointment."""
    accounts: int
    under_order: int
    """Of those affected: who has not done yet what an earlier order asks."""
    ordered_since: datetime | None
    """When the oldest of those orders came."""


class Happening(StrEnum):
    """What the history of an appointment tells."""

    FILED = "filed"
    REMINDED = "reminded"
    ORDERED = "ordered"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    REVERIFIED = "reverified"
    REINSTATED = "reinstated"
    WARNED = "warned"
    CANCELLED = "cancelled"
    LIFTED = "lifted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line for the inspector: what, when, and about which due date."""

    at: datetime
    what: Happening
    due_at: datetime | None = None
    stage: int = 0
    """Of a reminder: the days that it comes before the due date."""
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The forum's own list beside the filings. Source: L8c."""

    unfiled: tuple[str, ...]
    """Have powers in the forum and no filing here."""
    absent: tuple[str, ...]
    """Are on file here and not on the forum's list."""
    powerless: tuple[str, ...]
    """Are on both, and their powers are off here."""
    nameless: tuple[ModeratorId, ...]
    """Are on file here by accounts without a user id of the forum."""


@dataclass(frozen=True, slots=True)
class ListsCompared:
    """Of the boards that are open: whose list never came, came too long ago, and differs from the filings."""

    boards: int
    never: int
    late: int
    unfiled: int


@dataclass(frozen=True, slots=True)
class ForecastWeek:
    """`starts_on` is a Monday of Shanghai, or today."""

    starts_on: str
    under_policy: int
    under_interval: int | None
