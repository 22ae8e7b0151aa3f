"""Every query on endpoints, events and the log of deliveries; those of the sender stand in `queue`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, func, literal, literal_column, or_, select, tuple_, update
from sqlalchemy.orm import Session

from app import policies
from app.db.types import UtcDateTime
from app.db.words import read_word
from app.events.catalogue import EventType
from app.events.domain import (
    Attempt,
    Backlog,
    Delivery,
    DeliveryState,
    Endpoint,
    NewDelivery,
    Subscription,
    WaitingDeliveries,
)
from app.events.models import AttemptRow, DeliveryRow, EndpointRow, EventRow
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


def count_endpoints(session: Session, forum_id: ForumId) -> int:
    query = select(func.count()).where(EndpointRow.forum_id == forum_id, EndpointRow.deleted_at.is_(None))
    return session.scalar(query) or 0


def add_endpoint(session: Session, endpoint: Endpoint, sealed_secret: bytes) -> None:
    session.add(
        EndpointRow(
            id=endpoint.id,
            forum_id=endpoint.forum_id,
            url=endpoint.url,
            events=" ".join(endpoint.subscription.written()),
            sealed_secret=sealed_secret,
            created_at=endpoint.created_at,
            failures=0,
        )
    )


def find_endpoint(session: Session, forum_id: ForumId, endpoint_id: str, *, lock: bool = False) -> Endpoint | None:
    query = _live(forum_id).where(EndpointRow.id == endpoint_id)
    row = session.scalar(query.with_for_update(key_share=True) if lock else query)
    return endpoint_of(row) if row else None


def list_endpoints(session: Session, forum_id: ForumId | None, after: str | None, limit: int) -> list[Endpoint]:
    """Of a forum, or of all; oldest first."""
    query = _live(forum_id).order_by(EndpointRow.id).limit(limit)
    return [
        endpoint_of(row) for row in session.scalars(query if after is None else query.where(EndpointRow.id > after))
    ]


def change_endpoint(session: Session, endpoint_id: str, **values: object) -> None:
    session.execute(update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values))


def remove_endpoints(session: Session, forum_id: ForumId, now: datetime, endpoint_id: str | None = None) -> None:
    """One, or all that the forum has; their secrets are gone at once."""
    live = update(EndpointRow).where(EndpointRow.forum_id == forum_id, EndpointRow.deleted_at.is_(None))
    if endpoint_id is not None:
        live = live.where(EndpointRow.id == endpoint_id)
    session.execute(live.values(deleted_at=now, sealed_secret=None, sealed_previous=None, previous_until=None))


def sealed_secret(session: Session, endpoint_id: str) -> bytes | None:
    return session.scalar(select(EndpointRow.sealed_secret).where(EndpointRow.id == endpoint_id))


def find_delivery(session: Session, forum_id: ForumId, delivery_id: str, now: datetime) -> tuple[Delivery, str] | None:
    """One whose time has come, with its subject: before that there is none for the forum."""
    found = session.execute(
        _SHOWN.where(
            EndpointRow.forum_id == forum_id,
            EndpointRow.deleted_at.is_(None),
            DeliveryRow.id == delivery_id,
            DeliveryRow.due_at <= now,
        )
    ).one_or_none()
    if found is None:
        return None
    row, kind = found
    return _delivery(row, kind, _attempts(session, [row.number])), row.subject


def list_deliveries(
    session: Session, endpoint_id: str, before: tuple[datetime, str] | None, now: datetime, limit: int
) -> list[Delivery]:
    """Of an endpoint, the newest first, in the order in which they came due: no other order is the forum's to know."""
    place = tuple_(DeliveryRow.due_at, DeliveryRow.id)
    query = _SHOWN.where(DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.due_at <= now)
    if before is not None:
        query = query.where(place < tuple_(literal(before[0], UtcDateTime), literal(before[1])))
    found = session.execute(query.order_by(DeliveryRow.due_at.desc(), DeliveryRow.id.desc()).limit(limit)).all()
    attempts = _attempts(session, [row.number for row, _ in found])
    return [_delivery(row, kind, attempts) for row, kind in found]


_SHOWN = (
    select(DeliveryRow, EventRow.kind)
    .join(EventRow, EventRow.id == DeliveryRow.event_id)
    .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
)


def _live(forum_id: ForumId | None) -> Select[EndpointRow]:
    live = select(EndpointRow).where(EndpointRow.deleted_at.is_(None))
    return live if forum_id is None else live.where(EndpointRow.forum_id == forum_id)


def count_waiting(session: Session, now: datetime) -> WaitingDeliveries:
    """Without what is held back on purpose, which nobody outside may know of."""
    due = (DeliveryRow.state == literal_column("'waiting'"), DeliveryRow.due_at <= now)
    live = EndpointRow.deleted_at.is_(None)
    waiting, oldest = session.execute(
        select(func.count(), func.min(DeliveryRow.due_at))
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .where(*due, live, EndpointRow.disabled_at.is_(None))
    ).one()
    failing = or_(EndpointRow.disabled_at.is_not(None), EndpointRow.failures >= policies.ENDPOINT_FAILURES.value)
    endpoints, unwell = session.execute(select(func.count(), func.count().filter(failing)).where(live)).one()
    return WaitingDeliveries(waiting, oldest, endpoints, unwell)


def backlogs(session: Session, endpoint_ids: Sequence[str], now: datetime) -> dict[str, Backlog]:
    """Of those endpoints that have any; likewise without what is held back."""
    query = (
        select(DeliveryRow.endpoint_id, func.count(), func.min(DeliveryRow.due_at))
        .where(
            DeliveryRow.endpoint_id.in_(endpoint_ids),
            DeliveryRow.state == literal_column("'waiting'"),
            DeliveryRow.due_at <= now,
        )
        .group_by(DeliveryRow.endpoint_id)
    )
    return {endpoint_id: Backlog(waiting, oldest) for endpoint_id, waiting, oldest in session.execute(query)}


def _attempts(session: Session, numbers: Sequence[int]) -> dict[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = {number: [] for number in numbers}
    query = select(AttemptRow).where(AttemptRow.delivery.in_(numbers)).order_by(AttemptRow.number)
    for row in session.scalars(query):
        found[row.delivery].append(Attempt(row.at, row.status, row.error, row.milliseconds))
    return found


def _delivery(row: DeliveryRow, kind: str, attempts: Mapping[int, Sequence[Attempt]]) -> Delivery:
    return Delivery(
        id=row.id,
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        kind=read_word(EventType, kind, row.id),
        state=read_word(DeliveryState, row.state, row.id),
        due_at=row.due_at,
        next_attempt_at=row.next_attempt_at,
        finished_at=row.finished_at,
        attempts=tuple(attempts[row.number]),
    )


def endpoint_of(row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        forum_id=ForumId(row.forum_id),
        url=row.url,
        subscription=Subscription.read(row.events),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        failures=row.failures,
        failing_since=row.failing_since,
        paused_until=row.paused_until,
    )
