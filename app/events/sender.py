"""One signed attempt: to the very address that was judged, within its time, with nothing of the answer kept."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread

import httpcore2
from standardwebhooks import Webhook

from app import policies
from app.events.destinations import Address, is_public, refuses
from app.kernel.clock import Clock
from app.kernel.secret import Secret

Resolve = Callable[[str, int], Sequence[str]]
_LIMIT = float(policies.EVENT_ATTEMPT.value)
_CONNECT = float(policies.EVENT_CONNECT.value)
_MOST_READ = policies.EVENT_ANSWER_READ.value * 1024
_TRIED = 2
_SUCCESS = range(200, 300)
_GONE = 410
_USER_AGENT = b"Shiming-Webhooks/1"


class Fault(StrEnum):
    """Why there was no answer to an attempt."""

    ADDRESS_REFUSED = "address-refused"
    NAME_UNKNOWN = "name-unknown"
    CONNECTION_FAILED = "connection-failed"
    CONNECTION_LOST = "connection-lost"
    TIMEOUT = "timeout"
    NOT_HTTP = "not-http"
    NOT_SIGNED = "not-signed"
    """The endpoint's secret is not readable here; a new one mends it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, where to, and signed with which secrets."""

    url: str
    event_id: str
    body: str = field(repr=False)
    secrets: tuple[Secret[str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the status that was answered, or why there is none."""

    status: int | None
    fault: Fault | None
    milliseconds: int

    @property
    def delivered(self) -> bool:
        return self.status in _SUCCESS

    @property
    def gone(self) -> bool:
        return self.status == _GONE


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Sender:
    """`private` lets it go to plain http and to addresses that are not public: for development alone."""

    def __init__(self, clock: Clock, *, private: bool, resolve: Resolve = resolve, limit: float = _LIMIT) -> None:
        self._clock = clock
        self._private = private
        self._resolve = resolve
        self._limit = limit

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def send(self, letter: Letter) -> Outcome:
        """One attempt of at most `limit` seconds. Redirects are not followed; nothing is raised."""
        began = time.monotonic()
        status: int | None = None
        fault: Fault | None = None
        try:
            status = self._post(letter, began + self._limit)
        except Exception as error:  # noqa: BLE001 -- whatever a receiver does, it is that attempt's end and no more
            fault = _fault_of(error)
        return Outcome(status, fault, round((time.monotonic() - began) * 1000))

    def _post(self, letter: Letter, deadline: float) -> int:
        if not letter.secrets:
            raise _NotSigned
        if refuses(letter.url, private=self._private):  # it was taken under other rules
            raise _AddressRefused
        network = _Network(self._resolve, deadline, private=self._private)
        times = dict.fromkeys(("connect", "read", "write", "pool"), self._limit)
        pool = httpcore2.ConnectionPool(ssl_context=self._trust, max_connections=1, network_backend=network)
        with pool:
            request = pool.stream(
                "POST",
                letter.url,
                headers=self._headers(letter),
                content=letter.body.encode(),
                extensions={"timeout": times},
            )
            with request as response:
                return int(response.status)

    def _headers(self, letter: Letter) -> list[tuple[bytes, bytes]]:
        now = self._clock.now()
        signed = [Webhook(secret.reveal()).sign(letter.event_id, now, letter.body) for secret in letter.secrets]
        return [
            (b"content-type", b"application/json"),
            (b"user-agent", _USER_AGENT),
            (b"webhook-id", letter.event_id.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", " ".join(signed).encode()),
        ]


class _AddressRefused(Exception):
    pass


class _NotSigned(Exception):
    pass


class _NameUnknown(Exception):
    pass


class _Network(httpcore2.NetworkBackend):
    """Connects to addresses that it has looked up and judged itself, so that no second look-up decides."""

    def __init__(self, resolve: Resolve, deadline: float, *, private: bool) -> None:
        self._resolve = resolve
        self._deadline = deadline
        self._private = private
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- the whole attempt has one end
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._addresses(host, port)
        if not self._private and not all(is_public(address) for address in addresses):
            raise _AddressRefused
        failed: Exception = httpcore2.ConnectError("no address")
        for address in addresses[:_TRIED]:
            left = min(_left(self._deadline), _CONNECT)
            try:
                stream = self._sockets.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
                continue
            return _Stream(stream, self._deadline)
        raise failed

    def _addresses(self, host: str, port: int) -> list[Address]:
        """A look-up cannot be broken off: it is left behind when its time is over."""
        answer: SimpleQueue[Sequence[str] | None] = SimpleQueue()

        def look_up() -> None:
            found: Sequence[str] | None = None
            with contextlib.suppress(OSError, UnicodeError):
                found = self._resolve(host.strip("[]"), port)
            answer.put(found)

        Thread(target=look_up, name="webhook-name", daemon=True).start()
        try:
            found = answer.get(timeout=_left(self._deadline))
        except Empty:
            raise httpcore2.ConnectTimeout from None
        if not found:
            raise _NameUnknown
        return [ip_address(address.partition("%")[0]) for address in found]


class _Stream(httpcore2.NetworkStream):
    """A connection on which neither one byte a second nor fifty megabytes keep us longer than was meant."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self._most_read = _MOST_READ

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 -- as above
        if self._most_read <= 0:
            raise httpcore2.RemoteProtocolError("a head without end")
        data = self._stream.read(min(max_bytes, self._most_read), _left(self._deadline))
        self._most_read -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 -- as above
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 -- as above
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds. Raises a timeout when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (_NotSigned, Fault.NOT_SIGNED),
    (_AddressRefused, Fault.ADDRESS_REFUSED),
    (_NameUnknown, Fault.NAME_UNKNOWN),
    (httpcore2.TimeoutException, Fault.TIMEOUT),
    (httpcore2.ConnectError, Fault.CONNECTION_FAILED),
    (httpcore2.ProtocolError, Fault.NOT_HTTP),
)


def _fault_of(error: Exception) -> Fault:
    return next((fault for kind, fault in _FAULTS if isinstance(error, kind)), Fault.CONNECTION_LOST)
