"""What the log can show of itself: that an entry is in it, that it only grew, and under which key. Source: L8i."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from app.audit import repository, search_rows
from app.audit.checkpoint import Checkpoint, VerifierKey
from app.audit.errors import EntryUnknown, NoSuchSizes, NotNumberedYet, NotProvable
from app.audit.repository import Origin, StoredTiles
from app.audit.search_rows import PlacedEntry
from app.audit.sequencer import Sequencer
from app.audit.tree import (
    ProofInvalid,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from app.crypto.ed25519 import AuditKeys
from app.db.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class Receipt:
    """Shows to anybody who has the log's key that an entry stands in it, at `index` from 0."""

    entry_id: str
    entry: str
    """The canonical JSON, byte for byte."""
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    """The signed note of the tree that the proof leads to."""

    def shown(self) -> dict[str, str | int | list[str]]:
        return {"entry": self.entry, "index": self.index, "proof": in_base64(self.proof), "checkpoint": self.checkpoint}

    def text(self) -> str:
        """All but the entry, on lines of text. Source: C2SP tlog-proof."""
        return "\n".join(["c2sp.org/tlog-proof@v1", f"index {self.index}", *in_base64(self.proof), "", self.checkpoint])


@dataclass(frozen=True, slots=True)
class Consistency:
    """Shows that a tree of `new` entries begins with the one of `old` entries."""

    origin: str
    old: int
    new: int
    old_root: bytes
    new_root: bytes
    proof: tuple[bytes, ...]


class Proofs:
    """Reads only. Whatever it hands out it has verified itself, as whoever gets it will."""

    def __init__(self, unit_of_work: UnitOfWork, sequencer: Sequencer, keys: AuditKeys) -> None:
        self._unit_of_work = unit_of_work
        self._sequencer = sequencer
        self._keys = keys

    def inclusion(self, entry_id: str) -> Receipt:
        """Under the newest checkpoint of the tree that holds the entry.

        Raises `EntryUnknown`, `NotNumberedYet`, `NotProvable`.
        """
        with self._unit_of_work.read() as tx:
            placed = search_rows.placed_entry(tx.session, entry_id)
            if placed is None:
                raise NotNumberedYet if search_rows.is_staged(tx.session, entry_id) else EntryUnknown
            newest = repository.newest_checkpoint(tx.session, placed.origin.id)
            if newest is None:
                raise NotProvable
            return self._receipt(tx, placed, newest.note)

    def receipt_under(self, entry_id: str, published: Checkpoint) -> Receipt | None:
        """Under this checkpoint; None where it does not reach as far. Raises `NotProvable`."""
        with self._unit_of_work.read() as tx:
            placed = search_rows.placed_entry(tx.session, entry_id)
            if placed is None or placed.origin.name != published.origin or placed.number >= published.size:
                return None
            note = search_rows.note_at(tx.session, placed.origin.id, published.size)
            if note is None:
                raise NotProvable
            return self._receipt(tx, placed, note)

    def consistency(self, old: int, new: int) -> Consistency:
        """Of two sizes of the newest log, 0 < old <= new. Raises `NoSuchSizes`, `NotProvable`."""
        with self._unit_of_work.read() as tx:
            origin, newest = self._newest(tx)
            if not 0 < old <= new <= newest.size:
                raise NoSuchSizes(newest.size)
            tiles = StoredTiles(tx.session, origin.id)
            try:
                proof = consistency_proof(tiles, old, new)
                old_root, new_root = root_at(tiles, old), root_at(tiles, new)
                verify_consistency(old, new, proof, old_root, new_root)
                rest = consistency_proof(tiles, new, newest.size)
                verify_consistency(new, newest.size, rest, new_root, newest.root)
            except (ProofInvalid, LookupError):
                raise NotProvable from None
        return Consistency(origin.name, old, new, old_root, new_root, tuple(proof))

    def newest(self) -> Checkpoint:
        """What was signed last. Raises `NotProvable`, `NotNumberedYet`."""
        with self._unit_of_work.read() as tx:
            return self._newest(tx)[1]

    def verifier_keys(self) -> list[str]:
        """The verifier keys of each log, those of the newest first. Raises `NotNumberedYet`."""
        with self._unit_of_work.read() as tx:
            found = search_rows.origins(tx.session)
        if not found:
            raise NotNumberedYet
        return [VerifierKey(origin.name, public).text() for origin in found for public in self._keys.publics()]

    def _newest(self, tx: Transaction) -> tuple[Origin, Checkpoint]:
        origin = repository.newest_origin(tx.session)
        newest = repository.newest_checkpoint(tx.session, origin.id) if origin else None
        if origin is None or newest is None:
            raise NotNumberedYet
        return origin, self._opened(origin, newest.note)

    def _receipt(self, tx: Transaction, placed: PlacedEntry, note: str) -> Receipt:
        checkpoint = self._opened(placed.origin, note)
        tiles, entry = StoredTiles(tx.session, placed.origin.id), placed.entry or b""
        try:
            proof = inclusion_proof(tiles, placed.number, checkpoint.size)
            verify_inclusion(leaf_hash(entry), placed.number, checkpoint.size, proof, checkpoint.root)
            text = entry.decode()
        except (ValueError, LookupError):
            raise NotProvable from None
        return Receipt(placed.entry_id, text, placed.number, tuple(proof), note)

    def _opened(self, origin: Origin, note: str) -> Checkpoint:
        found = self._sequencer.signed_by_us(origin.name, note)
        if found is None:
            raise NotProvable
        return found


def in_base64(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]
