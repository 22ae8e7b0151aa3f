"""What routes need: the services, the seats, and the client that is calling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from app.crypto.errors import TokenRefused
from app.crypto.signing import Claims
from app.forums.domain import Client, Scope
from app.forums.errors import ClientRefused, ScopeNotHeld
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import FieldError, Invalid, Unauthenticated
from app.kernel.ids import ForumId
from app.kernel.sentence import Language, Sentence
from app.policies import RouteClass
from app.web.language import language_of
from app.web.metrics import Metrics
from app.web.rates import Rates, address_of
from app.web.seats import AllSeats
from app.wiring import Services

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 -- the `typ` of RFC 9068


_KNOWN_QUERY = Sentence(
    "查询参数只能是 {names}，每个最多一次。", "Query parameters here are {names}, each at most once."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A forum's backend: which forum, and who the audit log will name."""

    forum_id: ForumId
    actor: Actor


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def seats_of(request: Request) -> AllSeats:
    seats: AllSeats = request.app.state.seats
    return seats


async def metrics_of(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def rates_of(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


async def language_asked(request: Request) -> Language:
    return language_of(request)


def authorization_of(request: Request) -> str:
    """All that was sent as `Authorization`, as one text: of two such headers neither is taken."""
    return ", ".join(request.headers.getlist("authorization"))


LanguageOf = Annotated[Language, Depends(language_asked)]
ServicesOf = Annotated[Services, Depends(services_of)]
SeatsOf = Annotated[AllSeats, Depends(seats_of)]
MetricsOf = Annotated[Metrics, Depends(metrics_of)]
RatesOf = Annotated[Rates, Depends(rates_of)]


def caller_with(scope: Scope) -> Callable[[Request, Services, Rates], Caller]:
    """The dependency that admits a client whose access token and whose registration both hold this scope."""

    def caller(request: Request, services: ServicesOf, rates: RatesOf) -> Caller:
        try:
            client, granted = _client_of(request, services)
        except Unauthenticated:
            if "authorization" in request.headers:  # the gate has counted who sent none
                rates.admit(RouteClass.PUBLIC, address_of(request.scope))
            raise
        rates.admit(_class_of(request.method, scope), client.id)
        if scope not in granted or scope not in client.scopes:
            raise ScopeNotHeld(scope)
        return Caller(client.forum_id, Actor(ActorKind.CLIENT, client.id, request.scope["request_id"]))

    return caller


def _class_of(method: str, scope: Scope) -> RouteClass:
    """Which of a client's rates a request counts towards."""
    if scope is Scope.TOKENS:
        return RouteClass.TOKENS
    if method == "GET":
        return RouteClass.READS
    return RouteClass.VERIFICATIONS if scope is Scope.VERIFICATIONS else RouteClass.WRITES


def _client_of(request: Request, services: Services) -> tuple[Client, frozenset[str]]:
    scheme, _, token = authorization_of(request).partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    client, claims = client_of_token(services, token.strip(" "))
    request.scope["client_id"] = client.id
    return client, frozenset(str(claims.get("scope", "")).split())


def client_of_token(services: Services, token: str) -> tuple[Client, Claims]:
    """Whose access token this is, and what it says. Raises `Unauthenticated` for one that is dead or none of ours."""
    try:
        claims = services.signer.verify(token, ACCESS_TOKEN_TYPE, services.clock.now())
    except TokenRefused:
        raise Unauthenticated from None
    if claims["aud"] != services.issuer:
        raise Unauthenticated
    try:
        return services.forums.find_client(str(claims["sub"]), str(claims["jti"])), claims
    except ClientRefused:
        raise Unauthenticated from None


async def refuse_unknown_query(request: Request) -> None:
    """A typo in a query must not widen the answer, and a repeated name is no choice of ours. Raises `Invalid`."""
    known = _query_names(request.scope["route"].dependant)
    given = [name for name, _ in request.query_params.multi_items()]
    if not set(given) <= known or len(given) != len(set(given)):
        raise Invalid([FieldError("", "unknown-field", _KNOWN_QUERY.with_values(names=" ".join(sorted(known))))])


def _query_names(dependant: Dependant) -> set[str]:
    """Of a route and of all that it depends on."""
    own = {parameter.alias for parameter in dependant.query_params}
    return own.union(*(_query_names(one) for one in dependant.dependencies))


BoardsCaller = Annotated[Caller, Depends(caller_with(Scope.BOARDS))]
AccountsCaller = Annotated[Caller, Depends(caller_with(Scope.ACCOUNTS))]
VerificationsCaller = Annotated[Caller, Depends(caller_with(Scope.VERIFICATIONS))]
WebhooksCaller = Annotated[Caller, Depends(caller_with(Scope.WEBHOOKS))]
ScreeningsCaller = Annotated[Caller, Depends(caller_with(Scope.SCREENINGS))]
ReportsCaller = Annotated[Caller, Depends(caller_with(Scope.REPORTS))]
TokensCaller = Annotated[Caller, Depends(caller_with(Scope.TOKENS))]


def problems(codes: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route for OpenAPI: status to its problem codes."""
    return {
        status: {
            "description": said,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, said in codes.items()
    }


IN_PROGRESS = "idempotency-in-progress"
READING = {401: "invalid-token", 403: "insufficient-scope", 429: "rate-limited", 503: "unavailable"}
WRITING = {
    400: "malformed-json",
    **READING,
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "validation-failed",
}
ONCE = {**WRITING, 409: IN_PROGRESS, 422: "validation-failed, idempotency-key-reused"}
"""What a route that takes `Idempotency-Key` adds."""
