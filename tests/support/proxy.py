"""A TCP relay in front of PostgreSQL that fails as networks and servers do, when it is told to."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from threading import Lock, Thread

_CHUNK = 64 * 1024
_RESET = struct.pack("ii", 1, 0)
_COMMIT = b"COMMIT\0"  # no BEGIN ISOLATION LEVEL READ COMMITTED


class Mode(Enum):
    PASS = auto()
    SILENT = auto()
    """Takes connections and bytes, and nothing ever comes back, not even later."""
    LATE = auto()
    """Every answer is 30 seconds late."""
    TRICKLE = auto()
    """One byte of an answer a second."""
    GARBAGE = auto()
    """Random bytes instead of an answer."""


class Proxy:
    """Listens on a port of its own and relays to the unix socket of a server."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._lock = Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._cut: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.mode = Mode.PASS
        self.statement_to_lose = b""
        """The transaction with this statement is committed, and its connection reset before the answer comes back."""
        self._losing: set[socket.socket] = set()
        self._serve()

    def reset(self) -> None:
        """Every connection ends as if the host had vanished and come back."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _end(*pair)

    def refuse(self) -> None:
        """Nobody listens any more, until `listen`."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve()

    def _serve(self) -> None:
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(self._server))
                except OSError:
                    _end(client, server)
                    server.close()
                    continue
                with self._lock:
                    self._pairs.append((client, server))
                Thread(target=self._there, args=(client, server), daemon=True).start()
                Thread(target=self._back, args=(server, client), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                self._look(client, data)
                if self.mode is not Mode.SILENT:
                    server.sendall(data)
        _end(client, server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(_CHUNK)) and client not in self._cut:
                self._answer(client, data)
        _end(client, server)
        server.close()

    def _look(self, client: socket.socket, data: bytes) -> None:
        with self._lock:
            if self.statement_to_lose and self.statement_to_lose in data:
                self.statement_to_lose = b""
                self._losing.add(client)
            if _COMMIT in data and client in self._losing:
                self._cut.add(client)

    def _answer(self, client: socket.socket, data: bytes) -> None:
        match self.mode:
            case Mode.PASS:
                client.sendall(data)
            case Mode.GARBAGE:
                client.sendall(os.urandom(len(data)))
            case Mode.LATE:
                time.sleep(30)
                client.sendall(data)
            case Mode.TRICKLE:
                for one in data:
                    client.sendall(bytes([one]))
                    time.sleep(1)


def _end(client: socket.socket, server: socket.socket) -> None:
    """The client hears a reset; each relaying thread wakes and ends."""
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.shutdown(socket.SHUT_RD)
    client.close()


@contextmanager
def proxied(server: Path) -> Iterator[Proxy]:
    proxy = Proxy(server)
    try:
        yield proxy
    finally:
        proxy.refuse()
