"""The gate in front of every request: a name, limits before any work, strict JSON, safe headers, one log line."""

import json
import os
import re
import time
from collections.abc import Iterable
from typing import NoReturn

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.errors import ShimingError
from app.web.logs import logger
from app.web.problems import (
    BodyTooLarge,
    InternalError,
    MalformedJson,
    NoSuchAddress,
    UnsupportedMediaType,
    problem_response,
)

MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 20
_MAX_KEYS = 1000
_REQUEST_ID = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._-]{1,64}", re.ASCII)
"""Goes into logs and the audit log, so nothing that could be a phone or a document number passes."""
_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH"})
_JSON_PREFIX = "/v1/"
_SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Gate:
    """Wraps the whole application; whatever fails inside leaves as a problem document."""

    def __init__(self, app: ASGIApp, issuer: str) -> None:
        self._app = app
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        scope["request_id"], scope["issuer"] = request_id, self._issuer
        answer = _Answer(send, request_id)
        try:
            _refuse_bad_path(scope)
            body = await _read_body(headers, receive)
            _refuse_bad_body(scope, headers, body)
            await self._app(scope, _replay(body, receive), answer)
        except ShimingError as error:
            await problem_response(Request(scope), error)(scope, receive, answer)
        except Exception:  # noqa: BLE001 -- whatever fails leaves as a problem document, and is logged
            logger().error("request-failed", request_id=request_id, exc_info=True)
            if answer.status == 0:
                await problem_response(Request(scope), InternalError())(scope, receive, answer)
        finally:
            _log(scope, answer.status, began, request_id)


class _Answer:
    """Adds the headers that every answer carries, errors included."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._request_id
            for name, value in _SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _request_id(asked: str) -> str:
    return asked if _REQUEST_ID.fullmatch(asked) else f"req_{os.urandom(12).hex()}"


async def _read_body(headers: Headers, receive: Receive) -> bytes:
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MAX_BODY_BYTES:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
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


def _refuse_bad_path(scope: Scope) -> None:
    if "\x00" in scope["path"]:  # no id holds one, and PostgreSQL cannot be asked for one
        raise NoSuchAddress


def _refuse_bad_body(scope: Scope, headers: Headers, body: bytes) -> None:
    if scope["method"] not in _UNSAFE_METHODS or not scope["path"].startswith(_JSON_PREFIX):
        return
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # lone surrogates, 1e999
    except (ValueError, RecursionError):
        raise MalformedJson from None
    _refuse_shapeless(value)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _refuse_shapeless(value: object) -> None:
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
        if keys > _MAX_KEYS:
            raise MalformedJson
        if not below:
            return
        level = below
    raise MalformedJson


def _refuse_nul(texts: Iterable[str]) -> None:
    if any("\x00" in text for text in texts):
        raise MalformedJson


def _log(scope: Scope, status: int, began: float, request_id: str) -> None:
    """The route's pattern, never the address as asked: a query or a path may hold a forum's own user id."""
    route = scope.get("route")
    logger().info(
        "request",
        method=scope["method"] if len(scope["method"]) < len("OPTIONS") + 1 else "?",
        route=getattr(route, "path", "?"),
        status=status,
        ms=round((time.perf_counter() - began) * 1000, 1),
        request_id=request_id,
        client=scope.get("client_id"),
    )
