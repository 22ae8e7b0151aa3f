"""Runs the timetable: once, or again and again in one thread."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

from app.jobs.timetable import TIMETABLE, Job
from app.kernel.errors import Unavailable
from app.web.logs import logger
from app.wiring import Services

_LAST_BREATH = 5.0


class Worker:
    """Does what is due. A job that fails is logged and comes round again; it keeps no other from its turn."""

    def __init__(
        self, services: Services, timetable: Sequence[Job] = TIMETABLE, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self._seconds = seconds
        self._due = dict.fromkeys(timetable, 0.0)
        self._stopping = Event()

    def run_due(self) -> dict[str, int]:
        """How much each job that was due has done; a job that failed is not named."""
        done: dict[str, int] = {}
        for job, due in self._due.items():
            began = self._seconds()
            if began < due or self._stopping.is_set():
                continue
            self._due[job] = began + job.every
            try:
                done[job.name] = self._run(job, began)
            except Unavailable:
                logger().warning("job-postponed", job=job.name)
            except Exception:  # noqa: BLE001 -- one job must not end the others
                logger().error("job-failed", job=job.name, exc_info=True)
        return done

    def run(self) -> None:
        """Until `stop` is called."""
        while not self._stopping.is_set():
            self.run_due()
            self._stopping.wait(max(0.0, min(self._due.values()) - self._seconds()))

    def stop(self) -> None:
        """No batch is begun any more."""
        self._stopping.set()

    def start_thread(self) -> Callable[[], None]:
        """Runs beside the caller; what is returned stops it and waits a moment for it to end."""
        thread = Thread(target=self.run, name="worker", daemon=True)
        thread.start()

        def end() -> None:
            self.stop()
            thread.join(_LAST_BREATH)

        return end

    def _run(self, job: Job, began: float) -> int:
        done = 0
        while not self._stopping.is_set() and (batch := job.batch(self._services)):
            done += batch
            if self._seconds() - began >= job.limit:
                break
        return done
