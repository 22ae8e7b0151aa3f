"""Builds the application; no logic. `shiming serve` starts it by name, with the background worker or without."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from app import policies
from app.api import (
    accounts,
    appeals,
    audit,
    boards,
    complaints,
    health,
    metrics,
    moderators,
    oauth,
    oauth_tokens,
    registrations,
    reverifications,
    screenings,
    staff_accounts,
    staff_agreements,
    staff_audit,
    staff_complaints,
    staff_disclosures,
    staff_forums,
    staff_lexicons,
    staff_login,
    staff_members,
    staff_moderators,
    staff_organisation,
    staff_overview,
    staff_pauses,
    staff_policies,
    staff_reports,
    staff_reviews,
    staff_violations,
    staff_work,
    status_lists,
    tokens,
    verifications,
    violations,
    webhooks,
)
from app.api.oauth_login import OAuthRefused, refuse_as_oauth
from app.api.problem_shapes import Problem
from app.console import routes as console
from app.crypto.errors import SealBroken
from app.db.words import RowAltered
from app.demo.forum import DemoForum
from app.demo.routes import router as demo
from app.jobs.sequencing import Sequencing
from app.jobs.worker import Worker
from app.kernel.errors import ShimingError, Unavailable
from app.kernel.sentence import Sentence
from app.pages import routes as pages
from app.policies import Rate, RouteClass
from app.posting.errors import PostingDenied
from app.settings import Settings
from app.web.gate import Gate
from app.web.logs import configure_logs, logger
from app.web.metrics import Metrics
from app.web.pause_banner import LooksForPauses, PauseBanner
from app.web.problems import InternalError, MethodNotAllowed, NoSuchAddress
from app.web.rates import Rates
from app.web.refusals import refusal_response
from app.web.seats import AllSeats
from app.web.static import router as static_files
from app.web.validation import refusal_of
from app.wiring import Services, build

_ROUTERS = (
    oauth.router,
    oauth_tokens.router,
    accounts.router,
    registrations.router,
    verifications.router,
    boards.router,
    moderators.router,
    reverifications.router,
    tokens.router,
    screenings.router,
    violations.router,
    webhooks.router,
    complaints.router,
    staff_complaints.router,
    appeals.router,
    appeals.staff,
    staff_disclosures.router,
    audit.router,
    staff_overview.router,
    staff_forums.router,
    staff_moderators.router,
    staff_accounts.router,
    staff_reviews.router,
    staff_violations.router,
    staff_reports.router,
    staff_lexicons.router,
    staff_audit.router,
    staff_work.router,
    staff_login.router,
    staff_members.router,
    staff_agreements.router,
    staff_organisation.router,
    staff_pauses.router,
    staff_policies.router,
    status_lists.router,
    health.router,
    metrics.router,
    *pages.ROUTERS,
    *console.ROUTERS,
    static_files,
)
_VERSION = "0.1.0"
_SAMPLE_SECONDS = 1.0
_ALTERED = Sentence("这条记录已损坏，请联系运维处理。", "This record is damaged; tell whoever runs the service.")
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HTTP_PROBLEMS: dict[int, type[ShimingError]] = {404: NoSuchAddress, 405: MethodNotAllowed}


class _Application(FastAPI):
    """FastAPI whose document says that every refusal is a `Problem`."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            nested = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(nested.pop("$defs"))
            schemas["Problem"] = nested
            for unused in _FRAMEWORK_SCHEMAS:
                schemas.pop(unused, None)
            for methods in document["paths"].values():
                for operation in methods.values():
                    _drop_framework_refusal(operation["responses"])
        return super().openapi()


def create_app() -> ASGIApp:
    """The application of this environment's settings. Raises `StartRefused`."""
    services = build(Settings())
    configure_logs(services.log_level)
    return application(services, sequencing=Sequencing(services.audit.sequencer, services.audit.anchors))


def create_app_with_worker() -> ASGIApp:
    """The same, and one thread for background jobs in each process. Raises `StartRefused`."""
    services = build(Settings())
    configure_logs(services.log_level)
    return application(
        services, worker=Worker(services), sequencing=Sequencing(services.audit.sequencer, services.audit.anchors)
    )


def application(
    services: Services,
    rates: Mapping[RouteClass, Rate] = policies.RATES,
    worker: Worker | None = None,
    sequencing: Sequencing | None = None,
) -> ASGIApp:
    """The application around services that are ready; a worker and the audit log's sequencer run as long as it does."""
    app = _Application(
        title="Shiming 实名",
        version=_VERSION,
        summary="Real name backstage, your choice on stage",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(services, [thread for thread in (worker, sequencing) if thread]),
        telemetry=_NO_TELEMETRY,
    )
    counted = Metrics(_VERSION)
    app.state.services, app.state.seats = services, AllSeats()
    app.state.metrics, app.state.rates = counted, Rates(counted.rate_refused, rates)
    app.state.pause_banner = PauseBanner(services.emergency.pauses.list_in_force)
    app.state.frames = {console.PLACE: console.refused}
    app.add_middleware(LooksForPauses, banner=app.state.pause_banner)
    for router in _ROUTERS:
        app.include_router(router)
    if services.development:
        for router in (*pages.DEVELOPER_ROUTERS, demo):
            app.include_router(router)
        app.state.demo = DemoForum(services)
    for kind, answer in _REFUSALS.items():
        app.add_exception_handler(kind, answer)
    return Gate(app, services.issuer, app.state.rates, counted)


def _lifespan(
    services: Services, threads: Sequence[Worker | Sequencing]
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, str]]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        sampling = asyncio.create_task(_sample(app))
        ends = [thread.start_thread() for thread in threads]
        yield {"issuer": services.issuer}  # the protocol below words its own refusals
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
        for end in ends:
            await run_in_threadpool(end)
        await run_in_threadpool(services.tally.note)
        services.engine.dispose()

    return lifespan


async def _sample(app: FastAPI) -> None:
    """Keeps the gauges of this process true, and writes down what it has counted: any other may be asked for them."""
    services: Services = app.state.services
    while True:
        app.state.metrics.sample(app.state.seats, services.engine, services.checks.open_breakers())
        if services.tally.is_due:
            await run_in_threadpool(services.tally.note)
        await asyncio.sleep(_SAMPLE_SECONDS)


def _drop_framework_refusal(responses: dict[str, Any]) -> None:
    """A 422 that only the framework thought of: a path parameter is a text, and any text is one."""
    if _FRAMEWORK_SCHEMAS[0] in str(responses.get("422")):
        del responses["422"]


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, PostingDenied):
        request.app.state.metrics.denied(denial.code for denial in error.reasons)
    return await refusal_response(request, error if isinstance(error, ShimingError) else InternalError())


async def _refuse_unopened(request: Request, error: Exception) -> Response:
    """Never a wrong value, and never an open one: as when keys are out of reach, but on record."""
    logger().error("seal-broken", request_id=request.scope["request_id"], exc_info=error)
    return await refusal_response(request, Unavailable())


async def _refuse_altered(request: Request, _error: Exception) -> Response:
    """The log has said already which one it is."""
    return await refusal_response(request, Unavailable(detail=_ALTERED))


async def _refuse_body(request: Request, error: Exception) -> Response:
    complaints = error.errors() if isinstance(error, RequestValidationError) else []
    return await refusal_response(request, refusal_of(complaints, _known_fields(request.app)))


async def _refuse_by_status(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 0
    response = await refusal_response(request, _HTTP_PROBLEMS.get(status, InternalError)())
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["allow"] = ", ".join(_methods_at(request))
    return response


_REFUSALS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ShimingError: _refuse,
    SealBroken: _refuse_unopened,
    RowAltered: _refuse_altered,
    OAuthRefused: refuse_as_oauth,
    RequestValidationError: _refuse_body,
    HTTPException: _refuse_by_status,
    Exception: _refuse,
}


def _methods_at(request: Request) -> list[str]:
    """Every method that some route takes at this address; the framework names those of the first route only."""
    routes = request.app.router.routes
    found = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return [*found, "HEAD"] if "GET" in found else found


def _known_fields(app: FastAPI) -> set[str]:
    schemas = app.openapi()["components"]["schemas"].values()
    return {name for schema in schemas for name in schema.get("properties", {})}
