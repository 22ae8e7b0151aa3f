"""Tables of endpoints, of events in the transaction of their change, of deliveries, and of every attempt at one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_WAITING = text("state = 'waiting'")
_LIVE = text("deleted_at IS NULL")


class EndpointRow(Base):
    """Where a forum wants to hear events. What was deleted keeps its row until its deliveries are forgotten."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index("ix_webhook_endpoints_live", "forum_id", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[str] = mapped_column(Text)
    """Types with blanks between, or `*`."""
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once the endpoint is deleted."""
    sealed_previous: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it answered 410."""
    failures: Mapped[int]
    """Attempts that failed since the last one that did not."""
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EventRow(Base):
    """One event with the body of all its attempts."""

    __tablename__ = "webhook_events"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeliveryRow(Base):
    """One event on its way to one endpoint; `number` is the order among those of one subject."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_due",
            "endpoint_id",
            "next_attempt_at",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index(
            "ix_webhook_deliveries_order",
            "endpoint_id",
            "subject",
            "number",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_webhook_deliveries_log", "endpoint_id", "due_at", "id"),
    )

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("webhook_events.id"), index=True)
    subject: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the first attempt may leave; before it nobody outside learns that there is an event."""
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    first_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claim: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class AttemptRow(Base):
    """When something was sent and what became of it; an answer's body is never kept."""

    __tablename__ = "webhook_attempts"

    number: Mapped[int] = mapped_column(primary_key=True)
    delivery: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.number"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(40))
    milliseconds: Mapped[int]
