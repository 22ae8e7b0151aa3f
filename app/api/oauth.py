"""Machine login (`docs/api.md` part 2): client credentials, the public keys, and what the endpoints can do."""

from typing import Literal

from fastapi import APIRouter, Response

from app import policies
from app.api.dependencies import ACCESS_TOKEN_TYPE, ServicesOf, problems
from app.api.oauth_login import AUTH_METHODS, LoggedIn, LoggedInClient, OAuthRefused, form_of, refusals
from app.api.shapes import Answer
from app.forums.domain import Client, Scope
from app.kernel.ids import new_id
from app.wiring import Services

router = APIRouter(tags=["login"])
_GRANT = "client_credentials"
_PUBLIC = {429: "rate-limited"}


class AccessToken(Answer):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class PublicKey(Answer):
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class Jwks(Answer):
    keys: list[PublicKey]


class ServerMetadata(Answer):
    """RFC 8414 part 2."""

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint: str
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint: str
    revocation_endpoint_auth_methods_supported: list[str]
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    service_documentation: str


@router.post(
    "/oauth/token",
    responses=refusals("invalid_request, unsupported_grant_type, invalid_scope"),
    openapi_extra=form_of(
        {
            "grant_type": {"type": "string", "enum": [_GRANT]},
            "scope": {"type": "string", "description": "Space-separated; none asked means all that the client has."},
        },
        "grant_type",
    ),
)
async def get_access_token(login: LoggedInClient, services: ServicesOf) -> AccessToken:
    """An access token for one hour; the client authenticates by HTTP Basic or in the form.

    Who guesses secrets hears 429 after a while. The right one opens all the same: guesses by others lock nobody out.

    Source: RFC 6749 part 4.4.
    """
    _refuse_other_grants(login)
    return _sign(services, login.client, _granted(login.client, login.form.get("scope")))


@router.get("/.well-known/jwks.json", responses=problems(_PUBLIC))
async def public_keys(services: ServicesOf, response: Response) -> Jwks:
    """The keys that check tokens offline; `kid` is the RFC 7638 thumbprint."""
    response.headers["cache-control"] = f"public, max-age={policies.PUBLIC_KEYS_CACHED.value}"
    return Jwks(keys=[PublicKey.model_validate(key) for key in services.signer.public_keys(services.clock.now())])


@router.get("/.well-known/oauth-authorization-server", responses=problems(_PUBLIC))
async def server_metadata(services: ServicesOf) -> ServerMetadata:
    """Where the endpoints are and what they take. Source: RFC 8414."""
    methods = list(AUTH_METHODS)
    return ServerMetadata(
        issuer=services.issuer,
        token_endpoint=f"{services.issuer}/oauth/token",
        token_endpoint_auth_methods_supported=methods,
        introspection_endpoint=f"{services.issuer}/oauth/introspect",
        introspection_endpoint_auth_methods_supported=methods,
        revocation_endpoint=f"{services.issuer}/oauth/revoke",
        revocation_endpoint_auth_methods_supported=methods,
        jwks_uri=f"{services.issuer}/.well-known/jwks.json",
        grant_types_supported=[_GRANT],
        response_types_supported=[],
        scopes_supported=[scope.value for scope in Scope],
        service_documentation=f"{services.issuer}/docs",
    )


def _refuse_other_grants(login: LoggedIn) -> None:
    if login.required("grant_type") != _GRANT:
        raise OAuthRefused("unsupported_grant_type", f"use grant_type={_GRANT}")


def _granted(client: Client, asked: str | None) -> list[Scope]:
    if asked is None or not asked.strip():
        return sorted(client.scopes)
    words = asked.split(" ")
    if not all(word in {scope.value for scope in client.scopes} for word in words):
        raise OAuthRefused("invalid_scope", "a scope is unknown or not this client's")
    return [Scope(word) for word in dict.fromkeys(words)]


def _sign(services: Services, client: Client, scopes: list[Scope]) -> AccessToken:
    now = services.clock.now()
    lifetime, issued_at, scope = policies.ACCESS_TOKEN_LIFETIME.value, int(now.timestamp()), " ".join(scopes)
    claims = {
        "sub": client.id,
        "client_id": client.id,
        "aud": services.issuer,
        "iat": issued_at,
        "exp": issued_at + lifetime,
        "jti": new_id("jti", now),
        "scope": scope,
    }
    token = services.signer.sign(claims, ACCESS_TOKEN_TYPE)
    return AccessToken(access_token=token, token_type="Bearer", expires_in=lifetime, scope=scope)  # noqa: S106
