"""Moderators over all forums: who is due, and what falls due. Source: L8d."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.boards.domain import ModeratorFilter, ModeratorView
from app.boards.schedules import ModeratorState
from app.console.charts import Bar, Chart, series_of
from app.console.forum_chips import forum_chips
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, chips, csv_response
from app.console.moments import last_day_cell, plain, said_day
from app.console.visits import Visit, console_router, visit_at
from app.kernel.ids import ForumId

router = console_router()
_HERE = "/console/moderators"
VisitOf = Annotated[Visit, Depends(visit_at("moderators"))]
_FILTERS = ("state", "forum", "board")
_LATE, _TICK = "late", timedelta(microseconds=1)
"""Past the due date, with powers or without."""
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
    states = _state_chips(visit)
    listing = Listing(
        next((chip.said for chip in states if chip.current), visit.say("moderators.list.caption")),
        [Column(visit.say("moderators.list.pick")), *_columns(visit)],
        [[_box(visit, view), *_cells(visit, view)] for view in shown],
        visit.say("moderators.list.empty"),
        states,
        clear=_HERE if any(visit.query.get(name) for name in _FILTERS) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=last) if last else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    board = shown[0].board if shown and wanted.board else None
    return visit.show(
        "moderators",
        listing=listing,
        forums=forum_chips(visit),
        board=board,
        kept=_kept(visit),
        picking=_picking(visit),
    )


def _picking(visit: Visit) -> tuple[str, str]:
    """Ticks whom this page shows, or none of them: what it is called, and where it leads."""
    other = None if _all_picked(visit) else "all"
    name = "pick_all" if other else "pick_none"
    here = address(visit.request, picked=other, cursor=visit.query.get("cursor"))
    return visit.say(f"moderators.list.{name}"), here


def _all_picked(visit: Visit) -> bool:
    return visit.query.get("picked") == "all"


def _kept(visit: Visit) -> list[tuple[str, str]]:
    """The filters, which a preview leads back to."""
    return [(name, visit.query[name]) for name in _FILTERS if visit.query.get(name)]


def _filter(visit: Visit) -> ModeratorFilter:
    asked = visit.query
    state = ModeratorState(asked["state"]) if asked.get("state") in set(ModeratorState) else None
    forum_id, board = ForumId(asked["forum"]) if asked.get("forum") else None, asked.get("board") or None
    late = visit.now + _TICK if asked.get("state") == _LATE else None
    after = asked.get("cursor") or None
    return ModeratorFilter(forum_id, board=board, state=state, due_before=late, after=after, limit=PAGE)


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
    return Cell("–") if ended else Cell(said, pick=view.standing.appointment.id, picked=_all_picked(visit))


def _cells(visit: Visit, view: ModeratorView) -> list[Cell]:
    standing = view.standing
    appointment, deadline, state = standing.appointment, standing.deadline, standing.state
    over = state is ModeratorState.ENDED
    verified = standing.verified_at
    return [
        Cell(view.handle, f"/console/accounts/{appointment.account_id}"),
        Cell(view.board.name, address(visit.request, board=view.board.id)),
        Cell(visit.say(f"moderators.role.{appointment.role}")),
        Cell(state.value, badge=state.value),
        last_day_cell(visit, None if over else deadline.due_at),
        last_day_cell(visit, None if over else deadline.suspends_at),
        Cell(said_day(visit, verified), plain=plain(verified)) if verified else Cell("–"),
    ]


def _state_chips(visit: Visit) -> list[Chip]:
    states = [(state.value, visit.say(f"web.moderator.{state}")) for state in ModeratorState]
    states.insert(0, (_LATE, visit.say("moderators.list.late")))
    return chips(visit.request, "state", states, visit.say("moderators.list.in_office"))


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
