"""Machine login (`docs/api.md` part 2): client credentials, and the public keys."""

import base64
import binascii
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from app import policies
from app.api.dependencies import ACCESS_TOKEN_TYPE, RatesOf, ServicesOf, problems
from app.api.shapes import Answer
from app.forums.domain import Client, Scope
from app.forums.errors import ClientRefused
from app.kernel.ids import new_id
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.web.rates import address_of
from app.wiring import Services

router = APIRouter(tags=["login"])
_FORM = "application/x-www-form-urlencoded"
_KEYS_CACHED = "public, max-age=300"
_MAX_FIELDS = 20
_Form = dict[str, str]


class AccessToken(Answer):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class OAuthError(Answer):
    """RFC 6749 part 5.2."""

    error: Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]
    error_description: str


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


class _Refused(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


_FORM_SCHEMA = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "Space-separated; none asked means all that the client has."},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    },
}


@router.post(
    "/oauth/token",
    response_model=AccessToken,
    responses={
        400: {"model": OAuthError, "description": "invalid_request, unsupported_grant_type, invalid_scope"},
        401: {"model": OAuthError, "description": "invalid_client"},
        **problems({413: "body-too-large", 429: "rate-limited", 503: "unavailable"}),
    },
    openapi_extra={"requestBody": {"required": True, "content": {_FORM: {"schema": _FORM_SCHEMA}}}},
)
async def get_access_token(request: Request, services: ServicesOf, rates: RatesOf) -> JSONResponse:
    """An access token for one hour; the client authenticates by HTTP Basic or in the form.

    Who guesses secrets hears 429 after a while. The right one opens all the same: guesses by others lock nobody out.

    Source: RFC 6749 part 4.4.
    """
    try:
        form = _read_form(request, await request.body())
        client_id, secret = _credentials(request, form)
        _refuse_other_grants(form)
        client = await run_in_threadpool(_authenticate, services, client_id, secret)
        token = _sign(services, client, _granted(client, form.get("scope")))
    except _Refused as refused:
        return _refusal(refused)
    except ClientRefused as refused:
        rates.admit(RouteClass.WRONG_SECRETS, f"{address_of(request.scope)} {client_id}")
        return _refusal(_Refused("invalid_client", refused.detail.en))
    return JSONResponse(token.model_dump())


@router.get("/.well-known/jwks.json")
async def public_keys(services: ServicesOf, response: Response) -> Jwks:
    """The keys that check tokens offline; `kid` is the RFC 7638 thumbprint."""
    response.headers["cache-control"] = _KEYS_CACHED
    return Jwks(keys=[PublicKey.model_validate(key) for key in services.signer.public_keys()])


def _read_form(request: Request, body: bytes) -> _Form:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise _Refused("invalid_request", f"send the parameters as {_FORM}")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _Refused("invalid_request", "the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _Refused("invalid_request", "a parameter is repeated")
    return form


def _credentials(request: Request, form: _Form) -> tuple[str, Secret[str]]:
    basic = _basic(request)
    if basic is not None:
        client_id, secret = basic
        if form.get("client_id", client_id) != client_id or form.get("client_secret", secret) != secret:
            raise _Refused("invalid_request", "the credentials in the header and in the form differ")
        return client_id, Secret(secret)
    if "client_id" not in form or "client_secret" not in form:
        raise _Refused("invalid_client", "client authentication is missing")
    return form["client_id"], Secret(form["client_secret"])


def _basic(request: Request) -> tuple[str, str] | None:
    """The client id and secret of an HTTP Basic header; None where there is no header at all."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (ValueError, binascii.Error):
        decoded = ""
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _Refused("invalid_client", "the Authorization header cannot be read as HTTP Basic")
    return unquote_plus(client_id), unquote_plus(secret)


def _refuse_other_grants(form: _Form) -> None:
    if "grant_type" not in form:
        raise _Refused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise _Refused("unsupported_grant_type", "use grant_type=client_credentials")


def _authenticate(services: Services, client_id: str, secret: Secret[str]) -> Client:
    if "\x00" in client_id:
        raise ClientRefused
    return services.forums.authenticate(client_id, secret)


def _granted(client: Client, asked: str | None) -> list[Scope]:
    if asked is None or not asked.strip():
        return sorted(client.scopes)
    words = asked.split(" ")
    if not all(word in {scope.value for scope in client.scopes} for word in words):
        raise _Refused("invalid_scope", "a scope is unknown or not this client's")
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


def _refusal(refused: _Refused) -> JSONResponse:
    status = 401 if refused.error == "invalid_client" else 400
    headers = {"www-authenticate": 'Basic realm="shiming"'} if status == 401 else {}  # noqa: PLR2004
    body = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(body, status_code=status, headers=headers)
