"""Moderators over all forums: who is due, an order with its preview, how far it is, and what falls due. Source: L8d."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.boards.domain import ModeratorFilter, ModeratorView, OrderScope, Progress, ScopeKind, Touched
from app.boards.schedules import ModeratorState
from app.console.charts import Bar, Chart, series_of
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, chips, csv_response
from app.console.moments import plain, said_day, said_last_day, said_moment
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.kernel.errors import ShimingError
from app.kernel.ids import ForumId
from app.web.problems import status_of

router = console_router()
_HERE = "/console/moderators"
_ORDER = f"{_HERE}/order"
VisitOf = Annotated[Visit, Depends(visit_at("moderators"))]
_FILTERS = ("state", "forum", "board")
_PICKED_AT_ONCE = 80
_PREVIEWED, _LONGEST_REASON, _LONGEST_DAYS, _USUAL_DAYS = 200, 400, 365, 14
_WEEKS, _SUPPOSED_DAYS = 12, 90


@router.get("/moderators")
def moderators(visit: VisitOf) -> Response:
    """Filtered by state, forum and board; each can be picked for an order."""
    wanted = _filter(visit)
    if "csv" in visit.query:
        return csv_response("moderators", _columns(visit), [_cells(visit, view) for view in _all(visit, wanted)])
    found = visit.services.moderators.list_all(replace(wanted, limit=PAGE + 1))
    shown = found[:PAGE]
    last = shown[-1].standing.appointment.id if len(found) > PAGE else None
    listing = Listing(
        visit.say("moderators.list.caption"),
        [Column(visit.say("moderators.list.pick")), *_columns(visit)],
        [[_box(visit, view), *_cells(visit, view)] for view in shown],
        visit.say("moderators.list.empty"),
        _state_chips(visit),
        clear=_HERE if any(visit.query.get(name) for name in _FILTERS) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=last) if last else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    board = shown[0].board if shown and wanted.board else None
    return visit.show("moderators", listing=listing, forums=_forum_chips(visit), board=board)


def _filter(visit: Visit) -> ModeratorFilter:
    asked = visit.query
    state = ModeratorState(asked["state"]) if asked.get("state") in set(ModeratorState) else None
    forum_id, board = ForumId(asked["forum"]) if asked.get("forum") else None, asked.get("board") or None
    return ModeratorFilter(forum_id, board=board, state=state, after=asked.get("cursor") or None, limit=PAGE)


def _all(visit: Visit, wanted: ModeratorFilter) -> Sequence[ModeratorView]:
    """Piece by piece, so that no file is cut off."""
    found, step = list[ModeratorView](), policies.SWEPT_AT_ONCE.value
    after: str | None = None
    while True:
        piece = visit.services.moderators.list_all(replace(wanted, after=after, limit=step))
        found += piece
        if len(piece) < step:
            return found
        after = piece[-1].standing.appointment.id


def _columns(visit: Visit) -> list[Column]:
    names = ("handle", "board", "role", "state", "due", "powers_until", "verified")
    return [Column(visit.say(f"moderators.list.{name}")) for name in names]


def _box(visit: Visit, view: ModeratorView) -> Cell:
    ended = view.standing.state is ModeratorState.ENDED
    said = visit.say("moderators.list.pick_one", handle=view.handle, board=view.board.name)
    return Cell("–") if ended else Cell(said, pick=view.standing.appointment.id)


def _cells(visit: Visit, view: ModeratorView) -> list[Cell]:
    standing = view.standing
    appointment, deadline, state = standing.appointment, standing.deadline, standing.state
    over = state is ModeratorState.ENDED
    verified = standing.verified_at
    return [
        Cell(view.handle, f"/console/accounts/{appointment.account_id}"),
        Cell(view.board.name, address(visit.request, board=view.board.id, state=None)),
        Cell(visit.say(f"moderators.role.{appointment.role}")),
        Cell(state.value, badge=state.value),
        Cell("–") if over else Cell(said_last_day(visit, deadline.due_at), plain=plain(deadline.due_at)),
        Cell("–") if over else Cell(said_last_day(visit, deadline.suspends_at), plain=plain(deadline.suspends_at)),
        Cell(said_day(visit, verified), plain=plain(verified)) if verified else Cell("–"),
    ]


def _state_chips(visit: Visit) -> list[Chip]:
    states = [(state.value, visit.say(f"web.moderator.{state}")) for state in ModeratorState]
    return chips(visit.request, "state", states, visit.say("moderators.list.in_office"))


def _forum_chips(visit: Visit) -> list[Chip]:
    """None where there is one forum only."""
    forums = [(one.forum.id, one.forum.name) for one in visit.services.forums.list_all()]
    return chips(visit.request, "forum", forums, visit.say("console.list.all")) if len(forums) > 1 else []


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
    scope, days = _scope(written), _days(typed) or _USUAL_DAYS
    if scope is None:
        return visit.go(_HERE)
    try:
        preview = visit.services.reverifications.preview(None, scope, days, _PREVIEWED)
    except ShimingError as refusal:
        return visit.show(
            "order", errors=[("", visit.sentence(refusal.detail))], status=status_of(type(refusal)), preview=None
        )
    return visit.show(
        "order", errors=errors, status=status, preview=preview, scope=written, typed=typed, days=days,
        touched=_touched(visit, preview.touched), last_day=said_last_day(visit, preview.due_at),
    )  # fmt: skip


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
        return now.go(f"{_HERE}/orders/{placed.order.id}", "ordered", n=placed.affected)

    return act(visit, form, work, lambda errors, status: _order_page(visit, written, form, errors, status))


@router.get("/moderators/orders")
def orders(visit: VisitOf) -> Response:
    """All orders, the newest first."""
    found = visit.services.reverifications.list_all(None, visit.query.get("cursor") or None, PAGE + 1)
    columns = [Column(visit.say(f"moderators.orders.{name}")) for name in ("ordered_at", "reason", "due")]
    columns += [Column(visit.say(f"moderators.orders.{name}"), number=True) for name in ("done", "affected")]
    rows = [
        [
            Cell(said_moment(visit, one.order.created_at), f"{_HERE}/orders/{one.order.id}"),
            Cell(one.order.reason or visit.say(f"moderators.cause.{one.order.cause}")),
            Cell(said_last_day(visit, one.order.due_at)),
            Cell(one.completed),
            Cell(one.affected),
        ]
        for one in found[:PAGE]
    ]
    more = address(visit.request, cursor=found[PAGE - 1].order.id) if len(found) > PAGE else None
    caption = visit.say("moderators.orders.caption")
    return visit.show(
        "orders", listing=Listing(caption, columns, rows, visit.say("moderators.orders.empty"), next=more)
    )


@router.get("/moderators/orders/{order_id}")
def order(visit: VisitOf, order_id: str) -> Response:
    """How far one order is."""
    progress: Progress = visit.services.reverifications.get(None, order_id)
    return visit.show("order_progress", progress=progress, due=said_last_day(visit, progress.order.due_at))


@router.get("/moderators/forecast")
def forecast(visit: VisitOf) -> Response:
    """What falls due in each coming week, today's terms beside another interval; writes nothing."""
    written = visit.query.get("interval_days", str(_SUPPOSED_DAYS))
    shortest, longest = policies.REVERIFICATION_SHORTEST.value, policies.REVERIFICATION_LONGEST.value
    days = int(written) if written.isascii() and written.isdigit() and len(written) < len(str(longest)) + 1 else 0
    wrong = not shortest <= days <= longest
    errors = [("interval_days", visit.say("moderators.error.interval", least=shortest, most=longest))] if wrong else []
    weeks = visit.services.reverifications.forecast(None, _WEEKS, None if wrong else days)
    bars = [
        Bar(week.starts_on, (week.under_policy, week.under_interval or 0), is_now=number == 0)
        for number, week in enumerate(weeks)
    ]
    series = series_of(
        visit.say("moderators.forecast.today"), visit.say("moderators.forecast.then", n=written if wrong else days)
    )
    chart = Chart(
        "forecast", visit.say("moderators.forecast.caption", n=_WEEKS), visit.say("overview.due.week"),
        visit.say("console.chart.today"), series, bars, beside=True,
    )  # fmt: skip
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return visit.show("forecast", errors=errors, status=status, chart=chart, days=written)
