"""The gate in front of every request: a name, limits before any work, strict JSON, safe headers, one log line."""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.errors import ShimingError, Unavailable
from app.web.headers import SAFE_HEADERS
from app.web.logs import logger
from app.web.metrics import Metrics
from app.web.problems import (
    BodyTooLarge,
    HeadTooLarge,
    InternalError,
    MalformedJson,
    NoSuchAddress,
    QueryUnreadable,
    RequestTimedOut,
    UnsupportedMediaType,
)
from app.web.rates import Rates, address_of, class_by_address
from app.web.refusals import refusal_response

MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 20
_MAX_KEYS = 1000


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How large a body may be, and how many names and members of lists it may hold."""

    size: int = MAX_BODY_BYTES
    keys: int = _MAX_KEYS


BODY_LIMITS = {
    "/v1/screenings": BodyLimit(1024 * 1024, keys=4000),
    "/v1/tokens": BodyLimit(keys=4000),
    "/v1/staff/lexicons": BodyLimit(4 * 1024 * 1024),
    "/complaints": BodyLimit(256 * 1024),
    "/appeals": BodyLimit(256 * 1024),
    "/me/appeal": BodyLimit(256 * 1024),
    "/console/agreements/write": BodyLimit(1024 * 1024),
    "/console/lexicons": BodyLimit(1024 * 1024),
}
"""Where 500 texts may come at once, a whole lexicon or agreement, or the longest complaint as a form spells it.

`BodyTooLarge` names those that programs send.
"""
_USUAL = BodyLimit()
_DEADLINE = 4.0
_LONG_DEADLINE = 9.5
_LONG_PATHS = re.compile(r"/(v1/verifications|v1/staff|console|register|verify|me|complaints|appeals|continue)(/|$)")
_BODY_SECONDS = 10.0
_MAX_HEAD_BYTES = 32 * 1024
_BETWEEN = len(": \r\n")
_LENGTH_DIGITS = 7
_TOLD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_KEPT_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""A caller's own id is told back, but only a UUID goes into logs and the audit log: no name, phone or number does."""
_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH"})
_JSON_PREFIX = "/v1/"
_FOR_STAFF = ("/console", "/v1/staff")
"""Where whatever is asked for goes to the database as it stands; elsewhere each route says what it cannot read."""


class Gate:
    """Wraps the whole application; whatever fails inside leaves as a problem document."""

    def __init__(self, app: ASGIApp, issuer: str, rates: Rates, metrics: Metrics, deadline: float = _DEADLINE) -> None:
        self._app = app
        self._issuer = issuer
        self._rates, self._metrics = rates, metrics
        self._deadline = deadline
        self._late: set[asyncio.Future[None]] = set()

    async def _answer_in_time(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Raises `Unavailable` at the deadline; what hangs then ends by itself, unheard."""
        task = asyncio.ensure_future(self._app(scope, receive, answer))
        try:
            await asyncio.wait({task}, timeout=self._deadline_of(scope))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done() or answer.status:
            await task
            return
        answer.mute()
        self._late.add(task)
        task.add_done_callback(self._forget)
        raise Unavailable

    def _deadline_of(self, scope: Scope) -> float:
        """Seconds until the caller hears 503: long where a provider, a text or the log may be waited for.

        Who waited for a seat first may hear 503 while the check goes on: its key, or the verification, tells the end.
        """
        return _LONG_DEADLINE if _LONG_PATHS.match(scope["path"]) else self._deadline

    def _forget(self, task: asyncio.Future[None]) -> None:
        self._late.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger().error("late-request-failed", error=type(task.exception()).__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        asked_method = scope["method"]
        if asked_method == "HEAD":  # RFC 9110 part 9.3.2: as GET, and the server sends no body
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        told_id, request_id = _request_ids(headers.get("x-request-id", ""))
        scope["told_id"], scope["request_id"], scope["issuer"] = told_id, request_id, self._issuer
        scope["app"] = self._app  # what is refused here may be refused with a page
        answer = _Answer(send, told_id)
        try:
            self._refuse_haste(scope)
            _refuse_bad_head(scope)
            limit = BODY_LIMITS.get(scope["path"], _USUAL)
            body = await _read_body(headers, receive, limit.size)
            _refuse_bad_body(scope, headers, body, limit.keys)
            await self._answer_in_time(scope, _replay(body, receive), answer)
        except _ClientGone:
            pass  # nobody is there to hear an answer, and nothing was done
        except ShimingError as error:
            answer = _Answer(send, told_id)
            refusal = await refusal_response(Request(scope), error)
            await refusal(scope, receive, answer)
        except Exception:  # noqa: BLE001 -- whatever fails leaves as a problem document, and is logged
            logger().error("request-failed", request_id=request_id, exc_info=True)
            if answer.status == 0:
                refusal = await refusal_response(Request(scope), InternalError())
                await refusal(scope, receive, answer)
        finally:
            self._record(scope, asked_method, answer.status, time.perf_counter() - began)

    def _refuse_haste(self, scope: Scope) -> None:
        kind = class_by_address(scope)
        if kind is not None:
            self._rates.admit(kind, address_of(scope))

    def _record(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """The route's pattern, never the address as asked: a query or a path may hold a forum's own user id."""
        route = getattr(scope.get("route"), "path", None)
        self._metrics.answered(method, route, status, seconds)
        logger().info(
            "request",
            method=method if len(method) < len("OPTIONS") + 1 else "?",
            route=route or "?",
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=scope["request_id"],
            client=scope.get("client_id"),
            refusal=scope.get("refusal"),
        )


class _ClientGone(Exception):
    """The connection ended before the body did: half a request is no request."""


class _Answer:
    """Adds the headers that every answer carries, errors included."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self._muted = False
        self.status = 0

    def mute(self) -> None:
        """What the application still says is not sent: the caller has been answered."""
        self._send, self._muted = _into_nothing, True

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._muted:
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._request_id
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


async def _into_nothing(_message: Message) -> None:
    pass


def new_request_id() -> str:
    return f"req_{os.urandom(12).hex()}"


def _request_ids(asked: str) -> tuple[str, str]:
    """The id that the caller is told, and the one that is written down; both ours when theirs cannot be used."""
    ours = new_request_id()
    return asked if _TOLD_ID.fullmatch(asked) else ours, asked if _KEPT_ID.fullmatch(asked) else ours


async def _read_body(headers: Headers, receive: Receive, most: int) -> bytes:
    declared = headers.get("content-length", "0").strip().lstrip("0") or "0"
    if not declared.isdecimal() or len(declared) > _LENGTH_DIGITS or int(declared) > most:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _collect(receive, most)
    except TimeoutError:
        raise RequestTimedOut from None


async def _collect(receive: Receive, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _refuse_bad_head(scope: Scope) -> None:
    size = sum(len(name) + len(value) + _BETWEEN for name, value in scope["headers"])
    if size + len(scope["path"]) + len(scope["query_string"]) > _MAX_HEAD_BYTES:
        raise HeadTooLarge
    if "\x00" in scope["path"]:  # no id holds one, and PostgreSQL cannot be asked for one
        raise NoSuchAddress
    if scope["path"].startswith(_FOR_STAFF):
        _refuse_unreadable_query(scope["query_string"])


def _refuse_unreadable_query(query: bytes) -> None:
    """No text of ours holds NUL, which PostgreSQL cannot be asked for, and what is no UTF-8 is no text."""
    plain = unquote_to_bytes(query)
    try:
        plain.decode()
    except UnicodeDecodeError:
        raise QueryUnreadable from None
    if b"\x00" in plain:
        raise QueryUnreadable


def _refuse_bad_body(scope: Scope, headers: Headers, body: bytes, most_keys: int) -> None:
    if scope["method"] not in _UNSAFE_METHODS or not scope["path"].startswith(_JSON_PREFIX):
        return
    if not body and "content-type" not in headers:
        return  # where the route wants a body, it says so
    media_types = [value.split(";")[0].strip().lower() for value in headers.getlist("content-type")]
    if media_types != ["application/json"]:
        raise UnsupportedMediaType
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # lone surrogates, 1e999
    except (ValueError, RecursionError):
        raise MalformedJson from None
    _refuse_shapeless(value, most_keys)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _refuse_shapeless(value: object, most_keys: int) -> None:
    """Bounds depth and number of keys, and refuses NUL, which PostgreSQL cannot store. Raises `MalformedJson`."""
    level, keys = [value], 0
    for _ in range(_MAX_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                _refuse_nul([item])
            elif isinstance(item, dict):
                keys += len(item)
                _refuse_nul(item)
                below.extend(item.values())
            elif isinstance(item, list):
                keys += len(item)
                below.extend(item)
        if keys > most_keys:
            raise MalformedJson
        if not below:
            return
        level = below
    raise MalformedJson


def _refuse_nul(texts: Iterable[str]) -> None:
    if any("\x00" in text for text in texts):
        raise MalformedJson
