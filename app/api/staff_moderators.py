"""Routes of moderators, boards and re-verifications over all forums, for staff (`docs/api.md` parts 5 and 9)."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from pydantic import BeforeValidator, Field

from app import policies
from app.api.account_shapes import Reason
from app.api.board_shapes import Board, Forecast, ForecastWeekShown, Moderator, OrderShown, board_out, moderator_out
from app.api.board_shapes import Scope as ForumScope
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import ServicesOf, problems, refuse_unknown_query
from app.api.moderators import StateAsked
from app.api.once import OnceOf
from app.api.shapes import Answer, Moment, Request, Stamp
from app.api.staff_callers import (
    CONFLICT,
    LISTING_STAFF,
    NOT_FOUND,
    BoardsOfAllCaller,
    Cursor,
    Limit,
    ModeratorsCaller,
    OfForum,
)
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, WRITING_STAFF, staff_router
from app.boards.domain import (
    BoardView,
    Cause,
    LeftOut,
    ModeratorFilter,
    ModeratorView,
    OrderPreview,
    OrderScope,
    Progress,
    ScopeKind,
    Touched,
)
from app.boards.schedules import ModeratorState
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import ForumId
from app.kernel.sentence import Sentence

router = staff_router("")
_SHOWN = policies.ORDER_PREVIEWED.value
_ONE_SCOPE = FieldError(
    "/scope",
    "exactly-one",
    Sentence(
        "scope 用 moderator_id、moderator_ids、board、account_id、forum_id、all 中的一个。",
        "scope takes exactly one of moderator_id, moderator_ids, board, account_id, forum_id, all.",
    ),
)


class StaffBoard(Board):
    forum_id: str

    @classmethod
    def of(cls, view: BoardView) -> "StaffBoard":
        return cls(**board_out(view).model_dump(), forum_id=view.board.forum_id)


class StaffBoardPage(Answer):
    items: list[StaffBoard]
    next_cursor: str | None


class StaffModerator(Moderator):
    forum_id: str
    board: str
    """Its slug."""
    board_name: str

    @classmethod
    def of(cls, view: ModeratorView) -> "StaffModerator":
        return cls(
            **moderator_out(view).model_dump(),
            forum_id=view.board.forum_id,
            board=view.board.slug,
            board_name=view.board.name,
        )


class StaffModeratorPage(Answer):
    items: list[StaffModerator]
    next_cursor: str | None


def _as_true(given: object) -> object:
    """1 is no true, though Python says so."""
    return given if isinstance(given, bool) else None


class StaffScope(Request):
    """Exactly one is given; a board by its id."""

    moderator_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    moderator_ids: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(min_length=1, max_length=900)] | None
    ) = None
    board: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    account_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    forum_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    all: Annotated[Literal[True], BeforeValidator(_as_true)] | None = None

    def as_scope(self) -> tuple[ForumId | None, OrderScope]:
        """With the forum where one is named. Raises `Invalid` unless exactly one is given."""
        given = [name for name in StaffScope.model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise Invalid([_ONE_SCOPE])
        if self.forum_id is not None:
            return ForumId(self.forum_id), OrderScope(ScopeKind.ALL)
        if self.moderator_ids is not None:
            return None, OrderScope(ScopeKind.MODERATORS, moderators=tuple(dict.fromkeys(self.moderator_ids)))
        return None, ForumScope(**{given[0]: getattr(self, given[0])}).as_scope()


DueInDays = Annotated[int, Field(ge=0, le=365, description="By the end of that day of Shanghai; 0 means at once.")]


class NewStaffOrder(Request):
    scope: StaffScope
    reason: Reason
    due_in_days: DueInDays
    cause: Literal["order", "phone_recycled", "document_expired", "identity_misuse"] = "order"


class OrderAsked(Request):
    scope: StaffScope
    due_in_days: DueInDays


class OrderScopeShown(Answer):
    kind: ScopeKind
    ref: str | None
    """The one that was named; null for several and for everybody."""


class StaffOrder(OrderShown):
    forum_id: str | None
    """Null where several forums may be concerned."""
    scope: OrderScopeShown

    @classmethod
    def of(cls, progress: Progress) -> "StaffOrder":
        scope = progress.order.scope
        return cls(
            **OrderShown.of(progress).model_dump(),
            forum_id=progress.order.forum_id,
            scope=OrderScopeShown(kind=scope.kind, ref=scope.ref),
        )


class StaffOrderPage(Answer):
    items: list[StaffOrder]
    next_cursor: str | None


class TouchedShown(Answer):
    moderator: StaffModerator
    due_at: Stamp
    """As it would be then; never later than now."""
    nearer: bool

    @classmethod
    def of(cls, touched: Touched) -> "TouchedShown":
        return cls(moderator=StaffModerator.of(touched.view), due_at=touched.due_at, nearer=touched.is_nearer)


class LeftOutShown(Answer):
    moderator_id: str
    why: LeftOut


class OrderPreviewShown(Answer):
    affected: int
    due_at: Stamp
    touched: list[TouchedShown]
    """The first 200."""
    left_out: list[LeftOutShown]

    @classmethod
    def of(cls, found: OrderPreview) -> "OrderPreviewShown":
        return cls(
            affected=found.affected,
            due_at=found.due_at,
            touched=[TouchedShown.of(one) for one in found.touched],
            left_out=[LeftOutShown(moderator_id=one, why=why) for one, why in found.left_out],
        )


@router.get("/boards", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_boards_of_all(
    _caller: BoardsOfAllCaller, services: ServicesOf, forum: OfForum = None, limit: Limit = 50, cursor: Cursor = None
) -> StaffBoardPage:
    """The boards of all forums or of one, oldest first."""
    found = services.boards.list_all(_forum(forum), read_cursor(cursor, "brd_"), limit + 1)
    shown = found[:limit]
    return StaffBoardPage(
        items=[StaffBoard.of(view) for view in shown],
        next_cursor=write_cursor(shown[-1].board.id) if len(found) > limit else None,
    )


@router.get(
    "/moderators", responses=problems({**LISTING_STAFF, **NOT_FOUND}), dependencies=[Depends(refuse_unknown_query)]
)
def list_moderators_of_all(
    _caller: ModeratorsCaller,
    services: ServicesOf,
    *,
    state: StateAsked = None,
    board: Annotated[str | None, Query(min_length=1, max_length=100, description="Its id.")] = None,
    forum: OfForum = None,
    due_before: Annotated[Moment | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> StaffModeratorPage:
    """Moderators in office, or those who have ended, over all forums; the filters narrow together."""
    wanted = ModeratorFilter(
        _forum(forum),
        board,
        ModeratorState(state) if state else None,
        due_before,
        after=read_cursor(cursor, "mod_"),
        limit=limit + 1,
    )
    found = services.moderators.list_all(wanted)
    shown = found[:limit]
    return StaffModeratorPage(
        items=[StaffModerator.of(view) for view in shown],
        next_cursor=write_cursor(shown[-1].standing.appointment.id) if len(found) > limit else None,
    )


@router.post(
    "/reverifications",
    status_code=201,
    response_model=StaffOrder,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, 404: "not-found, account-not-found", **CONFLICT}),
)
def order_reverification_of_all(
    body: NewStaffOrder, caller: ModeratorsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Has one moderator, several, a board, an account, a forum or everybody re-verify out of turn.

    It brings due dates forward, never back. Several that are named: whoever has ended is left out.
    """

    def work() -> StaffOrder:
        forum_id, scope = body.scope.as_scope()
        placed = services.reverifications.order(
            caller.actor, forum_id, scope, body.reason, body.due_in_days, Cause(body.cause)
        )
        return StaffOrder.of(placed)

    return once.answer(caller, 201, work)


@router.post(
    "/reverifications/preview",
    responses=problems({**WRITING_STAFF, 404: "not-found, account-not-found", 409: "state-conflict"}),
)
def preview_reverification(body: OrderAsked, _caller: ModeratorsCaller, services: ServicesOf) -> OrderPreviewShown:
    """Whom such an order would touch, what becomes of their due dates, and who is left out; writes nothing."""
    forum_id, scope = body.scope.as_scope()
    return OrderPreviewShown.of(services.reverifications.preview(forum_id, scope, body.due_in_days, _SHOWN))


@router.get("/reverifications", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_orders_of_all(
    _caller: ModeratorsCaller, services: ServicesOf, forum: OfForum = None, limit: Limit = 50, cursor: Cursor = None
) -> StaffOrderPage:
    """Newest first, with how far each is."""
    found = services.reverifications.list_all(_forum(forum), read_cursor(cursor, "rvo_"), limit + 1)
    shown = found[:limit]
    return StaffOrderPage(
        items=[StaffOrder.of(progress) for progress in shown],
        next_cursor=write_cursor(shown[-1].order.id) if len(found) > limit else None,
    )


@router.get(
    "/reverifications/forecast", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)]
)
def forecast_of_all(
    _caller: ModeratorsCaller,
    services: ServicesOf,
    forum: OfForum = None,
    interval_days: Annotated[
        int | None, Query(ge=policies.REVERIFICATION_SHORTEST.value, le=policies.REVERIFICATION_LONGEST.value)
    ] = None,
    weeks: Annotated[int, Query(ge=1, le=policies.FORECAST_WEEKS.value)] = 12,
) -> Forecast:
    """How many fall due in each coming week, under today's policy and under the interval asked about."""
    found = services.reverifications.forecast(_forum(forum), weeks, interval_days)
    return Forecast(
        interval_days=interval_days,
        weeks=[
            ForecastWeekShown(starts_on=week.starts_on, due=week.under_policy, due_under_interval=week.under_interval)
            for week in found
        ],
    )


@router.get("/reverifications/{order_id}", responses=problems({**READING_STAFF, **NOT_FOUND}))
def get_order_of_all(order_id: str, _caller: ModeratorsCaller, services: ServicesOf) -> StaffOrder:
    """How far an order is."""
    return StaffOrder.of(services.reverifications.get(None, order_id))


def _forum(named: str | None) -> ForumId | None:
    return None if named is None else ForumId(named)
