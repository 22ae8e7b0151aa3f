"""What a worker writes down about its jobs, so that any process can be asked: not about each run, but soon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import policies
from app.jobs.timetable import Job
from app.kernel.clock import Clock
from app.kernel.errors import Unavailable
from app.upkeep.domain import JobNote
from app.upkeep.job_runs import JobRuns
from app.web.logs import logger


@dataclass(frozen=True, slots=True)
class Entry:
    """A run that has begun."""

    job: Job
    began_at: datetime


class Logbook:
    """Writes at once about a failure, else at most every `JOB_NOTED_EVERY` about one job.

    A database that does not answer stops no job: what could not be written is written with what comes next.
    """

    def __init__(self, runs: JobRuns, clock: Clock, seconds: Callable[[], float]) -> None:
        self._runs = runs
        self._clock = clock
        self._seconds = seconds
        self._waiting: dict[str, JobNote] = {}
        self._written: dict[str, float] = {}

    def open(self, timetable: Sequence[Job]) -> None:
        """Names every job, so that one that never comes to its turn is missed."""
        self._write(lambda: self._runs.expect({job.name: job.every for job in timetable}))

    def begin(self, job: Job) -> Entry:
        return Entry(job, self._clock.now())

    def end(self, entry: Entry, done: int, failure: str | None) -> None:
        """`failure` is the name of an error, and never its words."""
        job, now = entry.job, self._clock.now()
        note = JobNote(
            name=job.name,
            period=job.every,
            began_at=entry.began_at,
            ended_at=now,
            ok_at=None if failure else now,
            failures=1 if failure else 0,
            failure=failure,
            done=done,
        )
        earlier = self._waiting.pop(job.name, None)
        self._waiting[job.name] = note.after(earlier) if earlier else note
        if failure != Unavailable.__name__ and (failure or self._is_time(job)):
            self._flush(job.name)

    def close(self) -> None:
        """Writes what waits to be written."""
        for name in list(self._waiting):
            self._flush(name)

    def _is_time(self, job: Job) -> bool:
        written = self._written.get(job.name)
        return written is None or self._seconds() - written >= policies.JOB_NOTED_EVERY.value

    def _flush(self, name: str) -> None:
        note = self._waiting[name]
        if self._write(lambda: self._runs.note(note)):
            del self._waiting[name]
            self._written[name] = self._seconds()

    def _write(self, writing: Callable[[], None]) -> bool:
        try:
            writing()
        except Unavailable:
            return False
        except Exception:  # noqa: BLE001 -- what cannot be written down must not end the work
            logger().error("job-unnoted", exc_info=True)
            return False
        return True
