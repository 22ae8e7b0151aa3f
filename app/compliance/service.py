"""Use cases of staff who answer for the whole: is everything as it must be today, and what happened to an account."""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Lock, Thread

from app import policies
from app.audit.watch import AuditWatch
from app.compliance import repository
from app.compliance.checks import check_all
from app.compliance.domain import Event, Overview, Posters
from app.compliance.figures import Sources, count_posters, known_posters, read_figures
from app.compliance.named import Pair, PublicName, public_names
from app.compliance.timeline import read_timeline
from app.db.unit_of_work import UnitOfWork, again_on_collision
from app.kernel.actor import SYSTEM
from app.kernel.errors import Unavailable
from app.posting.decision import PostingPolicy
from app.posting.tally import day_of
from app.reporting.figures import case_figures_for
from app.staff.seals import Seals

_CACHED, _OLDEST = policies.OVERVIEW_CACHED.value, policies.OVERVIEW_OLDEST.value
_COUNTED_EVERY = timedelta(seconds=policies.POSTERS_COUNTED_EVERY.value)
_SHARE = 100 // policies.OVERVIEW_SHARE.value


class Compliance:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        policy: PostingPolicy,
        audit: AuditWatch,
        seals: Seals,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sources = Sources(policy, audit, seals)
        self._seconds = seconds
        self._lock = Lock()
        self._known: Overview | None = None
        self._looked = self._took = 0.0

    def overview(self) -> Overview:
        """As it was `OVERVIEW_OLDEST` ago at most, and while people look at it, `OVERVIEW_CACHED` ago.

        Whoever looks is told what was known, and it is read anew beside them. Raises `Unavailable`.
        """
        known, age = self._known, self._seconds() - self._looked
        if known is None or age >= _OLDEST:
            with self._lock:
                return self._renew() if self._known is known or self._known is None else self._known
        if age >= max(_CACHED, self._took * _SHARE) and self._lock.acquire(blocking=False):
            Thread(target=self._renew_beside, name="overview", daemon=True).start()
        return known

    def overview_for(self, staff_id: str) -> Overview:
        """Likewise, without the cases that concern this member: those are in none of its numbers. Source: L9."""
        known = self.overview()
        with self._unit_of_work.read() as tx:
            cases = case_figures_for(tx, staff_id)
        if cases is None:
            return known
        figures = replace(known.figures, reporting=replace(known.figures.reporting, cases=cases))
        return Overview(figures, check_all(figures))

    def _renew_beside(self) -> None:
        try:
            with suppress(Unavailable):
                self._renew()
        finally:
            self._lock.release()

    def _renew(self) -> Overview:
        began = self._seconds()
        found = self.look()
        self._known, self._looked = found, self._seconds()
        self._took = self._looked - began
        return found

    def look(self) -> Overview:
        """As it is now. Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            figures = read_figures(tx, self._sources, known_posters(tx, self._sources))
        return Overview(figures, check_all(figures))

    def keep_count(self) -> int:
        """Counts posters and keeps what was found for the day of Shanghai; 0 where somebody has just done so.

        It reads every account, some seconds of a million: within no transaction that writes. Source: L8e.
        """
        with self._unit_of_work.read() as tx:
            known = repository.newest(tx.session)
            if known and tx.now - known.counted_at < _COUNTED_EVERY:
                return 0
            found = count_posters(tx, self._sources)
        again_on_collision(lambda: self._keep(found))
        return 1

    def _keep(self, found: Posters) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            repository.keep(tx.session, day_of(found.counted_at), found)

    def timeline(self, account_id: str) -> list[Event]:
        """All that happened to an account and to its offices, the newest first; nothing of who is behind it.

        `TIMELINE_LONGEST` of them at most. Raises `NoSuchAccount`.
        """
        with self._unit_of_work.read() as tx:
            return read_timeline(tx, account_id)

    def public_names(self, objects: Collection[Pair]) -> Mapping[Pair, PublicName]:
        """What entries of the log name by ids, by the names that everybody reads; what has none is left out."""
        with self._unit_of_work.read() as tx:
            return public_names(tx, objects)
