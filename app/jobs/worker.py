"""Runs the timetable: once, or again and again, each lane in a thread of its own."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, current_thread

from app import policies
from app.jobs.logbook import Logbook
from app.jobs.timetable import TIMETABLE, Job, Lane
from app.kernel.errors import Unavailable
from app.web.logs import logger
from app.wiring import Services

_LAST_BREATH = 5.0
_LOOK_SECONDS = 0.5
_HANGS = policies.JOB_HANGS.value


@dataclass(frozen=True, slots=True)
class Round:
    """How much each job that had its turn has done, and what those that failed failed on: a name of an error."""

    done: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Worker:
    """Does what is due. A job that fails is logged and comes round again; it keeps no other from its turn.

    Neither does one that hangs: another thread goes on with its lane, and it is not begun again before it returns.
    Periods are measured by a clock that nobody sets; after a long sleep everything that is due is done once.
    """

    def __init__(
        self, services: Services, timetable: Sequence[Job] = TIMETABLE, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self._seconds = seconds
        self._timetable = tuple(timetable)
        self._logbook = Logbook(services.job_runs, services.clock, seconds)
        self._due = dict.fromkeys(self._timetable, 0.0)
        self._begun: dict[Job, float] = {}
        """What is being done, and since when."""
        self._hanging: set[Job] = set()
        self._walkers: dict[Lane, Thread] = {}
        self._lock = Lock()
        self._stopping = Event()

    def run_due(self) -> dict[str, int]:
        """How much each job that was due, of any lane, has done; a job that failed is not named."""
        return self._round(self._timetable, lambda: True).done

    def run_once(self) -> Round:
        """All that is due, of any lane, again and again until nothing is left; no job beyond its limit in all."""
        done, failed, spent = Counter[str](), dict[str, str](), dict.fromkeys(self._timetable, 0.0)
        left = list(self._timetable)
        while left:
            busy = []
            for job in left:
                began = self._seconds()
                turn = self._round([job], lambda: True, job.limit - spent[job], due=began)
                spent[job] += self._seconds() - began
                done.update(turn.done)
                failed |= turn.failed
                busy += [job] if turn.done.get(job.name) else []
            left = [job for job in left if job.name not in failed and spent[job] < job.limit] if busy else []
        self._logbook.close()
        return Round({job.name: done[job.name] for job in self._timetable if job.name not in failed}, failed)

    def run(self) -> None:
        """Until `stop` is called; then what is being done has a moment to end."""
        if not self._stopping.is_set():
            self._logbook.open(self._timetable)
        for lane in dict.fromkeys(job.lane for job in self._timetable):
            self._start(lane)
        while not self._stopping.wait(_LOOK_SECONDS):
            self._let_others_pass()
        deadline = time.monotonic() + _LAST_BREATH
        for walker in self._walkers.values():
            walker.join(max(0.0, deadline - time.monotonic()))
        self._logbook.close()

    def stop(self) -> None:
        """No batch is begun any more."""
        self._stopping.set()

    def start_thread(self) -> Callable[[], None]:
        """Runs beside the caller; what is returned stops it and waits a moment for it to end."""
        thread = Thread(target=self.run, name="worker", daemon=True)
        thread.start()

        def end() -> None:
            self.stop()
            thread.join(_LAST_BREATH + 1)

        return end

    def _start(self, lane: Lane) -> None:
        walker = Thread(target=self._walk, args=(lane,), name=f"worker-{lane}", daemon=True)
        self._walkers[lane] = walker
        walker.start()

    def _walk(self, lane: Lane) -> None:
        jobs = [job for job in self._timetable if job.lane is lane]
        walker = current_thread()
        while not self._stopping.is_set() and self._walkers[lane] is walker:
            self._round(jobs, lambda: self._walkers[lane] is walker)
            self._stopping.wait(self._pause(jobs))

    def _pause(self, jobs: Iterable[Job]) -> float:
        next_due = min((self._due[job] for job in jobs if job not in self._begun), default=self._seconds() + 1)
        return min(max(0.0, next_due - self._seconds()), _LOOK_SECONDS)

    def _let_others_pass(self) -> None:
        """A lane in which a job hangs goes on in another thread."""
        now = self._seconds()
        with self._lock:
            hanging = [job for job, began in self._begun.items() if now - began > job.limit + _HANGS]
            new = [job for job in hanging if job not in self._hanging]
            self._hanging.update(new)
        for job in new:
            logger().error("job-hangs", job=job.name)
            self._start(job.lane)

    def _round(
        self, jobs: Iterable[Job], go_on: Callable[[], bool], limit: float | None = None, due: float | None = None
    ) -> Round:
        turn = Round()
        for job in jobs:
            if self._stopping.is_set() or not go_on():
                break
            if self._begin(job, due):
                try:
                    self._take(job, job.limit if limit is None else limit, turn)
                finally:
                    self._end(job)
        return turn

    def _begin(self, job: Job, due: float | None) -> bool:
        """Whether it is this job's turn; `due` may be earlier than its own time."""
        with self._lock:
            now = self._seconds()
            if job in self._begun or now < (self._due[job] if due is None else due):
                return False
            self._begun[job], self._due[job] = now, now + job.every
            return True

    def _end(self, job: Job) -> None:
        with self._lock:
            del self._begun[job]
            self._hanging.discard(job)

    def _take(self, job: Job, limit: float, turn: Round) -> None:
        entry = self._logbook.begin(job)
        try:
            turn.done[job.name] = self._run(job, limit)
        except Unavailable:
            logger().warning("job-postponed", job=job.name)
            turn.failed[job.name] = Unavailable.__name__
        except Exception as error:  # noqa: BLE001 -- one job must not end the others
            logger().error("job-failed", job=job.name, exc_info=True)
            turn.failed[job.name] = type(error).__name__
        self._logbook.end(entry, turn.done.get(job.name, 0), turn.failed.get(job.name))

    def _run(self, job: Job, limit: float) -> int:
        began, done = self._seconds(), 0
        while not self._stopping.is_set() and (batch := job.batch(self._services)):
            done += batch
            if self._seconds() - began >= limit:
                break
        return done
