"""Tells a database server that is silent from a statement that is slow, so that nobody waits for the first."""

import time
from collections.abc import Generator, Mapping, Sequence
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg import Error as ServerError
from psycopg.abc import RV, PQGen, PQGenConn
from psycopg.errors import ConnectionTimeout

Wanted = TypeVar("Wanted")
_DOUBT_SECONDS = 0.3
_SILENCE_SECONDS = 1.5
_LONGEST_SECONDS = 6.0
"""The server ends a statement after 5 seconds, so it no longer knows of one that lasts longer."""
_READABLE = 1
_SAID = "the database server is silent"


class Pulse:
    """Whether one server lives, by what all connections of one engine hear from it.

    For whoever waits longer than a moment another connection is opened, and any answer to it is a sign of life: a slow
    statement stays a slow statement. 1.5 seconds without a sign on any connection are silence: everybody is let go, and
    nobody waits any more until the server is heard again.
    """

    def __init__(self) -> None:
        self._heard = 0.0
        self._silent = False
        self._asking = Lock()
        self._over = Event()
        self._how: tuple[Sequence[Any], Mapping[str, Any]] = (), {}
        pulse = self

        class Watched(Connection[Any]):
            """A connection that waits no longer than its server lives."""

            def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
                ping = self.autocommit  # nothing else travels so; a server that lives answers it at once
                limit = _SILENCE_SECONDS if ping else _LONGEST_SECONDS
                try:
                    return super().wait(pulse.watch(gen, limit), interval, timeout)
                except _Silence:
                    self.pgconn.finish()
                    raise

            @classmethod
            def _connect_gen(cls, conninfo: str = "") -> PQGenConn["Watched"]:
                return pulse.watch(super()._connect_gen(conninfo), _LONGEST_SECONDS)

        self._watched = Watched

    def connect(self, how: Sequence[Any], and_how: Mapping[str, Any]) -> Connection[Any]:
        """A connection as psycopg makes it, that gives up when the server is silent. Raises `OperationalError`."""
        self._how = how, and_how
        return self._watched.connect(*how, **and_how)

    def stop(self) -> None:
        """Nobody is asked any more for the sake of those who waited."""
        self._over.set()

    def watch(self, gen: Generator[Wanted, Any, RV], limit: float) -> Generator[Wanted, Any, RV]:
        """The same wait, which ends with `OperationalError` in silence or after `limit` seconds."""
        if self._silent:
            self._ask()
            raise _Silence(_SAID)
        began = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                self._judge(began, limit, heard=bool(ready & _READABLE))
                wanted = gen.send(ready)
        except StopIteration as end:
            result: RV = end.value
            return result

    def _judge(self, began: float, limit: float, *, heard: bool) -> None:
        now = time.monotonic()
        if heard:
            self._hear(now)
        elif now - began >= _DOUBT_SECONDS:
            self._ask()
            self._silent = self._silent or now - max(began, self._heard) >= _SILENCE_SECONDS
        if self._silent or now - began >= limit:
            raise _Silence(_SAID)

    def _hear(self, now: float) -> None:
        self._heard, self._silent = now, False

    def _ask(self) -> None:
        """Asks for a sign of life in a thread of its own, one at a time; where none can be had, whoever comes next."""
        if self._asking.acquire(blocking=False):
            self._over.clear()
            try:
                Thread(target=self._ask_until_heard, name="pulse", daemon=True).start()
            except RuntimeError:
                self._asking.release()

    def _ask_until_heard(self) -> None:
        """Any answer is one: a refusal reaches everybody else as quickly."""
        how, and_how = self._how
        try:
            while not self._over.is_set():
                try:
                    Connection.connect(*how, **and_how).close()
                except ConnectionTimeout:
                    continue
                except ServerError:
                    pass
                self._hear(time.monotonic())
                self._over.wait(_DOUBT_SECONDS)
                break
        finally:
            self._asking.release()


class _Silence(OperationalError):
    """Waited in vain. Made as any error of the driver: of a name with several addresses it makes one of the last."""
