"""How a client authenticates at the OAuth endpoints, and how these refuse: RFC 6749 parts 2.3.1 and 5.2."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from app.api.dependencies import RatesOf, ServicesOf, problems
from app.api.shapes import Answer
from app.forums.domain import Client
from app.forums.errors import ClientRefused
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.web.rates import address_of
from app.wiring import Services

AUTH_METHODS = ("client_secret_basic", "client_secret_post")
_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20
_Form = dict[str, str]


class OAuthError(Answer):
    """RFC 6749 part 5.2."""

    error: Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]
    error_description: str


class OAuthRefused(Exception):
    """A refusal in the words of RFC 6749; never a value that was sent."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The client that is calling, and the form that it sent."""

    client: Client
    form: Mapping[str, str]

    def required(self, name: str) -> str:
        """Raises `OAuthRefused` where the parameter is missing."""
        if name not in self.form:
            raise OAuthRefused("invalid_request", f"{name} is missing")
        return self.form[name]


async def log_in(request: Request, services: ServicesOf, rates: RatesOf) -> LoggedIn:
    """The client by HTTP Basic, by the form, or by both when they agree. Raises `OAuthRefused`.

    Who guesses secrets hears 429 after a while. The right one opens all the same: guesses by others lock nobody out.
    """
    form = _read_form(request, await request.body())
    client_id, secret = _credentials(request, form)
    try:
        client = await run_in_threadpool(_authenticate, services, client_id, secret)
    except ClientRefused as refused:
        rates.admit(RouteClass.WRONG_SECRETS, f"{address_of(request.scope)} {client_id}")
        raise OAuthRefused("invalid_client", refused.detail.en) from None
    request.scope["client_id"] = client.id
    return LoggedIn(client, form)


LoggedInClient = Annotated[LoggedIn, Depends(log_in)]


async def refuse_as_oauth(_request: Request, refused: Exception) -> JSONResponse:
    """The answer to an `OAuthRefused`."""
    error, description = (
        (refused.error, refused.description) if isinstance(refused, OAuthRefused) else ("invalid_request", "")
    )
    status = 401 if error == "invalid_client" else 400
    headers = {"www-authenticate": 'Basic realm="shiming"'} if status == 401 else {}  # noqa: PLR2004
    return JSONResponse({"error": error, "error_description": description}, status_code=status, headers=headers)


def refusals(bad_request: str) -> dict[int | str, dict[str, Any]]:
    """What a form route may answer beside success, for OpenAPI; `bad_request` names the errors of its 400."""
    return {
        400: {"model": OAuthError, "description": bad_request},
        401: {"model": OAuthError, "description": "invalid_client"},
        **problems({413: "body-too-large", 429: "rate-limited", 503: "unavailable"}),
    }


def form_of(properties: Mapping[str, Mapping[str, object]], required: str) -> dict[str, Any]:
    """A form as OpenAPI describes it; every form may carry the credentials."""
    credentials = {"client_id": {"type": "string"}, "client_secret": {"type": "string"}}
    schema = {"type": "object", "required": [required], "properties": {**properties, **credentials}}
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": schema}}}}


def _read_form(request: Request, body: bytes) -> _Form:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise OAuthRefused("invalid_request", f"send the parameters as {_FORM}")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise OAuthRefused("invalid_request", "the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthRefused("invalid_request", "a parameter is repeated")
    return form


def _credentials(request: Request, form: _Form) -> tuple[str, Secret[str]]:
    basic = _basic(request)
    if basic is not None:
        client_id, secret = basic
        if form.get("client_id", client_id) != client_id or form.get("client_secret", secret) != secret:
            raise OAuthRefused("invalid_request", "the credentials in the header and in the form differ")
        return client_id, Secret(secret)
    if "client_id" not in form or "client_secret" not in form:
        raise OAuthRefused("invalid_client", "client authentication is missing")
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
    if scheme.lower() != "basic" or not colon or len(request.headers.getlist("authorization")) > 1:
        raise OAuthRefused("invalid_client", "the Authorization header cannot be read as HTTP Basic")
    return unquote_plus(client_id), unquote_plus(secret)


def _authenticate(services: Services, client_id: str, secret: Secret[str]) -> Client:
    if "\x00" in client_id:
        raise ClientRefused
    return services.forums.authenticate(client_id, secret)
