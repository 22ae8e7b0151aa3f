"""The page that Prometheus reads: open in development, behind a token of its own in production."""

import hmac
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.api.dependencies import MetricsOf, SeatsOf, ServicesOf, authorization_of, problems
from app.kernel.errors import Unauthenticated
from app.kernel.sentence import Sentence
from app.web.metrics import MEDIA_TYPE
from app.wiring import Services

router = APIRouter(tags=["health"])
_CLOSED = Sentence(
    "请用 SHIMING_METRICS_TOKEN 作 Bearer 令牌；生产环境没有设置它时，此页关闭。",
    "Send SHIMING_METRICS_TOKEN as the bearer token; in production this page is closed until it is set.",
)


@router.get(
    "/metrics", response_class=PlainTextResponse, responses=problems({401: "invalid-token", 429: "rate-limited"})
)
def show_metrics(request: Request, services: ServicesOf, seats: SeatsOf, metrics: MetricsOf) -> Response:
    """Counters in the text format of Prometheus."""
    _refuse_strangers(request, services)
    metrics.sample(seats, services.engine, services.checks.open_breakers())
    states = (services.job_runs.recall(), services.watch.recall(), services.audit.watch.recall())
    page = metrics.page(*states, services.audit_verifications.recall(), services.clock.now())
    return Response(page, media_type=MEDIA_TYPE)


def _refuse_strangers(request: Request, services: Services) -> None:
    """Digests are compared, so that neither time nor length tells anything about the token."""
    if services.metrics_token_digest is None:
        if not services.development:
            raise Unauthenticated(_CLOSED)
        return
    scheme, _, token = authorization_of(request).partition(" ")
    presented = sha256(token.strip().encode()).digest()
    if scheme.lower() != "bearer" or not hmac.compare_digest(presented, services.metrics_token_digest):
        raise Unauthenticated(_CLOSED)
