"""Words: an endpoint, a delivery and its attempts; when the next attempt is made."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.events.catalogue import EventType

EVERYTHING = "*"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


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
class NewDelivery:
    """What one endpoint is about to be told."""

    endpoint_id: str
    event_id: str
    subject: str
    due_at: datetime
