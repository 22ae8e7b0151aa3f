"""Spares a provider that fails, and the people who would wait for it. Source: design."""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

from app import policies
from app.kernel.clock import Clock
from app.verification.providers.reactions import BreakerEffect

_WINDOW = timedelta(seconds=policies.BREAKER_WINDOW.value)
_FIRST_PAUSE = timedelta(seconds=policies.BREAKER_PAUSE.value)
_LONGEST_PAUSE = timedelta(seconds=policies.BREAKER_LONGEST_PAUSE.value)
_OPERATOR_PAUSE = timedelta(seconds=policies.BREAKER_OPERATOR_PAUSE.value)


class Breaker:
    """For one provider and one kind of check, in one process.

    Closed, it lets everybody through and counts; open, it lets nobody through; after its pause it lets one question
    through as a probe, whose answer closes it or opens it for twice as long.
    Boundary: exactly at the end of the pause the probe may go.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._recent: deque[tuple[datetime, bool]] = deque()
        self._pause = _FIRST_PAUSE
        self._open_until: datetime | None = None
        self._probing = False

    def admits(self) -> bool:
        """Whether a question may go now. A probe that nobody hears of again is followed by another after the pause."""
        now = self._clock.now()
        with self._lock:
            if self._open_until is None:
                return True
            if self._is_paused(now):
                return False
            self._open_until, self._probing = now + self._pause, True
            return True

    def is_open(self) -> bool:
        """Whether nobody would be let through now; asking takes nobody's place as a probe."""
        with self._lock:
            return self._is_paused(self._clock.now())

    def _is_paused(self, now: datetime) -> bool:
        """A pause that ends later than any can was begun before the clock was set back, and is over."""
        return self._open_until is not None and now < self._open_until <= now + _OPERATOR_PAUSE

    def note(self, effect: BreakerEffect) -> bool:
        """Counts one answer; whether it opened the breaker."""
        now = self._clock.now()
        with self._lock:
            if effect is BreakerEffect.OPENS:
                return self._open(now, _OPERATOR_PAUSE)
            if effect is BreakerEffect.NONE:
                return False
            failed = effect is BreakerEffect.FAILURE
            if self._open_until is not None:
                return self._judge_probe(now, failed=failed)
            return self._count(now, failed=failed)

    def _judge_probe(self, now: datetime, *, failed: bool) -> bool:
        if not self._probing:
            return False  # asked before the breaker opened
        if failed:
            return self._open(now, min(2 * self._pause, _LONGEST_PAUSE))
        self._open_until, self._pause, self._probing = None, _FIRST_PAUSE, False
        return False

    def _count(self, now: datetime, *, failed: bool) -> bool:
        self._recent.append((now, failed))
        while not now - _WINDOW < self._recent[0][0] <= now + _WINDOW:  # too old, or the clock was set back
            self._recent.popleft()
        failures = sum(was_failure for _, was_failure in self._recent)
        if len(self._recent) < policies.BREAKER_CALLS.value or 2 * failures < len(self._recent):
            return False
        return self._open(now, self._pause)

    def _open(self, now: datetime, pause: timedelta) -> bool:
        self._pause = min(pause, _LONGEST_PAUSE)
        self._open_until, self._probing = now + pause, False
        self._recent.clear()
        return True
