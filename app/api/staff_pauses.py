"""Routes of the emergency switch and of its drills (`docs/api.md` part 9, `docs/emergency.md`)."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, StaffCaller, staff_router, staff_with
from app.api.staff_pause_shapes import DrillPage, DrillShown, NewDrill, NewPause, PausePage, PauseShown
from app.staff.access import Permission

router = staff_router("")
_Compliance = Annotated[StaffCaller, Depends(staff_with(Permission.PAUSES))]
_LISTING = problems({**READING_STAFF, 422: "validation-failed"})
_ENDING = {**READING_STAFF, 403: f"{READING_STAFF[403]}, needs-second-person", 404: "not-found", 409: "state-conflict"}


@router.post(
    "/pauses",
    status_code=201,
    response_model=PauseShown,
    responses=problems({**ONCE_STAFF, 404: "not-found", 409: f"state-conflict, {IN_PROGRESS}"}),
)
def pause_posting(body: NewPause, caller: _Compliance, services: ServicesOf, once: OnceOf) -> Response:
    """The emergency switch: no permit is given or holds there from the moment of this answer. Reading goes on.

    A place that is paused already is 409 `state-conflict`. It waits for nothing outside.
    """

    def work() -> PauseShown:
        return PauseShown.of(services.emergency.pauses.pause(caller.actor, body.scope.as_place(), body.reason))

    return once.answer(caller, 201, work)


@router.get("/pauses", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_pauses(
    _caller: _Compliance,
    services: ServicesOf,
    state: Annotated[Literal["in_force", "ended"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> PausePage:
    """Newest first, all or those of a state."""
    in_force = None if state is None else state == "in_force"
    before = read_cursor(cursor, "pau_")
    found = services.emergency.pauses.list_all(before, limit + 1, in_force=in_force)
    shown = found[:limit]
    return PausePage(
        items=[PauseShown.of(pause) for pause in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.delete("/pauses/{pause_id}", status_code=204, responses=problems(_ENDING))
def resume_posting(pause_id: str, caller: _Compliance, services: ServicesOf) -> Response:
    """Lifts a pause, by another person than who began it. Posting goes on where no other pause holds."""
    services.emergency.pauses.resume(caller.actor, pause_id)
    return Response(status_code=204)


@router.post(
    "/drills", status_code=201, response_model=DrillShown, responses=problems({**ONCE_STAFF, 409: IN_PROGRESS})
)
def record_drill(body: NewDrill, caller: _Compliance, services: ServicesOf, once: OnceOf) -> Response:
    """Puts a rehearsal on record; it is never changed."""

    def work() -> DrillShown:
        drills = services.emergency.drills
        return DrillShown.of(drills.record(caller.actor, body.held_on, body.scenario, body.outcome))

    return once.answer(caller, 201, work)


@router.get("/drills", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_drills(
    _caller: _Compliance,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> DrillPage:
    """The one recorded last first."""
    found = services.emergency.drills.list_all(read_cursor(cursor, "drl_"), limit + 1)
    shown = found[:limit]
    return DrillPage(
        items=[DrillShown.of(drill) for drill in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )
