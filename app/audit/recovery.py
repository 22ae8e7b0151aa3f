"""Goes on after the log and what was signed last have come apart: in a new log that begins with what is known of it."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from app.audit import anchor_rows, repository, verify_rows
from app.audit.anchor_lines import anchor_line, claimed
from app.audit.checkpoint import Checkpoint
from app.audit.declared import all_declared, beginning_of, case_of
from app.audit.domain import Action, ObjectKind
from app.audit.errors import AnchorNotWritten, Inconsistency, NothingToRecover
from app.audit.head import HeadFile
from app.audit.repository import Origin, StoredCheckpoint
from app.audit.sequencer import Batch, Sequencer
from app.audit.service import record
from app.audit.sinks import Sink, SinkFailed
from app.audit.superseded import SupersededHeads
from app.audit.tree import leaf_hash, root_of
from app.db.unit_of_work import CollidedWithAnother, Transaction, UnitOfWork, again_on_collision
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


@dataclass(frozen=True, slots=True)
class _Signed:
    """What was found that we have signed, and what has to be kept of it before another log begins."""

    old: Checkpoint | None
    """Of the log that was signed last."""
    lost: Sequence[Checkpoint]
    """Of every other log that is shorter in the database, as where the same backup was put back twice."""
    kept: Sequence[str]
    anchored: Sequence[Sequence[str]]
    """What each sink has."""
    stored: StoredCheckpoint | None

    @property
    def declared(self) -> list[Checkpoint]:
        return [*([self.old] if self.old else []), *self.lost]


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

        Another such entry follows for each older log that is shorter here than it was signed. These checkpoints are
        first kept in every anchor: what the new log says of the old ones is believed only where something outside the
        database bears it out, and an old log goes no further than something outside says. What the old log still holds
        stays where it is; nothing is numbered twice. Broken off after its commit, the next call only writes the head
        file. Raises `NothingToRecover` where the log goes on from what was signed last, `AnchorNotWritten`,
        `HeadNotWritten`, `Unavailable`.
        """
        recovered, note = again_on_collision(lambda: self._begin_again(actor, self._keep_old()))
        self._head.start_over(note)
        return recovered

    def _keep_old(self) -> _Signed:
        """Outside any transaction."""
        with self._unit_of_work.read() as tx:
            if self._sequencer.inconsistency(tx) is None:
                raise NothingToRecover
            signed, now = self._find_signed(tx), tx.now
        for note in signed.kept:
            self._superseded.keep(note, now)
            try:
                for sink, anchored in zip(self._sinks, signed.anchored, strict=True):
                    if note not in anchored:
                        sink.write(anchor_line(note, now), note, self._sequencer.signed_by_us)
            except SinkFailed:
                raise AnchorNotWritten from None
        return signed

    def _begin_again(self, actor: Actor, signed: _Signed) -> tuple[Recovered, str]:
        with self._unit_of_work.begin(actor) as tx:
            self._sequencer.hold_turn(tx)
            why = self._sequencer.inconsistency(tx, [note for notes in signed.anchored for note in notes])
            if why is None:
                raise NothingToRecover
            newest = repository.newest_origin(tx.session)
            if _stored(tx, newest) != signed.stored:  # a process that had not met the anchor yet has gone on meanwhile
                raise CollidedWithAnother
            begun = self._begun_before(tx, newest, why) if newest else None
            if begun is not None:
                return begun
            left_out = anchor_rows.entries_left_out(tx.session)
            anchor_rows.let_wait(tx.session, left_out)
            batch = self._first(tx, newest, signed.declared, why)
            return Recovered(why, signed.old, batch.log.origin.name, batch.log.edge.size, len(left_out)), batch.note

    def _first(self, tx: Transaction, newest: Origin | None, old: Sequence[Checkpoint], why: Inconsistency) -> Batch:
        said: list[tuple[str, str | None]] = [(one.origin, case_of(one)) for one in old]
        ids = [
            record(tx, Action.AUDIT_RECOVERED, ObjectKind.LOG, origin, reason=why.value, case=case)
            for origin, case in said or [(_UNKNOWN, None)]
        ]
        tx.session.flush()
        entries = [(entry_id, repository.staged_entry(tx.session, entry_id)) for entry_id in ids]
        return self._sequencer.append(tx, self._sequencer.new_log(newest.id + 1 if newest else 1), entries)

    def _find_signed(self, tx: Transaction) -> _Signed:
        """Out of the head file, the database, the anchors, and what earlier recoveries kept: of each log its longest.

        The log that was signed last is the one that the head file names; where that cannot be read, the newest of the
        database, since anybody may append lines to an anchor. Of two trees that are as long that of an anchor counts:
        who can replace the others cannot replace it.
        """
        newest = repository.newest_origin(tx.session)
        stored = _stored(tx, newest)
        anchored = [sink.newest(self._sequencer.signed_by_us) for sink in self._sinks]
        elsewhere = [note for notes in anchored for note in notes]
        ours = stored is not None and newest is not None and self._sequencer.signed_by_us(newest.name, stored.note)
        notes = [self._head.read(), stored.note if stored and ours else None, *elsewhere, *self._superseded.notes()]
        longest = self._longest([note for note in notes if note], set(elsewhere))
        last = next(iter(longest), None)
        shorter = self._shorter_here(tx, [one for one, _ in longest.values()])
        lost = [one for one in shorter if one.origin != last]
        names = [last, *(one.origin for one in lost), newest.name if newest and ours else None]
        kept = [longest[name][1] for name in dict.fromkeys(names) if name]
        return _Signed(longest[last][0] if last else None, lost, kept, anchored, stored)

    def _longest(self, notes: Sequence[str], anchored: Container[str]) -> dict[str, tuple[Checkpoint, str]]:
        """By the name of the log, that of the first note first."""
        found: dict[str, tuple[Checkpoint, str]] = {}
        for note in notes:
            if one := self._ours(note):
                both = (found.get(one.origin, (one, note)), (one, note))
                found[one.origin] = max(both, key=lambda kept: (kept[0].size, kept[1] in anchored))
        return found

    def _shorter_here(self, tx: Transaction, signed: Sequence[Checkpoint]) -> Iterator[Checkpoint]:
        """Those that are longer than their log is in the database, and that no log of the database declares yet."""
        declared = set(all_declared(tx.session))
        here = {origin.name: _stored(tx, origin) for origin in verify_rows.origins(tx.session)}
        for one in signed:
            left = here.get(one.origin)
            if one not in declared and one.size > (left.size if left else 0):
                yield one

    def _ours(self, note: str) -> Checkpoint | None:
        claim = claimed(note)
        return self._sequencer.signed_by_us(claim.origin, note) if claim else None

    def _begun_before(self, tx: Transaction, newest: Origin, why: Inconsistency) -> tuple[Recovered, str] | None:
        """Where a process was killed between the new log's commit and its head file, which still names the old one."""
        head, stored = self._ours(self._head.read() or ""), _stored(tx, newest)
        begun = beginning_of(tx.session, newest.id)
        if head is None or stored is None or not begun.declared:
            return None
        ours = self._sequencer.signed_by_us(newest.name, stored.note)
        whole = Checkpoint(
            newest.name, len(begun.recoveries), root_of([leaf_hash(entry) for entry in begun.recoveries])
        )
        if ours != whole or (stored.size, stored.root) != (whole.size, whole.root):
            return None  # nothing is numbered while the head names another log: there are these entries and no more
        if not any(old.origin == head.origin and old.size >= head.size for old in begun.declared):
            return None
        return Recovered(why, begun.declared[0], newest.name, stored.size, 0), stored.note


def _stored(tx: Transaction, origin: Origin | None) -> StoredCheckpoint | None:
    return repository.newest_checkpoint(tx.session, origin.id) if origin else None
