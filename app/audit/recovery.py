"""Goes on after the log and what was signed last have come apart: in a new log that begins with what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.audit import anchor_rows, repository
from app.audit.anchor_lines import anchor_line, claimed
from app.audit.checkpoint import Checkpoint
from app.audit.declared import case_of, declared_by
from app.audit.domain import Action, ObjectKind
from app.audit.errors import AnchorNotWritten, Inconsistency, NothingToRecover
from app.audit.head import HeadFile
from app.audit.repository import Origin
from app.audit.sequencer import Batch, Sequencer
from app.audit.service import record
from app.audit.sinks import Sink, SinkFailed
from app.audit.superseded import SupersededHeads
from app.audit.tree import leaf_hash
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import Actor

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recovered:
    """`old`: the checkpoint that the new log begins with; None where nothing was found that we had signed."""

    why: Inconsistency
    old: Checkpoint | None
    origin: str
    size: int
    left_out: int
    """Entries that had lost their numbers and get new ones."""


class Recovery:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        sequencer: Sequencer,
        head: HeadFile,
        superseded: SupersededHeads,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sequencer = sequencer
        self._head = head
        self._superseded = superseded
        self._sinks = sinks

    def recover(self, actor: Actor) -> Recovered:
        """Begins a new log, whose first entry holds the newest checkpoint that was signed before and can be found.

        That checkpoint is first kept in every anchor: what the new log says of the old one is believed only where
        something outside the database bears it out. What the old log still holds stays where it is; nothing is
        numbered twice. Broken off after its commit, the next call only writes the head file. Raises `NothingToRecover`
        where the log goes on from what was signed last, `AnchorNotWritten`, `HeadNotWritten`, `Unavailable`.
        """
        old = self._keep_old()
        recovered, note = again_on_collision(lambda: self._begin_again(actor, old))
        self._head.start_over(note)
        return recovered

    def _keep_old(self) -> Checkpoint | None:
        """Outside any transaction; while nothing can be signed, it stays the newest that can be found."""
        with self._unit_of_work.read() as tx:
            if self._sequencer.inconsistency(tx) is None:
                raise NothingToRecover
            signed, now = self._newest_signed(tx), tx.now
        if signed is None:
            return None
        old, note = signed
        self._superseded.keep(note, now)
        try:
            for sink in self._sinks:
                sink.write(anchor_line(note, now), note, self._sequencer.signed_by_us)
        except SinkFailed:
            raise AnchorNotWritten from None
        return old

    def _begin_again(self, actor: Actor, old: Checkpoint | None) -> tuple[Recovered, str]:
        with self._unit_of_work.begin(actor) as tx:
            self._sequencer.hold_turn(tx)
            why = self._sequencer.inconsistency(tx)
            if why is None:
                raise NothingToRecover
            newest = repository.newest_origin(tx.session)
            begun = self._begun_before(tx, newest, why) if newest else None
            if begun is not None:
                return begun
            left_out = anchor_rows.entries_left_out(tx.session)
            anchor_rows.let_wait(tx.session, left_out)
            batch = self._first(tx, newest, old, why)
            return Recovered(why, old, batch.log.origin.name, batch.log.edge.size, len(left_out)), batch.note

    def _first(self, tx: Transaction, newest: Origin | None, old: Checkpoint | None, why: Inconsistency) -> Batch:
        entry_id = record(
            tx,
            Action.AUDIT_RECOVERED,
            ObjectKind.LOG,
            old.origin if old else _UNKNOWN,
            reason=why.value,
            case=case_of(old) if old else None,
        )
        tx.session.flush()
        entry = repository.staged_entry(tx.session, entry_id)
        return self._sequencer.append(tx, self._sequencer.new_log(newest.id + 1 if newest else 1), [(entry_id, entry)])

    def _newest_signed(self, tx: Transaction) -> tuple[Checkpoint, str] | None:
        """Out of the head file, the anchors and the database: of the log that was signed last, its longest tree.

        Also out of what a recovery kept that was broken off. Of two that are as long that of an anchor: who can
        replace the others cannot replace it.
        """
        newest = repository.newest_origin(tx.session)
        stored = repository.newest_checkpoint(tx.session, newest.id) if newest else None
        anchored = [note for sink in self._sinks for note in sink.newest(self._sequencer.signed_by_us)]
        notes = [self._head.read(), *anchored, stored.note if stored else None, self._superseded.newest()]
        signed = [(found, note) for note in notes if note and (found := self._ours(note))]
        of_last = [(one, note) for one, note in signed if one.origin == signed[0][0].origin]
        return max(of_last, key=lambda one: (one[0].size, one[1] in anchored), default=None)

    def _ours(self, note: str) -> Checkpoint | None:
        claim = claimed(note)
        return self._sequencer.signed_by_us(claim.origin, note) if claim else None

    def _begun_before(self, tx: Transaction, newest: Origin, why: Inconsistency) -> tuple[Recovered, str] | None:
        """Where a process was killed between the new log's commit and its head file, which still names the old one."""
        entry = anchor_rows.first_entry(tx.session, newest.id)
        head, declared = self._ours(self._head.read() or ""), declared_by(entry)
        stored = repository.newest_checkpoint(tx.session, newest.id)
        if head is None or stored is None or declared is None or entry is None:
            return None
        ours = self._sequencer.signed_by_us(newest.name, stored.note)
        if ours != Checkpoint(newest.name, 1, leaf_hash(entry)) or (stored.size, stored.root) != (1, leaf_hash(entry)):
            return None  # nothing is numbered while the head names another log, so that there is this entry and no more
        if declared.origin != head.origin or declared.size < head.size:
            return None
        return Recovered(why, declared, newest.name, stored.size, 0), stored.note
