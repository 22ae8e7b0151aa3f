"""The verification of every night: done once by whichever process is first, and what came out for all to see."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from app import policies
from app.audit import verification_rows
from app.audit.findings import Outcome, Report, Verification
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.actor import SYSTEM
from app.kernel.clock import SHANGHAI
from app.kernel.errors import Unavailable

_LOST = timedelta(hours=policies.AUDIT_VERIFICATION_LOST.value)
_AGAIN = timedelta(hours=policies.AUDIT_VERIFIED_AGAIN.value)
_FIRST_ANCHOR = timedelta(seconds=policies.AUDIT_ANCHORED_WITHIN.value)
"""A new log has no anchor so long, and until then nobody can be sure of it."""
_CACHED_SECONDS = policies.JOB_RUNS_CACHED.value


class NightlyVerifications:
    """`verify` is the whole verification, with the keys of this installation."""

    def __init__(
        self, unit_of_work: UnitOfWork, verify: Callable[[], Report], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._unit_of_work = unit_of_work
        self._verify = verify
        self._seconds = seconds
        self._lock = Lock()
        self._known: Verification | None = None
        self._looked: float | None = None

    def verify_nightly(self) -> Verification | None:
        """A use case of the background: the verification of this night; None where it is done or being done.

        Raises whatever keeps it from its end, and then it is tried again `AUDIT_VERIFIED_AGAIN` later;
        the very first after a minute.
        """
        begun = self._begin()
        if begun is None:
            return None
        try:
            ended = _ended(begun, self._verify())
        except Exception:  # whatever it is, the night is not clean
            self._end(replace(begun, outcome=Outcome.UNVERIFIABLE))
            raise
        return self._end(ended)

    def newest(self) -> Verification | None:
        """The last one that has ended. Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            return newest_verification(tx)

    def recall(self) -> Verification | None:
        """Likewise, as it was a few seconds ago at most; what was known last when the database does not answer."""
        with self._lock:
            if self._looked is None or self._seconds() - self._looked >= _CACHED_SECONDS:
                with suppress(Unavailable):
                    self._known = self.newest()
                self._looked = self._seconds()
            return self._known

    def _begin(self) -> Verification | None:
        with self._unit_of_work.read() as tx:
            if not _is_due(verification_rows.newest(tx.session), tx.now):
                return None
        try:
            with self._unit_of_work.begin(SYSTEM) as tx:
                last = verification_rows.newest(tx.session)
                if not _is_due(last, tx.now):
                    return None
                begun = Verification(last.number + 1 if last else 1, tx.now)
                verification_rows.begin(tx.session, begun)
        except ConstraintViolated:  # another process was quicker
            return None
        return begun

    def _end(self, verification: Verification) -> Verification:
        with self._unit_of_work.begin(SYSTEM) as tx:
            ended = replace(verification, ended_at=tx.now)
            verification_rows.end(tx.session, ended)
        return ended


def newest_verification(tx: Transaction) -> Verification | None:
    """A step: the last one that has ended."""
    return verification_rows.newest(tx.session, ended=True)


def _is_due(last: Verification | None, now: datetime) -> bool:
    """Once a night, from 3 o'clock in Shanghai on; at once where there was none, or the clock was set back."""
    if last is None or last.began_at > now or last.began_at < _night_before(now):
        return True
    waited = now - last.began_at
    if last.outcome is None:
        return waited >= _LOST
    soon = _FIRST_ANCHOR if last.number == 1 else _AGAIN
    return last.outcome is Outcome.UNVERIFIABLE and waited >= soon


def _night_before(now: datetime) -> datetime:
    night = now.astimezone(SHANGHAI).replace(hour=policies.AUDIT_VERIFIED_AT.value, minute=0, second=0, microsecond=0)
    return night if night <= now else night - timedelta(days=1)


def _ended(begun: Verification, report: Report) -> Verification:
    tampering = report.tampering
    first = tampering[0] if tampering else None
    return replace(
        begun,
        outcome=report.outcome,
        entries=sum(log.size for log in report.logs),
        findings=len(tampering),
        kind=first.kind if first else None,
        origin=first.origin if first else None,
        place=first.number if first else None,
        declared=len(report.declared),
    )
