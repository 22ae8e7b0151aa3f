"""The one door to rate limits: who may ask how often, counted in this process."""

import ipaddress
import math
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import ClassVar

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

from app.kernel.errors import TooMany
from app.policies import RATES, Rate, RouteClass

_MAX_IDENTITY = 96
_IPV6_NETWORK = 64
_SWEEP_SECONDS = 1.0
_LOGS_IN, _LOGS_NOBODY_IN = "/v1/", ("/v1/status-lists/", "/v1/audit/checkpoint", "/v1/audit/key")


class ProcessStorage(Storage):
    """Counters of one process: exact between threads, and bounded by what was asked within the windows.

    `memory://` of the library starts a thread for a hit whenever none is running (200 us where a hit costs 3) and may
    lose counts when a window ends under two threads.
    """

    STORAGE_SCHEME: ClassVar[list[str]] = ["process"]  # type: ignore[misc] # as in the base

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now = now
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self._now()
        with self._lock:
            self._sweep(now)
            count, ends_at = self._windows.get(key, (0, 0.0))
            if not now < ends_at <= now + expiry:  # over, or the clock was set back
                count, ends_at = 0, now + expiry
            self._windows[key] = count + amount, ends_at
            return count + amount

    def get(self, key: str) -> int:
        count, ends_at = self._windows.get(key, (0, 0.0))
        return count if self._now() < ends_at else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, self._now()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            forgotten = len(self._windows)
            self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)

    def _sweep(self, now: float) -> None:
        if not self._sweep_at - _SWEEP_SECONDS <= now < self._sweep_at:
            self._windows = {key: window for key, window in self._windows.items() if now < window[1]}
            self._sweep_at = now + _SWEEP_SECONDS


class Rates:
    """Counts and refuses. A storage that other processes share replaces `ProcessStorage` here and nowhere else.

    That one is asked over the network, so it must be asked from a thread, and when it is down everybody is let in:
    guesses of codes and documents are counted in the database, and are not at stake.
    """

    def __init__(
        self,
        told: Callable[[RouteClass], None],
        table: Mapping[RouteClass, Rate] = RATES,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`told` hears of every refusal."""
        self._told = told
        self._now = now
        self._limiter = FixedWindowRateLimiter(ProcessStorage(now))
        self._items = {kind: RateLimitItemPerSecond(rate.value, rate.seconds) for kind, rate in table.items()}

    def admit(self, kind: RouteClass, whom: str) -> None:
        """Counts one more for this client or address. Raises `TooMany` with the seconds until its window ends."""
        item, whom = self._items[kind], whom[:_MAX_IDENTITY]
        if self._limiter.hit(item, kind, whom):
            return
        ends_at = self._limiter.storage.get_expiry(item.key_for(kind, whom))
        self._told(kind)
        raise TooMany(max(1, math.ceil(ends_at - self._now())))


def address_of(scope: Scope) -> str:
    """Who is at the other end: an IPv4 address, or the /64 network that one IPv6 host can choose from."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return "unreadable"
    return str(
        address.ipv4_mapped or ipaddress.IPv6Network((int(address), _IPV6_NETWORK), strict=False).network_address
    )


def class_by_address(scope: Scope) -> RouteClass | None:
    """What is counted by address before anything is done; None where a client is counted after it has logged in.

    Whether the service is up may always be asked: a probe that is refused takes a good process out of service.
    """
    path = scope["path"]
    if path in {"/livez", "/readyz"}:
        return None
    if path.startswith("/oauth/"):  # beside the login: questions about tokens, asked as often as tokens are used
        return RouteClass.LOGIN if path == "/oauth/token" else RouteClass.TOKENS
    if path == "/metrics":
        return RouteClass.METRICS
    if not path.startswith(_LOGS_IN) or path.startswith(_LOGS_NOBODY_IN):
        return RouteClass.PUBLIC
    return None if any(name == b"authorization" for name, _ in scope["headers"]) else RouteClass.PUBLIC
