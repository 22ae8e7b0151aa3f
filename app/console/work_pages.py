"""How background jobs and webhooks do: what is late, what fails, what waits. Source: L8j."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.lists import PAGE, Cell, Column, Listing, address, csv_response
from app.console.moments import age, period, plain, said_moment
from app.console.visits import Visit, console_router, visit_at
from app.events.catalogue import EventType
from app.events.domain import Backlog, Delivery, Endpoint
from app.events.errors import NoSuchEndpoint
from app.kernel.ids import ForumId
from app.upkeep.domain import JobRun
from app.web.problems import status_of

router = console_router()
_HERE = "/console/work"
_DELIVERIES = 100
VisitOf = Annotated[Visit, Depends(visit_at("work"))]


@router.get("/work")
def work(visit: VisitOf) -> Response:
    """Jobs as all workers together have left them, whatever fails first; then the endpoints of all forums."""
    return _page(visit)


def _page(visit: Visit, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK) -> Response:
    jobs = visit.services.job_runs.list_all()
    waiting = visit.services.compliance.overview().figures.deliveries
    return visit.show(
        "work",
        errors=errors,
        status=status,
        failing=sum(run.is_failing for run in jobs),
        late=sum(run.lag(visit.now) >= 1 for run in jobs),
        waiting=waiting,
        oldest=age(visit, visit.now - waiting.oldest) if waiting.oldest else "",
        jobs=_jobs(visit, jobs),
        endpoints=_endpoints(visit),
    )


def _jobs(visit: Visit, jobs: Sequence[JobRun]) -> Listing:
    now = visit.now
    worst_first = sorted(jobs, key=lambda run: (not run.is_failing, -run.lag(now), run.name))
    numbers = {"failures", "done"}
    names = ("name", "state", "every", "last", "late", "failures", "failure", "done")
    columns = [Column(visit.say(f"work.jobs.{name}"), number=name in numbers) for name in names]
    rows = [_job(visit, run) for run in worst_first]
    return Listing(visit.say("work.jobs.caption"), columns, rows, visit.say("work.jobs.none"))


def _job(visit: Visit, run: JobRun) -> list[Cell]:
    late = int(run.lag(visit.now))
    state = "failing" if run.is_failing else "late" if late else "well" if run.last_ended_at else "never"
    ended = run.last_ended_at
    return [
        Cell(run.name),
        Cell(visit.say(f"work.state.{state}")),
        Cell(period(visit, timedelta(seconds=run.period)) if run.period >= 1 else visit.say("work.jobs.always")),
        Cell(said_moment(visit, ended), plain=plain(ended)) if ended else Cell("–"),
        Cell(period(visit, timedelta(seconds=late)) if late else "–"),
        Cell(run.failures),
        Cell(run.last_failure or "–"),
        Cell(run.done),
    ]


def _endpoints(visit: Visit) -> Listing:
    found = visit.services.webhooks.list_everywhere(visit.query.get("cursor") or None, PAGE + 1)
    shown = found[:PAGE]
    backlogs = visit.services.webhooks.backlogs([endpoint.id for endpoint in shown])
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    numbers = {"failures", "waiting"}
    names = ("url", "forum", "state", "waiting", "oldest", "failures", "since")
    return Listing(
        visit.say("work.hooks.caption"),
        [Column(visit.say(f"work.hooks.{name}"), number=name in numbers) for name in names],
        [_endpoint(visit, one, backlogs.get(one.id), forums.get(one.forum_id, "–")) for one in shown],
        visit.say("work.hooks.none"),
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=shown[-1].id) if len(found) > PAGE else None,
    )


def _endpoint(visit: Visit, one: Endpoint, backlog: Backlog | None, forum: str) -> list[Cell]:
    return [
        Cell(one.url, f"{_HERE}/{one.forum_id}/{one.id}"),
        Cell(forum),
        Cell(visit.say(f"work.endpoint.{_state(visit, one)}")),
        Cell(backlog.waiting if backlog else 0),
        Cell(age(visit, visit.now - backlog.oldest) if backlog else "–"),
        Cell(one.failures),
        Cell(said_moment(visit, one.failing_since)) if one.failing_since else Cell("–"),
    ]


def _state(visit: Visit, one: Endpoint) -> str:
    """As it is now; one that is tried again and again is not well."""
    status = one.status(visit.now).value
    return "failing" if status == "active" and one.is_in_trouble else status


@router.get("/work/{forum_id}/{endpoint_id}")
def endpoint(visit: VisitOf, forum_id: str, endpoint_id: str) -> Response:
    """What it was told lately, or is about to be, newest first; never what stands in it."""
    try:
        found = visit.services.webhooks.get(ForumId(forum_id), endpoint_id)
    except NoSuchEndpoint as refusal:
        return _page(visit, [("", visit.sentence(refusal.detail))], status_of(NoSuchEndpoint))
    deliveries = visit.services.webhooks.deliveries(ForumId(forum_id), endpoint_id, None, _DELIVERIES)
    columns = [Column(visit.say(f"work.told.{name}")) for name in ("due", "kind", "state", "tries", "last", "next")]
    rows = [_delivery(visit, one) for one in deliveries]
    if "csv" in visit.query:
        return csv_response("deliveries", columns, rows)
    backlog = visit.services.webhooks.backlogs([found.id]).get(found.id)
    forum = visit.services.forums.find(forum_id)
    listing = Listing(
        visit.say("work.told.caption", n=_DELIVERIES), columns, rows, visit.say("work.told.none"),
        csv=address(visit.request, csv="1") if rows else None,
    )  # fmt: skip
    return visit.show(
        "endpoint",
        endpoint=found,
        state=_state(visit, found),
        forum=forum.name if forum else "–",
        everything=all(found.subscription.includes(kind) for kind in EventType),
        waiting=backlog.waiting if backlog else 0,
        listing=listing,
    )


def _delivery(visit: Visit, one: Delivery) -> list[Cell]:
    last = one.attempts[-1] if one.attempts else None
    answer = str(last.status or last.fault or "–") if last else "–"
    upcoming = one.next_attempt_at if one.finished_at is None else None
    return [
        Cell(said_moment(visit, one.due_at), plain=plain(one.due_at)),
        Cell(one.kind.value),
        Cell(visit.say(f"work.delivery.{one.state}")),
        Cell(len(one.attempts)),
        Cell(visit.say("work.told.answer", answer=answer, n=last.milliseconds) if last else "–"),
        Cell(said_moment(visit, upcoming), plain=plain(upcoming)) if upcoming else Cell("–"),
    ]
