"""A forum's backend: real requests to the service's public API, each noted as it may be shown."""

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

import httpx2

from app.demo.offline import Json, claims_of
from app.forums.domain import Credentials

_HIDDEN = frozenset({"access_token", "client_secret", "state"})
_MODERATOR_STATES = frozenset({"current", "due", "overdue", "suspended", "ended"})
"""Under the same name as what a registration comes back with, and no secret."""
_SHOWN_HEADERS = frozenset({"if-none-match"})
_DOTS = "●●●"
_TOKEN_SHOWN = 12
_TEXT_SHOWN = 160
_TIMEOUT_SECONDS = 10
_TIMES_AGAIN, _LONGEST_PAUSE = 2, 2.0
_LINK = re.compile(r"(/(?:register|verify|continue)/)[^/?#]+")
_IDENTITY_FIELDS = frozenset(
    {"name", "real_name", "number", "document", "phone", "birth", "country", "address", "photo"}
)
_IDENTITY_VALUE = re.compile(r"(?<![\w-])(?:\+?86[ -]?)?1[3-9]\d{9}(?![\w-])|(?<!\w)\d{17}[\dXx](?!\w)", re.ASCII)


class ServiceFailed(Exception):
    """The service did not answer, or not as its contract says."""


class CredentialsRefused(ServiceFailed):
    """The service does not know this forum."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer, secrets out of sight; or, with `claims`, a token checked without one."""

    method: str
    path: str
    status: int
    ms: int
    sent: object
    received: object
    claims: Json | None
    identity_fields: int
    """How many fields of a real identity stood in it."""


@dataclass(slots=True)
class Login:
    """Who a forum is, and the access token it has for now."""

    credentials: Credentials
    access_token: str = ""


class Backend:
    """Speaks for one forum, in the language of the person at the other end."""

    def __init__(self, address: str, login: Login, language: str, note: Callable[[Call], None]) -> None:
        headers = {"accept-language": language}
        self.http = httpx2.Client(base_url=address, timeout=_TIMEOUT_SECONDS, headers=headers, verify=_certificates())
        self.login, self.note = login, note

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(
        self, method: str, path: str, body: Json | None = None, *, key: str | None = None, expect: tuple[int, ...]
    ) -> tuple[int, Json]:
        """Status and body of an answer with one of the statuses expected. Raises `ServiceFailed`.

        `key` makes it happen once, however often it is sent.
        """
        response = self._answered(method, path, body, {"idempotency-key": key} if key else {}, expect)
        answer: Json = response.json()
        return response.status_code, answer

    def renew(self, path: str, etag: str) -> tuple[str, Json] | None:
        """A list and its new `ETag`; None where the one that is kept under `etag` is still right.

        Raises `ServiceFailed`.
        """
        headers = {"if-none-match": etag} if etag else {}
        response = self._answered("GET", path, None, headers, (httpx2.codes.OK, httpx2.codes.NOT_MODIFIED))
        if response.status_code == httpx2.codes.NOT_MODIFIED:
            return None
        return response.headers.get("etag", ""), response.json()

    def _answered(
        self, method: str, path: str, body: Json | None, headers: dict[str, str], expect: tuple[int, ...]
    ) -> httpx2.Response:
        """An access token that has ended is renewed; a service that is busy is asked again."""
        if not self.login.access_token:
            self.log_in()
        response = self._send(method, path, body, headers)
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            self.log_in()
            response = self._send(method, path, body, headers)
        for _ in range(_TIMES_AGAIN):  # as the service asks: nothing was done, and it says when to come back
            if response.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(min(float(response.headers.get("retry-after", "1")), _LONGEST_PAUSE))
            response = self._send(method, path, body, headers)
        if response.status_code not in expect:
            raise ServiceFailed(f"{method} {path.partition('?')[0]} answered {response.status_code}")
        return response

    def fetch(self, path: str) -> httpx2.Response:
        """What is published for everybody. Raises `ServiceFailed`."""
        response = self._send("GET", path, None, {})
        if not response.is_success:
            raise ServiceFailed(f"GET {path} answered {response.status_code}")
        return response

    def log_in(self) -> None:
        """Raises `CredentialsRefused`, `ServiceFailed`."""
        form = {"grant_type": "client_credentials"}
        basic = httpx2.BasicAuth(self.login.credentials.client_id, self.login.credentials.client_secret.reveal())
        response = self._noted(
            "POST", "/oauth/token", form, lambda: self.http.post("/oauth/token", data=form, auth=basic)
        )
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            raise CredentialsRefused("the service does not know this forum")
        if not response.is_success:
            raise ServiceFailed(f"POST /oauth/token answered {response.status_code}")
        self.login.access_token = response.json()["access_token"]

    def read_code(self, phone: str) -> str:
        """The newest code that was "sent" to a sandbox phone; not noted, it is the person's. Raises `ServiceFailed`."""
        response = self.http.get("/dev/outbox.json")
        texts = (
            [text for text in response.json() if text["to"] == phone and text["code"]] if response.is_success else []
        )
        if not texts:
            raise ServiceFailed("this needs a service in development, whose texts can be read")
        return str(texts[-1]["code"])

    def _send(self, method: str, path: str, body: Json | None, headers: dict[str, str]) -> httpx2.Response:
        asked = headers | {"authorization": f"Bearer {self.login.access_token}"}
        said = body or {name: value for name, value in headers.items() if name in _SHOWN_HEADERS} or None
        return self._noted(method, path, said, lambda: self.http.request(method, path, json=body, headers=asked))

    def _noted(self, method: str, path: str, sent: Json | None, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        began = time.perf_counter()
        try:
            response = send()
        except httpx2.TransportError:
            raise ServiceFailed("the service does not answer") from None
        ms = round((time.perf_counter() - began) * 1000)
        answer = _body_of(response)
        found = sum(1 for body in (sent, answer) for _ in identity_in(body))
        self.note(Call(method, shown_text(path), response.status_code, ms, shown(sent), shown(answer), None, found))
        return response


def shown(value: object, name: str = "") -> object:
    """The same with secrets, links and the middle of tokens out of sight, and long texts cut."""
    if isinstance(value, Mapping):
        return {name: shown(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [shown(member) for member in value]
    if not isinstance(value, str):
        return value
    if (name in _HIDDEN and value not in _MODERATOR_STATES) or (name == "code" and value.isdecimal()):
        return _DOTS
    if claims_of(value) is not None:
        return f"{value[:_TOKEN_SHOWN]}{_DOTS}{value[-_TOKEN_SHOWN:]}"
    return shown_text(value)


def shown_text(text: str) -> str:
    text = _LINK.sub(rf"\1{_DOTS}", text)
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…"


def identity_in(value: object, name: str = "") -> Iterator[str]:
    """The name of each field that holds, or looks like, a part of a real identity; tokens are opened."""
    if isinstance(value, Mapping):
        for inner, member in value.items():
            yield from identity_in(member, str(inner))
    elif isinstance(value, list):
        for member in value:
            yield from identity_in(member, name)
    elif isinstance(value, str) and (claims := claims_of(value)) is not None:
        yield from identity_in(claims)
    elif value is not None and (name in _IDENTITY_FIELDS or _IDENTITY_VALUE.search(str(value))):
        yield name


def _body_of(response: httpx2.Response) -> object:
    try:
        return json.loads(response.text)
    except ValueError:
        return response.text


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
