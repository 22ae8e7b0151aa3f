"""A forum that listens: keeps what came, and answers as a test tells it to."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from unittest.mock import patch

from standardwebhooks import webhooks

from app.wiring import Services
from tests.support.forum import Json

_LIBRARY = threading.Lock()


def _at(timestamp: int) -> type[datetime]:
    """The library reads the machine's clock; this one stands at the moment of an attempt."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(timestamp, tz)

    return Then


@dataclass(frozen=True)
class Heard:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def timestamp(self) -> int:
        return int(self.headers["webhook-timestamp"])

    def verified(self, secret: str) -> Json:
        """What the library of the standard makes of it, at the moment that it names. Raises when it does not fit."""
        with _LIBRARY, patch.object(webhooks, "datetime", _at(self.timestamp)):
            said: Json = webhooks.Webhook(secret).verify(self.body, self.headers)
        return said


Answer = Callable[[Heard], int]


@dataclass
class Receiver:
    """`answer` gives the status of each request; it may take its time."""

    address: str = ""
    heard: list[Heard] = field(default_factory=list)
    answer: Answer = lambda _heard: 204
    headers: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, secret: str) -> list[Json]:
        return [one.verified(secret) for one in self.heard]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_about: object) -> None:
        """A sender that was killed, or has heard enough, is no news."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            expected = int(self.headers["content-length"])
            body = self.rfile.read(expected)
            if len(body) < expected:  # its sender was killed in the middle of it
                self.close_connection = True
                return
            heard = Heard(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with receiver.lock:
                receiver.heard.append(heard)
            status = receiver.answer(heard)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def misbehaving(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Gives the address of one who does with each connection what `behave` says."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_behave, args=(behave, connection), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _behave(behave: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            asked = b""
            while not asked.endswith(b"}"):  # all of it: closing on what nobody read resets the connection
                asked += (more := connection.recv(65_536))
                if not more:
                    return
            behave(connection)
        except OSError:
            pass


def dribble(connection: socket.socket) -> None:
    """A status line without end, byte by byte."""
    for byte in b"HTTP/1.1 200 " + b"o" * 100_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def pour(connection: socket.socket) -> None:
    """Fifty megabytes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 52428800\r\n\r\n")
    for _ in range(800):
        connection.sendall(b"x" * 65_536)


def pour_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.sendall(b"x-%d: %s\r\n" % (number, b"y" * 1000))


def deliver(services: Services) -> int:
    """All that is due now, to its end; how many attempts."""
    done = 0
    while batch := services.deliveries.deliver_due():
        done += batch
    return done
