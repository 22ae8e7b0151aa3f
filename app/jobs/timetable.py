"""Every background job: what it does, how often, how long it may take, and who waits for whom. A new one is a row here.

`docs/worker.md` says what each is for; a test holds both equal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.jobs.verifying import verify_nightly
from app.wiring import Services


class Lane(StrEnum):
    """Jobs of one lane take turns in one thread; those of another wait for none of them."""

    SWIFT = "swift"
    """What somebody outside waits for: looked at every moment."""
    TEXTS = "texts"
    """A sender of texts may be slow, and nobody else waits for it."""
    LONG = "long"
    """What reads everything, for minutes or longer."""
    STEADY = "steady"
    """Everything else."""


@dataclass(frozen=True, slots=True)
class Job:
    """One batch at a time: the work is claimed in the database, so that any number of workers do it once."""

    name: str
    every: float
    """Seconds from one beginning to the next."""
    limit: float
    """Seconds after which no further batch is begun; the next job of the lane has its turn."""
    batch: Callable[[Services], int]
    """Does some of what is due, in transactions of its own; how much that was, and 0 when nothing is left."""
    lane: Lane = Lane.STEADY


TIMETABLE = (
    Job("deliver-events", 0.5, limit=1, batch=lambda services: services.deliveries.deliver_due(), lane=Lane.SWIFT),
    Job("text-reminders", 10, limit=10, batch=lambda services: services.chores.text_reminders(), lane=Lane.TEXTS),
    Job("look-at-moderators", every=10, limit=10, batch=lambda services: services.sweeps.look()),
    Job("patrol", every=5, limit=5, batch=lambda services: services.patrol.go_on()),
    Job("order-for-risks", every=60, limit=10, batch=lambda services: services.chores.order_for_risks()),
    Job("warn-of-boards", every=3600, limit=10, batch=lambda services: services.chores.warn_of_unattended_boards()),
    Job("ask-for-lists", every=600, limit=10, batch=lambda services: services.chores.ask_for_lists()),
    Job("close-lost-checks", every=15, limit=10, batch=lambda services: services.verifications.close_lost()),
    Job("drop-expired-phones", every=60, limit=10, batch=lambda services: services.vault.drop_expired_phones()),
    Job("end-expired-flows", every=60, limit=10, batch=lambda services: services.registrations.end_expired()),
    Job("forget-old-flows", every=3600, limit=10, batch=lambda services: services.registrations.forget_old()),
    Job("forget-sign-ins", every=600, limit=10, batch=lambda services: services.sign_ins.purge()),
    Job("forget-old-events", every=3600, limit=10, batch=lambda services: services.deliveries.purge()),
    Job("forget-old-answers", every=600, limit=10, batch=lambda services: services.idempotency.purge()),
    Job("forget-revocations", every=600, limit=10, batch=lambda services: services.forums.forget_revocations()),
    Job("forget-screenings", every=600, limit=10, batch=lambda services: services.screenings.forget_old()),
    Job("escalate-cases", every=60, limit=10, batch=lambda services: services.complaints.escalations.escalate_late()),
    Job("erase-cases", every=3600, limit=10, batch=lambda services: services.complaints.erasure.erase_old()),
    Job("erase-evidence", every=3600, limit=10, batch=lambda services: services.violations.forget_old()),
    Job(
        "verify-audit",
        every=600,
        limit=14_400,
        batch=lambda services: verify_nightly(services.audit_verifications),
        lane=Lane.LONG,
    ),
    Job("count-posters", every=600, limit=60, batch=lambda services: services.compliance.keep_count(), lane=Lane.LONG),
    Job("forget-old-jobs", every=3600, limit=10, batch=lambda services: services.job_runs.forget_all_but(_names())),
)


def _names() -> list[str]:
    return [job.name for job in TIMETABLE]
