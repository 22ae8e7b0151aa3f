"""Boards over all forums: in what state, who founded each, and how many moderate it with what standing."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.boards.domain import Board, BoardStatus, BoardView
from app.console.forum_chips import forum_chips
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, chips, csv_response
from app.console.moments import last_day_cell
from app.console.visits import Visit, console_router, visit_at
from app.forums.domain import Pause, PausedPlace
from app.kernel.ids import ForumId
from app.staff.access import Permission

router = console_router()
_HERE = "/console/boards"
_FILTERS = ("state", "forum")


@router.get("/boards")
def boards(visit: Annotated[Visit, Depends(visit_at("boards"))]) -> Response:
    """Filtered by state and forum; each leads to its moderators and to the emergency switch."""
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    if "csv" in visit.query:
        views = _all(visit)
        return csv_response("boards", _columns(visit), [_cells(visit, view, forums) for view in views])
    found = _found(visit, visit.query.get("cursor") or None, PAGE + 1)
    shown = found[:PAGE]
    listing = Listing(
        visit.say("boards.list.caption"),
        [*_columns(visit), *_ways_columns(visit)],
        [[*_cells(visit, view, forums), *_ways(visit, view)] for view in shown],
        visit.say("boards.list.nothing"),
        _state_chips(visit),
        clear=_HERE if any(visit.query.get(name) for name in _FILTERS) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=shown[-1].board.id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("boards", listing=listing, forums=forum_chips(visit))


def _found(visit: Visit, after: str | None, limit: int) -> Sequence[BoardView]:
    asked = visit.query
    status = BoardStatus(asked["state"]) if asked.get("state") in set(BoardStatus) else None
    forum_id = ForumId(asked["forum"]) if asked.get("forum") else None
    return visit.services.boards.list_all(forum_id, after, limit, status)


def _all(visit: Visit) -> Sequence[BoardView]:
    """Piece by piece, so that no file is cut off."""
    found, after, step = list[BoardView](), None, policies.SWEPT_AT_ONCE.value
    while True:
        piece = _found(visit, after, step)
        found += piece
        if len(piece) < step:
            return found
        after = piece[-1].board.id


def _columns(visit: Visit) -> list[Column]:
    numbers = {"in_office", "lapsed"}
    names = ("name", "forum", "state", "founder", "in_office", "lapsed", "attended")
    return [Column(visit.say(f"boards.list.{name}"), number=name in numbers) for name in names]


def _cells(visit: Visit, view: BoardView, forums: dict[ForumId, str]) -> list[Cell]:
    board, founder, until = view.board, view.founder, view.attended_until
    reaches_accounts = visit.may(Permission.ACCOUNTS)
    return [
        Cell(board.name),
        Cell(forums.get(board.forum_id, "–")),
        Cell(_state(visit, board)),
        Cell(founder.handle, f"/console/accounts/{founder.account_id}" if reaches_accounts else None)
        if founder
        else Cell("–"),
        Cell(view.in_office),
        Cell(view.lapsed, f"/console/moderators?state=late&board={board.id}" if view.lapsed else None),
        last_day_cell(visit, until) if until else Cell(visit.say("boards.list.unattended")),
    ]


def _state(visit: Visit, board: Board) -> str:
    """With what stands still there by the emergency switch: the board itself, its forum or everything."""
    state, pause = visit.say(f"boards.state.{board.status}"), _pause_of(visit, board)
    if pause is None or board.status is BoardStatus.CLOSED:
        return state
    return visit.say(f"boards.paused.{_reach(pause)}", state=state)


def _reach(pause: Pause) -> str:
    if pause.place.board_id is not None:
        return "board"
    return "forum" if pause.place.forum_id is not None else "all"


def _pause_of(visit: Visit, board: Board) -> Pause | None:
    """The nearest one."""
    places = (PausedPlace(board.forum_id, board.id), PausedPlace(board.forum_id), PausedPlace())
    in_force = {pause.place: pause for pause in visit.pauses}
    return next((in_force[place] for place in places if place in in_force), None)


def _ways_columns(visit: Visit) -> list[Column]:
    return [Column(visit.say("boards.list.moderators")), Column(visit.say("console.menu.switch"))]


def _ways(visit: Visit, view: BoardView) -> list[Cell]:
    """Of one that is closed there is nothing to stop."""
    board, closed = view.board, view.board.status is BoardStatus.CLOSED
    moderators = Cell(visit.say("boards.list.see"), f"/console/moderators?board={board.id}")
    stop = Cell(visit.say("boards.list.stop"), f"/console/switch?place={board.id}")
    if (pause := _pause_of(visit, board)) is not None and pause.place.board_id == board.id:
        stop = Cell(visit.say("boards.list.paused"), f"/console/switch#{pause.id}")
    return [moderators, Cell("–") if closed or not visit.may(Permission.PAUSES) else stop]


def _state_chips(visit: Visit) -> list[Chip]:
    states = [(state.value, visit.say(f"boards.state.{state}")) for state in BoardStatus]
    return chips(visit.request, "state", states, visit.say("console.list.all"))
