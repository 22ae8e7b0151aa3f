"""Goes on after the log and what was signed last have come apart: in a new log that begins with what is known of it."""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.audit import anchor_rows, repository
from app.audit.anchor_lines import claimed
from app.audit.checkpoint import Checkpoint
from app.audit.domain import Action, ObjectKind
from app.audit.errors import Inconsistency, NothingToRecover
from app.audit.head import HeadFile
from app.audit.repository import Origin
from app.audit.sequencer import Batch, Sequencer
from app.audit.service import record
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
        self, unit_of_work: UnitOfWork, sequencer: Sequencer, head: HeadFile, remembered: Callable[[], Iterable[str]]
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sequencer = sequencer
        self._head = head
        self._remembered = remembered

    def recover(self, actor: Actor) -> Recovered:
        """Begins a new log, whose first entry holds the newest checkpoint that was signed before and can be found.

        What the old log still holds stays where it is; nothing is numbered twice. Broken off after its commit, the
        next call only writes the head file. Raises `NothingToRecover` where the log goes on from what was signed last,
        `HeadNotWritten`, `Unavailable`.
        """
        recovered, note = again_on_collision(lambda: self._begin_again(actor))
        self._head.start_over(note)
        return recovered

    def _begin_again(self, actor: Actor) -> tuple[Recovered, str]:
        with self._unit_of_work.begin(actor) as tx:
            self._sequencer.hold_turn(tx)
            why = self._sequencer.inconsistency(tx)
            if why is None:
                raise NothingToRecover
            newest = repository.newest_origin(tx.session)
            begun = self._begun_before(tx, newest, why) if newest else None
            if begun is not None:
                return begun
            old = self._newest_signed(tx, newest)
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
            case=f"{old.size} {base64.b64encode(old.root).decode()}" if old else None,
        )
        tx.session.flush()
        entry = repository.staged_entry(tx.session, entry_id)
        return self._sequencer.append(tx, self._sequencer.new_log(newest.id + 1 if newest else 1), [(entry_id, entry)])

    def _newest_signed(self, tx: Transaction, newest: Origin | None) -> Checkpoint | None:
        """Out of the head file, the anchors and the database: of the log that was signed last, its longest tree."""
        stored = repository.newest_checkpoint(tx.session, newest.id) if newest else None
        notes = [self._head.read(), *self._remembered(), stored.note if stored else None]
        signed = [found for note in notes if note and (found := self._ours(note))]
        last = signed[0].origin if signed else None
        return max((one for one in signed if one.origin == last), key=lambda one: one.size, default=None)

    def _ours(self, note: str) -> Checkpoint | None:
        claim = claimed(note)
        return self._sequencer.signed_by_us(claim.origin, note) if claim else None

    def _begun_before(self, tx: Transaction, newest: Origin, why: Inconsistency) -> tuple[Recovered, str] | None:
        """Where a process was killed between the new log's commit and its head file, which still names the old one."""
        entry = anchor_rows.first_entry(tx.session, newest.id)
        head, declared = self._ours(self._head.read() or ""), _declared(entry)
        stored = repository.newest_checkpoint(tx.session, newest.id)
        if head is None or stored is None or declared is None or entry is None:
            return None
        ours = self._sequencer.signed_by_us(newest.name, stored.note)
        if ours != Checkpoint(newest.name, 1, leaf_hash(entry)) or (stored.size, stored.root) != (1, leaf_hash(entry)):
            return None  # nothing is numbered while the head names another log, so that there is this entry and no more
        if declared.origin != head.origin or declared.size < head.size:
            return None
        return Recovered(why, declared, newest.name, stored.size, 0), stored.note


def _declared(entry: bytes | None) -> Checkpoint | None:
    """The old checkpoint that a log's first entry holds; None for one that began with nothing before it."""
    try:
        said = json.loads(entry or b"")
        size, _, root = str(said["case"]).partition(" ")
        if said["action"] != Action.AUDIT_RECOVERED:
            return None
        return Checkpoint(str(said["object"]["id"]), int(size), base64.b64decode(root, validate=True))
    except (ValueError, LookupError, TypeError):
        return None
