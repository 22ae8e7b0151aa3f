"""Two workers and two processes that serve, on one PostgreSQL: each reminder and delivery once, no job forgotten."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import func, select

from app.boards import sweep_rows
from app.boards.models import HistoryRow
from app.events.catalogue import EventType
from app.events.domain import DeliveryState, Subscription
from app.events.models import DeliveryRow
from app.jobs.timetable import TIMETABLE
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services, build, initialise
from tests.support.command import start_command
from tests.support.forum import ForumBackend
from tests.support.offices import plant_moderators
from tests.support.process import environment_of, free_address, serving_process
from tests.support.receiver import Receiver, receiving
from tests.torture.form import Form

_PATIENCE = 180
_ORDER = {"scope": {"all": True}, "reason": "年度核验", "due_in_days": 2}


def test_two_workers_do_each_thing_once_and_starve_no_job(
    new_postgres_database: Callable[[str], str], tmp_path: Path, form: Form
) -> None:
    count, orders = form.size(short=30, long=1_000), form.size(short=1, long=5)
    settings = _settings(new_postgres_database("two_workers"), tmp_path)
    initialise(settings)
    services, began = build(settings), monotonic()
    credentials = services.forums.add(OPERATOR, "测试论坛")
    with services.unit_of_work.begin(OPERATOR) as tx:
        plant_moderators(tx, credentials.forum_id, count)
    with receiving() as receiver:
        heard = Subscription(frozenset({EventType.MODERATOR_REMINDED}))
        services.webhooks.add(OPERATOR, credentials.forum_id, receiver.address, heard)
        environment = environment_of(
            tmp_path, settings.database(), SHIMING_ISSUER=settings.issuer, SHIMING_LOG_LEVEL="ERROR"
        )
        serving = serving_process(environment, tmp_path / "output", workers=2, more=["--no-worker"])
        with serving as service, _working(environment, tmp_path), _working(environment, tmp_path):
            forum = ForumBackend(service.address, credentials)
            with closing(forum.http):
                _wait(lambda: len(receiver.heard) > 0)
                for _ in range(orders):
                    affected = forum.post("/v1/reverifications", _ORDER).json()["affected"]
                    assert affected == count
            _wait(lambda: _all_is_told(services, receiver, 2 * count))
            _check_jobs(services)
    _check_reminders(services, receiver, count)
    services.engine.dispose()
    told = f"{count} moderators, {orders} orders to all of them: {len(receiver.heard)} reminders, each told once"
    form.tell("two workers and two API processes", f"{told}; no job late; {monotonic() - began:.0f} s")


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=folder / "keys",
        data_dir=folder / "var",
        issuer=free_address(),
    )


@contextmanager
def _working(environment: dict[str, str], folder: Path) -> Iterator[None]:
    process = start_command(environment, ["worker"], folder / "workers")
    try:
        yield
        assert process.poll() is None, (folder / "workers").read_text()
    finally:
        process.end_session(signal.SIGTERM)


def _wait(until: Callable[[], bool]) -> None:
    deadline = monotonic() + _PATIENCE
    while not until():
        assert monotonic() < deadline
        sleep(0.1)


def _all_is_told(services: Services, receiver: Receiver, at_most: int) -> bool:
    """Whether nobody waits to be looked at, and what was written down has arrived."""
    with services.unit_of_work.read() as tx:
        reminded = select(func.count()).where(HistoryRow.what == "reminded")
        written = tx.session.scalar(reminded) or 0
        waiting = tx.session.scalar(select(func.count()).where(DeliveryRow.state == DeliveryState.WAITING))
        to_look_at = sweep_rows.anybody(tx.session, tx.now)
    assert len(receiver.heard) <= at_most
    return written > 0 and waiting == 0 and not to_look_at and len(receiver.heard) >= written


def _check_reminders(services: Services, receiver: Receiver, count: int) -> None:
    with services.unit_of_work.read() as tx:
        columns = (HistoryRow.moderator_id, HistoryRow.due_at, HistoryRow.stage)
        rows = [tuple(row) for row in tx.session.execute(select(*columns).where(HistoryRow.what == "reminded"))]
        deliveries = tx.session.scalar(select(func.count()).select_from(DeliveryRow))
    assert len(set(rows)) == len(rows)
    assert len({moderator_id for moderator_id, _, _ in rows}) == count
    assert set(Counter(heard.id for heard in receiver.heard).values()) == {1}
    assert len(receiver.heard) == deliveries == len(rows)


def _check_jobs(services: Services) -> None:
    """Each has been done, and none waits for more than a turn of the others."""
    runs = {run.name: run for run in services.job_runs.list_all()}
    assert set(runs) == {job.name for job in TIMETABLE}
    for job in TIMETABLE:
        run = runs[job.name]
        assert (run.failures, run.last_failure) == (0, None)
        assert run.last_ok_at is not None, job.name
