"""Clocks that move when they are told to."""

from datetime import UTC, datetime, timedelta
from threading import Lock

TODAY = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = TODAY) -> None:
        self._now = now
        self._lock = Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, **period: float) -> None:
        with self._lock:
            self._now += timedelta(**period)


class TickingClock(FakeClock):
    """Goes on by a millisecond whenever it is read: nothing happens in the same moment as what went before."""

    def now(self) -> datetime:
        self.advance(milliseconds=1)
        return super().now()
