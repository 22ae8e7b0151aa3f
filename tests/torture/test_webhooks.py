"""Ten thousand events, a receiver that fails three times in ten, a sender that is killed again and again."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import select

from app.events.catalogue import AccountPayload, EventType
from app.events.domain import DeliveryState, Subscription
from app.events.models import DeliveryRow, EventRow
from app.events.service import publish
from app.kernel.actor import OPERATOR, SYSTEM
from app.kernel.clock import SystemClock
from app.kernel.ids import ForumId
from app.settings import Settings
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.command import Forked, start_command
from tests.support.desk import Desk
from tests.support.forum import NAME, PERSON
from tests.support.process import environment_of
from tests.support.receiver import Heard, Receiver, deliver, receiving
from tests.torture.form import Form

_PHONE = "14000001234"
_EACH, _AT_ONCE = 10, 50
"""Events of one subject; events announced in one transaction."""
_STEP = 9_000
"""Seconds from one life to the next: claims have ended, and all but the longest retries are due."""
_FAILS, _IN_A_ROW = 30, 4
_QUIET, _PATIENCE = 2.5, 120.0


@dataclass
class Unreliable:
    """Answers 500 three times in ten, by lot of id and attempt, and never more than four times in a row to one id."""

    seen: Counter[str] = field(default_factory=Counter)
    answered: list[tuple[Heard, int]] = field(default_factory=list)

    def answer(self, heard: Heard) -> int:
        self.seen[heard.id] += 1
        attempt = self.seen[heard.id]
        lot = sha256(f"{heard.id} {attempt}".encode()).digest()[0] * 100 // 256
        status = 500 if lot < _FAILS and attempt % (_IN_A_ROW + 1) else 200
        self.answered.append((heard, status))
        return status


@contextmanager
def sender(settings: Settings, folder: Path, offset: int) -> Iterator[Forked]:
    """`shiming worker` in a process of its own, at a later time; killed at the end of the block."""
    environment = environment_of(
        folder,
        settings.database(),
        SHIMING_KEYS_DIR=str(settings.keys_dir),
        SHIMING_CLOCK_OFFSET_SECONDS=str(offset),
        SHIMING_LOG_LEVEL="ERROR",
    )
    process = start_command(environment, ["worker"], folder / "worker")
    try:
        yield process
    finally:
        process.end_session()


def wait_for(receiver: Receiver, more: int) -> None:
    """Until so many requests more have come, or none comes any more."""
    wanted, last, since = len(receiver.heard) + more, -1, monotonic()
    deadline = since + _PATIENCE
    while len(receiver.heard) < wanted and monotonic() < deadline:
        if len(receiver.heard) != last:
            last, since = len(receiver.heard), monotonic()
        if last > wanted - more and monotonic() > since + _QUIET:
            return
        sleep(0.01)


def test_every_event_arrives_signed_and_in_order_whoever_is_killed(
    settings: Settings, tmp_path: Path, form: Form
) -> None:
    events, kills, chance = form.size(short=150, long=10_000), form.size(short=1, long=20), random.SystemRandom()
    services, unreliable, began = build(settings), Unreliable(), monotonic()
    with receiving() as receiver:
        receiver.answer = unreliable.answer
        forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
        given = services.webhooks.add(OPERATOR, forum_id, f"{receiver.address}/hooks", Subscription(None))
        _announce(services, forum_id, events)
        Desk(services, forum_id).on_file("山间清风", _PHONE, PERSON)
        for life in range(kills):
            with sender(settings, tmp_path, life * _STEP):
                wait_for(receiver, events // (kills + 1) + chance.randrange(20))
        _come_to_rest(settings, kills * _STEP)
        _check_all_arrived(services, unreliable)
        _check_bodies(receiver, given.secret.reveal())
        _check_order(unreliable)
    failed = sum(status != 200 for _, status in unreliable.answered)
    form.tell(
        f"webhooks, {services.engine.dialect.name}",
        f"{len(unreliable.seen)} events, {len(unreliable.answered)} requests of which {failed} failed, {kills} kills,"
        f" {_twice(unreliable)} told again after a 2xx, 0 lost, {monotonic() - began:.0f} s",
    )
    services.engine.dispose()


def _announce(services: Services, forum_id: ForumId, events: int) -> None:
    """Each event says how many came before it with the same subject."""
    numbers, subjects = iter(range(events)), events // _EACH
    for _ in range(0, events, _AT_ONCE):
        with services.unit_of_work.begin(SYSTEM) as tx:
            for _, number in zip(range(_AT_ONCE), numbers, strict=False):
                subject = f"acc_{number % subjects}"
                payload = AccountPayload(subject, None, "清风", str(number // subjects))
                publish(tx, forum_id, EventType.ACCOUNT_SUSPENDED, payload, subject=subject)


def _come_to_rest(settings: Settings, offset: int) -> None:
    """What is left, by a sender that lives on, until three days more have passed."""
    clock = FakeClock(SystemClock(timedelta(seconds=offset)).now())
    services = build(settings, clock=clock)
    for _ in range(100):
        deliver(services)
        clock.advance(seconds=_STEP)
    services.engine.dispose()


def _check_all_arrived(services: Services, unreliable: Unreliable) -> None:
    with services.unit_of_work.read() as tx:
        states = Counter(tx.session.scalars(select(DeliveryRow.state)))
        ids = set(tx.session.scalars(select(EventRow.id)))
    assert set(states) == {DeliveryState.DELIVERED}
    assert {heard.id for heard, status in unreliable.answered if status == 200} == ids


def _check_bodies(receiver: Receiver, secret: str) -> None:
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for heard in receiver.heard:
        assert set(heard.verified(secret)) == {"type", "timestamp", "data"}
        bodies[heard.id].add(heard.body)
        for secret_of_a_person in (PERSON, NAME, _PHONE, "per_"):
            assert secret_of_a_person.encode() not in heard.body
    assert {len(said) for said in bodies.values()} == {1}


def _check_order(unreliable: Unreliable) -> None:
    """Nobody hears of a change before they have acknowledged the one before it."""
    acknowledged: Counter[str] = Counter()
    for heard, status in unreliable.answered:
        said = heard.body.decode()
        if '"handle":"清风"' not in said:
            continue
        subject, number = _part(said, "account_id"), int(_part(said, "status"))
        assert number <= acknowledged[subject], said
        if status == 200:
            acknowledged[subject] = max(acknowledged[subject], number + 1)


def _part(said: str, name: str) -> str:
    return said.partition(f'"{name}":"')[2].partition('"')[0]


def _twice(unreliable: Unreliable) -> int:
    told = Counter(heard.id for heard, status in unreliable.answered if status == 200)
    return sum(count - 1 for count in told.values())
