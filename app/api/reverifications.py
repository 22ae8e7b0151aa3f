"""Routes of re-verification orders and of the forecast (`docs/api.md` part 5)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app import policies
from app.api.board_shapes import Forecast, ForecastWeekShown, NewOrder, OrderPage, OrderShown
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ONCE, READING, BoardsCaller, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.boards.domain import Cause

router = APIRouter(prefix="/v1/reverifications", tags=["re-verifications"])
_LISTING = problems({**READING, 422: "validation-failed"})


@router.post(
    "",
    status_code=201,
    response_model=OrderShown,
    responses=problems({**ONCE, 404: "not-found, account-not-found", 409: f"state-conflict, {IN_PROGRESS}"}),
)
def order_reverification(body: NewOrder, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Has one moderator, a board, an account or everybody re-verify out of turn.

    It brings due dates forward, never back; `affected` counts the appointments in scope.
    """

    def work() -> OrderShown:
        scope, cause = body.scope.as_scope(), Cause(body.cause)
        placed = services.reverifications.order(
            caller.actor, caller.forum_id, scope, body.reason, body.due_in_days, cause
        )
        return OrderShown.of(placed)

    return once.answer(caller, 201, work)


@router.get("", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_orders(
    caller: BoardsCaller,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> OrderPage:
    """Newest first, with how far each is."""
    found = services.reverifications.list_all(caller.forum_id, read_cursor(cursor, "rvo_"), limit + 1)
    shown = found[:limit]
    return OrderPage(
        items=[OrderShown.of(progress) for progress in shown],
        next_cursor=write_cursor(shown[-1].order.id) if len(found) > limit else None,
    )


@router.get("/forecast", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def forecast(
    caller: BoardsCaller,
    services: ServicesOf,
    interval_days: Annotated[
        int | None, Query(ge=policies.REVERIFICATION_SHORTEST.value, le=policies.REVERIFICATION_LONGEST.value)
    ] = None,
    weeks: Annotated[int, Query(ge=1, le=policies.FORECAST_WEEKS.value)] = 12,
) -> Forecast:
    """How many fall due in each coming week, under today's policy and under the interval asked about; writes nothing.

    Each is taken to be done on its day; what is overdue already stands in no week.
    """
    found = services.reverifications.forecast(caller.forum_id, weeks, interval_days)
    return Forecast(
        interval_days=interval_days,
        weeks=[
            ForecastWeekShown(starts_on=week.starts_on, due=week.under_policy, due_under_interval=week.under_interval)
            for week in found
        ],
    )


@router.get("/{order_id}", responses=problems({**READING, 404: "not-found"}))
def get_order(order_id: str, caller: BoardsCaller, services: ServicesOf) -> OrderShown:
    """How far an order is."""
    return OrderShown.of(services.reverifications.get(caller.forum_id, order_id))
