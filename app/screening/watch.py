"""What of screening is watched from outside: how much waits for a person, and how far behind the patrol is."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from app import policies
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.errors import Unavailable
from app.screening import review_rows
from app.screening.docket import Waiting
from app.screening.patrol import Progress, progress_of


@dataclass(frozen=True, slots=True)
class Watched:
    """`patrol` is None before the first publication."""

    reviews: Waiting
    patrol: Progress | None


def look_in(tx: Transaction) -> Watched:
    """A step."""
    newest = progress_of(tx, 1)
    return Watched(review_rows.count_open(tx.session), newest[0] if newest else None)


class Watch:
    def __init__(self, unit_of_work: UnitOfWork, seconds: Callable[[], float] = time.monotonic) -> None:
        self._unit_of_work = unit_of_work
        self._seconds = seconds
        self._lock = Lock()
        self._known = Watched(Waiting(0, None), None)
        self._looked: float | None = None

    def look(self) -> Watched:
        """Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            return look_in(tx)

    def recall(self) -> Watched:
        """As it was a few seconds ago at most; what was known last when the database does not answer."""
        with self._lock:
            if self._looked is None or self._seconds() - self._looked >= policies.REVIEWS_CACHED.value:
                with suppress(Unavailable):
                    self._known = self.look()
                self._looked = self._seconds()
            return self._known
