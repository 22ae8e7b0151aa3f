"""The server's HTTP protocol with bounds before any request exists: a head may be neither endless nor slow."""

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.kernel.errors import ShimingError
from app.web.gate import new_request_id
from app.web.headers import SAFE_HEADERS
from app.web.logs import logger
from app.web.problems import HeadTimedOut, HeadTooLarge, MalformedRequest, problem_response, status_of

MAX_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
LINGER_SECONDS = 1.0


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection whose head is over 32 KiB, not complete within 10 seconds, or no HTTP.

    Such a caller hears a problem document like any other, unless an answer to it has begun.
    """

    _in_head = True
    _asked = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base
        super().connection_made(transport)
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            self._set_deadline()
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._drop_deadline()
            self._refuse(HeadTooLarge())

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- as in the base
        self._drop_deadline()
        self._refuse(MalformedRequest())

    def on_header(self, name: bytes, value: bytes) -> None:
        """What stands behind a body in chunks is no header: whoever passed the head on has not seen it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._drop_deadline()
        super().on_headers_complete()
        self._asked = True
        if self._ending:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The server ends. A request may be on its way: it is answered, as the last one of its connection."""
        self._ending = True
        if self._asked and not self.cycle.response_complete:
            super().shutdown()
        else:
            self.loop.call_later(LINGER_SECONDS, self._close_unless_asked)

    def _close_unless_asked(self) -> None:
        if self._in_head and not self._head_bytes and not (self._asked and not self.cycle.response_complete):
            self.transport.close()

    def on_message_complete(self) -> None:
        """Only then a next head can begin: a request may be answered before all of its body is here."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_deadline()
        super().connection_lost(exc)

    def _set_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._cut)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        if self._in_head and self._head_bytes:
            self._refuse(HeadTimedOut())
        elif self._in_head:
            self.transport.close()

    def _refuse(self, error: ShimingError) -> None:
        if self.transport.is_closing():
            return
        if self._may_answer():
            request_id = new_request_id()
            logger().info(
                "request",
                method="?",
                route="?",
                status=status_of(type(error)),
                request_id=request_id,
                client=None,
                refusal=error.code,
            )
            self.transport.write(_on_the_wire(error, self.app_state["issuer"], request_id))
        self.transport.close()

    def _may_answer(self) -> bool:
        """Not in the middle of an answer, nor while an earlier request waits for its own and would take this for it."""
        if not self._asked or self.cycle.response_complete:
            return True
        return not (self._in_head or self.pipeline or self.cycle.response_started)


def _on_the_wire(error: ShimingError, issuer: str, request_id: str) -> bytes:
    """The problem document of a request that never became one, with its head."""
    scope = {"type": "http", "headers": [], "query_string": b"", "issuer": issuer}
    response = problem_response(Request({**scope, "told_id": request_id, "request_id": request_id}), error)
    headers = {**SAFE_HEADERS, "x-request-id": request_id, "connection": "close", **response.headers}
    lines = [f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + bytes(response.body)
