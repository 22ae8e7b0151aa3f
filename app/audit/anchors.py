"""Writes checkpoints where neither the database nor the keys reach: what was rewritten with both is found by them."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock

from app import policies
from app.audit import anchor_rows, repository
from app.audit.anchor_lines import anchor_line
from app.audit.anchor_rows import AnchorState
from app.audit.checkpoint import Checkpoint
from app.audit.errors import AnchorNotWritten
from app.audit.sequencer import Sequencer
from app.audit.sinks import Sink, SinkFailed
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import SYSTEM

_LOOKED_SECONDS = policies.AUDIT_ANCHOR_LOOKED.value
_EVERY = timedelta(seconds=policies.AUDIT_ANCHORED_WITHIN.value)
_AGAIN = timedelta(seconds=policies.AUDIT_ANCHOR_RETRIED.value)
_RENEWED = timedelta(seconds=policies.AUDIT_ANCHOR_RENEWED.value)


class Anchors:
    """The sinks of an installation; with none of them, nothing is done and nobody waits."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        sequencer: Sequencer,
        sinks: Sequence[Sink],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sequencer = sequencer
        self._sinks = sinks
        self._seconds = seconds
        self._looked = -float(_LOOKED_SECONDS)
        self._one = Lock()

    @property
    def names(self) -> list[str]:
        return [sink.name for sink in self._sinks]

    def keep(self, published: Checkpoint) -> None:
        """Returns once every anchor holds this checkpoint or a later one. Raises `AnchorNotWritten`, `Unavailable`."""
        with self._unit_of_work.read() as tx:
            note, now = anchor_rows.note_of(tx.session, published.origin, published.size), tx.now
        if note is None:
            raise AnchorNotWritten
        failed = [sink.name for sink in self._sinks if not self._write(sink, published, note, now)]
        if failed:
            raise AnchorNotWritten

    def anchor_now(self) -> Checkpoint | None:
        """The newest checkpoint, in the head file and in every anchor; None where nothing has a number yet.

        Raises `AnchorNotWritten`, and whatever `Sequencer.publish` raises.
        """
        published = self._sequencer.publish()
        if published is not None:
            self.keep(published)
        return published

    def anchor_due(self) -> int:
        """For the thread that sequences: how many anchors were written now. Of several processes one does it.

        A new checkpoint is anchored within a minute, an old one once more after an hour, so that silence means that
        something is broken. What fails is tried again every 10 seconds. Raises as `Sequencer.publish` does.
        """
        if not self._sinks or self._seconds() - self._looked < _LOOKED_SECONDS:
            return 0
        self._looked = self._seconds()
        due = again_on_collision(self._claim)
        published = self._sequencer.publish() if due else None
        if published is None:
            return 0
        with self._unit_of_work.read() as tx:
            note, now = anchor_rows.note_of(tx.session, published.origin, published.size), tx.now
        return sum(self._write(sink, published, note, now) for sink in due) if note else 0

    def _claim(self) -> list[Sink]:
        """The sinks that are due, and that no other process has taken on."""
        with self._unit_of_work.read() as tx:
            if not self._due(tx):
                return []
        with self._unit_of_work.begin(SYSTEM) as tx:
            return [
                sink for sink, state in self._due(tx) if anchor_rows.take_turn(tx.session, sink.name, state, tx.now)
            ]

    def _due(self, tx: Transaction) -> list[tuple[Sink, AnchorState | None]]:
        newest, states = repository.newest_signed(tx.session), anchor_rows.anchor_states(tx.session)
        known = [(sink, states.get(sink.name)) for sink in self._sinks]
        return [(sink, state) for sink, state in known if newest and _is_due(state, newest, tx.now)]

    def _write(self, sink: Sink, checkpoint: Checkpoint, note: str, now: datetime) -> bool:
        """Outside any transaction; how it went is noted in one of its own."""
        try:
            with self._one:
                sink.write(anchor_line(note, now), note, self._sequencer.signed_by_us)
        except SinkFailed as failed:
            code = failed.code
            again_on_collision(lambda: self._note_failure(sink.name, code))
            return False
        again_on_collision(lambda: self._note_anchored(sink.name, checkpoint))
        return True

    def _note_anchored(self, name: str, checkpoint: Checkpoint) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            anchor_rows.name_sink(tx.session, name, tx.now)
            anchor_rows.note_anchored(tx.session, name, checkpoint.origin, checkpoint.size, tx.now)

    def _note_failure(self, name: str, code: str) -> None:
        with self._unit_of_work.begin(SYSTEM) as tx:
            anchor_rows.name_sink(tx.session, name, tx.now)
            anchor_rows.note_failure(tx.session, name, code, tx.now)


def _is_due(state: AnchorState | None, newest: tuple[str, int], now: datetime) -> bool:
    """Boundary: exactly a minute after the last attempt it is."""
    if state is None:
        return True
    waited = now - state.tried_at
    if waited < timedelta():  # the clock was set back
        return True
    if state.failure is not None:
        return waited >= _AGAIN
    return waited >= (_RENEWED if (state.origin, state.size) == newest else _EVERY)
