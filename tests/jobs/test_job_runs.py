"""How the jobs go, asked of any process: `/metrics`, the doctor, and a database that does not answer."""

import json
import signal
import time
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text

from app import policies
from app.db.engine import make_engine, sqlite_file
from app.db.unit_of_work import UnitOfWork
from app.jobs.timetable import Job
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.upkeep.doctor import Verdict, examine_database
from app.upkeep.domain import JobNote
from app.upkeep.job_runs import JobRuns
from app.wiring import Services
from tests.jobs.test_worker import Days
from tests.support.clock import FakeClock
from tests.support.command import start_command
from tests.support.process import environment_of, shiming

_NOTED = policies.JOB_NOTED_EVERY.value


def fails(_services: Services) -> int:
    raise ValueError("110199199003070017")


def job_samples(page: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["job"]): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("shiming_job")
    }


def test_the_metrics_of_a_process_tell_what_any_worker_did(services: Services, address: str, clock: FakeClock) -> None:
    began = clock.now()
    batches = iter([3, 2, 0])
    Worker(services, [Job("works", 60, 5, lambda _: next(batches)), Job("fails", 60, 5, fails)]).run_due()
    clock.advance(seconds=60 + _NOTED + 9)
    found = job_samples(httpx2.get(f"{address}/metrics").text)
    assert found == {
        ("shiming_job_lag_seconds", "works"): 9,
        ("shiming_job_lag_seconds", "fails"): 9,
        ("shiming_job_last_ok_timestamp_seconds", "works"): began.timestamp(),
        ("shiming_job_failures_total", "works"): 0,
        ("shiming_job_failures_total", "fails"): 1,
        ("shiming_job_done_total", "works"): 5,
        ("shiming_job_done_total", "fails"): 0,
    }


def test_the_metrics_are_shown_while_the_database_is_away(
    services: Services, settings: Settings, address: str, clock: FakeClock
) -> None:
    Worker(services, [Job("works", 60, 5, lambda _: 0)]).run_due()
    days = Days()
    runs = JobRuns(services.unit_of_work, days.seconds)
    known = runs.recall()
    if (file := sqlite_file(settings.database())) is not None:
        file.rename(file.with_name("moved"))
        days.now += policies.JOB_RUNS_CACHED.value
        assert runs.recall() == known != []
        page = httpx2.get(f"{address}/metrics")
        assert page.status_code == 200
        assert "shiming_build_info" in page.text
        return
    away = make_engine("postgresql://127.0.0.1:1/nothing")
    assert JobRuns(UnitOfWork(away, clock)).recall() == []
    away.dispose()


def test_what_is_known_is_read_again_after_a_few_seconds(services: Services) -> None:
    days = Days()
    runs = JobRuns(services.unit_of_work, days.seconds)
    assert runs.recall() == []
    Worker(services, [Job("works", 60, 5, lambda _: 0)]).run_due()
    days.now += policies.JOB_RUNS_CACHED.value - 0.1
    assert runs.recall() == []
    days.now += 0.1
    assert [run.name for run in runs.recall()] == ["works"]


def test_what_could_not_be_written_is_written_with_what_comes_next(
    services: Services, settings: Settings, clock: FakeClock
) -> None:
    file = sqlite_file(settings.database())
    if file is None:
        return  # no test takes the common server away
    days = Days()
    worker = Worker(services, [Job("fails", 10, 5, fails)], days.seconds)
    aside = file.with_name("moved")
    file.rename(aside)
    worker.run_due()
    aside.rename(file)
    days.now += 10
    clock.advance(seconds=10)
    worker.run_due()
    (run,) = services.job_runs.list_all()
    assert (run.failures, run.last_failure, run.last_began_at) == (2, "ValueError", clock.now())


def test_the_doctor_says_which_jobs_never_ran_are_behind_or_fail(
    services: Services, settings: Settings, clock: FakeClock
) -> None:
    def found() -> list[tuple[Verdict, str]]:
        findings = examine_database(settings.database(), settings.keys_dir, clock)
        return [(one.verdict, one.what) for one in findings if one.what.startswith("jobs")]

    assert found() == [(Verdict.WARNING, "jobs: none has ever run")]
    moods = iter([ValueError()])

    def moody(_services: Services) -> int:
        for mood in moods:
            raise mood
        return 0

    timetable = [Job("swift", 0.5, 5, lambda _: 0), Job("moody", 3600, 5, moody)]
    Worker(services, timetable).run_due()
    assert found() == [(Verdict.FAILED, "jobs: failing: moody (ValueError, 1 times in all)")]
    clock.advance(seconds=1)
    Worker(services, timetable).run_due()
    assert found() == [(Verdict.OK, "jobs: 2, all on time")]
    late = policies.JOB_BEHIND.value
    clock.advance(seconds=late + _NOTED)
    assert found() == [(Verdict.OK, "jobs: 2, all on time")]
    clock.advance(seconds=0.5)
    assert found() == [(Verdict.WARNING, f"jobs: behind: swift by {late} seconds")]


def test_a_job_that_never_comes_to_its_turn_is_missed(services: Services, clock: FakeClock) -> None:
    services.job_runs.expect({"hangs": 60})
    clock.advance(seconds=60 + _NOTED + 1)
    services.job_runs.expect({"hangs": 60})  # another worker, later
    (run,) = services.job_runs.list_all()
    assert (run.lag(clock.now()), run.last_ended_at, run.is_failing) == (1, None, False)


def test_jobs_that_no_timetable_names_are_forgotten_an_hour_after_they_ran(
    services: Services, clock: FakeClock
) -> None:
    services.job_runs.expect({"gone": 60, "kept": 60})
    clock.advance(minutes=59)
    assert services.job_runs.forget_all_but(["kept"]) == 0
    clock.advance(minutes=1)
    assert services.job_runs.forget_all_but(["kept"]) == 1
    assert [run.name for run in services.job_runs.list_all()] == ["kept"]


def test_revocations_are_forgotten_when_their_token_would_have_expired_long_ago(
    services: Services, clock: FakeClock
) -> None:
    for number in range(3):
        services.forums.revoke_token(OPERATOR, f"jti_{number}", clock.now() + timedelta(minutes=10))
    kept = timedelta(minutes=10, hours=policies.REVOCATION_KEPT.value)
    clock.advance(seconds=kept.total_seconds() - 1)
    assert services.forums.forget_revocations() == 0
    clock.advance(seconds=1)
    assert services.forums.forget_revocations() == 3


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    made = environment_of(tmp_path)
    assert shiming(made, "init").returncode == 0
    return made


def test_once_ends_with_zero_or_with_one_line_and_one_when_a_job_failed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    good = shiming(environment, "worker", "--once", "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["failed"] == {}
    engine = create_engine(f"sqlite:///{tmp_path}/var/shiming.db")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE sign_ins RENAME TO lost"))
    engine.dispose()
    bad = shiming(environment, "worker", "--once", "--json")
    assert (bad.returncode, len(bad.stderr.splitlines())) == (1, 1)
    assert "forget-sign-ins" in bad.stderr
    told = json.loads(bad.stdout)
    assert list(told["failed"]) == ["forget-sign-ins"]
    assert "forget-old-flows" in told["done"]


def test_a_worker_alone_ends_with_zero_within_seconds_of_the_signal(
    environment: dict[str, str], tmp_path: Path
) -> None:
    process = start_command(environment, ["worker"], tmp_path / "worker")
    try:
        runs = create_engine(f"sqlite:///{tmp_path}/var/shiming.db")
        deadline = time.monotonic() + 60
        with runs.connect() as connection:
            while not connection.scalar(text("SELECT count(last_ok_at) FROM job_runs")):
                assert time.monotonic() < deadline
                connection.rollback()
                time.sleep(0.05)
        runs.dispose()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.end_session()


def test_notes_in_one_add_up_and_the_last_one_says_how_it_is(clock: FakeClock) -> None:
    first, second = clock.now(), clock.now() + timedelta(seconds=1)
    good = JobNote("job", 1, first, first, first, 0, None, 3)
    bad = JobNote("job", 1, second, second, None, 1, "ValueError", 0)
    both = bad.after(good)
    assert both == JobNote("job", 1, second, second, first, 1, "ValueError", 3)
