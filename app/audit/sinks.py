"""Where anchors go: a file to which lines are only appended, and syslog. Each write is whole or it has failed."""

import errno
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from app import policies
from app.audit.anchor_lines import all_notes, claimed, last_notes, open_without_waiting
from app.audit.checkpoint import Checkpoint
from app.audit.file_lock import hold

_TIMEOUT = policies.AUDIT_ANCHOR_WRITE.value
_PRIORITY = 10 * 8 + 5
"""Facility authpriv, severity notice: kept apart and by default for long."""
_NAME = "shiming-audit"
_SAID_BACK = 4096
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
"""Whatever the path is, a pipe that nobody reads too, opening it takes no time."""


class SinkFailed(Exception):
    """Said by a code that names no path and no address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Signed = Callable[[str, str], Checkpoint | None]
"""Of the name of a log and a note: the checkpoint, where the note is signed by us for this log."""


class Sink(Protocol):
    """A place elsewhere that takes lines."""

    @property
    def name(self) -> str: ...

    def write(self, line: str, note: str, signed: Signed) -> None:
        """The line, which holds this note, is there when this returns, or one of a longer tree. Raises `SinkFailed`."""

    def newest(self, signed: Signed) -> list[str]:
        """Where that can be read: of each log the note of the longest tree that is there and signed, the last first."""


class FileSink:
    """Works on a file that may only be appended to (`chattr +a`), and with one that this process may not read.

    Others may append to it too: what is not signed by us neither stands for an anchor nor stops one.
    """

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, line: str, note: str, signed: Signed) -> None:
        try:
            descriptor = os.open(self._path, _APPENDING, 0o600)
        except OSError as error:
            raise SinkFailed(_code(error)) from None
        try:
            hold(descriptor)
            if self._holds(note, signed):
                return
            data = (("" if self._ends_whole() else "\n") + line + "\n").encode("ascii")
            if os.write(descriptor, data) != len(data):
                raise SinkFailed("torn")
            os.fsync(descriptor)
        except OSError as error:
            raise SinkFailed(_code(error)) from None
        finally:
            os.close(descriptor)

    def newest(self, signed: Signed) -> list[str]:
        found: dict[str, tuple[int, str]] = {}
        with suppress(OSError):
            for note in all_notes(self._path):
                claim = claimed(note)
                longest = found.get(claim.origin) if claim else None
                if claim and (longest is None or longest[0] < claim.size) and signed(claim.origin, note):
                    found[claim.origin] = (claim.size, note)
        return [note for _, note in found.values()]

    def _last_notes(self) -> list[str]:
        try:
            return last_notes(self._path)
        except OSError:
            return []

    def _holds(self, note: str, signed: Signed) -> bool:
        """Whether a longer tree of this log stands there already. Raises `SinkFailed` where it is another tree."""
        new = claimed(note)
        for other in self._last_notes():
            claim = claimed(other)
            if not claim or not new or claim == new or claim.origin != new.origin or claim.size < new.size:
                continue
            kept = signed(new.origin, other)
            if kept and kept.size == new.size:
                raise SinkFailed("contradicts")
            if kept and kept.size > new.size:
                return True
        return False

    def _ends_whole(self) -> bool:
        """A full disk may have torn the line before; what follows begins a line of its own."""
        try:
            with open_without_waiting(self._path) as file:
                return not file.seek(0, 2) or (file.seek(-1, 2), file.read(1))[1] == b"\n"
        except OSError:
            return True


class SyslogSink:
    """Over TCP the other side has read the line to its end; over UDP and a local socket nobody says so."""

    name = "syslog"

    def __init__(self, address: str) -> None:
        self._address = address

    def newest(self, signed: Signed) -> list[str]:  # noqa: ARG002 -- nothing can be read there
        return []

    def write(self, line: str, note: str, signed: Signed) -> None:  # noqa: ARG002 -- the line holds the note
        found = urlsplit(self._address)
        local = f"<{_PRIORITY}>{_NAME}: {line}".encode()
        remote = f"<{_PRIORITY}>1 - {socket.gethostname()} {_NAME} - checkpoint - {line}".encode()
        try:
            if found.scheme == "tcp":
                _send_stream(found.hostname or "", found.port or 0, b"%d %s" % (len(remote), remote))
            elif found.scheme == "udp":
                _send_datagram(found.hostname or "", found.port or 0, remote)
            else:
                _send_local(self._address, local)
        except OSError as error:
            raise SinkFailed(_code(error)) from None


def _send_stream(host: str, port: int, message: bytes) -> None:
    """Framed by its length. Returns once the other side has closed, which it does when it has read all there is.

    What lies in a buffer of the network alone is lost with the host, so that it does not count. Source: RFC 6587
    part 3.4.1.
    """
    until = time.monotonic() + _TIMEOUT
    with socket.create_connection((host, port), timeout=_TIMEOUT) as connection:
        connection.settimeout(_left(until))
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_left(until))
        while connection.recv(_SAID_BACK):
            connection.settimeout(_left(until))


def _left(until: float) -> float:
    """Raises `TimeoutError` when there is none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _send_datagram(host: str, port: int, message: bytes) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as sending:
        sending.settimeout(_TIMEOUT)
        sending.sendto(message, address)


def _send_local(path: str, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.settimeout(_TIMEOUT)
        sending.connect(path)
        sending.send(message)


def _code(error: OSError) -> str:
    """Such as `EACCES`; of an error without a number, its kind."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def sinks_of(anchor_file: Path | None, syslog: str) -> list[Sink]:
    """Those that an installation has configured."""
    found: list[Sink] = [FileSink(anchor_file)] if anchor_file else []
    return [*found, SyslogSink(syslog)] if syslog else found
