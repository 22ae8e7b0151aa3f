"""Routes of moderators (`docs/api.md` part 5)."""

from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.board_shapes import (
    Ending,
    HistoryList,
    HistoryShown,
    Lifting,
    Moderator,
    ModeratorPage,
    NewModerator,
    NewSanction,
    OwnList,
    Reconciliation,
    SanctionList,
    SanctionShown,
    moderator_out,
)
from app.api.boards import UNFIT
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ONCE, READING, BoardsCaller, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.shapes import Moment
from app.boards.domain import ModeratorFilter, Role, Step
from app.boards.moderators import Moderators
from app.boards.schedules import ModeratorState
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

router = APIRouter(prefix="/v1", tags=["moderators"])
_NOT_FOUND = {404: "not-found"}
_STATE = f"state-conflict, {IN_PROGRESS}"
_FRESH_SECONDS = 15
_NAMES_AT_ONCE = 200
_TOO_MANY_NAMES = Sentence("一次最多 200 个。", "At most 200 at once.")
_LISTED: dict[int | str, dict[str, Any]] = {
    **problems({**READING, **_NOT_FOUND, 422: "validation-failed"}),
    304: {"description": "what `If-None-Match` names is still so"},
}
StateAsked = Annotated[Literal["current", "due", "overdue", "suspended", "ended"] | None, Query()]
Names = Annotated[str | None, Query(max_length=12_000, description="Several with commas between, at most 200.")]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a list that may be kept for 15 seconds, or nothing where the one that is kept is still right."""

    limit: int
    after: str | None
    known: str

    def of(self, moderators: Moderators, wanted: ModeratorFilter) -> Response:
        found = moderators.list_all(replace(wanted, after=self.after, limit=self.limit + 1))
        shown = found[: self.limit]
        page = ModeratorPage(
            items=[moderator_out(view) for view in shown],
            next_cursor=write_cursor(shown[-1].standing.appointment.id) if len(found) > self.limit else None,
        )
        body = page.model_dump_json().encode()
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = {"etag": etag, "cache-control": f"private, max-age={_FRESH_SECONDS}"}
        if not {etag, "*"}.isdisjoint(mark.strip().removeprefix("W/") for mark in self.known.split(",")):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, media_type="application/json", headers=headers)


def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> _Page:
    return _Page(limit, read_cursor(cursor, "mod_"), request.headers.get("if-none-match", ""))


def _wanted(
    state: StateAsked = None,
    board: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    due_before: Annotated[Moment | None, Query()] = None,
    external_ids: Names = None,
    handles: Names = None,
) -> ModeratorFilter:
    return ModeratorFilter(
        forum_id=None,
        board=board,
        state=ModeratorState(state) if state else None,
        due_before=due_before,
        external_ids=_names(external_ids, Field.EXTERNAL_ID, "/external_ids"),
        handles=_names(handles, Field.HANDLE, "/handles"),
    )


def _names(given: str | None, field: Field, pointer: str) -> tuple[str, ...] | None:
    """Raises `Invalid` for too many, and for what no name can hold."""
    if given is None:
        return None
    names = tuple(name for name in given.split(",") if name)
    if len(names) > _NAMES_AT_ONCE:
        raise Invalid([FieldError(pointer, "too-many", _TOO_MANY_NAMES)])
    refuse_unreadable(Text(field, pointer, name) for name in names)
    return names


_PageOf = Annotated[_Page, Depends(_page)]
_WantedOf = Annotated[ModeratorFilter, Depends(_wanted)]


@router.post(
    "/boards/{board}/moderators",
    status_code=201,
    response_model=Moderator,
    responses=problems({**ONCE, 403: UNFIT, 404: "not-found, account-not-found", 409: _STATE}),
)
def file_moderator(
    board: str, body: NewModerator, caller: BoardsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Puts a moderator on record and starts the schedule of re-verification; nobody has powers before.

    `founder` where the board has none any more.
    """

    def work() -> Moderator:
        filed = services.moderators.file(caller.actor, caller.forum_id, board, body.account_name(), Role(body.role))
        return moderator_out(filed)

    return once.answer(caller, 201, work)


@router.get(
    "/boards/{board}/moderators",
    response_model=ModeratorPage,
    responses=_LISTED,
    dependencies=[Depends(refuse_unknown_query)],
)
def list_board_moderators(
    board: str, caller: BoardsCaller, services: ServicesOf, page: _PageOf, state: StateAsked = None
) -> Response:
    """A board's moderators in office, or those who have ended; oldest filing first."""
    wanted = ModeratorFilter(caller.forum_id, board, ModeratorState(state) if state else None)
    return page.of(services.moderators, wanted)


@router.get(
    "/moderators", response_model=ModeratorPage, responses=_LISTED, dependencies=[Depends(refuse_unknown_query)]
)
def list_moderators(caller: BoardsCaller, services: ServicesOf, page: _PageOf, wanted: _WantedOf) -> Response:
    """The forum's moderators in office, or those who have ended; the filters narrow together.

    Made to be asked on page views: send the `ETag` back as `If-None-Match`.
    """
    return page.of(services.moderators, replace(wanted, forum_id=caller.forum_id))


@router.get("/moderators/{moderator_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_moderator(moderator_id: str, caller: BoardsCaller, services: ServicesOf) -> Moderator:
    return moderator_out(services.moderators.get(caller.forum_id, moderator_id))


@router.post(
    "/moderators/{moderator_id}/end", response_model=Moderator, responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE})
)
def end_moderator(
    moderator_id: str, body: Ending, caller: BoardsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Ends an appointment, at once; its record stays."""

    def work() -> Moderator:
        return moderator_out(services.moderators.end(caller.actor, caller.forum_id, moderator_id, body.reason))

    return once.answer(caller, 200, work)


@router.post(
    "/moderators/{moderator_id}/sanctions",
    status_code=201,
    response_model=SanctionShown,
    responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE}),
)
def sanction_moderator(
    moderator_id: str, body: NewSanction, caller: BoardsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Warns a moderator, or cancels their powers on this board, with a reason and the ground it rests on.

    They are told through the forum, with the way to appeal. To suspend or ban the account, or to close the board, use
    their own endpoints.
    """

    def work() -> SanctionShown:
        step, reason, basis = Step(body.step), body.reason, body.basis
        imposed = services.moderators.sanction(caller.actor, caller.forum_id, moderator_id, step, reason, basis)
        return SanctionShown.of(imposed)

    return once.answer(caller, 201, work)


@router.get("/moderators/{moderator_id}/sanctions", responses=problems({**READING, **_NOT_FOUND}))
def list_sanctions(moderator_id: str, caller: BoardsCaller, services: ServicesOf) -> SanctionList:
    """Oldest first, lifted ones too."""
    found = services.moderators.sanctions(caller.forum_id, moderator_id)
    return SanctionList(items=[SanctionShown.of(sanction) for sanction in found])


@router.post(
    "/moderators/{moderator_id}/sanctions/{sanction_id}/lift",
    response_model=SanctionShown,
    responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE}),
)
def lift_sanction(
    moderator_id: str, sanction_id: str, body: Lifting, caller: BoardsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Takes a measure back; cancelled powers are again exactly what they were, with the due dates they had."""

    def work() -> SanctionShown:
        lifted = services.moderators.lift(caller.actor, caller.forum_id, moderator_id, sanction_id, body.reason)
        return SanctionShown.of(lifted)

    return once.answer(caller, 200, work)


@router.get("/moderators/{moderator_id}/history", responses=problems({**READING, **_NOT_FOUND}))
def get_history(moderator_id: str, caller: BoardsCaller, services: ServicesOf) -> HistoryList:
    """All that happened to an appointment, oldest first: what an inspector asks for."""
    found = services.moderators.history(caller.forum_id, moderator_id)
    return HistoryList(items=[HistoryShown.of(entry) for entry in found])


@router.post(
    "/boards/{board}/moderators/reconcile", response_model=Reconciliation, responses=problems({**ONCE, **_NOT_FOUND})
)
def reconcile(board: str, body: OwnList, caller: BoardsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Compares the forum's own list of a board's moderators with the filings here."""

    def work() -> Reconciliation:
        refuse_unreadable(
            Text(Field.EXTERNAL_ID, f"/external_ids/{place}", one) for place, one in enumerate(body.external_ids)
        )
        found = services.moderators.reconcile(caller.actor, caller.forum_id, board, body.external_ids)
        return Reconciliation(
            unfiled=list(found.unfiled),
            absent=list(found.absent),
            powerless=list(found.powerless),
            nameless=list(found.nameless),
        )

    return once.answer(caller, 200, work)
