"""Seats: a full house refuses soon, a crowd is turned away at once, and no seat is ever lost."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app import policies
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.settings import Settings
from app.verification.providers.sandbox import SandboxProvider
from app.web.seats import Seats
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.serving import serving

PATIENCE = 60.0
AT_ONCE = PATIENCE / 6
NEVER_ANSWERS = "110199199003070105"
_QUEUE_PER_SEAT = 3


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a story to its end; a seat that is lost makes it fail, not hang."""
    asyncio.run(asyncio.wait_for(story(), AT_ONCE))


async def sit(seats: Seats, rise: asyncio.Event) -> str:
    try:
        async with seats.take():
            await rise.wait()
    except Unavailable:
        return "refused"
    return "served"


async def full_house(seats: Seats, rise: asyncio.Event, count: int) -> list[asyncio.Task[str]]:
    """Every one of `count` seats taken, then as many waiting as the queue holds."""
    tasks = [asyncio.create_task(sit(seats, rise)) for _ in range(count)]
    await settle()
    tasks += [asyncio.create_task(sit(seats, rise)) for _ in range(count * _QUEUE_PER_SEAT)]
    await settle()
    return tasks


async def settle() -> None:
    """Lets every task that can move do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_who_gets_no_seat_in_time_is_refused_and_may_come_again() -> None:
    async def story() -> None:
        seats, rise = Seats(1, 0.01), asyncio.Event()
        sitting = asyncio.create_task(sit(seats, rise))
        await settle()
        with pytest.raises(Unavailable) as refused:
            async with seats.take():
                pytest.fail("there was one seat, and it was taken")
        assert refused.value.retry_after > 0
        rise.set()
        assert await sitting == "served"
        async with seats.take():
            pass

    play(story)


def test_every_waiter_is_served_when_seats_come_free() -> None:
    async def story() -> None:
        seats, rise = Seats(2, PATIENCE), asyncio.Event()
        tasks = [asyncio.create_task(sit(seats, rise)) for _ in range(2 * (1 + _QUEUE_PER_SEAT))]
        await settle()
        rise.set()
        assert await asyncio.gather(*tasks) == ["served"] * len(tasks)

    play(story)


def test_never_more_sit_than_there_are_seats() -> None:
    async def story() -> None:
        seats, sitting, most = Seats(3, PATIENCE), 0, 0

        async def work() -> None:
            nonlocal sitting, most
            async with seats.take():
                sitting += 1
                most = max(most, sitting)
                await asyncio.sleep(0)
                sitting -= 1

        await asyncio.gather(*(work() for _ in range(3 * (1 + _QUEUE_PER_SEAT))))
        assert (most, sitting) == (3, 0)

    play(story)


def test_a_crowded_queue_refuses_at_once() -> None:
    async def story() -> None:
        seats, rise = Seats(1, PATIENCE), asyncio.Event()
        tasks = await full_house(seats, rise, 1)
        with pytest.raises(Unavailable):
            seats.refuse_if_crowded()
        assert await sit(seats, rise) == "refused"  # at once, long before its time is over
        rise.set()
        assert await asyncio.gather(*tasks) == ["served"] * (1 + _QUEUE_PER_SEAT)
        seats.refuse_if_crowded()

    play(story)


def test_who_cannot_turn_back_waits_in_a_crowd_and_beyond_the_time() -> None:
    async def story() -> None:
        seats, rise = Seats(1, 0.01), asyncio.Event()
        sitting = asyncio.create_task(sit(seats, rise))
        await settle()

        async def patient() -> str:
            async with seats.take(patient=True):
                return "served"

        waiting = asyncio.create_task(patient())
        assert await sit(seats, rise) == "refused"  # its time is over, and so would be that of the patient one
        assert not waiting.done()
        crowd = [asyncio.create_task(patient()) for _ in range(2 * _QUEUE_PER_SEAT)]
        await settle()
        with pytest.raises(Unavailable):
            seats.refuse_if_crowded()
        rise.set()
        assert await asyncio.gather(sitting, waiting, *crowd) == ["served"] * (2 + 2 * _QUEUE_PER_SEAT)

    play(story)


def test_a_waiter_that_is_cancelled_gives_its_place_back() -> None:
    async def story() -> None:
        seats, rise = Seats(1, PATIENCE), asyncio.Event()
        tasks = await full_house(seats, rise, 1)
        tasks[3].cancel()
        await asyncio.gather(tasks[3], return_exceptions=True)
        assert tasks[3].cancelled()
        seats.refuse_if_crowded()
        tasks[3] = asyncio.create_task(sit(seats, rise))
        await settle()
        rise.set()
        assert await asyncio.gather(*tasks) == ["served"] * (1 + _QUEUE_PER_SEAT)

    play(story)


def test_one_who_is_cancelled_or_fails_while_sitting_gives_the_seat_back() -> None:
    async def story() -> None:
        seats, rise = Seats(1, PATIENCE), asyncio.Event()
        sitting = asyncio.create_task(sit(seats, rise))
        await settle()
        sitting.cancel()
        await asyncio.gather(sitting, return_exceptions=True)
        with pytest.raises(ZeroDivisionError):
            async with seats.take():
                raise ZeroDivisionError
        rise.set()
        assert await sit(seats, rise) == "served"

    play(story)


def test_everybody_cancelled_leaves_an_empty_house() -> None:
    async def story() -> None:
        seats, rise = Seats(2, PATIENCE), asyncio.Event()
        for _ in range(5):
            tasks = await full_house(seats, rise, 2)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        rise.clear()
        everybody = await full_house(seats, rise, 2)
        rise.set()
        assert await asyncio.gather(*everybody) == ["served"] * len(everybody)

    play(story)


class SlowProvider:
    """Holds every call to the number that never answers until it is told to let go."""

    def __init__(self) -> None:
        self.arrived, self.let_go = threading.Semaphore(0), threading.Event()

    def sleep(self, _seconds: float) -> None:
        self.arrived.release()
        assert self.let_go.wait(PATIENCE)


@pytest.fixture
def slow() -> SlowProvider:
    return SlowProvider()


@pytest.fixture
def slow_services(settings: Settings, clock: FakeClock, slow: SlowProvider) -> Iterator[Services]:
    built = build(settings, clock=clock, provider=SandboxProvider(sleep=slow.sleep))
    yield built
    built.engine.dispose()


def test_a_full_house_is_a_503_with_retry_after_and_holds_up_nobody_else(
    slow_services: Services, slow: SlowProvider, clock: FakeClock
) -> None:
    seats = policies.PROVIDER_SEATS.value
    with serving(slow_services) as address, ThreadPoolExecutor(seats) as pool:
        forum = ForumBackend(address, slow_services.forums.add(OPERATOR, "测试论坛"))
        accounts = [forum.register(f"等待者{number}")["id"] for number in range(seats + 1)]
        waiting = [pool.submit(forum.check_document, account, NEVER_ANSWERS) for account in accounts[:-1]]
        try:
            assert all(slow.arrived.acquire(timeout=PATIENCE) for _ in waiting)
            refused = forum.check_document(accounts[-1], NEVER_ANSWERS)
            assert refused.status_code == 503
            assert refused.json()["code"] == "unavailable"
            assert int(refused.headers["retry-after"]) > 0
            assert forum.account(accounts[-1])["status"] == "unverified"
        finally:
            slow.let_go.set()
        assert {answer.result().status_code for answer in waiting} == {201}
        clock.advance(seconds=31)  # so many without an answer have opened the breaker
        assert forum.check_document(accounts[-1]).json()["outcome"] == "verified"
        forum.http.close()


def test_a_seat_that_rests_stays_empty_for_as_long_as_its_turn_took_and_then_is_free() -> None:
    async def story() -> None:
        seats = Seats(1, PATIENCE)
        async with seats.take() as turn:
            turn.rest()
            await asyncio.sleep(0.05)
        waiting = asyncio.create_task(sit(seats, served := asyncio.Event()))
        served.set()
        await settle()
        assert (waiting.done(), seats.waiting) == (False, 1)
        assert await waiting == "served"
        async with seats.take():  # a turn that was not asked to rest leaves its seat at once
            pass
        async with seats.take():
            assert seats.taken == 1

    play(story)
