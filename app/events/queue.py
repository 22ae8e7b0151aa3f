"""Every query of the sender: what is due, who may send it, what became of it, and what is old enough to forget."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.events.domain import Attempt, Claimed, DeliveryState, Endpoint
from app.events.models import AttemptRow, DeliveryRow, EndpointRow, EventRow
from app.events.repository import endpoint_of

_WAITING = DeliveryRow.state == DeliveryState.WAITING


def _is_free(now: datetime, longest: datetime) -> ColumnElement[bool]:
    """Nobody is at it; a claim beyond `longest` is from before the clock was set back."""
    return or_(
        DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= now, DeliveryRow.claimed_until > longest
    )


def _is_wanted() -> ColumnElement[bool]:
    """An endpoint that is disabled hears test events alone: their subject is the endpoint itself."""
    enabled = or_(EndpointRow.disabled_at.is_(None), DeliveryRow.subject == EndpointRow.id)
    return and_(EndpointRow.deleted_at.is_(None), enabled)


def endpoints_with_work(session: Session, now: datetime, longest: datetime) -> list[Endpoint]:
    """Who has something due, whoever was made first first."""
    due = exists().where(
        DeliveryRow.endpoint_id == EndpointRow.id, _WAITING, DeliveryRow.next_attempt_at <= now, _is_free(now, longest)
    )
    rows = session.scalars(select(EndpointRow).where(EndpointRow.deleted_at.is_(None), due).order_by(EndpointRow.id))
    return [endpoint_of(row) for row in rows]


def hold_endpoint(session: Session, endpoint_id: str, *, wait: bool) -> EndpointRow | None:
    """Held against other senders, and not against who announces something; None when it is gone or somebody has it."""
    query = select(EndpointRow).where(EndpointRow.id == endpoint_id, EndpointRow.deleted_at.is_(None))
    return session.scalar(query.with_for_update(key_share=True, skip_locked=not wait))


def in_flight(session: Session, endpoint_id: str, now: datetime, longest: datetime) -> int:
    query = select(func.count()).where(
        DeliveryRow.endpoint_id == endpoint_id,
        _WAITING,
        DeliveryRow.claimed_until > now,
        DeliveryRow.claimed_until <= longest,
    )
    return session.scalar(query) or 0


def claim(
    session: Session, endpoint_id: str, token: str, now: datetime, until: datetime, longest: datetime, limit: int
) -> list[Claimed]:
    """What is due and nobody is at, oldest first; of each subject only the first that is not ended."""
    found = session.execute(_claimable(endpoint_id, now, longest).limit(limit)).all()
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.number.in_([row.number for row in found]))
        .values(claim=token, claimed_until=until)
        .execution_options(synchronize_session=False)
    )
    return [Claimed(row.number, token, endpoint_id, row.event_id, row.body) for row in found]


def _claimable(endpoint_id: str, now: datetime, longest: datetime) -> Select[int, str, str]:
    earlier = aliased(DeliveryRow)
    blocked = exists().where(
        earlier.endpoint_id == DeliveryRow.endpoint_id,
        earlier.subject == DeliveryRow.subject,
        earlier.state == DeliveryState.WAITING,
        earlier.number < DeliveryRow.number,
    )
    return (
        select(DeliveryRow.number, DeliveryRow.event_id, EventRow.body)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .where(
            DeliveryRow.endpoint_id == endpoint_id,
            _WAITING,
            DeliveryRow.next_attempt_at <= now,
            _is_free(now, longest),
            _is_wanted(),
            ~blocked,
        )
        .order_by(DeliveryRow.number)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )


def held_delivery(session: Session, claimed: Claimed) -> DeliveryRow | None:
    """The row of a delivery that is still this claim's."""
    query = select(DeliveryRow).where(
        DeliveryRow.number == claimed.number, DeliveryRow.claim == claimed.claim, _WAITING
    )
    return session.scalar(query.with_for_update())


def add_attempt(session: Session, number: int, attempt: Attempt) -> None:
    session.add(
        AttemptRow(
            delivery=number,
            at=attempt.at,
            status=attempt.status,
            error=attempt.fault,
            milliseconds=attempt.milliseconds,
        )
    )


def give_up(session: Session, endpoint_id: str | None, due_by: datetime, now: datetime, limit: int) -> int:
    """Ends a batch of what has waited since then for an endpoint: one that fails, or any that hears nothing now."""
    query = select(DeliveryRow.number).where(_WAITING, DeliveryRow.due_at <= due_by)
    if endpoint_id is not None:
        query = query.where(DeliveryRow.endpoint_id == endpoint_id)
    else:
        query = query.join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id).where(
            EndpointRow.disabled_at.is_not(None)
        )
    return _end(session, query, now, limit)


def end_those_of_the_deleted(session: Session, now: datetime, limit: int) -> int:
    query = select(DeliveryRow.number).join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
    return _end(session, query.where(_WAITING, EndpointRow.deleted_at.is_not(None)), now, limit)


def _end(session: Session, query: Select[int], now: datetime, limit: int) -> int:
    held = query.limit(limit).with_for_update(of=DeliveryRow, skip_locked=True)
    numbers = session.scalars(held).all()
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.number.in_(numbers))
        .values(state=DeliveryState.FAILED, finished_at=now, claim=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )
    return len(numbers)


def forget_deliveries(session: Session, ended_by: datetime, limit: int) -> int:
    old = select(DeliveryRow.number).where(DeliveryRow.finished_at <= ended_by).order_by(DeliveryRow.finished_at)
    numbers = session.scalars(old.limit(limit).with_for_update(skip_locked=True)).all()
    session.execute(delete(AttemptRow).where(AttemptRow.delivery.in_(numbers)))
    session.execute(delete(DeliveryRow).where(DeliveryRow.number.in_(numbers)))
    return len(numbers)


def forget_events(session: Session, created_by: datetime, limit: int) -> int:
    """Those that nobody is told of any more."""
    told = exists().where(DeliveryRow.event_id == EventRow.id)
    old = select(EventRow.id).where(EventRow.created_at <= created_by, ~told).limit(limit)
    return _forget(session, EventRow, session.scalars(old.with_for_update(skip_locked=True)).all())


def forget_endpoints(session: Session, limit: int) -> int:
    """Those that were deleted and have no delivery left."""
    told = exists().where(DeliveryRow.endpoint_id == EndpointRow.id)
    old = select(EndpointRow.id).where(EndpointRow.deleted_at.is_not(None), ~told).limit(limit)
    return _forget(session, EndpointRow, session.scalars(old.with_for_update(skip_locked=True)).all())


def _forget(session: Session, table: type[EventRow | EndpointRow], ids: Sequence[str]) -> int:
    session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)
