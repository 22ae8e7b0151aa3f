"""What is announced is delivered: in order, again when it failed, and nobody waits for anybody else."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select, update

from app import policies
from app.accounts.domain import Account
from app.events.catalogue import AccountPayload, EventType
from app.events.deliveries import Deliveries
from app.events.domain import DeliveryState, GivenEndpoint, Subscription, next_attempt, pause_after
from app.events.models import AttemptRow, DeliveryRow, EndpointRow, EventRow
from app.events.service import publish, publish_to_all
from app.jobs.timetable import TIMETABLE
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR, SYSTEM, Actor, ActorKind
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.desk import Desk
from tests.support.receiver import Heard, Receiver, deliver, receiving

PERSON = Actor(ActorKind.PERSON, "reg_1")
EVERYTHING = Subscription(None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def forum_id(services: Services) -> ForumId:
    return services.forums.add(OPERATOR, "测试论坛").forum_id


@pytest.fixture
def endpoint(services: Services, forum_id: ForumId, receiver: Receiver) -> GivenEndpoint:
    return services.webhooks.add(OPERATOR, forum_id, f"{receiver.address}/hooks", EVERYTHING)


def announce(
    services: Services,
    forum_id: ForumId,
    subject: str = "acc_1",
    kind: EventType = EventType.ACCOUNT_SUSPENDED,
    *,
    by: Actor = SYSTEM,
    status: str = "suspended",
) -> None:
    with services.unit_of_work.begin(by) as tx:
        publish(tx, forum_id, kind, AccountPayload(subject, "42", "山间清风", status, None), subject=subject)


def test_an_event_is_compact_and_thin_and_signed(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id)
    assert deliver(services) == 1
    [heard] = receiver.heard
    assert heard.body.decode() == (
        '{"type":"account.suspended","timestamp":"2026-11-21T04:00:00.000Z","data":{"account_id":"acc_1",'
        '"external_id":"42","handle":"山间清风","status":"suspended","until":null}}'
    )
    assert heard.verified(endpoint.secret.reveal())["type"] == "account.suspended"
    assert heard.timestamp == int(TODAY.timestamp())
    assert heard.id.startswith("evt_")
    assert deliver(services) == 0


def test_nothing_is_written_where_nobody_subscribes(services: Services, forum_id: ForumId, receiver: Receiver) -> None:
    services.webhooks.add(OPERATOR, forum_id, receiver.address, Subscription(frozenset({EventType.BOARD_FROZEN})))
    announce(services, forum_id)
    announce(services, services.forums.add(OPERATOR, "别的论坛").forum_id)
    with services.unit_of_work.read() as tx:
        assert tx.session.scalars(select(EventRow)).all() == []
    assert deliver(services) == 0


def test_what_is_rolled_back_is_not_told(services: Services, forum_id: ForumId, endpoint: GivenEndpoint) -> None:
    assert endpoint.endpoint.forum_id == forum_id
    payload = AccountPayload("acc_1", None, "清风", "banned")

    def change() -> None:
        with services.unit_of_work.begin(SYSTEM) as tx:
            publish(tx, forum_id, EventType.ACCOUNT_BANNED, payload, subject="acc_1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert deliver(services) == 0


def test_every_forum_hears_what_concerns_them_all(services: Services, receiver: Receiver) -> None:
    given = [
        services.webhooks.add(OPERATOR, services.forums.add(OPERATOR, name).forum_id, receiver.address, EVERYTHING)
        for name in ("山城", "水乡")
    ]
    payload = AccountPayload("acc_1", None, "清风", "banned")
    with services.unit_of_work.begin(SYSTEM) as tx:
        publish_to_all(tx, EventType.ACCOUNT_BANNED, payload, subject="acc_1")
    assert deliver(services) == 2
    assert len({heard.id for heard in receiver.heard}) == 2
    for one in given:
        assert any(_fits(heard, one.secret.reveal()) for heard in receiver.heard)


def _fits(heard: Heard, secret: str) -> bool:
    try:
        heard.verified(secret)
    except Exception:  # noqa: BLE001 -- whatever the library says
        return False
    return True


def test_a_failed_attempt_comes_again_with_the_same_id_and_a_fresh_timestamp(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    answers = iter([500, 404, 302])
    receiver.answer = lambda _heard: next(answers, 200)
    announce(services, forum_id)
    for pause in (0, *(pause.value for pause in policies.EVENT_RETRIES[:3])):
        clock.advance(seconds=pause * 0.99)
        assert deliver(services) == (1 if pause == 0 else 0)
        clock.advance(seconds=pause * 0.12)
        assert deliver(services) == (0 if pause == 0 else 1)
    assert len({heard.id for heard in receiver.heard}) == 1
    assert len({heard.body for heard in receiver.heard}) == 1
    assert len({heard.timestamp for heard in receiver.heard}) == 4
    assert len({heard.headers["webhook-signature"] for heard in receiver.heard}) == 4
    [delivery] = services.webhooks.deliveries(forum_id, endpoint.endpoint.id, None, 10)
    assert delivery.state is DeliveryState.DELIVERED
    assert [attempt.status for attempt in delivery.attempts] == [500, 404, 302, 200]


def test_after_three_days_it_is_given_up_and_can_be_replayed(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    receiver.answer = lambda _heard: 503
    announce(services, forum_id)
    began = clock.now()
    for _ in range(80):
        deliver(services)
        clock.advance(hours=1)
    last = receiver.heard[-1]
    assert (
        timedelta(days=2, hours=20)
        < timedelta(seconds=last.timestamp - int(began.timestamp()))
        <= timedelta(days=3, hours=1)
    )
    clock.advance(days=2)
    assert deliver(services) == 0
    [delivery] = services.webhooks.deliveries(forum_id, endpoint.endpoint.id, None, 10)
    assert delivery.state is DeliveryState.FAILED
    receiver.answer = lambda _heard: 200
    again = services.webhooks.replay(OPERATOR, forum_id, delivery.id)
    assert (again.event_id, again.id == delivery.id) == (delivery.event_id, False)
    assert deliver(services) == 1
    assert receiver.heard[-1].id == last.id


def test_retries_span_three_days_and_the_boundary_is_the_end() -> None:
    at, failed, times = TODAY, 1, []
    while (following := next_attempt(failed, TODAY, at, 0.5)) is not None:
        assert following > at
        times.append(at := following)
        failed += 1
    assert times[-1] == TODAY + timedelta(days=3)
    assert len(times) == len(policies.EVENT_RETRIES)


def test_an_endpoint_pauses_after_five_failures_in_a_row_and_at_most_five_minutes() -> None:
    paused = [pause_after(failures) for failures in range(1, 13)]
    assert paused[:4] == [None] * 4
    assert [one.total_seconds() for one in paused[4:] if one] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pause_after(10_000) == timedelta(seconds=300)


def test_a_dead_endpoint_is_probed_and_not_stormed(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    receiver.answer = lambda _heard: 500
    for number in range(40):
        announce(services, forum_id, f"acc_{number}")
    first = deliver(services)
    assert first <= policies.EVENT_SEATS_PER_ENDPOINT.value + policies.ENDPOINT_FAILURES.value
    status = services.webhooks.get(forum_id, endpoint.endpoint.id).status(clock.now())
    assert status == "paused"
    clock.advance(minutes=6)
    assert deliver(services) == 1
    receiver.answer = lambda _heard: 200
    clock.advance(minutes=6)
    assert deliver(services) == 40
    assert len({heard.id for heard in receiver.heard}) == 40


def test_events_of_one_subject_keep_their_order_and_others_do_not_wait_for_them(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    refused = Event()

    def answer(heard: Heard) -> int:
        if b'"acc_1"' in heard.body and not refused.is_set():
            refused.set()
            return 500
        return 200

    receiver.answer = answer
    for kind in (EventType.ACCOUNT_SUSPENDED, EventType.ACCOUNT_REINSTATED, EventType.ACCOUNT_BANNED):
        announce(services, forum_id, "acc_1", kind)
    announce(services, forum_id, "acc_2")
    assert deliver(services) == 2
    assert {json.loads(heard.body)["data"]["account_id"] for heard in receiver.heard} == {"acc_1", "acc_2"}
    clock.advance(seconds=6)
    assert deliver(services) == 3
    of_one = [said["type"] for said in receiver.said(endpoint.secret.reveal()) if said["data"]["account_id"] == "acc_1"]
    assert of_one == ["account.suspended", "account.suspended", "account.reinstated", "account.banned"]


def test_a_slow_endpoint_delays_nobody_else(services: Services, forum_id: ForumId, receiver: Receiver) -> None:
    done = Event()
    with receiving() as slow:
        slow.answer = lambda _heard: 200 if done.wait(20) else 500
        for _ in range(3):
            services.webhooks.add(OPERATOR, forum_id, slow.address, EVERYTHING)
        services.webhooks.add(OPERATOR, forum_id, receiver.address, EVERYTHING)
        for number in range(30):
            announce(services, forum_id, f"acc_{number}")
        began = time.monotonic()
        while len(receiver.heard) < 30 and time.monotonic() - began < 15:
            services.deliveries.deliver_due()
        assert len(receiver.heard) == 30
        assert time.monotonic() - began < 8
        announce(services, forum_id, "acc_late")
        services.deliveries.deliver_due()
        assert len(receiver.heard) == 31
        done.set()
        deliver(services)
        assert len(slow.heard) == 3 * 31


def test_an_act_of_a_person_is_told_late_and_by_its_day(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id, by=PERSON, kind=EventType.ACCOUNT_CLOSED, status="closed")
    with services.unit_of_work.read() as tx:
        [due_at] = tx.session.scalars(select(DeliveryRow.due_at))
    assert TODAY <= due_at <= TODAY + timedelta(hours=6)
    if due_at > TODAY:
        assert services.webhooks.deliveries(forum_id, endpoint.endpoint.id, None, 10) == []
    clock.advance(hours=6)
    assert deliver(services) == 1
    [said] = receiver.said(endpoint.secret.reveal())
    assert said["timestamp"] == "2026-11-21T00:00:00.000Z"
    moment = int(receiver.heard[0].id.removeprefix("evt_")[:12], 16) / 1000
    assert moment == TODAY.replace(hour=0).timestamp()


def test_delays_differ_and_lie_within_six_hours(services: Services, forum_id: ForumId, endpoint: GivenEndpoint) -> None:
    assert endpoint.endpoint.forum_id == forum_id
    for number in range(40):
        announce(services, forum_id, f"acc_{number}", by=PERSON)
    with services.unit_of_work.read() as tx:
        delays = [(due_at - TODAY).total_seconds() for due_at in tx.session.scalars(select(DeliveryRow.due_at))]
    assert len(set(delays)) == 40
    assert 0 <= min(delays) < 2 * 3600 < 4 * 3600 < max(delays) <= 6 * 3600


def test_a_later_event_that_is_not_delayed_sends_the_waiting_ones_before_it(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id, by=PERSON, kind=EventType.ACCOUNT_VERIFIED, status="active")
    announce(services, forum_id, "acc_2", by=PERSON)
    announce(services, forum_id, kind=EventType.ACCOUNT_BANNED, status="banned")
    _stay_delayed(services, "acc_2")
    deliver(services)
    said = receiver.said(endpoint.secret.reveal())
    assert [one["type"] for one in said] == ["account.verified", "account.banned"]


def _stay_delayed(services: Services, subject: str) -> None:
    """Chance may have chosen no delay at all."""
    with services.unit_of_work.begin(SYSTEM) as tx:
        [due_at] = tx.session.scalars(select(DeliveryRow.due_at).where(DeliveryRow.subject == subject))
        assert due_at >= TODAY
        later = TODAY + timedelta(hours=6)
        tx.session.execute(
            update(DeliveryRow).where(DeliveryRow.subject == subject).values(due_at=later, next_attempt_at=later)
        )


def test_410_disables_the_endpoint_until_a_test_is_answered(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    webhooks, named = services.webhooks, endpoint.endpoint.id
    receiver.answer = lambda _heard: 410
    announce(services, forum_id)
    deliver(services)
    announce(services, forum_id)
    assert deliver(services) == 0
    assert webhooks.get(forum_id, named).status(clock.now()) == "disabled"
    receiver.answer = lambda _heard: 200
    webhooks.test(OPERATOR, forum_id, named)
    assert deliver(services) == 1
    assert webhooks.get(forum_id, named).status(clock.now()) == "active"
    announce(services, forum_id)
    assert deliver(services) == 1
    assert [said["type"] for said in receiver.said(endpoint.secret.reveal())] == [
        "account.suspended",
        "webhook.test",
        "account.suspended",
    ]


def test_both_secrets_sign_for_a_day_after_a_rotation(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    old = endpoint.secret.reveal()
    new = services.webhooks.rotate_secret(OPERATOR, forum_id, endpoint.endpoint.id).secret.reveal()
    clock.advance(hours=24, seconds=-1)
    announce(services, forum_id)
    deliver(services)
    clock.advance(seconds=1)
    announce(services, forum_id)
    deliver(services)
    during, after = receiver.heard
    assert (_fits(during, old), _fits(during, new)) == (True, True)
    assert (_fits(after, old), _fits(after, new)) == (False, True)


def test_secrets_lie_sealed(services: Services, endpoint: GivenEndpoint) -> None:
    with services.unit_of_work.read() as tx:
        [row] = tx.session.scalars(select(EndpointRow))
        assert row.id == endpoint.endpoint.id
        assert endpoint.secret.reveal().encode() not in bytes(row.sealed_secret or b"")
    assert endpoint.secret.reveal() not in repr(endpoint)


def test_the_first_attempt_leaves_within_two_seconds_of_the_commit(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    assert endpoint.endpoint.forum_id == forum_id
    end = Worker(services, [job for job in TIMETABLE if job.name == "deliver-events"]).start_thread()
    for number in range(3):
        came = Event()
        receiver.answer = lambda _heard, came=came: 200 if came.set() is None else 500  # type: ignore[misc]
        announce(services, forum_id, f"acc_{number}")
        assert came.wait(2)
    end()


def test_a_sender_that_died_loses_nothing(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id)
    claimed = _claim_without_sending(services, endpoint)
    assert claimed == 1
    assert deliver(services) == 0
    clock.advance(seconds=policies.EVENT_CLAIM.value)
    assert deliver(services) == 1
    assert len(receiver.heard) == 1


def test_a_claim_from_before_the_clock_was_set_back_holds_nobody_up(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id)
    clock.advance(days=1)
    assert _claim_without_sending(services, endpoint) == 1
    clock.advance(days=-1)
    assert deliver(services) == 1
    assert len(receiver.heard) == 1


def _claim_without_sending(services: Services, endpoint: GivenEndpoint) -> int:
    """What another process does in the moment before it is killed."""
    deliveries = services.deliveries
    before = services.deliveries._attempt
    deliveries._attempt = lambda *_about: None  # type: ignore[method-assign]
    try:
        return deliveries._begin(endpoint.endpoint.id, 1)
    finally:
        deliveries._attempt = before  # type: ignore[method-assign]
        deliveries._in_flight.clear()


def test_two_senders_at_once_send_each_event_once(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    assert endpoint.endpoint.forum_id == forum_id
    for number in range(60):
        announce(services, forum_id, f"acc_{number}")
    others = replace(services, deliveries=_another(services))
    threads = [Thread(target=deliver, args=(one,)) for one in (services, others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(services)
    assert len(receiver.heard) == len({heard.id for heard in receiver.heard}) == 60


def _another(services: Services) -> Deliveries:
    ours = services.deliveries
    return Deliveries(ours._unit_of_work, ours._records, ours._sender)


def test_a_removed_endpoint_hears_nothing_more_and_is_forgotten(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id)
    services.webhooks.remove(OPERATOR, forum_id, endpoint.endpoint.id)
    assert deliver(services) == 0
    assert services.deliveries.purge() == 1
    clock.advance(days=policies.EVENT_KEPT.value)
    assert _purged(services) == 3
    assert _rows_left(services) == [0, 0, 0, 0]
    assert receiver.heard == []


def test_a_disabled_forum_hears_nothing_more(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    announce(services, forum_id)
    services.forums.disable(OPERATOR, forum_id)
    announce(services, forum_id)
    assert deliver(services) == 0
    assert receiver.heard == []
    with services.unit_of_work.read() as tx:
        assert tx.session.scalars(select(EndpointRow.sealed_secret)).all() == [None]
    assert endpoint.endpoint.forum_id == forum_id


def test_a_secret_that_does_not_open_stops_nobody_else_and_a_new_one_mends_it(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    services.webhooks.add(OPERATOR, forum_id, f"{receiver.address}/other", EVERYTHING)
    broken = endpoint.endpoint.id
    with services.unit_of_work.begin(SYSTEM) as tx:
        tx.session.execute(update(EndpointRow).where(EndpointRow.id == broken).values(sealed_secret=b"broken"))
    announce(services, forum_id)
    deliver(services)
    assert [heard.path for heard in receiver.heard] == ["/other"]
    [delivery] = services.webhooks.deliveries(forum_id, broken, None, 10)
    assert [attempt.fault for attempt in delivery.attempts] == ["not-signed"]
    secret = services.webhooks.rotate_secret(OPERATOR, forum_id, broken).secret.reveal()
    clock.advance(seconds=6)
    deliver(services)
    assert receiver.heard[-1].verified(secret)["type"] == "account.suspended"


def test_what_was_delivered_is_kept_for_thirty_days(
    services: Services, clock: FakeClock, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    assert receiver.address in endpoint.endpoint.url
    announce(services, forum_id)
    deliver(services)
    clock.advance(days=policies.EVENT_KEPT.value, seconds=-1)
    assert services.deliveries.purge() == 0
    clock.advance(seconds=1)
    assert _purged(services) == 2
    assert _rows_left(services) == [1, 0, 0, 0]


def _purged(services: Services) -> int:
    done = 0
    while batch := services.deliveries.purge():
        done += batch
    return done


def _rows_left(services: Services) -> list[int]:
    with services.unit_of_work.read() as tx:
        return [len(tx.session.scalars(select(one)).all()) for one in (EndpointRow, EventRow, DeliveryRow, AttemptRow)]


Act = Callable[[Services, Desk, Account], object]
ACTS: dict[str, tuple[Act, dict[str, object]]] = {
    "account.suspended": (
        lambda services, desk, account: services.sanctions.suspend(
            OPERATOR, desk.forum_id, account.id, "刷屏", TODAY + timedelta(days=1)
        ),
        {"status": "suspended", "until": "2026-11-22T04:00:00.000Z"},
    ),
    "account.reinstated": (
        lambda services, desk, account: services.sanctions.reinstate(OPERATOR, desk.forum_id, account.id, "误判"),
        {"status": "active", "until": None},
    ),
    "account.banned": (
        lambda services, desk, account: services.sanctions.ban(OPERATOR, desk.forum_id, account.id, "刷屏"),
        {"status": "banned", "until": None},
    ),
    "account.closed": (
        lambda services, desk, account: services.sanctions.close(OPERATOR, desk.forum_id, account.id, None),
        {"status": "closed", "until": None},
    ),
}


def test_sanctions_and_verifications_are_announced_with_the_status_after_them(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    desk = Desk(services, forum_id)
    account = desk.on_file("山间清风", "14000001234", "110199199003070017")
    for act, _ in ACTS.values():
        act(services, desk, account)
    services.sanctions.reinstate(OPERATOR, forum_id, account.id, "误判")
    deliver(services)
    said = receiver.said(endpoint.secret.reveal())
    named = {"account_id": account.id, "external_id": None, "handle": "山间清风"}
    assert [one["type"] for one in said] == [
        *("verification.completed", "account.verified", "verification.completed", "account.verified"),
        *ACTS,
        "account.reinstated",
    ]
    assert [one["data"]["level"] for one in said if one["type"] == "verification.completed"] == ["phone", "document"]
    for one, (_, wanted) in zip(said[4:], ACTS.values(), strict=False):
        assert one["data"] == {**named, **wanted}
    assert said[-1]["data"] == {**named, "status": "banned", "until": None}
    assert all(one["data"]["status"] == "active" for one in said[1:4:2])


def test_an_account_that_nobody_stands_behind_is_reinstated_as_unverified(
    services: Services, forum_id: ForumId, endpoint: GivenEndpoint, receiver: Receiver
) -> None:
    account = Desk(services, forum_id).account("山间清风")
    services.sanctions.ban(OPERATOR, forum_id, account.id, "刷屏")
    services.sanctions.reinstate(OPERATOR, forum_id, account.id, "误判")
    deliver(services)
    assert [one["data"]["status"] for one in receiver.said(endpoint.secret.reveal())] == ["banned", "unverified"]
