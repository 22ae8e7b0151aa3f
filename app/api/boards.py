"""Routes of boards (`docs/api.md` part 5)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.board_shapes import ActOnBoard, Board, BoardPage, ChangedBoard, Freezing, NewBoardGiven, board_out
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import (
    IN_PROGRESS,
    ONCE,
    READING,
    WRITING,
    BoardsCaller,
    ServicesOf,
    problems,
    refuse_unknown_query,
)
from app.api.once import OnceOf
from app.boards.domain import BoardView

router = APIRouter(prefix="/v1/boards", tags=["boards"])
_NOT_FOUND = {404: "not-found"}
_STATE = f"state-conflict, {IN_PROGRESS}"
UNFIT = (
    "insufficient-scope, identity-level-too-low, agreement-not-accepted, minor-not-allowed, account-suspended,"
    " account-banned"
)
"""Why somebody cannot be put on record."""


@router.post(
    "",
    status_code=201,
    response_model=Board,
    responses=problems({**ONCE, 403: UNFIT, 404: "account-not-found", 409: f"slug-taken, {_STATE}"}),
)
def create_board(body: NewBoardGiven, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Creates a board and puts its founder on record, in one.

    The founder must be verified by document, of age, and have accepted the moderator agreement.
    """

    def work() -> Board:
        founder = body.founder.account_name("/founder")
        return board_out(services.boards.create(caller.actor, caller.forum_id, body.as_board(), founder))

    return once.answer(caller, 201, work)


@router.get("", responses=problems({**READING, 422: "validation-failed"}), dependencies=[Depends(refuse_unknown_query)])
def list_boards(
    caller: BoardsCaller,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> BoardPage:
    """The forum's boards, oldest first."""
    found = services.boards.list_all(caller.forum_id, read_cursor(cursor, "brd_"), limit + 1)
    shown = found[:limit]
    return BoardPage(
        items=[board_out(view) for view in shown],
        next_cursor=write_cursor(shown[-1].board.id) if len(found) > limit else None,
    )


@router.get("/{board}", responses=problems({**READING, **_NOT_FOUND}))
def get_board(board: str, caller: BoardsCaller, services: ServicesOf) -> Board:
    """By its id or its slug."""
    return board_out(services.boards.get(caller.forum_id, board))


@router.patch("/{board}", responses=problems({**WRITING, **_NOT_FOUND, 409: "slug-taken"}))
def change_board(board: str, body: ChangedBoard, caller: BoardsCaller, services: ServicesOf) -> Board:
    """Changes what is given; a new interval gives every moderator at least 30 days."""
    return board_out(services.boards.change(caller.actor, caller.forum_id, board, body.as_change()))


@router.post("/{board}/freeze", response_model=Board, responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE}))
def freeze_board(board: str, body: Freezing, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """No permit names this board any more, at once, until it is reopened."""

    def work() -> BoardView:
        if body.violation_id is not None:
            board_id = services.boards.get(caller.forum_id, board).board.id
            services.violations.refuse_another(caller.forum_id, body.violation_id, board_id)
        return services.boards.freeze(caller.actor, caller.forum_id, board, body.reason, body.violation_id)

    return once.answer(caller, 200, _shown(work))


@router.post("/{board}/reopen", response_model=Board, responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE}))
def reopen_board(board: str, body: ActOnBoard, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Brings back exactly what was before it was frozen or closed."""
    act = services.boards.reopen
    return once.answer(caller, 200, _shown(lambda: act(caller.actor, caller.forum_id, board, body.reason)))


@router.post("/{board}/close", response_model=Board, responses=problems({**ONCE, **_NOT_FOUND}))
def close_board(board: str, body: ActOnBoard, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Ends posting and moderating here, at once."""
    act = services.boards.close
    return once.answer(caller, 200, _shown(lambda: act(caller.actor, caller.forum_id, board, body.reason)))


def _shown(act: Callable[[], BoardView]) -> Callable[[], Board]:
    return lambda: board_out(act())
