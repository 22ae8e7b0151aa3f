"""Shapes of boards, moderators and re-verifications."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app import policies
from app.api.account_shapes import NamesAccount, Reason, ViolationGiven
from app.api.shapes import Answer, Day, Request, Stamp
from app.boards.domain import (
    BoardChange,
    BoardStatus,
    BoardView,
    Cause,
    Happening,
    HistoryEntry,
    ModeratorView,
    NewBoard,
    OrderScope,
    OrderStatus,
    Progress,
    Role,
    Sanction,
    ScopeKind,
    Step,
)
from app.boards.schedules import ModeratorState
from app.boards.terms import WantedTerms
from app.kernel.clock import start_of_day
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence
from app.verification.domain import IdentityLevel

_ONE_SCOPE = FieldError(
    "/scope",
    "exactly-one",
    Sentence(
        "scope 用 moderator_id、board、account_id、all 中的一个。",
        "scope takes exactly one of moderator_id, board, account_id, all.",
    ),
)
_NOTHING_GIVEN = FieldError(
    "", "nothing-given", Sentence("至少给出一个要改的字段。", "Give at least one field to change.")
)
_NOT_NULL = Sentence("这个字段不能清空；不改就不要给出。", "This field cannot be cleared; leave it out to keep it.")
_TERMS = frozenset({"interval_days", "grace_days"})
Slug = Annotated[
    str, Field(min_length=1, max_length=64, description="1-64 of a-z 0-9 - _, beginning with a letter or digit.")
]
BoardName = Annotated[str, Field(min_length=1, max_length=50)]
BoardDescription = Annotated[str, Field(max_length=2000)]
IntervalDays = Annotated[
    int,
    Field(
        ge=policies.REVERIFICATION_SHORTEST.value,
        le=policies.REVERIFICATION_LONGEST.value,
        description="Between two re-verifications of its moderators.",
    ),
]
GraceDays = Annotated[
    int,
    Field(
        ge=0, le=policies.REVERIFICATION_LONGEST_GRACE.value, description="After a due date, in which powers remain."
    ),
]
MinimumLevel = Annotated[
    Literal["phone", "document"], Field(description="What posting on this board asks of an identity.")
]


class NewBoardGiven(Request):
    slug: Slug
    name: BoardName
    description: BoardDescription
    founder: NamesAccount
    interval_days: IntervalDays | None = None
    grace_days: GraceDays | None = None
    minimum_level: MinimumLevel = "phone"

    def as_board(self) -> NewBoard:
        return NewBoard(
            self.slug,
            self.name,
            self.description,
            WantedTerms(_TERMS & self.model_fields_set, self.interval_days, self.grace_days),
            IdentityLevel(self.minimum_level),
        )


class ChangedBoard(Request):
    """Only what is given changes; `interval_days` and `grace_days` take null: back to what the forum asks."""

    slug: Slug | None = None
    name: BoardName | None = None
    description: BoardDescription | None = None
    interval_days: IntervalDays | None = None
    grace_days: GraceDays | None = None
    minimum_level: MinimumLevel | None = None

    def as_change(self) -> BoardChange:
        """Raises `Invalid` when nothing is given, or null for what cannot be cleared."""
        given = self.model_fields_set
        cleared = [name for name in sorted(given - _TERMS) if getattr(self, name) is None]
        if cleared:
            raise Invalid([FieldError(f"/{name}", "not-allowed", _NOT_NULL) for name in cleared])
        if not given:
            raise Invalid([_NOTHING_GIVEN])
        terms = WantedTerms(_TERMS & given, self.interval_days, self.grace_days)
        level = IdentityLevel(self.minimum_level) if self.minimum_level else None
        return BoardChange(self.slug, self.name, self.description, level, terms)


class ActOnBoard(Request):
    reason: Reason


class Freezing(ActOnBoard):
    violation_id: ViolationGiven | None = None


class FounderShown(Answer):
    account_id: str
    handle: str


class Board(Answer):
    id: str
    slug: str
    name: str
    description: str
    status: BoardStatus
    status_reason: str | None
    founder: FounderShown | None
    interval_days: int
    minimum_level: IdentityLevel
    attended_until: Stamp | None
    """When its last working moderator loses the powers, if nobody re-verifies; null where nobody has any now."""
    held: list[str]
    """Fields under review; a placeholder is shown meanwhile."""
    created_at: Stamp


class BoardPage(Answer):
    items: list[Board]
    next_cursor: str | None


class NewModerator(NamesAccount):
    role: Literal["founder", "manager"]


class Moderator(Answer):
    id: str
    board_id: str
    account_id: str
    handle: str
    external_id: str | None
    role: Role
    state: ModeratorState
    powers: bool
    """Whether a permit to moderate would be given now: the state, the account and the board together."""
    filed_at: Stamp
    last_verified_at: Day | None
    due_at: Stamp | None
    suspends_at: Stamp | None
    interval_days: int
    ended_at: Stamp | None


class ModeratorPage(Answer):
    items: list[Moderator]
    next_cursor: str | None


class Ending(Request):
    reason: Reason


class NewSanction(Request):
    step: Literal["warn", "cancel"]
    reason: Reason
    basis: Annotated[str, Field(min_length=1, max_length=200, description="The law or the clause it rests on.")]


class SanctionShown(Answer):
    id: str
    moderator_id: str
    step: Step
    reason: str
    basis: str
    imposed_at: Stamp
    lifted_at: Stamp | None
    lifted_because: str | None

    @classmethod
    def of(cls, sanction: Sanction) -> "SanctionShown":
        return cls(
            id=sanction.id,
            moderator_id=sanction.moderator_id,
            step=sanction.step,
            reason=sanction.reason,
            basis=sanction.basis,
            imposed_at=sanction.imposed_at,
            lifted_at=sanction.lifted_at,
            lifted_because=sanction.lifted_because,
        )


class SanctionList(Answer):
    items: list[SanctionShown]


class Lifting(Request):
    reason: Reason


class HistoryShown(Answer):
    at: Stamp
    what: Happening
    due_at: Stamp | None
    days_before: int | None
    """Of a reminder: how many days it comes before the due date."""
    detail: str | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryShown":
        is_reminder = entry.what is Happening.REMINDED
        return cls(
            at=start_of_day(entry.at) if entry.what in _OF_THE_PERSON else entry.at,
            what=entry.what,
            due_at=entry.due_at,
            days_before=entry.stage if is_reminder else None,
            detail=entry.detail,
        )


class HistoryList(Answer):
    items: list[HistoryShown]


class OwnList(Request):
    external_ids: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=900)]
    """No body holds more than 1,000 values."""


class Reconciliation(Answer):
    unfiled: list[str]
    """Have powers in the forum and no filing here."""
    absent: list[str]
    """Are on file here and not on the forum's list."""
    powerless: list[str]
    """Are on both, and their powers are off here: take them off there too."""
    nameless: list[str]
    """Moderator ids of accounts without a user id of the forum."""


def _as_true(given: object) -> object:
    """1 is no true, though Python says so."""
    return given if isinstance(given, bool) else None


class Scope(Request):
    """Exactly one is given."""

    moderator_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    board: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    account_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    all: Annotated[Literal[True], BeforeValidator(_as_true)] | None = None

    def as_scope(self) -> OrderScope:
        """Raises `Invalid` unless exactly one is given."""
        given = [
            OrderScope(kind, ref)
            for kind, ref in (
                (ScopeKind.MODERATOR, self.moderator_id),
                (ScopeKind.BOARD, self.board),
                (ScopeKind.ACCOUNT, self.account_id),
            )
            if ref is not None
        ]
        given += [OrderScope(ScopeKind.ALL)] if self.all else []
        if len(given) != 1:
            raise Invalid([_ONE_SCOPE])
        return given[0]


class NewOrder(Request):
    scope: Scope
    reason: Reason
    due_in_days: Annotated[int, Field(ge=0, le=365, description="By the end of that day of Shanghai; 0 means at once.")]
    cause: Literal["order", "phone_recycled", "document_expired", "identity_misuse"] = "order"


class OrderShown(Answer):
    id: str
    cause: Cause
    reason: str
    affected: int
    completed: int
    overdue: int
    due_at: Stamp
    status: OrderStatus
    created_at: Stamp

    @classmethod
    def of(cls, progress: Progress) -> "OrderShown":
        order = progress.order
        return cls(
            id=order.id,
            cause=order.cause,
            reason=order.reason,
            affected=progress.affected,
            completed=progress.completed,
            overdue=progress.overdue,
            due_at=order.due_at,
            status=progress.status,
            created_at=order.created_at,
        )


class OrderPage(Answer):
    items: list[OrderShown]
    next_cursor: str | None


class ForecastWeekShown(Answer):
    starts_on: Annotated[str, Field(description="A day of Shanghai: today, then Mondays.")]
    due: int
    """Under the policy of today."""
    due_under_interval: int | None
    """Under the interval that was asked about, if it came into force now."""


class Forecast(Answer):
    interval_days: int | None
    weeks: list[ForecastWeekShown]


_OF_THE_PERSON = frozenset({Happening.REVERIFIED, Happening.REINSTATED})


def board_out(view: BoardView) -> Board:
    board, founder = view.board, view.founder
    return Board(
        id=board.id,
        slug=board.slug,
        name=board.name,
        description=board.description,
        status=board.status,
        status_reason=board.status_reason,
        founder=FounderShown(account_id=founder.account_id, handle=founder.handle) if founder else None,
        interval_days=view.interval_days,
        minimum_level=board.minimum_level,
        attended_until=view.attended_until,
        held=list(view.held),
        created_at=board.created_at,
    )


def moderator_out(view: ModeratorView) -> Moderator:
    standing, appointment = view.standing, view.standing.appointment
    ended = appointment.ended_at is not None
    return Moderator(
        id=appointment.id,
        board_id=appointment.board_id,
        account_id=appointment.account_id,
        handle=view.handle,
        external_id=view.external_id,
        role=appointment.role,
        state=standing.state,
        powers=view.powers,
        filed_at=appointment.filed_at,
        last_verified_at=standing.verified_at,
        due_at=None if ended else standing.deadline.due_at,
        suspends_at=None if ended else standing.deadline.suspends_at,
        interval_days=appointment.schedule.terms.interval_days,
        ended_at=appointment.ended_at,
    )
