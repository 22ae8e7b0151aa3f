"""Use cases of staff who answer for the whole: is everything as it must be today, and what happened to an account."""

import time
from collections.abc import Callable
from threading import Lock

from app import policies
from app.audit.watch import AuditWatch
from app.compliance.checks import check_all
from app.compliance.domain import Event, Overview
from app.compliance.figures import Sources, count_posters, read_figures
from app.compliance.timeline import read_timeline
from app.db.unit_of_work import UnitOfWork
from app.posting.decision import PostingPolicy

_CACHED = policies.OVERVIEW_CACHED.value


class Compliance:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        policy: PostingPolicy,
        audit: AuditWatch,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sources = Sources(policy, audit)
        self._seconds = seconds
        self._lock = Lock()
        self._known: Overview | None = None
        self._looked = 0.0

    def overview(self) -> Overview:
        """As it was `OVERVIEW_CACHED` ago at most; while one reads it anew, others are told what was known before.

        Raises `Unavailable`.
        """
        known = self._known
        if known is None:
            with self._lock:
                return self._known or self._renew()
        if self._seconds() - self._looked < _CACHED or not self._lock.acquire(blocking=False):
            return known
        try:
            return self._renew()
        finally:
            self._lock.release()

    def _renew(self) -> Overview:
        found = self.look()
        self._known, self._looked = found, self._seconds()
        return found

    def look(self) -> Overview:
        """As it is now. Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            figures = read_figures(tx, self._sources, count_posters(tx, self._sources))
        return Overview(figures, check_all(figures))

    def timeline(self, account_id: str) -> list[Event]:
        """All that happened to an account and to its offices, the newest first; nothing of who is behind it.

        `TIMELINE_LONGEST` of them at most. Raises `NoSuchAccount`.
        """
        with self._unit_of_work.read() as tx:
            return read_timeline(tx, account_id)
