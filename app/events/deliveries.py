"""Use cases of the worker: deliver what is due, forget what is old.

A claim is committed, then the attempt is made outside any transaction, then its outcome is committed. Whoever is
killed in between leaves a claim that ends by itself; then the same event is sent again.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import structlog

from app import policies
from app.crypto.envelope import Records
from app.crypto.errors import SealBroken
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events import queue
from app.events.domain import Attempt, Claimed, DeliveryState, Endpoint, next_attempt, pause_after
from app.events.models import DeliveryRow, EndpointRow
from app.events.repository import endpoint_of
from app.events.sender import Letter, Outcome, Sender
from app.events.service import place_of
from app.kernel.actor import SYSTEM
from app.kernel.secret import Secret

_CLAIM = timedelta(seconds=policies.EVENT_CLAIM.value)
_GIVEN_UP = timedelta(days=policies.EVENT_GIVEN_UP.value)
_KEPT = timedelta(days=policies.EVENT_KEPT.value)
_BATCH = policies.EVENTS_PURGED_AT_ONCE.value
_SEATS, _SEATS_EACH = policies.EVENT_SEATS.value, policies.EVENT_SEATS_PER_ENDPOINT.value
_SLOW = policies.EVENT_SLOW.value * 1000
_TURN, _LOOK_AGAIN = 1.0, 0.2
_Ended = tuple[Claimed, datetime, Outcome]


class Deliveries:
    def __init__(self, unit_of_work: UnitOfWork, records: Records, sender: Sender) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._sender = sender
        self._turn = Lock()
        self._ended: SimpleQueue[_Ended] = SimpleQueue()
        self._in_flight: Counter[str] = Counter()
        self._in_trouble: set[str] = set()

    def deliver_due(self) -> int:
        """How many attempts were begun; 0 when nothing is due and none is in flight any more.

        After a second it returns with attempts in flight, whose ends the next call records: an endpoint that lets us
        wait keeps nobody else waiting. Every attempt has an end, so that a call has one too.
        """
        with self._turn:
            begun, until = 0, time.monotonic() + _TURN
            while True:
                begun += self._begin_attempts()
                if not self._in_flight:
                    return begun
                self._record_ended()
                if begun and time.monotonic() >= until:
                    return begun

    def _begin_attempts(self) -> int:
        with self._unit_of_work.read() as tx:
            endpoints = queue.endpoints_with_work(tx.session, tx.now, tx.now + 2 * _CLAIM)
            endpoints = [endpoint for endpoint in endpoints if not endpoint.is_paused(tx.now)]
        random.shuffle(endpoints)  # where seats are short, everybody's turn comes
        begun = 0
        for endpoint in endpoints:
            seats = self._seats_for(endpoint)
            if seats > 0:
                begun += self._begin(endpoint.id, seats)
        return begun

    def _seats_for(self, endpoint: Endpoint) -> int:
        """Endpoints in trouble get one seat each, and half of all the seats together."""
        free = _SEATS - self._in_flight.total()
        if not self._is_in_trouble(endpoint):
            return min(free, _SEATS_EACH - self._in_flight[endpoint.id])
        taken = sum(count for one, count in self._in_flight.items() if one in self._in_trouble)
        return min(free, _SEATS // 2 - taken, 1 - self._in_flight[endpoint.id])

    def _is_in_trouble(self, endpoint: Endpoint) -> bool:
        if endpoint.is_in_trouble:
            self._in_trouble.add(endpoint.id)
        return endpoint.id in self._in_trouble

    def _begin(self, endpoint_id: str, seats: int) -> int:
        with self._unit_of_work.begin(SYSTEM) as tx:
            row = queue.hold_endpoint(tx.session, endpoint_id, wait=False)
            if row is None or endpoint_of(row).is_paused(tx.now):
                return 0
            longest = tx.now + 2 * _CLAIM
            limit = min(seats, _SEATS_EACH - queue.in_flight(tx.session, endpoint_id, tx.now, longest))
            if limit <= 0:
                return 0
            token = os.urandom(16).hex()
            claimed = queue.claim(tx.session, endpoint_id, token, tx.now, tx.now + _CLAIM, longest, limit)
            url, signing = row.url, self._secrets_of(row, tx.now)
        for one in claimed:
            letter = Letter(url, one.event_id, one.body, signing)
            Thread(target=self._attempt, args=(one, letter, tx.now), name="webhook", daemon=True).start()
            self._in_flight[endpoint_id] += 1
        return len(claimed)

    def _secrets_of(self, row: EndpointRow, now: datetime) -> tuple[Secret[str], ...]:
        """Those that open. Boundary: exactly at its end the secret before signs no more."""
        kept, found = [row.sealed_secret], []
        if row.previous_until is not None and now < row.previous_until:
            kept.append(row.sealed_previous)
        for sealed in filter(None, kept):
            try:
                found.append(self._records.unseal(sealed, place_of(row.id)))
            except SealBroken as broken:  # one endpoint's secret must not stop the others
                structlog.get_logger("shiming").error("seal-broken", why=str(broken))
        return tuple(found)

    def _attempt(self, claimed: Claimed, letter: Letter, at: datetime) -> None:
        self._ended.put((claimed, at, self._sender.send(letter)))

    def _record_ended(self) -> None:
        """Waits a moment for the first, and takes what else has ended meanwhile."""
        try:
            ended = [self._ended.get(timeout=_LOOK_AGAIN)]
            while not self._ended.empty():
                ended.append(self._ended.get())
        except Empty:
            return
        for claimed, _, outcome in ended:
            self._in_flight = +(self._in_flight - Counter([claimed.endpoint_id]))
            (self._in_trouble.add if outcome.milliseconds >= _SLOW else self._in_trouble.discard)(claimed.endpoint_id)
        for endpoint_id in dict.fromkeys(claimed.endpoint_id for claimed, _, _ in ended):
            self._record(endpoint_id, [one for one in ended if one[0].endpoint_id == endpoint_id])

    def _record(self, endpoint_id: str, ended: Sequence[_Ended]) -> None:
        """One transaction for what ended together at one endpoint: the disk is waited for once."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            endpoint = queue.hold_endpoint(tx.session, endpoint_id, wait=True)
            for claimed, at, outcome in ended:
                delivery = queue.held_delivery(tx.session, claimed)
                if endpoint is not None and delivery is not None:  # not deleted, nor taken over by another sender
                    _settle(tx, endpoint, delivery, at, outcome)

    def purge(self) -> int:
        """A batch of what is old enough: deliveries, events and deleted endpoints; the number of rows."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            session = tx.session
            return (
                queue.give_up(session, None, tx.now - _GIVEN_UP, tx.now, _BATCH)
                + queue.end_those_of_the_deleted(session, tx.now, _BATCH)
                + queue.forget_deliveries(session, tx.now - _KEPT, _BATCH)
                + queue.forget_events(session, tx.now - _KEPT, _BATCH)
                + queue.forget_endpoints(session, _BATCH)
            )


def _settle(tx: Transaction, endpoint: EndpointRow, delivery: DeliveryRow, at: datetime, outcome: Outcome) -> None:
    attempt = Attempt(at, outcome.status, outcome.fault, outcome.milliseconds)
    queue.add_attempt(tx.session, delivery.number, attempt)
    delivery.attempts += 1
    delivery.claim = delivery.claimed_until = None
    delivery.first_attempt_at = first_at = delivery.first_attempt_at or at
    if outcome.delivered:
        _end(delivery, DeliveryState.DELIVERED, tx.now)
        _recover(endpoint)
        return
    _note_failure(tx, endpoint, gone=outcome.gone)
    again = next_attempt(delivery.attempts, first_at, tx.now, random.random())  # noqa: S311 -- spreads load
    if again is None or outcome.gone:
        _end(delivery, DeliveryState.FAILED, tx.now)
    else:
        delivery.next_attempt_at = again


def _end(delivery: DeliveryRow, state: DeliveryState, now: datetime) -> None:
    delivery.state, delivery.finished_at = state, now


def _recover(endpoint: EndpointRow) -> None:
    endpoint.failures = 0
    endpoint.failing_since = endpoint.paused_until = endpoint.disabled_at = None


def _note_failure(tx: Transaction, endpoint: EndpointRow, *, gone: bool) -> None:
    """What waited for three days while nothing got through is given up with what was tried."""
    endpoint.failures += 1
    since = endpoint.failing_since = endpoint.failing_since or tx.now
    pause = pause_after(endpoint.failures)
    if pause is not None:
        endpoint.paused_until = tx.now + pause
    if gone:
        endpoint.disabled_at = endpoint.disabled_at or tx.now
    if since <= tx.now - _GIVEN_UP:
        queue.give_up(tx.session, endpoint.id, tx.now - _GIVEN_UP, tx.now, _BATCH)
