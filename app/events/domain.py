"""Words: an endpoint, a delivery and its attempts; when the next attempt is made."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app import policies
from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType
from app.kernel.ids import ForumId
from app.kernel.secret import Secret

EVERYTHING = "*"
_GIVEN_UP = timedelta(days=policies.EVENT_GIVEN_UP.value)
_JITTER = 0.1


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class EndpointStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """It failed again and again; tried again in a few minutes at most."""
    DISABLED = "disabled"
    """It answered 410; a test event that is answered 2xx enables it again."""


class EndpointAct(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    SECRET_ROTATED = "secret-rotated"  # noqa: S105 -- the name of an act


class RecordAct(Protocol):
    """A port: puts on record what was done to an endpoint, in the transaction in which it was done."""

    def __call__(self, tx: Transaction, act: EndpointAct, endpoint_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which types an endpoint wants to hear."""

    types: frozenset[EventType] | None
    """None: all there are and will be."""

    def includes(self, kind: EventType) -> bool:
        return self.types is None or kind in self.types

    def written(self) -> tuple[str, ...]:
        return (EVERYTHING,) if self.types is None else tuple(sorted(self.types))

    @classmethod
    def read(cls, written: str) -> "Subscription":
        return cls(None if written == EVERYTHING else frozenset(EventType(word) for word in written.split()))


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    forum_id: ForumId
    url: str
    subscription: Subscription
    created_at: datetime
    disabled_at: datetime | None
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None

    def status(self, now: datetime) -> EndpointStatus:
        if self.disabled_at is not None:
            return EndpointStatus.DISABLED
        return EndpointStatus.PAUSED if self.is_paused(now) else EndpointStatus.ACTIVE

    def is_paused(self, now: datetime) -> bool:
        """Boundary: exactly at `paused_until` it is tried again. A later end is from before the clock was set back."""
        longest = now + timedelta(seconds=policies.ENDPOINT_LONGEST_PAUSE.value)
        return self.paused_until is not None and now < self.paused_until <= longest

    @property
    def is_in_trouble(self) -> bool:
        return self.failures >= policies.ENDPOINT_FAILURES.value


@dataclass(frozen=True, slots=True)
class GivenEndpoint:
    """An endpoint with its secret, which is shown once."""

    endpoint: Endpoint
    secret: Secret[str]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What one endpoint is about to be told."""

    endpoint_id: str
    event_id: str
    subject: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    status: int | None
    fault: str | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint, as the forum sees it."""

    id: str
    endpoint_id: str
    event_id: str
    kind: EventType
    state: DeliveryState
    due_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class WaitingDeliveries:
    """What is on its way, since when the oldest is due, and how many endpoints do not answer."""

    waiting: int
    oldest: datetime | None
    endpoints: int
    endpoints_failing: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one endpoint is due to be told and has not heard, and since when the oldest of it is due."""

    waiting: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may attempt now."""

    number: int
    claim: str
    endpoint_id: str
    event_id: str
    body: str = field(repr=False)


def next_attempt(failed: int, first_at: datetime, now: datetime, spread: float) -> datetime | None:
    """When the attempt after `failed` failed ones is due; None when three days have passed since the first.

    `spread` is a random part of one, so that what failed together is not sent together again. The last attempt is
    made when the three days end. Boundary: exactly then it is given up.
    """
    if now >= first_at + _GIVEN_UP:
        return None
    pause = policies.EVENT_RETRIES[min(failed, len(policies.EVENT_RETRIES)) - 1].value
    return min(now + timedelta(seconds=pause * (1 + _JITTER * spread)), first_at + _GIVEN_UP)


def pause_after(failures: int) -> timedelta | None:
    """How long an endpoint is left alone after so many failed attempts in a row; None for a few."""
    over = failures - policies.ENDPOINT_FAILURES.value
    if over < 0:
        return None
    longest = policies.ENDPOINT_LONGEST_PAUSE.value
    return timedelta(seconds=min(policies.ENDPOINT_PAUSE.value << min(over, longest.bit_length()), longest))
