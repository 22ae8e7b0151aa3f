"""Steps that announce a change, in the transaction of the change; use cases of a forum's endpoints."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from app import policies
from app.crypto.envelope import Place, Records
from app.db.unit_of_work import Transaction, UnitOfWork, hold_key
from app.events import repository
from app.events.catalogue import EndpointPayload, EventType, Payload, body_of
from app.events.destinations import refuses
from app.events.domain import (
    Backlog,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointAct,
    GivenEndpoint,
    NewDelivery,
    RecordAct,
    Subscription,
    WaitingDeliveries,
)
from app.events.errors import (
    EndpointIsDisabled,
    NoSuchDelivery,
    NoSuchEndpoint,
    StillOnItsWay,
    TooManyEndpoints,
    UrlRefused,
)
from app.kernel.actor import Actor, ActorKind
from app.kernel.clock import start_of_day
from app.kernel.ids import ForumId, new_id
from app.kernel.secret import Secret

_LONGEST_DELAY = timedelta(hours=policies.EVENT_LONGEST_DELAY.value)
_SECRET_OVERLAP = timedelta(hours=policies.WEBHOOK_SECRET_OVERLAP.value)
_SECRET_BYTES = 32


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


def stop_listening(tx: Transaction, forum_id: ForumId) -> None:
    """A step: the forum's endpoints hear nothing more, not even what was on its way."""
    repository.remove_endpoints(tx.session, forum_id, tx.now)


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
    _send(tx, endpoints, event_id, subject, due_at)


def _send(tx: Transaction, endpoints: Sequence[str], event_id: str, subject: str, due_at: datetime) -> list[str]:
    deliveries = [NewDelivery(endpoint, event_id, subject, due_at) for endpoint in endpoints]
    return repository.add_deliveries(tx.session, deliveries)


def _random_delay() -> timedelta:
    return timedelta(milliseconds=secrets.randbelow(int(_LONGEST_DELAY.total_seconds() * 1000) + 1))


class Webhooks:
    """`private` takes plain http and addresses that are not public: for development alone."""

    def __init__(self, unit_of_work: UnitOfWork, records: Records, record_act: RecordAct, *, private: bool) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._record_act = record_act
        self._private = private

    def add(self, actor: Actor, forum_id: ForumId, url: str, subscription: Subscription) -> GivenEndpoint:
        """Raises `UrlRefused`, `TooManyEndpoints`."""
        fault = refuses(url, private=self._private)
        if fault is not None:
            raise UrlRefused(fault)
        secret = _new_secret()
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, sha256(f"webhook endpoints of {forum_id}".encode()).digest())  # so that the limit is exact
            if repository.count_endpoints(tx.session, forum_id) >= policies.WEBHOOK_ENDPOINTS.value:
                raise TooManyEndpoints
            endpoint = Endpoint(new_id("whk", tx.now), forum_id, url, subscription, tx.now, None, 0, None, None)
            repository.add_endpoint(tx.session, endpoint, self._records.seal(secret, place_of(endpoint.id)))
            self._record_act(tx, EndpointAct.ADDED, endpoint.id)
        return GivenEndpoint(endpoint, secret)

    def list(self, forum_id: ForumId, after: str | None, limit: int) -> Sequence[Endpoint]:
        """Oldest first."""
        with self._unit_of_work.read() as tx:
            return repository.list_endpoints(tx.session, forum_id, after, limit)

    def list_everywhere(self, after: str | None, limit: int) -> Sequence[Endpoint]:
        """Of all forums, for staff; oldest first."""
        with self._unit_of_work.read() as tx:
            return repository.list_endpoints(tx.session, None, after, limit)

    def backlogs(self, endpoint_ids: Sequence[str]) -> Mapping[str, Backlog]:
        """What has not arrived yet, of those endpoints that wait for anything, for staff."""
        with self._unit_of_work.read() as tx:
            return repository.backlogs(tx.session, endpoint_ids, tx.now)

    def get(self, forum_id: ForumId, endpoint_id: str) -> Endpoint:
        """Raises `NoSuchEndpoint`, also for another forum's."""
        with self._unit_of_work.read() as tx:
            return _get(tx, forum_id, endpoint_id)

    def remove(self, actor: Actor, forum_id: ForumId, endpoint_id: str) -> None:
        """It hears nothing more, not even what was on its way. Raises `NoSuchEndpoint`."""
        with self._unit_of_work.begin(actor) as tx:
            _get(tx, forum_id, endpoint_id, lock=True)
            repository.remove_endpoints(tx.session, forum_id, tx.now, endpoint_id)
            self._record_act(tx, EndpointAct.REMOVED, endpoint_id)

    def rotate_secret(self, actor: Actor, forum_id: ForumId, endpoint_id: str) -> GivenEndpoint:
        """A new secret; for `WEBHOOK_SECRET_OVERLAP` the one before signs as well. Raises `NoSuchEndpoint`."""
        secret = _new_secret()
        with self._unit_of_work.begin(actor) as tx:
            endpoint = _get(tx, forum_id, endpoint_id, lock=True)
            repository.change_endpoint(
                tx.session,
                endpoint_id,
                sealed_previous=repository.sealed_secret(tx.session, endpoint_id),
                previous_until=tx.now + _SECRET_OVERLAP,
                sealed_secret=self._records.seal(secret, place_of(endpoint_id)),
            )
            self._record_act(tx, EndpointAct.SECRET_ROTATED, endpoint_id)
        return GivenEndpoint(endpoint, secret)

    def test(self, actor: Actor, forum_id: ForumId, endpoint_id: str) -> Delivery:
        """Sends `webhook.test` to this endpoint, whatever it subscribes to; also to one that is paused or disabled.

        Raises `NoSuchEndpoint`.
        """
        with self._unit_of_work.begin(actor) as tx:
            endpoint = _get(tx, forum_id, endpoint_id, lock=True)
            event_id, kind = new_id("evt", tx.now), EventType.WEBHOOK_TEST
            body = body_of(kind, tx.now, EndpointPayload(endpoint.id))
            repository.add_event(tx.session, event_id, forum_id, kind, body, tx.now)
            if endpoint.paused_until is not None:
                repository.change_endpoint(tx.session, endpoint.id, paused_until=None)
            [delivery_id] = _send(tx, [endpoint.id], event_id, endpoint.id, tx.now)
            return _get_delivery(tx, forum_id, delivery_id)[0]

    def deliveries(
        self, forum_id: ForumId, endpoint_id: str, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Delivery]:
        """What an endpoint was told, or is about to be, newest first. Raises `NoSuchEndpoint`."""
        with self._unit_of_work.read() as tx:
            _get(tx, forum_id, endpoint_id)
            return repository.list_deliveries(tx.session, endpoint_id, before, tx.now, limit)

    def replay(self, actor: Actor, forum_id: ForumId, delivery_id: str) -> Delivery:
        """Tells the same event again, by its own id, after whatever waits already.

        Raises `NoSuchDelivery`, `StillOnItsWay`, `EndpointIsDisabled`.
        """
        with self._unit_of_work.begin(actor) as tx:
            delivery, subject = _get_delivery(tx, forum_id, delivery_id)
            if delivery.state is DeliveryState.WAITING:
                raise StillOnItsWay
            if _get(tx, forum_id, delivery.endpoint_id).disabled_at is not None:
                raise EndpointIsDisabled
            [again] = _send(tx, [delivery.endpoint_id], delivery.event_id, subject, tx.now)
            return _get_delivery(tx, forum_id, again)[0]


def deliveries_waiting(tx: Transaction) -> WaitingDeliveries:
    """A step: of all forums, what is due to be told and has not arrived."""
    return repository.count_waiting(tx.session, tx.now)


def place_of(endpoint_id: str) -> Place:
    """Where an endpoint's secret is sealed, the new one and the one before."""
    return Place("webhook_endpoints", endpoint_id, "secret")


def _new_secret() -> Secret[str]:
    return Secret("whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def _get(tx: Transaction, forum_id: ForumId, endpoint_id: str, *, lock: bool = False) -> Endpoint:
    endpoint = repository.find_endpoint(tx.session, forum_id, endpoint_id, lock=lock)
    if endpoint is None:
        raise NoSuchEndpoint
    return endpoint


def _get_delivery(tx: Transaction, forum_id: ForumId, delivery_id: str) -> tuple[Delivery, str]:
    found = repository.find_delivery(tx.session, forum_id, delivery_id, tx.now)
    if found is None:
        raise NoSuchDelivery
    return found
