"""The lexicons in force: which publication counts is read with every screening, so that no process stays behind.

A matcher is kept by the digest of its blob. While a new one is on its way, requests go on with the one before, until
`_BEHIND` after the last moment at which that one was still the newest: it has counted no longer than that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from app.db.unit_of_work import Transaction
from app.screening import repository
from app.screening.arriving import Arriving
from app.screening.matcher import Matcher
from app.screening.repository import Publication

_BEHIND = timedelta(milliseconds=800)
_KEPT = 2
"""Beside the newest one, the one that a transaction which began before it still sees."""


@dataclass(frozen=True, slots=True)
class InForce:
    """`version` is the number of the publication; 0 before the first one, when nothing is forbidden."""

    version: int
    matcher: Matcher


class _Loaded:
    """What this process has loaded; last what is in force, as far as is known."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._matchers: dict[bytes, InForce] = {}
        self._arriving: Arriving | None = None
        self._was_newest_at: datetime | None = None
        """When what is loaded last was last seen to be in force."""

    def get(self, tx: Transaction, publication: Publication) -> InForce:
        loaded = self._matchers.get(publication.digest)
        if loaded is None:
            return self._load(tx, publication)
        if loaded.version == publication.number:
            self._was_newest_at = tx.now
            return loaded
        again = InForce(publication.number, loaded.matcher)
        if loaded.version < publication.number:  # an older version has come back
            others = {digest: one for digest, one in self._matchers.items() if digest != publication.digest}
            self._matchers = others | {publication.digest: again}
        return again

    def _load(self, tx: Transaction, publication: Publication) -> InForce:
        before = next(reversed(self._matchers.values()), None)
        may_lag = self._was_newest_at is not None and tx.now - self._was_newest_at < _BEHIND
        if not self._lock.acquire(blocking=not may_lag):
            return before or InForce(0, Matcher.empty())
        try:
            if publication.digest not in self._matchers and not self._take_in(tx, publication, may_lag=may_lag):
                return before or InForce(0, Matcher.empty())
            return InForce(publication.number, self._matchers[publication.digest].matcher)
        finally:
            self._lock.release()

    def _take_in(self, tx: Transaction, publication: Publication, *, may_lag: bool) -> bool:
        """Whether it is there now."""
        arriving = self._arriving
        if arriving is None or arriving.publication.digest != publication.digest:
            arriving = self._arriving = Arriving(publication)
        matcher = arriving.come_nearer(tx) if may_lag else arriving.come(tx)
        if matcher is None:
            return False
        new = {publication.digest: InForce(publication.number, matcher)}
        self._matchers = dict(list((self._matchers | new).items())[-_KEPT:])
        self._arriving = None
        return True


_loaded = _Loaded()


def in_force(tx: Transaction) -> InForce:
    """A step: what decides now."""
    publication = repository.newest_publication(tx.session)
    return _loaded.get(tx, publication) if publication else InForce(0, Matcher.empty())
