"""When each background job ran last, by what the workers wrote down: any process may be asked, whoever did the work."""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from threading import Lock

from app import policies
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import SYSTEM
from app.kernel.errors import Unavailable
from app.upkeep import repository
from app.upkeep.domain import JobNote, JobRun

_KEPT = timedelta(hours=policies.JOB_RUN_KEPT.value)
_CACHED_SECONDS = policies.JOB_RUNS_CACHED.value


def runs_of_jobs(tx: Transaction) -> list[JobRun]:
    """A step: by name."""
    return repository.job_runs(tx)


class JobRuns:
    def __init__(self, unit_of_work: UnitOfWork, seconds: Callable[[], float] = time.monotonic) -> None:
        self._unit_of_work = unit_of_work
        self._seconds = seconds
        self._lock = Lock()
        self._known: list[JobRun] = []
        self._looked: float | None = None

    def expect(self, periods: Mapping[str, float]) -> None:
        """Jobs with their periods in seconds: from now on each is waited for. Raises `Unavailable`."""
        again_on_collision(lambda: self._expect(periods))

    def _expect(self, periods: Mapping[str, float]) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            known = {run.name for run in repository.job_runs(tx)}
            for name, period in periods.items():
                if name not in known:
                    repository.add_job_run(tx, name, period)

    def note(self, note: JobNote) -> None:
        """What a worker did since its last note; what several did adds up. Raises `Unavailable`."""
        again_on_collision(lambda: self._note(note))

    def _note(self, note: JobNote) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            if not repository.note_job_run(tx, note):
                repository.add_job_run(tx, note.name, note.period)
                repository.note_job_run(tx, note)

    def list_all(self) -> list[JobRun]:
        """By name; none where no worker has ever run. Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            return runs_of_jobs(tx)

    def recall(self) -> list[JobRun]:
        """Likewise, as it was a few seconds ago at most; what was known last when the database does not answer."""
        with self._lock:
            if self._looked is None or self._seconds() - self._looked >= _CACHED_SECONDS:
                with suppress(Unavailable):
                    self._known = self.list_all()
                self._looked = self._seconds()
            return self._known

    def forget_all_but(self, names: Collection[str]) -> int:
        """A use case of the background: jobs that no timetable names any more; how many they were.

        One that ran within `JOB_RUN_KEPT` stays: the worker of another version may still do it.
        """
        with self._unit_of_work.begin(SYSTEM) as tx:
            return repository.drop_job_runs(tx, names, tx.now - _KEPT)
