"""Routes of prohibited content, for staff (`docs/violations.md`)."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.staff_callers import LISTING_STAFF, NOT_FOUND, Cursor, Limit, OfForum, ReportsOfAllCaller, ViolationsCaller
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, WRITING_STAFF, staff_router
from app.api.violation_shapes import (
    CategoryName,
    EvidenceAsked,
    HoldGiven,
    NewStaffViolation,
    OpenedEvidenceShown,
    StaffMeasure,
    StaffMeasureShown,
    StaffViolationPage,
    StaffViolationShown,
)
from app.kernel.ids import AccountId, ForumId
from app.reporting.domain import Category
from app.reporting.offences import ViolationFilter, ViolationQueue

router = staff_router("/violations")
_ANOTHER = "insufficient-scope, role-not-sufficient, needs-second-person"
_CONFLICT = {409: f"state-conflict, {IN_PROGRESS}"}


def _asked(
    forum: OfForum = None,
    state: Annotated[Literal["recorded", "ordered", "stopped", "unreported"] | None, Query()] = None,
    category: Annotated[CategoryName | None, Query()] = None,
    account_id: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    case: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
) -> ViolationFilter:
    return ViolationFilter(
        ForumId(forum) if forum is not None else None,
        Category(category) if category is not None else None,
        ViolationQueue(state) if state is not None else None,
        AccountId(account_id) if account_id is not None else None,
        case,
    )


_AskedOf = Annotated[ViolationFilter, Depends(_asked)]


@router.post(
    "",
    status_code=201,
    response_model=StaffViolationShown,
    responses=problems({**ONCE_STAFF, 404: "account-not-found, not-found"}),
)
def record_violation(body: NewStaffViolation, caller: ViolationsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Puts prohibited content of any forum on record, also from a complaint."""

    def work() -> StaffViolationShown:
        record, forum_id = services.violations.record, ForumId(body.forum_id)
        return StaffViolationShown.of(record(caller.actor, forum_id, body.as_violation(body.case)))

    return once.answer(caller, 201, work)


@router.get("", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_violations(
    caller: ViolationsCaller, services: ServicesOf, asked: _AskedOf, limit: Limit = 50, cursor: Cursor = None
) -> StaffViolationPage:
    """Newest first. `unreported` are those of which an authority is to be told, and was not."""
    found = services.violations.list_all(
        replace(asked, before=read_cursor(cursor, "vio_"), limit=limit + 1), caller.actor
    )
    shown = found[:limit]
    return StaffViolationPage(
        items=[StaffViolationShown.of(view) for view in shown],
        next_cursor=write_cursor(shown[-1].violation.id) if len(found) > limit else None,
    )


@router.get("/{violation_id}", responses=problems({**READING_STAFF, **NOT_FOUND}))
def get_violation(violation_id: str, caller: ViolationsCaller, services: ServicesOf) -> StaffViolationShown:
    """With what was done, who is to be told, and how long its evidence is kept; without the evidence."""
    return StaffViolationShown.of(services.violations.get(None, violation_id, caller.actor))


@router.post(
    "/{violation_id}/measures",
    status_code=201,
    response_model=StaffMeasureShown,
    responses=problems({**ONCE_STAFF, 403: _ANOTHER, **NOT_FOUND, **_CONFLICT}),
)
def order_measure(
    violation_id: str, body: StaffMeasure, caller: ViolationsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Orders what is to be done to the content: the forum is told, and records the same once it is done."""

    def work() -> StaffMeasureShown:
        return StaffMeasureShown.of(services.violations.measure(caller.actor, None, violation_id, body.as_measure()))

    return once.answer(caller, 201, work)


@router.post("/{violation_id}/evidence", responses=problems({**WRITING_STAFF, **NOT_FOUND, 409: "state-conflict"}))
def open_evidence(
    violation_id: str, body: EvidenceAsked, caller: ViolationsCaller, services: ServicesOf
) -> OpenedEvidenceShown:
    """What was published, for a reason that is on record, and whether it is what was kept.

    It takes no `Idempotency-Key`: the answer is stored nowhere, and each reading is on record.
    """
    return OpenedEvidenceShown.of(services.violations.open_evidence(caller.actor, violation_id, body.reason))


@router.post(
    "/{violation_id}/hold",
    response_model=StaffViolationShown,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, **_CONFLICT}),
)
def hold_evidence(
    violation_id: str, body: HoldGiven, caller: ReportsOfAllCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Keeps the evidence beyond its time as long as somebody needs it; without a reason it is let go again."""

    def work() -> StaffViolationShown:
        return StaffViolationShown.of(services.violations.hold(caller.actor, violation_id, body.reason))

    return once.answer(caller, 200, work)
