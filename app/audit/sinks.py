"""Where anchors go: a file to which lines are only appended, and syslog. Each write is whole or it has failed."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from app import policies
from app.audit.anchor_lines import claimed, newest_anchor

_TIMEOUT = policies.AUDIT_ANCHOR_WRITE.value
_PRIORITY = 10 * 8 + 5
"""Facility authpriv, severity notice: kept apart and by default for long."""
_NAME = "shiming-audit"


class SinkFailed(Exception):
    """Said by a code that names no path and no address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sink(Protocol):
    """A place elsewhere that takes lines."""

    @property
    def name(self) -> str: ...

    def write(self, line: str, note: str) -> None:
        """The line, which holds this note, is there when this returns. Raises `SinkFailed`."""

    def newest(self) -> str | None:
        """The note that was written there last, where that can be read."""


class FileSink:
    """Works on a file that may only be appended to (`chattr +a`), and with one that this process may not read."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, line: str, note: str) -> None:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SinkFailed(_code(error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if self._holds(note):
                return
            data = (("" if self._ends_whole() else "\n") + line + "\n").encode("ascii")
            if os.write(descriptor, data) != len(data):
                raise SinkFailed("torn")
            os.fsync(descriptor)
        except OSError as error:
            raise SinkFailed(_code(error)) from None
        finally:
            os.close(descriptor)

    def newest(self) -> str | None:
        try:
            found = newest_anchor(self._path)
        except OSError:
            return None
        return found.note if found else None

    def _holds(self, note: str) -> bool:
        """Whether a longer tree of this log stands there already. Raises `SinkFailed` where it is another tree."""
        kept, new = claimed(self.newest() or ""), claimed(note)
        if kept is None or new is None or kept.origin != new.origin:
            return False
        if kept.size == new.size and kept.root != new.root:
            raise SinkFailed("contradicts")
        return kept.size > new.size

    def _ends_whole(self) -> bool:
        """A full disk may have torn the line before; what follows begins a line of its own."""
        try:
            with self._path.open("rb") as file:
                return not file.seek(0, 2) or (file.seek(-1, 2), file.read(1))[1] == b"\n"
        except OSError:
            return True


class SyslogSink:
    """Over TCP somebody has taken the line; over UDP and a local socket nobody says so."""

    name = "syslog"

    def __init__(self, address: str) -> None:
        self._address = address

    def newest(self) -> str | None:
        return None

    def write(self, line: str, note: str) -> None:  # noqa: ARG002 -- the line holds the note
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
    """Framed by its length. Source: RFC 6587 part 3.4.1."""
    with socket.create_connection((host, port), timeout=_TIMEOUT) as connection:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)


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
