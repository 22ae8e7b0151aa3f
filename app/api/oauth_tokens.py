"""What a client may ask about a token, and take back (`docs/api.md` part 2)."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import RootModel

from app.api.dependencies import ServicesOf, client_of_token
from app.api.oauth_login import LoggedInClient, form_of, refusals
from app.api.shapes import Answer
from app.crypto.signing import Claims
from app.forums.domain import Client
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Unauthenticated
from app.posting.domain import ActiveToken
from app.wiring import Services

router = APIRouter(prefix="/oauth", tags=["login"])
_FORM = form_of(
    {"token": {"type": "string"}, "token_type_hint": {"type": "string", "description": "Taken and not needed."}},
    "token",
)


class _LiveToken(Answer):
    active: Literal[True]
    scope: str
    client_id: str
    sub: str
    aud: str
    iss: str
    exp: int
    iat: int
    nbf: int
    jti: str


class LiveAccessToken(_LiveToken):
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the kind of token


class LivePostingToken(_LiveToken):
    token_type: Literal["posting"] = "posting"  # noqa: S105 -- the kind of token
    username: str
    board: str | None = None


class DeadToken(Answer):
    active: Literal[False]


class Introspection(RootModel[LivePostingToken | LiveAccessToken | DeadToken]):
    """A live token of the caller's own forum, or nothing but that it is dead."""


@router.post(
    "/introspect", responses=refusals("invalid_request"), openapi_extra=_FORM, response_model_exclude_none=True
)
async def introspect_token(login: LoggedInClient, services: ServicesOf) -> Introspection:
    """Judges a posting token by the account's standing now, an access token by its client's. Source: RFC 7662."""
    return Introspection(await run_in_threadpool(_introspect, services, login.client, login.required("token")))


@router.post("/revoke", response_class=Response, responses=refusals("invalid_request"), openapi_extra=_FORM)
async def revoke_token(login: LoggedInClient, request: Request, services: ServicesOf) -> Response:
    """Ends a token of the caller's own forum before its time; any other one is none of its business.

    Source: RFC 7009.
    """
    actor = Actor(ActorKind.CLIENT, login.client.id, request.scope["request_id"])
    await run_in_threadpool(_revoke, services, login.client, actor, login.required("token"))
    return Response()


def _introspect(services: Services, client: Client, token: str) -> LivePostingToken | LiveAccessToken | DeadToken:
    permit = services.posting.verify(client.forum_id, token, (), None)
    if isinstance(permit, ActiveToken):
        return LivePostingToken(
            active=True,
            scope=" ".join(permit.scope),
            client_id=client.id,
            sub=permit.account_id,
            aud=client.forum_id,
            iss=services.issuer,
            exp=permit.exp,
            iat=permit.iat,
            nbf=permit.iat,
            jti=permit.jti,
            username=permit.handle,
            board=permit.board,
        )
    claims = _own_access_token(services, client, token)
    return _live_access_token(claims) if claims else DeadToken(active=False)


def _live_access_token(claims: Claims) -> LiveAccessToken:
    wanted = {name: claims[name] for name in ("scope", "sub", "aud", "iss", "exp", "iat", "jti")}
    return LiveAccessToken.model_validate({**wanted, "active": True, "client_id": claims["sub"], "nbf": claims["iat"]})


def _own_access_token(services: Services, client: Client, token: str) -> Claims | None:
    """The claims of a live access token of this client's forum."""
    try:
        owner, claims = client_of_token(services, token)
    except Unauthenticated:
        return None
    return claims if owner.forum_id == client.forum_id else None


def _revoke(services: Services, client: Client, actor: Actor, token: str) -> None:
    claims = services.posting.own_claims(client.forum_id, token) or _own_access_token(services, client, token)
    if claims is not None:
        dies_at = datetime.fromtimestamp(int(str(claims["exp"])), UTC)
        services.forums.revoke_token(actor, str(claims["jti"]), dies_at)
