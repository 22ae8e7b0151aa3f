"""Counts what is answered to whoever asks for a permit: in memory, and every few seconds in the database. Source: L8e.

A permit is no row, and counting it must cost nothing: what a process has counted since its last note is lost when it
is killed, and nothing else.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from threading import Lock

from sqlalchemy import CursorResult, func, insert, select, update
from sqlalchemy.orm import Session

from app import policies
from app.db.unit_of_work import UnitOfWork, again_on_collision
from app.kernel.actor import SYSTEM
from app.kernel.clock import SHANGHAI
from app.kernel.errors import Unavailable
from app.kernel.ids import ForumId
from app.posting.models import PostingTallyRow

PERMITTED, REFUSED = "permitted", "refused"
_EVERY = policies.TALLY_NOTED_EVERY.value
_Key = tuple[ForumId, str]


class Tally:
    """`seconds` tells when it is time to write down what was counted."""

    def __init__(self, unit_of_work: UnitOfWork, seconds: Callable[[], float] = time.monotonic) -> None:
        self._unit_of_work = unit_of_work
        self._seconds = seconds
        self._lock = Lock()
        self._counted = Counter[_Key]()
        self._noted_at = seconds()

    def permit(self, forum_id: ForumId) -> None:
        with self._lock:
            self._counted[forum_id, PERMITTED] += 1

    def refuse(self, forum_id: ForumId, reasons: Iterable[str]) -> None:
        with self._lock:
            self._counted.update([(forum_id, REFUSED), *((forum_id, reason) for reason in reasons)])

    @property
    def is_due(self) -> bool:
        return bool(self._counted) and self._seconds() - self._noted_at >= _EVERY

    def note(self) -> None:
        """Adds what was counted to the day of Shanghai that it is now; kept for the next time where that fails."""
        with self._lock:
            counted, self._counted, self._noted_at = self._counted, Counter(), self._seconds()
        if not counted:
            return
        try:
            again_on_collision(lambda: self._note(counted))
        except Unavailable:
            with self._lock:
                self._counted.update(counted)

    def _note(self, counted: Mapping[_Key, int]) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            for (forum_id, outcome), number in sorted(counted.items()):
                _add(tx.session, (day_of(tx.now), forum_id, outcome), number)


def day_of(moment: datetime) -> str:
    """The day of Shanghai, as it is written."""
    return moment.astimezone(SHANGHAI).date().isoformat()


def asked_on(session: Session, days: Collection[date]) -> Mapping[str, Mapping[str, int]]:
    """By day and outcome, of all forums together; a day on which nobody asked is empty."""
    found: dict[str, dict[str, int]] = {day.isoformat(): {} for day in days}
    row = PostingTallyRow
    query = select(row.day, row.outcome, func.sum(row.number)).where(row.day.in_(found)).group_by(row.day, row.outcome)
    for day, outcome, number in session.execute(query):
        found[day][outcome] = int(number)
    return found


def _add(session: Session, key: tuple[str, str, str], number: int) -> None:
    day, forum_id, outcome = key
    row = PostingTallyRow
    added = session.execute(
        update(row)
        .where(row.day == day, row.forum_id == forum_id, row.outcome == outcome)
        .values(number=row.number + number)
        .execution_options(synchronize_session=False)
    )
    if not (isinstance(added, CursorResult) and added.rowcount):
        session.execute(insert(row).values(day=day, forum_id=forum_id, outcome=outcome, number=number))
