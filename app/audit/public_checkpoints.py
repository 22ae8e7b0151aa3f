"""The checkpoint that anybody may keep: by the hour, so that its size tells nobody when something happened."""

from datetime import UTC, datetime, timedelta
from threading import Lock

from app import policies
from app.audit import anchor_rows, repository
from app.audit.errors import NotProvable
from app.audit.sequencer import Sequencer
from app.db.unit_of_work import UnitOfWork

_SETTLED = timedelta(seconds=policies.AUDIT_PUBLIC_SETTLED.value)


class PublicCheckpoints:
    """Computed from what was signed, never stored: an hour in which nothing ran is made good by itself."""

    def __init__(self, unit_of_work: UnitOfWork, sequencer: Sequencer) -> None:
        self._unit_of_work = unit_of_work
        self._sequencer = sequencer
        self._lock = Lock()
        self._known: tuple[datetime, int, str] | None = None

    def newest(self) -> str | None:
        """The note of what was signed when the hour (UTC) began; before that, of the log's first checkpoint.

        None where nothing is signed yet. Boundary: what was signed less than 10 seconds before the full hour, and may
        not have been committed then, is in the next one. Raises `NotProvable` for a note that we have not signed,
        `Unavailable`.
        """
        with self._unit_of_work.read() as tx:
            hour = tx.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            origin = repository.newest_origin(tx.session)
            if origin is None:
                return None
            with self._lock:
                if self._known and self._known[:2] == (hour, origin.id):
                    return self._known[2]
            note = anchor_rows.note_signed_before(tx.session, origin.id, hour - _SETTLED)
            shown = note or anchor_rows.first_note(tx.session, origin.id)
        if shown is not None and self._sequencer.signed_by_us(origin.name, shown) is None:
            raise NotProvable
        if note is not None:
            with self._lock:
                self._known = (hour, origin.id, note)
        return shown
