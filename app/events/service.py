"""Steps that announce a change, in the transaction of the change."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from app import policies
from app.db.unit_of_work import Transaction
from app.events import repository
from app.events.catalogue import EventType, Payload, body_of
from app.events.domain import NewDelivery
from app.kernel.actor import ActorKind
from app.kernel.clock import start_of_day
from app.kernel.ids import ForumId, new_id

_LONGEST_DELAY = timedelta(hours=policies.EVENT_LONGEST_DELAY.value)


def publish(tx: Transaction, forum_id: ForumId, kind: EventType, payload: Payload, *, subject: str) -> None:
    """A step: joins the transaction. `subject` is the id whose events keep their order (an account or board id).

    Writes nothing where no endpoint of the forum subscribes. An act of a person (`tx.actor`) is sent after a random
    delay of up to 6 h and tells its day alone; a later event of the same subject that is not delayed sends the waiting
    ones at once, before it.
    """
    endpoints = [endpoint for endpoint, _ in repository.subscribers(tx.session, kind, forum_id)]
    if endpoints:
        _announce(tx, forum_id, kind, payload, subject, endpoints)


def hearing(tx: Transaction, kind: EventType) -> set[ForumId]:
    """A step: the forums that subscribe to an event, for who announces many at once."""
    return {forum_id for _, forum_id in repository.subscribers(tx.session, kind, None)}


def publish_to_all(tx: Transaction, kind: EventType, payload: Payload, *, subject: str) -> None:
    """A step: the same for every forum of the installation."""
    endpoints: dict[ForumId, list[str]] = {}
    for endpoint, forum_id in repository.subscribers(tx.session, kind, None):
        endpoints.setdefault(forum_id, []).append(endpoint)
    for forum_id, subscribed in endpoints.items():
        _announce(tx, forum_id, kind, payload, subject, subscribed)


def _announce(
    tx: Transaction, forum_id: ForumId, kind: EventType, payload: Payload, subject: str, endpoints: Sequence[str]
) -> None:
    springs_from_person = tx.actor.kind is ActorKind.PERSON
    told = start_of_day(tx.now) if springs_from_person else tx.now  # the id holds a time as well
    event_id = new_id("evt", told)
    repository.add_event(tx.session, event_id, forum_id, kind, body_of(kind, told, payload), tx.now)
    if springs_from_person:
        due_at = tx.now + _random_delay()
    else:
        due_at = tx.now
        repository.send_delayed(tx.session, endpoints, subject, tx.now)
    deliveries = [NewDelivery(endpoint, event_id, subject, due_at) for endpoint in endpoints]
    repository.add_deliveries(tx.session, deliveries)


def _random_delay() -> timedelta:
    return timedelta(milliseconds=secrets.randbelow(int(_LONGEST_DELAY.total_seconds() * 1000) + 1))
