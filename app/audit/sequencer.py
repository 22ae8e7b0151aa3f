"""Gives staged entries their numbers and signs the tree that they make, in one transaction for each batch.

Any number of processes may try: a lock of the database lets one at a time. What is signed is compared with what was
signed last, which lies outside the database; where the two contradict each other, nothing is signed. Source: L8i.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from threading import Event, Lock

from app import policies
from app.audit import repository
from app.audit.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint, sign_checkpoint
from app.audit.errors import Inconsistency, SigningRefused
from app.audit.head import HeadFile
from app.audit.repository import Origin, StoredCheckpoint, StoredTiles
from app.audit.sifting import Sifted, sift
from app.audit.tree import EMPTY_ROOT, Edge, leaf_hashes, root_at
from app.crypto.ed25519 import AuditKeys, is_signed_by
from app.db.unit_of_work import CollidedWithAnother, ConstraintViolated, Transaction, UnitOfWork, hold_key, try_hold
from app.kernel.actor import SYSTEM

_TURN = sha256(b"shiming audit sequencer").digest()
_BATCH = policies.AUDIT_BATCH.value
_PAUSE_SECONDS = policies.AUDIT_NUMBERED_WITHIN.value / 1000


@dataclass(frozen=True, slots=True)
class OpenLog:
    """A tree that was found to be the one that was signed last."""

    origin: Origin
    edge: Edge
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What a transaction has added, once it is committed."""

    log: OpenLog
    count: int
    note: str


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a transaction has taken out of the queue; nothing got a number where there was no entry."""

    batch: Batch | None
    strangers: int


class Sequencer:
    """Numbers what waits. `host` stands in the names of the logs that begin here."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        keys: AuditKeys,
        head: HeadFile,
        host: str,
        remembered: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`remembered` gives notes that lie elsewhere, as anchors do: a process looks at them before it signs first.

        It may take its time, so that it is asked once, and outside a transaction that writes.
        """
        self._unit_of_work = unit_of_work
        self._keys = keys
        self._remembered = remembered
        self._head = head
        self._host = host
        self._elsewhere: Sequence[str] = ()
        self._known: OpenLog | None = None
        """As this process has left it; of use only while the newest checkpoint is the same."""
        self.set_aside = 0
        """How much this process has found waiting that was no entry."""
        self._wanted = Event()
        self._one = Lock()

    def wake(self) -> None:
        """Somebody waits for a number."""
        self._wanted.set()

    def pause(self) -> None:
        """Until somebody waits, or 200 ms."""
        self._wanted.wait(_PAUSE_SECONDS)
        self._wanted.clear()

    def go_on(self) -> int:
        """One batch: how many no longer wait; 0 when none does, or while another process does it.

        What is no entry is set aside: it gets no number and keeps none behind it from theirs. Raises `SigningRefused`,
        `HeadNotWritten`, `Unavailable`; whatever it raises, no entry is lost or counted twice.
        """
        with self._unit_of_work.read() as tx:
            if not repository.is_waiting(tx.session):
                return 0
        elsewhere = self._look_elsewhere()
        try:
            with self._one, self._unit_of_work.begin(SYSTEM) as tx:
                taken = self._number(tx, elsewhere) if try_hold(tx, _TURN) else None
        except ConstraintViolated:
            raise SigningRefused(Inconsistency.PLACE_TAKEN) from None
        except CollidedWithAnother:
            return 0
        if taken is None:
            return 0
        self.set_aside += taken.strangers
        if taken.batch is None:
            return taken.strangers
        self._known = taken.batch.log
        self._head.advance(taken.batch.note)
        return taken.batch.count + taken.strangers

    def catch_up(self) -> int:
        """All that waits, batch after batch."""
        count = 0
        while done := self.go_on():
            count += done
        return count

    def publish(self) -> Checkpoint | None:
        """The newest checkpoint, kept outside the database too; None where nothing has a number yet.

        Raises `SigningRefused`, `HeadNotWritten`, `Unavailable`.
        """
        with self._unit_of_work.read() as tx:
            origin = repository.newest_origin(tx.session)
            newest = repository.newest_checkpoint(tx.session, origin.id) if origin else None
        if origin is None or newest is None:
            return None
        checkpoint = self._signed(origin, newest)
        if self._head.read() is None:  # it was there before anything was signed: the database has no say in what it was
            raise SigningRefused(Inconsistency.HEAD_GONE)
        self._head.advance(newest.note)
        return checkpoint

    def _number(self, tx: Transaction, elsewhere: Sequence[str]) -> _Taken:
        log = self._open(tx, elsewhere)
        sifted = sift(repository.waiting_entries(tx.session, _BATCH))
        if sifted.strangers:
            repository.set_aside(tx.session, sifted.strangers)
        return _Taken(self._add(tx, log, sifted) if sifted.entries else None, len(sifted.strangers))

    def append(self, tx: Transaction, log: OpenLog, entries: list[tuple[str, bytes]]) -> Batch:
        """A step: entries, each with its id, get the next numbers of an open log, and the tree is signed.

        The caller holds the turn (`hold_turn`), and after the commit keeps the note outside the database.
        """
        return self._add(tx, log, sift(entries))

    def _add(self, tx: Transaction, log: OpenLog, sifted: Sifted) -> Batch:
        if log.is_new:
            repository.add_origin(tx.session, log.origin, tx.now)
        edge = log.edge.copy()
        hashes = leaf_hashes(sifted.entries)
        repository.add_leaves(tx.session, log.origin.id, log.edge.size, hashes, sifted.columns)
        repository.add_tiles(tx.session, log.origin.id, edge.append(hashes))
        signer = self._keys.signer()
        note = sign_checkpoint(Checkpoint(log.origin.name, edge.size, edge.root()), signer)
        stored = StoredCheckpoint(edge.size, edge.root(), note, signer.key_id, tx.now)
        repository.add_checkpoint(tx.session, log.origin.id, stored)
        repository.wait_no_more(tx.session, sifted.ids)
        return Batch(OpenLog(log.origin, edge), len(hashes), note)

    def hold_turn(self, tx: Transaction) -> None:
        """A step: from here to the end of the transaction nobody else numbers anything."""
        hold_key(tx, _TURN)

    def inconsistency(self, tx: Transaction, elsewhere: Sequence[str] | None = None) -> Inconsistency | None:
        """A step that writes nothing: why nothing can be signed, where that is so. Raises `HeadNotWritten`.

        `elsewhere` are notes that the caller has read before; inside a transaction that writes they must be given.
        """
        try:
            if self._head.read() is not None or repository.newest_origin(tx.session) is not None:
                self._open(tx, self._look_elsewhere() if elsewhere is None else elsewhere)
        except SigningRefused as refused:
            return refused.inconsistency
        return None

    def new_log(self, number: int) -> OpenLog:
        """An empty tree under a name that no other has."""
        return OpenLog(Origin(number, f"{self._host}/audit/{os.urandom(8).hex()}"), Edge(), is_new=True)

    def _look_elsewhere(self) -> Sequence[str]:
        """Where nothing is there, or it cannot be read yet, the next one looks again."""
        if self._known is None and not self._elsewhere:
            self._elsewhere = list(self._remembered())
        return self._elsewhere

    def _open(self, tx: Transaction, elsewhere: Sequence[str]) -> OpenLog:
        """The log of the database, when it goes on from what was signed last. Raises `SigningRefused`."""
        origin, note = repository.newest_origin(tx.session), self._head.read()
        if origin is None:
            return self._begin(note)
        if note is None:
            raise SigningRefused(Inconsistency.HEAD_GONE)
        head = self._opened(origin.name, note, Inconsistency.HEAD_UNREADABLE)
        newest = repository.newest_checkpoint(tx.session, origin.id)
        size, root = (newest.size, newest.root) if newest else (0, EMPTY_ROOT)
        if head.size > size:
            raise SigningRefused(Inconsistency.WENT_BACK)
        edge, tiles = self._edge(tx, origin, size, root), StoredTiles(tx.session, origin.id)
        if head.size < size and newest:
            self._signed(origin, newest)
            if self._age(origin, newest.note) > self._age(origin, note):  # whoever has kept an old key added something
                raise SigningRefused(Inconsistency.CHECKPOINT_UNSIGNED)
        at_head = root if head.size == size else root_at(tiles, head.size)
        if edge.root() != root or at_head != head.root:
            raise SigningRefused(Inconsistency.HISTORY_CHANGED)
        if self._known is None:
            self._compare_remembered(origin, size, tiles, elsewhere)
        return OpenLog(origin, edge)

    def _compare_remembered(self, origin: Origin, size: int, tiles: StoredTiles, notes: Sequence[str]) -> None:
        """Whoever puts back the database and the head file together, as a snapshot of a host does, is found here."""
        for note in notes:
            elsewhere = self.signed_by_us(origin.name, note)
            if elsewhere is not None and elsewhere.size > size:
                raise SigningRefused(Inconsistency.WENT_BACK)
            if elsewhere is not None and root_at(tiles, elsewhere.size) != elsewhere.root:
                raise SigningRefused(Inconsistency.HISTORY_CHANGED)

    def _begin(self, note: str | None) -> OpenLog:
        """The first log. Its name is kept outside before anything is signed, or a crash would leave a log without."""
        if note is None:
            log = self.new_log(1)
            self._head.advance(sign_checkpoint(Checkpoint(log.origin.name, 0, EMPTY_ROOT), self._keys.signer()))
            return log
        name = note.partition("\n")[0]
        if self._opened(name, note, Inconsistency.LOG_GONE).size:
            raise SigningRefused(Inconsistency.LOG_GONE)
        return OpenLog(Origin(1, name), Edge(), is_new=True)

    def _edge(self, tx: Transaction, origin: Origin, size: int, root: bytes) -> Edge:
        known = self._known
        if known and known.origin == origin and known.edge.size == size and known.edge.root() == root:
            return known.edge
        return Edge.read(size, StoredTiles(tx.session, origin.id))

    def _signed(self, origin: Origin, stored: StoredCheckpoint) -> Checkpoint:
        """A checkpoint of the database, when we have signed it and the database says what it says."""
        checkpoint = self._opened(origin.name, stored.note, Inconsistency.CHECKPOINT_UNSIGNED)
        if (checkpoint.size, checkpoint.root) != (stored.size, stored.root):
            raise SigningRefused(Inconsistency.CHECKPOINT_UNSIGNED)
        return checkpoint

    def _opened(self, origin: str, note: str, otherwise: Inconsistency) -> Checkpoint:
        checkpoint = self.signed_by_us(origin, note)
        if checkpoint is None:
            raise SigningRefused(otherwise)
        return checkpoint

    def signed_by_us(self, origin: str, note: str) -> Checkpoint | None:
        """The checkpoint of a note for this log under any audit key of ours, a new one too that came while we serve."""
        found = _opened_by(self._keys.publics(), origin, note)
        if found is None:
            self._keys.look_again()
            found = _opened_by(self._keys.publics(), origin, note)
        return found[0] if found else None

    def _age(self, origin: Origin, note: str) -> int:
        """Of the key under a note of ours: 0 for the newest."""
        found = _opened_by(self._keys.publics(), origin.name, note)
        return found[1] if found else 0


def _opened_by(publics: list[bytes], origin: str, note: str) -> tuple[Checkpoint, int] | None:
    for age, public in enumerate(publics):
        with suppress(NoteRefused):
            return open_checkpoint(note, VerifierKey(origin, public), is_signed_by), age
    return None
