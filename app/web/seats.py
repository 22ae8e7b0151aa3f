"""Seats for work that waits on the outside or on Argon2: taken on the event loop, so that a waiter holds no thread."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app import policies
from app.kernel.errors import Unavailable

_QUEUE_PER_SEAT = 3


class Turn:
    """One holding of a seat."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._rests = False

    def rest(self) -> None:
        """When this turn is over, the seat stays empty for as long as the turn took."""
        self._rests = True

    def end(self, release: Callable[[], None]) -> None:
        if self._rests:
            asyncio.get_running_loop().call_later(time.monotonic() - self._began, release)
        else:
            release()


class Seats:
    """A number of seats and a short queue. Who gets none in time hears 503, and nobody else is held up."""

    def __init__(self, count: int, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._wait_seconds = wait_seconds
        self._queue_limit = count * _QUEUE_PER_SEAT
        self.taken = 0
        self.waiting = 0

    def refuse_if_crowded(self) -> None:
        """Raises `Unavailable` when so many wait that waiting is in vain."""
        if self.waiting >= self._queue_limit:
            raise Unavailable

    @asynccontextmanager
    async def take(self, *, patient: bool = False) -> AsyncIterator[Turn]:
        """Holds a seat for the block. Raises `Unavailable` when none is free within the wait.

        `patient` waits without end: for who holds another seat already, which bounds how many they are, and may have
        asked somebody outside, so that turning back would lose the answer.
        """
        if self._free.locked():
            await self._wait_for_seat(patient=patient)
        else:
            await self._free.acquire()
        self.taken += 1
        turn = Turn()
        try:
            yield turn
        finally:
            self.taken -= 1
            turn.end(self._free.release)

    async def _wait_for_seat(self, *, patient: bool) -> None:
        if not patient:
            self.refuse_if_crowded()
        self.waiting += 1
        try:
            async with asyncio.timeout(None if patient else self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self.waiting -= 1


class AllSeats:
    """The seats of one process: a call to the outside takes its seat first, and inside it one for the index."""

    def __init__(self) -> None:
        wait = float(policies.SEAT_WAIT.value)
        self.provider = Seats(policies.PROVIDER_SEATS.value, wait)
        self.sms = Seats(policies.SMS_SEATS.value, wait)
        self.work = Seats(policies.WORK_SEATS.value, wait)
        """For what a check does before and after the call: eight that end together must not crowd out everybody."""
        self.index = Seats(policies.INDEX_SEATS_PER_CORE.value * (os.cpu_count() or 1), wait)

    def by_work(self) -> dict[str, Seats]:
        return {"provider": self.provider, "sms": self.sms, "work": self.work, "index": self.index}
