"""Where a service keeps its checkpoints outside the database, and the ways in which each place fails."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server, socket
from threading import Thread

_HEAD, _ANCHOR = "audit-head.note", "An anchor of the audit log cannot be written"


class Syslog:
    """Takes lines over TCP, until it reads no more or listens no more."""

    def __init__(self) -> None:
        self._listener = create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._reads = True
        self._unread: list[socket] = []
        self._start()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Takes every connection and reads nothing."""
        self._reads = False
        try:
            yield
        finally:
            self._reads = True
            for one in self._unread:
                one.close()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        self.close()
        try:
            yield
        finally:
            self._listener = create_server(("127.0.0.1", self._port))
            self._start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(2)
        self._listener.close()
        self._thread.join()

    def _start(self) -> None:
        self._thread = Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def _accept(self, listener: socket) -> None:
        with suppress(OSError):
            while True:
                one, _ = listener.accept()
                if not self._reads:
                    self._unread.append(one)
                    continue
                with one, suppress(OSError):
                    while one.recv(4096):
                        pass


@dataclass
class Outside:
    """The head file beside the keys, an anchor file and a syslog."""

    keys: Path
    anchor_file: Path
    syslog: Syslog = field(default_factory=Syslog)

    @property
    def settings(self) -> dict[str, str]:
        return {"SHIMING_AUDIT_ANCHOR_FILE": str(self.anchor_file), "SHIMING_AUDIT_SYSLOG": self.syslog.address}

    def faults(self) -> list["Fault"]:
        return [
            Fault("head file that cannot be written", _HEAD, self._head_in_the_way),
            Fault("anchor that is a folder", _ANCHOR, self._folder),
            Fault("anchor on a full disk", _ANCHOR, self._full),
            Fault("syslog that refuses", _ANCHOR, self.syslog.refusing),
            Fault("syslog that reads nothing", _ANCHOR, self.syslog.silent),
        ]

    @contextmanager
    def _head_in_the_way(self) -> Iterator[None]:
        in_the_way = self.keys / "audit-head.tmp"
        in_the_way.mkdir()
        try:
            yield
        finally:
            in_the_way.rmdir()

    @contextmanager
    def _folder(self) -> Iterator[None]:
        with self._moved_away():
            self.anchor_file.mkdir()
            yield
            self.anchor_file.rmdir()

    @contextmanager
    def _full(self) -> Iterator[None]:
        with self._moved_away():
            self.anchor_file.symlink_to("/dev/full")
            yield
            self.anchor_file.unlink()

    @contextmanager
    def _moved_away(self) -> Iterator[None]:
        """As a disk that is taken out, and comes back as it was."""
        away = self.anchor_file.rename(self.anchor_file.with_name("away"))
        yield
        away.replace(self.anchor_file)


@dataclass(frozen=True)
class Fault:
    """`told` is what whoever is refused reads."""

    name: str
    told: str
    of: Callable[[], AbstractContextManager[None]]
