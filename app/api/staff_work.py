"""Routes that show staff how background jobs and webhooks do."""

from fastapi import Depends

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import ServicesOf, problems, refuse_unknown_query
from app.api.shapes import Answer, Stamp
from app.api.staff_callers import LISTING_STAFF, Cursor, Limit, WorkCaller
from app.api.staff_dependencies import READING_STAFF, staff_router
from app.api.webhook_shapes import EndpointShown, endpoint_out

router = staff_router("")


class JobShown(Answer):
    name: str
    period_ms: int
    last_began_at: Stamp
    """Of one that never ran: since when it is waited for."""
    last_ended_at: Stamp | None
    last_ok_at: Stamp | None
    failures: int
    last_failure: str | None
    done: int
    late_seconds: int
    failing: bool
    """Whether it failed when it ran last."""


class JobList(Answer):
    items: list[JobShown]


class StaffEndpoint(EndpointShown):
    forum_id: str
    failures: int
    """Attempts that failed since the last one that did not."""
    failing_since: Stamp | None
    paused_until: Stamp | None
    disabled_at: Stamp | None


class StaffEndpointPage(Answer):
    items: list[StaffEndpoint]
    next_cursor: str | None


@router.get("/jobs", responses=problems(READING_STAFF))
def list_jobs(_caller: WorkCaller, services: ServicesOf) -> JobList:
    """Every background job, as all workers together have left it."""
    now = services.clock.now()
    return JobList(
        items=[
            JobShown(
                name=run.name,
                period_ms=int(run.period * 1000),
                last_began_at=run.last_began_at,
                last_ended_at=run.last_ended_at,
                last_ok_at=run.last_ok_at,
                failures=run.failures,
                last_failure=run.last_failure,
                done=run.done,
                late_seconds=int(run.lag(now)),
                failing=run.is_failing,
            )
            for run in services.job_runs.list_all()
        ]
    )


@router.get("/webhook-endpoints", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_endpoints_of_all(
    _caller: WorkCaller, services: ServicesOf, limit: Limit = 50, cursor: Cursor = None
) -> StaffEndpointPage:
    """The webhook endpoints of all forums, oldest first; never a secret."""
    found = services.webhooks.list_everywhere(read_cursor(cursor, "whk_"), limit + 1)
    shown, now = found[:limit], services.clock.now()
    return StaffEndpointPage(
        items=[
            StaffEndpoint(
                **endpoint_out(endpoint, endpoint.status(now)).model_dump(),
                forum_id=endpoint.forum_id,
                failures=endpoint.failures,
                failing_since=endpoint.failing_since,
                paused_until=endpoint.paused_until,
                disabled_at=endpoint.disabled_at,
            )
            for endpoint in shown
        ],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )
