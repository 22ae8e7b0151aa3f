"""Every query on endpoints, events, deliveries and attempts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.events.catalogue import EventType
from app.events.domain import DeliveryState, NewDelivery, Subscription
from app.events.models import DeliveryRow, EndpointRow, EventRow
from app.kernel.ids import ForumId, new_id


def subscribers(session: Session, kind: EventType, forum_id: ForumId | None) -> list[tuple[str, ForumId]]:
    """Live endpoints that hear this type, of one forum or of all, with their forum."""
    query = select(EndpointRow.id, EndpointRow.forum_id, EndpointRow.events).where(
        EndpointRow.deleted_at.is_(None), EndpointRow.disabled_at.is_(None)
    )
    if forum_id is not None:
        query = query.where(EndpointRow.forum_id == forum_id)
    rows = session.execute(query.order_by(EndpointRow.id))
    return [(row.id, ForumId(row.forum_id)) for row in rows if Subscription.read(row.events).includes(kind)]


def add_event(session: Session, event_id: str, forum_id: ForumId, kind: EventType, body: str, now: datetime) -> None:
    session.add(EventRow(id=event_id, forum_id=forum_id, kind=kind, body=body, created_at=now))
    session.flush()


def add_deliveries(session: Session, deliveries: Sequence[NewDelivery]) -> list[str]:
    """Their ids, which name the moment that they are due and so tell nothing earlier."""
    rows = [
        DeliveryRow(
            id=new_id("whd", delivery.due_at),
            endpoint_id=delivery.endpoint_id,
            event_id=delivery.event_id,
            subject=delivery.subject,
            state=DeliveryState.WAITING,
            due_at=delivery.due_at,
            next_attempt_at=delivery.due_at,
            attempts=0,
            first_attempt_at=None,
            claim=None,
            claimed_until=None,
            finished_at=None,
        )
        for delivery in deliveries
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def send_delayed(session: Session, endpoints: Sequence[str], subject: str, now: datetime) -> None:
    """What still waits for its first attempt waits no longer."""
    session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.endpoint_id.in_(endpoints),
            DeliveryRow.subject == subject,
            DeliveryRow.state == DeliveryState.WAITING,
            DeliveryRow.due_at > now,
        )
        .values(due_at=now, next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
