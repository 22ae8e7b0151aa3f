"""The worker: what is due is done once, a failure stays alone, and nothing runs on after the end."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import func, select

from app.jobs.timetable import TIMETABLE, Job, Lane
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.ids import VerificationId, new_id
from app.vault.models import HeldPhoneRow
from app.verification import attempts, repository
from app.verification.domain import Method
from app.verification.models import ProviderAttemptRow, VerificationRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.serving import serving

PATIENCE = 60.0


class Days:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        return self.now


def job(name: str, batch: Callable[[Services], int], every: int = 10, limit: int = 5) -> Job:
    return Job(name, every, limit, batch)


def lost_check(services: Services, forum: ForumBackend, handle: str) -> VerificationId:
    """A check as a crash leaves it: written down, asked, and never answered."""
    account, forum_id = forum.register(handle), forum.credentials.forum_id
    with services.unit_of_work.begin(OPERATOR) as tx:
        made = VerificationId(new_id("vrf", tx.now))
        attempt = repository.Attempt(
            made, forum_id, account["id"], Method.ID2, "sandbox", sandbox=True, subject_digest=b"digest"
        )
        repository.add_attempt(tx.session, attempt, tx.now)
        attempts.add(tx.session, new_id("vpa", tx.now), made, "sandbox", "id2", tx.now)
    return made


def test_the_timetable_names_each_job_once_with_a_period_and_a_limit() -> None:
    assert len({one.name for one in TIMETABLE}) == len(TIMETABLE) > 0
    assert all(0 < one.limit <= one.every for one in TIMETABLE if one.lane is Lane.STEADY)
    assert all(0 < one.limit <= 60 for one in TIMETABLE if one.lane is not Lane.LONG)


def test_lost_checks_are_ended_by_the_worker_and_nobody_is_asked_again(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    lost = [lost_check(services, forum, f"账号{number}") for number in range(3)]
    clock.advance(seconds=59)
    assert Worker(services).run_due()["close-lost-checks"] == 0
    clock.advance(seconds=1)
    assert Worker(services).run_due()["close-lost-checks"] == 3
    assert Worker(services).run_due()["close-lost-checks"] == 0
    with services.unit_of_work.read() as tx:
        stored = tx.session.execute(select(VerificationRow.outcome, VerificationRow.reason)).all()
        answers = list(tx.session.scalars(select(ProviderAttemptRow.answer)))
    assert [tuple(row) for row in stored] == [("pending", "outcome-unknown")] * 3
    assert answers == ["OutcomeUnknown"] * 3
    assert forum.get(f"/v1/verifications/{lost[0]}").json()["next"] == "other-method"


def test_many_workers_end_each_lost_check_once(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    for number in range(8):
        lost_check(services, forum, f"账号{number}")
    clock.advance(seconds=60)
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda _: Worker(services).run_due()["close-lost-checks"], range(4))
    assert sum(done) == 8


def test_a_code_that_waits_to_be_entered_is_no_lost_check(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")["id"]
    asked = forum.ask_code(account, "14000001234").json()
    clock.advance(minutes=5)
    assert Worker(services).run_due()["close-lost-checks"] == 0
    assert forum.enter_code(asked["id"], forum.read_code("14000001234")).json()["outcome"] == "verified"


def test_phones_whose_code_nobody_entered_are_dropped(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    forum.ask_code(forum.register("山间清风")["id"], "14000001234")
    for minutes, dropped, left in ((14, 0, 1), (1, 1, 0)):
        clock.advance(minutes=minutes)
        assert Worker(services).run_due()["drop-expired-phones"] == dropped
        with services.unit_of_work.read() as tx:
            assert tx.session.scalar(select(func.count()).select_from(HeldPhoneRow)) == left


def test_a_job_runs_when_its_period_is_over_and_not_before(services: Services) -> None:
    days, ran = Days(), list[str]()

    def named(name: str) -> Callable[[Services], int]:
        def batch(_services: Services) -> int:
            ran.append(name)
            return 0

        return batch

    worker = Worker(services, [job("often", named("often")), job("seldom", named("seldom"), every=25)], days.seconds)
    for now in (0.0, 9.9, 10.0, 25.0):
        days.now = now
        worker.run_due()
    assert ran == ["often", "seldom", "often", "often", "seldom"]


def test_a_job_goes_on_batch_by_batch_until_nothing_is_left_or_its_time_is_over(services: Services) -> None:
    days, batches = Days(), [3, 2, 0, 3, 3, 3, 3]

    def batch(_services: Services) -> int:
        days.now += 2
        return batches.pop(0)

    worker = Worker(services, [job("work", batch)], days.seconds)
    assert worker.run_due() == {"work": 5}
    days.now = 100
    assert worker.run_due() == {"work": 9}  # after six seconds no further batch is begun
    assert batches == [3]


@pytest.mark.parametrize("error", [Unavailable(), ValueError("110199199003070017")])
def test_a_job_that_fails_keeps_no_other_from_its_turn_and_says_no_value(
    services: Services, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(_services: Services) -> int:
        raise error

    assert Worker(services, [job("fails", fail), job("works", lambda _: 0)]).run_due() == {"works": 0}
    assert "fails" in caplog.text
    assert "110199199003070017" not in caplog.text


def test_a_thread_works_until_it_is_told_to_end(services: Services) -> None:
    began = Event()

    def batch(_services: Services) -> int:
        began.set()
        return 0

    end = Worker(services, [job("work", batch)]).start_thread()
    assert began.wait(PATIENCE)
    end()


def _workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("worker")]


def test_a_service_has_one_worker_or_none_and_it_ends_with_the_service(services: Services) -> None:
    with serving(services):
        assert _workers() == []
    began = Event()

    def batch(_services: Services) -> int:
        began.set()
        return 0

    with serving(services, worker=Worker(services, [job("work", batch)])):
        assert began.wait(PATIENCE)
        assert sorted(_workers()) == ["worker", "worker-steady"]
    assert _workers() == []


def test_no_batch_begins_after_the_end(services: Services) -> None:
    worker = Worker(services, [job("work", lambda _: 1)])
    worker.stop()
    assert worker.run_due() == {}
    worker.run()  # returns at once
