"""Words: what is noted of a background job, and what can be said of it then."""

from dataclasses import dataclass
from datetime import datetime

from app import policies


@dataclass(frozen=True, slots=True)
class JobNote:
    """One or more runs of a job by one worker; `failure` is the name of the last error."""

    name: str
    period: float
    began_at: datetime
    ended_at: datetime
    ok_at: datetime | None
    failures: int
    failure: str | None
    done: int

    def after(self, earlier: "JobNote") -> "JobNote":
        """Both in one."""
        return JobNote(
            name=self.name,
            period=self.period,
            began_at=self.began_at,
            ended_at=self.ended_at,
            ok_at=self.ok_at or earlier.ok_at,
            failures=self.failures + earlier.failures,
            failure=self.failure or earlier.failure,
            done=self.done + earlier.done,
        )


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job as all workers together have left it."""

    name: str
    period: float
    """Seconds from one beginning to the next, by the worker that ran it last."""
    last_began_at: datetime
    """Of one that never ran: since when it is waited for."""
    last_ended_at: datetime | None
    last_ok_at: datetime | None
    failures: int
    last_failure: str | None
    done: int

    def lag(self, now: datetime) -> float:
        """Seconds that its next beginning is late; 0 when it is not. What is not written down yet is not late."""
        waited = (now - self.last_began_at).total_seconds()
        return max(0.0, waited - self.period - policies.JOB_NOTED_EVERY.value)

    @property
    def is_failing(self) -> bool:
        """Whether it failed when it ran last."""
        return self.last_ended_at is not None and self.last_ended_at != self.last_ok_at
