"""Routes of prohibited content, for forums (`docs/violations.md`)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ONCE, READING, ReportsCaller, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.violation_shapes import MeasureGiven, MeasureShown, NewViolationGiven, ViolationPage, ViolationShown
from app.reporting.offences import ViolationFilter

router = APIRouter(prefix="/v1/violations", tags=["reporting"])
_NOT_FOUND = {404: "not-found"}
_Limit = Annotated[int, Query(ge=1, le=200)]
_Cursor = Annotated[str | None, Query(max_length=100)]


@router.post(
    "",
    status_code=201,
    response_model=ViolationShown,
    responses=problems({**ONCE, 404: "account-not-found, not-found"}),
)
def record_violation(body: NewViolationGiven, caller: ReportsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Puts prohibited content on record; what was published is sealed and outlives the post and the account."""

    def work() -> ViolationShown:
        return ViolationShown.of(services.violations.record(caller.actor, caller.forum_id, body.as_violation()))

    return once.answer(caller, 201, work)


@router.get("", responses=problems({**READING, 422: "validation-failed"}), dependencies=[Depends(refuse_unknown_query)])
def list_violations(
    caller: ReportsCaller, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None
) -> ViolationPage:
    """The forum's own, newest first."""
    before = read_cursor(cursor, "vio_")
    found = services.violations.list_all(ViolationFilter(caller.forum_id, before=before, limit=limit + 1))
    shown = found[:limit]
    return ViolationPage(
        items=[ViolationShown.of(view) for view in shown],
        next_cursor=write_cursor(shown[-1].violation.id) if len(found) > limit else None,
    )


@router.get("/{violation_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_violation(violation_id: str, caller: ReportsCaller, services: ServicesOf) -> ViolationShown:
    """With what was done about it, and which authorities were told."""
    return ViolationShown.of(services.violations.get(caller.forum_id, violation_id))


@router.post(
    "/{violation_id}/measures",
    status_code=201,
    response_model=MeasureShown,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def record_measure(
    violation_id: str, body: MeasureGiven, caller: ReportsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Says what was done. Where staff ordered the same, this confirms it.

    Suspending, banning and freezing have endpoints of their own, which write the measure by themselves.
    """

    def work() -> MeasureShown:
        measure = services.violations.measure
        return MeasureShown.of(measure(caller.actor, caller.forum_id, violation_id, body.as_measure()))

    return once.answer(caller, 201, work)
