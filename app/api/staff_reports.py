"""Routes of reports to authorities, for staff (`docs/violations.md`)."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.report_shapes import (
    NewReportGiven,
    ReportPage,
    ReportShown,
    ReportWithDocument,
    SentGiven,
    WithdrawalGiven,
)
from app.api.shapes import Moment
from app.api.staff_callers import LISTING_STAFF, NOT_FOUND, Cursor, Limit, ReportsOfAllCaller
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, staff_router
from app.api.webhook_shapes import NoContent
from app.reporting.offences import ReportFilter, ReportState

router = staff_router("")
_ONE = "/reports/{report_id}"
_CONFLICT = {409: f"state-conflict, {IN_PROGRESS}"}
_SECOND = f"{READING_STAFF[403]}, needs-second-person"


@router.post(
    "/violations/{violation_id}/reports",
    status_code=201,
    response_model=ReportShown,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, 409: f"no-authority, state-conflict, {IN_PROGRESS}"}),
)
def draft_report(
    violation_id: str, body: NewReportGiven, caller: ReportsOfAllCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Begins a report to an authority of the directory."""

    def work() -> ReportShown:
        drafted = services.authority_reports.draft(caller.actor, violation_id, body.as_report())
        return ReportShown.of(drafted, services.clock.now())

    return once.answer(caller, 201, work)


@router.get("/reports", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_reports(
    caller: ReportsOfAllCaller,
    services: ServicesOf,
    state: Annotated[Literal["draft", "approved", "sent", "received", "withdrawn"] | None, Query()] = None,
    due_before: Annotated[Moment | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ReportPage:
    """Newest first, without their documents."""
    wanted = ReportFilter(ReportState(state) if state else None, due_before, read_cursor(cursor, "rep_"), limit + 1)
    found, now = services.authority_reports.list_all(wanted, caller.actor), services.clock.now()
    shown = found[:limit]
    return ReportPage(
        items=[ReportShown.of(report, now) for report in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.get(_ONE, responses=problems({**READING_STAFF, **NOT_FOUND}))
def get_report(report_id: str, caller: ReportsOfAllCaller, services: ServicesOf) -> ReportWithDocument:
    """With what is sent; whoever reads it is on record."""
    return ReportWithDocument.of_view(services.authority_reports.get(caller.actor, report_id), services.clock.now())


@router.post(
    f"{_ONE}/approve",
    response_model=ReportShown,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, **_CONFLICT, 403: _SECOND}),
)
def approve_report(
    report_id: str, caller: ReportsOfAllCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Freezes what is sent; takes another member than who drafted it."""
    approve, now = services.authority_reports.approve, services.clock.now
    return once.answer(caller, 200, lambda: ReportShown.of(approve(caller.actor, report_id), now()))


@router.post(f"{_ONE}/sent", response_model=ReportShown, responses=problems({**ONCE_STAFF, **NOT_FOUND, **_CONFLICT}))
def note_sent(
    report_id: str, body: SentGiven, caller: ReportsOfAllCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """That it was sent, and the authority's receipt: at once, or in a second call."""

    def work() -> ReportShown:
        sent = services.authority_reports.note_sent(caller.actor, report_id, body.receipt_no, body.sent_at)
        return ReportShown.of(sent, services.clock.now())

    return once.answer(caller, 200, work)


@router.post(
    f"{_ONE}/withdraw", response_model=ReportShown, responses=problems({**ONCE_STAFF, **NOT_FOUND, **_CONFLICT})
)
def withdraw_report(
    report_id: str, body: WithdrawalGiven, caller: ReportsOfAllCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Gives up a report that was not sent; another one may be drafted."""

    def work() -> ReportShown:
        withdrawn = services.authority_reports.withdraw(caller.actor, report_id, body.reason)
        return ReportShown.of(withdrawn, services.clock.now())

    return once.answer(caller, 200, work)
