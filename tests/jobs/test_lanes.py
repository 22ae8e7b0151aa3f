"""Lanes: nobody waits for a job of another lane, nor for one that hangs, and what always finds work starves nobody."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import select

from app import policies
from app.jobs.timetable import TIMETABLE, Job, Lane
from app.jobs.worker import Round, Worker
from app.upkeep.models import JobRunRow
from app.wiring import Services
from tests.jobs.test_worker import PATIENCE, Days
from tests.support.clock import FakeClock

Batch = Callable[[Services], int]


def nothing(_services: Services) -> int:
    return 0


def noting(name: str, into: list[str], done: int = 0) -> Batch:
    def batch(_services: Services) -> int:
        into.append(name)
        return done

    return batch


class Hangs:
    """A job that goes on when it is told to; a worker that ends does not wait for it."""

    def __init__(self) -> None:
        self.began, self.released, self.times = Event(), Event(), 0

    def batch(self, _services: Services) -> int:
        self.times += 1
        self.began.set()
        assert self.released.wait(PATIENCE)
        return 0


class Comes:
    """Says when a job has had its turn this often."""

    def __init__(self, times: int) -> None:
        self.left, self.over = times, Event()

    def batch(self, _services: Services) -> int:
        self.left -= 1
        if self.left <= 0:
            self.over.set()
        return 0


@contextmanager
def working(worker: Worker) -> Iterator[None]:
    end = worker.start_thread()
    try:
        yield
    finally:
        end()


def test_a_job_that_hangs_in_one_lane_keeps_no_job_of_another_from_its_turns(services: Services) -> None:
    hangs, comes = Hangs(), Comes(3)
    timetable = [Job("hangs", 10, 5, hangs.batch), Job("comes", 0.01, 5, comes.batch, Lane.SWIFT)]
    with working(Worker(services, timetable)):
        assert hangs.began.wait(PATIENCE)
        assert comes.over.wait(PATIENCE)
        hangs.released.set()


def test_a_lane_goes_on_without_a_job_that_hangs_and_begins_it_again_when_it_has_returned(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    days, hangs, comes = Days(), Hangs(), Comes(2)
    timetable = [Job("hangs", 10, 5, hangs.batch), Job("comes", 10, 5, comes.batch)]
    with working(Worker(services, timetable, days.seconds)):
        assert hangs.began.wait(PATIENCE)
        days.now = 5 + policies.JOB_HANGS.value + 1
        threading.Thread(target=lambda: _pass(days, comes.over), daemon=True).start()
        assert comes.over.wait(PATIENCE)
        assert hangs.times == 1
        hangs.began.clear()
        hangs.released.set()
        days.now += 100
        assert hangs.began.wait(PATIENCE)
    assert caplog.text.count('"job": "hangs", "event": "job-hangs"') == 1


def _pass(days: Days, over: Event) -> None:
    """Ten seconds in each moment, so that the other job's next turn comes."""
    while not over.wait(0.05):
        days.now += 10


def test_a_job_that_always_finds_work_gets_one_limit_a_round(services: Services) -> None:
    days, turns = Days(), list[str]()

    def greedy(_services: Services) -> int:
        turns.append("greedy")
        days.now += 2
        return 1

    timetable = [Job("greedy", 4, 4, greedy), Job("modest", 1, 1, noting("modest", turns))]
    worker = Worker(services, timetable, days.seconds)
    for _ in range(3):
        worker.run_due()
    assert turns == ["greedy", "greedy", "modest"] * 3


def test_a_worker_that_slept_for_a_week_does_each_job_once_and_then_keeps_its_period(services: Services) -> None:
    days, turns = Days(), list[str]()
    worker = Worker(services, [Job("swift", 0.5, 0.5, noting("swift", turns), Lane.SWIFT)], days.seconds)
    worker.run_due()
    days.now += 7 * 86_400
    for _ in range(3):
        worker.run_due()
    assert turns == ["swift"] * 2
    days.now += 0.5
    worker.run_due()
    assert turns == ["swift"] * 3


def test_a_clock_that_is_set_back_an_hour_delays_no_job(services: Services, clock: FakeClock) -> None:
    days, turns = Days(), list[str]()
    worker = Worker(services, [Job("work", 10, 5, noting("work", turns))], days.seconds)
    worker.run_due()
    clock.advance(hours=-1)
    days.now += 10
    worker.run_due()
    assert turns == ["work"] * 2
    (run,) = services.job_runs.list_all()
    assert run.last_began_at == clock.now()
    clock.advance(seconds=10 + policies.JOB_NOTED_EVERY.value + 7)
    assert run.lag(clock.now()) == 7


def test_two_workers_with_one_database_do_all_jobs_and_what_they_did_adds_up(services: Services) -> None:
    # on SQLite a second process would wait for the first one's turn; two workers of one process share it
    left = iter([3, 4])
    work = [Job("work", 1, 1, lambda _services: next(left, 0), Lane.SWIFT), *TIMETABLE]
    workers = [Worker(services, work), Worker(services, work)]
    with ThreadPoolExecutor(2) as pool:
        rounds = list(pool.map(lambda worker: worker.run_once(), workers))
    assert [turn.failed for turn in rounds] == [{}, {}]
    assert {run.name for run in services.job_runs.list_all()} == {job.name for job in work}
    assert [run.done for run in services.job_runs.list_all() if run.name == "work"] == [7]


def test_a_worker_ends_at_once_in_the_middle_of_endless_work(services: Services) -> None:
    began = Event()

    def endless(_services: Services) -> int:
        began.set()
        return 1

    worker = Worker(services, [Job("endless", 60, 60, endless), Job("swift", 0.01, 1, nothing, Lane.SWIFT)])
    end = worker.start_thread()
    assert began.wait(PATIENCE)
    end()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker")]


def test_once_goes_on_until_nothing_is_left_whatever_one_job_makes_for_another(services: Services) -> None:
    left, made = [2, 2], list[int]()

    def sends(_services: Services) -> int:
        return made.pop() if made else 0

    def makes(_services: Services) -> int:
        if left:
            made.append(left.pop())
            return 1
        return 0

    timetable = [Job("sends", 10, 5, sends, Lane.SWIFT), Job("makes", 10, 5, makes)]
    assert Worker(services, timetable).run_once() == Round({"sends": 4, "makes": 2}, {})
    assert Worker(services, timetable).run_once() == Round({"sends": 0, "makes": 0}, {})


def test_once_gives_no_job_more_than_its_limit_and_names_those_that_failed(services: Services) -> None:
    days, turns = Days(), list[str]()

    def endless(_services: Services) -> int:
        turns.append("endless")
        days.now += 2
        return 1

    def fails(_services: Services) -> int:
        turns.append("fails")
        raise ValueError("110199199003070017")

    timetable = [Job("fails", 10, 5, fails), Job("endless", 10, 5, endless)]
    assert Worker(services, timetable, days.seconds).run_once() == Round({"endless": 3}, {"fails": "ValueError"})
    assert turns == ["fails", *["endless"] * 3]


def test_a_job_that_comes_every_moment_is_written_about_every_few_seconds_and_at_once_when_it_fails(
    services: Services, clock: FakeClock
) -> None:
    days, answers = Days(), [0, 0, 1, 0]

    def batch(_services: Services) -> int:
        if not answers:
            raise ValueError
        return answers.pop(0)

    worker = Worker(services, [Job("swift", 0.5, 0.4, batch, Lane.SWIFT)], days.seconds)
    written = []
    for _ in range(4):  # the third takes two batches
        worker.run_due()
        with services.unit_of_work.read() as tx:
            row = tx.session.scalars(select(JobRunRow)).one()
            written.append((row.last_began_at == clock.now(), row.done, row.failures, row.last_failure))
        days.now += 0.5
        clock.advance(seconds=0.5)
    assert written == [(True, 0, 0, None), (False, 0, 0, None), (False, 0, 0, None), (True, 1, 1, "ValueError")]
