"""What of the log is watched from outside: how long entries wait for a number, and how old each anchor is."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

from app import policies
from app.audit import anchor_rows, repository
from app.audit.anchor_rows import AnchorState
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.errors import Unavailable

_LATE = timedelta(seconds=policies.AUDIT_LATE.value)
_ANCHOR_LATE = timedelta(seconds=policies.AUDIT_ANCHOR_LATE.value)


@dataclass(frozen=True, slots=True)
class AnchorWatched:
    """`state` is None for a sink that nobody has written to yet."""

    sink: str
    state: AnchorState | None

    def age(self, now: datetime) -> timedelta | None:
        """Since it was written; None where it never was."""
        written = self.state.anchored_at if self.state else None
        return max(now - written, timedelta()) if written else None

    def is_failing(self) -> bool:
        return self.state is not None and self.state.failure is not None


@dataclass(frozen=True, slots=True)
class AuditWatched:
    """`waiting_since`: when the oldest entry without a number was made. `size`: of the newest checkpoint."""

    size: int
    waiting_since: datetime | None
    anchors: Sequence[AnchorWatched]

    def lag(self, now: datetime) -> timedelta:
        """How long the oldest entry has waited for its number; nothing when none waits."""
        return max(now - self.waiting_since, timedelta()) if self.waiting_since else timedelta()

    def is_late(self, now: datetime) -> bool:
        """Whether entries stay without number or anchors without checkpoints; acts that need neither go on."""
        if self.lag(now) >= _LATE:
            return True
        return any(
            anchor.is_failing() or (age := anchor.age(now)) is None or age >= _ANCHOR_LATE
            for anchor in self.anchors
            if self.size
        )


class AuditWatch:
    def __init__(
        self, unit_of_work: UnitOfWork, sinks: Sequence[str], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sinks = sinks
        self._seconds = seconds
        self._lock = Lock()
        self._known = AuditWatched(0, None, ())
        self._looked: float | None = None

    def look(self) -> AuditWatched:
        """Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            return self.look_in(tx)

    def look_in(self, tx: Transaction) -> AuditWatched:
        """A step."""
        states = anchor_rows.anchor_states(tx.session)
        newest, oldest = repository.newest_signed(tx.session), repository.oldest_waiting(tx.session)
        anchors = [AnchorWatched(sink, states.get(sink)) for sink in self._sinks]
        return AuditWatched(newest[1] if newest else 0, _made_at(oldest), anchors)

    def left_out(self) -> int:
        """How much is staged, has no number and waits for none. Counts the whole log. Raises `Unavailable`."""
        with self._unit_of_work.read() as tx:
            return repository.count_left_out(tx.session)

    def signed_at(self, tx: Transaction) -> datetime | None:
        """A step: when the newest checkpoint was signed."""
        return anchor_rows.newest_signed_at(tx.session)

    def recall(self) -> AuditWatched:
        """As it was a few seconds ago at most; what was known last when the database does not answer."""
        with self._lock:
            if self._looked is None or self._seconds() - self._looked >= policies.AUDIT_WATCH_CACHED.value:
                with suppress(Unavailable):
                    self._known = self.look()
                self._looked = self._seconds()
            return self._known


def _made_at(entry_id: str | None) -> datetime | None:
    """An id begins with its time."""
    try:
        return datetime.fromtimestamp((UUID(entry_id).int >> 80) / 1000, UTC) if entry_id else None
    except (ValueError, TypeError):  # no id of ours
        return None
