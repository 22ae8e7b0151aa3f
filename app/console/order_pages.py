"""Orders to re-verify: a preview of whom one touches, the order itself, and how far each is. Source: L8d."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends
from fastapi.responses import Response

from app.boards.domain import Ordered, OrderedState, OrderPreview, OrderScope, Progress, ScopeKind, Touched
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import last_day_cell, plain, said_last_day, said_moment
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.kernel.errors import ShimingError
from app.web.problems import status_of

router = console_router()
_HERE = "/console/moderators"
_ORDERS = f"{_HERE}/orders"
VisitOf = Annotated[Visit, Depends(visit_at("moderators"))]
_FILTERS = ("state", "forum", "board")
_PICKED_AT_ONCE = 80
_PREVIEWED, _LONGEST_REASON, _LONGEST_DAYS, _USUAL_DAYS = 200, 400, 365, 14
_EVERYBODY = 1_000
"""As many of an order as a file takes at once."""


@router.get("/moderators/order")
def order_page(visit: VisitOf) -> Response:
    """Who an order would touch, before anything is ordered."""
    return _order_page(visit, _asked_scope(visit), {})


def _asked_scope(visit: Visit) -> str:
    """As one word that a form can hold: `all`, `board:<id>`, `account:<id>` or `moderators:<id>,<id>`."""
    picked = visit.request.query_params.getlist("pick")[:_PICKED_AT_ONCE]
    return f"{ScopeKind.MODERATORS}:{','.join(picked)}" if picked else visit.query.get("scope", "")


def _scope(written: str) -> OrderScope | None:
    kind, _, named = written.partition(":")
    if kind == ScopeKind.ALL:
        return OrderScope(ScopeKind.ALL)
    if kind == ScopeKind.MODERATORS and named:
        return OrderScope(ScopeKind.MODERATORS, moderators=tuple(dict.fromkeys(named.split(",")))[:_PICKED_AT_ONCE])
    return OrderScope(ScopeKind(kind), named) if kind in {ScopeKind.BOARD, ScopeKind.ACCOUNT} and named else None


def _order_page(
    visit: Visit, written: str, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    scope, asked, back = _scope(written), _days(typed), _back(visit)
    days = _USUAL_DAYS if asked is None else asked
    if scope is None:
        errors = [("", visit.say("moderators.error.nobody_picked"))]
        return visit.show("order", errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY, preview=None, back=back)
    try:
        preview = visit.services.reverifications.preview(None, scope, days, _PREVIEWED)
    except ShimingError as refusal:
        return visit.show(
            "order",
            errors=[("", visit.sentence(refusal.detail))],
            status=status_of(type(refusal)),
            preview=None,
            back=back,
        )
    return visit.show(
        "order", errors=errors, status=status, preview=preview, scope=written, typed=typed, days=days,
        touched=_touched(visit, preview.touched), last_day=said_last_day(visit, preview.due_at),
        offices=_offices(visit, preview.affected, preview.accounts), earlier=_earlier(visit, preview), back=back,
    )  # fmt: skip


def _back(visit: Visit) -> str:
    """The list as it was filtered when the preview was asked for."""
    kept = {name: visit.query[name] for name in _FILTERS if visit.query.get(name)}
    return f"{_HERE}?{urlencode(kept)}" if kept else _HERE


def _offices(visit: Visit, affected: int, accounts: int) -> str:
    """Appointments are no people: one may hold several."""
    return visit.say("moderators.order.offices", n=affected, accounts=accounts)


def _earlier(visit: Visit, preview: OrderPreview) -> str:
    """Who of them has an order already that is not done."""
    if not preview.under_order or preview.ordered_since is None:
        return ""
    since = said_moment(visit, preview.ordered_since)
    return visit.say("moderators.order.earlier", n=preview.under_order, time=since)


def _touched(visit: Visit, touched: Sequence[Touched]) -> Listing:
    rows = [
        [
            Cell(one.view.handle),
            Cell(one.view.board.name),
            Cell("", badge=one.view.standing.state.value),
            Cell(said_last_day(visit, one.view.standing.deadline.due_at)),
            Cell(said_last_day(visit, one.due_at) if one.is_nearer else visit.say("moderators.order.stays")),
        ]
        for one in touched
    ]
    names = ("handle", "board", "state", "due", "new_due")
    columns = [Column(visit.say(f"moderators.list.{name}")) for name in names]
    return Listing(visit.say("moderators.order.touched"), columns, rows, visit.say("moderators.order.nobody"))


def _days(form: Fields) -> int | None:
    written = form.get("due_in_days", "").strip()
    return int(written) if written.isascii() and written.isdigit() and int(written) <= _LONGEST_DAYS else None


@router.post("/moderators/order")
def place_order(visit: VisitOf, form: FormOf) -> Response:
    """Orders what was previewed; dates come nearer, never later."""
    written, days, reason = form.get("scope", ""), _days(form), form.get("reason", "").strip()
    scope, wrong = _scope(written), list[tuple[str, str]]()
    if days is None:
        wrong.append(("due_in_days", visit.say("moderators.error.days", n=_LONGEST_DAYS)))
    if not 0 < len(reason) <= _LONGEST_REASON:
        wrong.append(("reason", visit.say("console.error.reason", n=_LONGEST_REASON)))
    if scope is None or days is None or wrong:
        return _order_page(visit, written, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        placed = now.services.reverifications.order(now.actor, None, scope, reason, days)
        return now.go(f"{_ORDERS}/{placed.order.id}", "ordered", n=placed.affected)

    return act(visit, form, work, lambda errors, status: _order_page(visit, written, form, errors, status))


@router.get("/moderators/orders")
def orders(visit: VisitOf) -> Response:
    """All orders, the newest first."""
    found = visit.services.reverifications.list_all(None, visit.query.get("cursor") or None, PAGE + 1)
    names = ("ordered_at", "reason", "due", "affected")
    columns = [Column(visit.say(f"moderators.orders.{name}")) for name in names]
    columns += [Column(visit.say(f"moderators.orders.{name}"), number=True) for name in ("done", "left")]
    rows = [
        [
            Cell(said_moment(visit, one.order.created_at), f"{_ORDERS}/{one.order.id}"),
            Cell(_reason(visit, one)),
            Cell(said_last_day(visit, one.order.due_at)),
            Cell(_offices(visit, one.affected, one.accounts)),
            Cell(one.completed),
            Cell(one.affected - one.completed),
        ]
        for one in found[:PAGE]
    ]
    more = address(visit.request, cursor=found[PAGE - 1].order.id) if len(found) > PAGE else None
    caption = visit.say("moderators.orders.caption")
    return visit.show(
        "orders", listing=Listing(caption, columns, rows, visit.say("moderators.orders.empty"), next=more)
    )


def _reason(visit: Visit, progress: Progress) -> str:
    return progress.order.reason or visit.say(f"moderators.cause.{progress.order.cause}")


@router.get("/moderators/orders/{order_id}")
def order(visit: VisitOf, order_id: str) -> Response:
    """How far one order is, and everybody whom it concerns: those first who have something left to do."""
    progress = visit.services.reverifications.get(None, order_id)
    if "csv" in visit.query:
        rows = [_ordered(visit, one) for one in _everybody(visit, order_id)]
        return csv_response("order", _ordered_columns(visit), rows)
    found = visit.services.reverifications.ordered(order_id, _state(visit), _place(visit), PAGE + 1)
    shown, last = found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None
    states = [(state.value, visit.say(f"moderators.ordered.{state}")) for state in OrderedState]
    listing = Listing(
        visit.say("moderators.ordered.caption"),
        _ordered_columns(visit),
        [_ordered(visit, one) for one in shown],
        visit.say("moderators.order.nobody"),
        chips(visit.request, "state", states, visit.say("console.list.all")),
        clear=f"{_ORDERS}/{order_id}" if visit.query.get("state") else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=_cursor(last)) if last else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show(
        "order_progress",
        progress=progress,
        listing=listing,
        reason=_reason(visit, progress),
        due=said_last_day(visit, progress.order.due_at),
        offices=_offices(visit, progress.affected, progress.accounts),
    )


def _everybody(visit: Visit, order_id: str) -> list[Ordered]:
    """Piece by piece, so that no file is cut off."""
    found, after = list[Ordered](), None
    while True:
        piece = visit.services.reverifications.ordered(order_id, _state(visit), after, _EVERYBODY)
        found += piece
        if len(piece) < _EVERYBODY:
            return found
        after = piece[-1].state, piece[-1].view.standing.appointment.id


def _state(visit: Visit) -> OrderedState | None:
    return OrderedState(visit.query["state"]) if visit.query.get("state") in set(OrderedState) else None


def _cursor(last: Ordered) -> str:
    return f"{last.state}.{last.view.standing.appointment.id}"


def _place(visit: Visit) -> tuple[OrderedState, str] | None:
    """The beginning for whatever is no place."""
    state, _, moderator_id = visit.query.get("cursor", "").partition(".")
    return (OrderedState(state), moderator_id) if state in set(OrderedState) and moderator_id else None


def _ordered_columns(visit: Visit) -> list[Column]:
    names = ("handle", "board", "role", "stands", "state", "due", "done_at")
    return [Column(visit.say(f"moderators.list.{name}")) for name in names]


def _ordered(visit: Visit, one: Ordered) -> list[Cell]:
    standing, board = one.view.standing, one.view.board
    left, due_at = one.state is OrderedState.LEFT, standing.deadline.due_at
    return [
        Cell(one.view.handle, f"/console/accounts/{standing.appointment.account_id}"),
        Cell(board.name, f"{_HERE}?board={board.id}"),
        Cell(visit.say(f"moderators.role.{standing.appointment.role}")),
        Cell(visit.say(f"moderators.ordered.{one.state}")),
        Cell(standing.state.value, badge=standing.state.value),
        last_day_cell(visit, due_at if left else None),
        Cell(said_moment(visit, one.done_at), plain=plain(one.done_at)) if one.done_at else Cell("–"),
    ]
