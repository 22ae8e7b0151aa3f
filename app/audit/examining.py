"""The examination of one log: whether it is what was signed, and if not, where and how."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy.orm import Session

from app.audit import verify_rows
from app.audit.canonical import Columns, columns_of, columns_of_one
from app.audit.evidence import Trust, Vouched
from app.audit.findings import TOLD, Finding, Kind
from app.audit.locating import Comparison, Kept, Place, Row, Settled, misplaced_bytes, settle
from app.audit.repository import Origin
from app.audit.tree import HASH_BYTES, TILE_WIDTH, Edge, Tile, leaf_hash, leaf_hashes, split_tile
from app.audit.verify_rows import PIECE, Piece, StagedSeen, TileSeen

_SAID = {
    Kind.HISTORY_REWRITTEN: "From here on the log is not what was signed.",
    Kind.LEAF_MISSING: "The leaf that was signed here is gone.",
    Kind.LEAF_INSERTED: "This leaf is in no signed tree.",
    Kind.LEAF_MOVED: "What stands here was signed in another place.",
    Kind.LEAF_DUPLICATED: "This leaf stands in the log a second time.",
    Kind.ENTRY_MISSING: "The bytes of this entry are gone.",
    Kind.ENTRY_CHANGED: "The bytes or the leaf of this entry are not what was signed.",
    Kind.SEARCH_COLUMN_CHANGED: "What this entry is searched by is not what it says.",
}


class Log:
    """One log beside all that was signed of it. Call `examine` once."""

    def __init__(
        self,
        session: Session,
        origin: Origin,
        trust: Trust,
        vouched: Sequence[Vouched],
        orphans: Callable[[], Sequence[StagedSeen]],
    ) -> None:
        self._session = session
        self._origin = origin
        self._trust = trust
        self._orphans = orphans
        self._vouched = vouched
        self.signed = 0
        """The largest size that a checkpoint of the database is signed for."""
        self.agreed = 0
        """Up to which size something outside agrees with what is here."""
        self.size = verify_rows.count_leaves(session, origin.id)
        self.findings: list[Finding] = []
        self.missing: set[bytes] = set()
        """Hashes of signed leaves that are nowhere: who finds their bytes has found no entry that was left out."""
        self._signed_by: list[tuple[int, int]] = [(one.size, -one.age) for one in vouched]

    def examine(self, lost: int, newest_key: int) -> int:
        """Of a log of which a later one shows that so many entries had been signed, so many may be gone.

        Takes the age of the newest key that has signed an earlier log, and returns that of the newest up to this one.
        """
        signed, largest = self._read_checkpoints()
        newest = self.signed = max(signed, default=0)
        most = max(newest, largest, self.size)
        for one in self._vouched:
            if newest < one.size <= most:
                signed.setdefault(one.size, one.root)
        gone = max((one.size for one in self._vouched), default=0)
        if gone > max(most, lost):
            self._tell(Kind.ROLLED_BACK, newest, f"A tree of {gone} entries was signed, and this one is shorter.")
        sizes = sorted({*signed, *(one.size for one in self._vouched)})
        roots = self._roots(sizes)
        end = max(signed, default=0)
        if roots is None or self.size != end or any(roots[size] != root for size, root in signed.items()):
            roots = self._locate(sorted(signed.items()), sizes)
        self._examine_outside(roots, largest)
        return self._examine_keys(newest_key)

    def _read_checkpoints(self) -> tuple[dict[int, bytes], int]:
        """What the database's checkpoints say that is signed; and the largest size of any of them."""
        signed, largest, wrong = dict[int, bytes](), 0, list[int]()
        for seen in verify_rows.checkpoints(self._session, self._origin.id):
            largest = max(largest, seen.size)
            opened = self._trust.open(self._origin.name, seen.note)
            checkpoint = opened.checkpoint if opened else None
            if opened and checkpoint:
                signed[checkpoint.size] = checkpoint.root
                self._signed_by.append((checkpoint.size, -opened.age))
            if checkpoint is None or (checkpoint.size, checkpoint.root) != (seen.size, seen.root):
                wrong.append(seen.size)
        for size in wrong[:TOLD]:
            self._tell(Kind.CHECKPOINT_CHANGED, size, "This checkpoint is not signed, or is not what its note says.")
        return signed, largest

    def _examine_keys(self, newest: int) -> int:
        """A key signs no larger tree once a newer one has signed: whoever signs so has kept what should be gone."""
        wrong = list[int]()
        for size, negative_age in sorted(set(self._signed_by)):
            if -negative_age > newest:
                wrong.append(size)
            newest = min(newest, -negative_age)
        for size in dict.fromkeys(wrong[:TOLD]):
            self._tell(Kind.KEY_SUPERSEDED, size, "This was signed by a key that a newer one had replaced before.")
        return newest

    def _roots(self, sizes: Sequence[int]) -> dict[int, bytes] | None:
        """The roots at these sizes, as far as there are leaves; None unless all that is kept of a leaf agrees."""
        edge, roots, left = Edge(), dict[int, bytes](), [size for size in reversed(sizes) if size <= self.size]
        above = list[TileSeen]()
        for first in range(0, self.size, PIECE):
            end = min(first + PIECE, self.size)
            piece = verify_rows.read_piece(self._session, self._origin.id, first, end)
            hashes = checked(piece)
            if hashes is None:
                return None
            tiles, at = list[Tile](), piece.first
            while left and left[-1] <= piece.end:
                size = left.pop()
                tiles += edge.append(hashes[at - piece.first : size - piece.first])
                roots[size], at = edge.root(), size
            tiles += edge.append(hashes[at - piece.first :])
            made = [TileSeen(tile.level, tile.number, tile.hashes, tile.root) for tile in tiles]
            if [tile for tile in made if tile.level == 0] != piece.tiles:
                return None
            above += [tile for tile in made if tile.level]
        roots.update((size, edge.root()) for size in left)  # of an empty log
        above.sort(key=lambda tile: (tile.level, tile.number))
        whole = verify_rows.count_tiles(self._session, self._origin.id) == self.size // TILE_WIDTH + len(above)
        return roots if whole and above == verify_rows.tiles_above(self._session, self._origin.id) else None

    def _locate(self, signed: Sequence[tuple[int, bytes]], sizes: Sequence[int]) -> dict[int, bytes]:
        """Says where the log is not what was signed; the roots at these sizes, as far as they can be known."""
        seen = list(verify_rows.leaves(self._session, self._origin.id))
        rows = [
            Row(leaf.number, leaf.entry_id, leaf.leaf_hash, None if leaf.entry is None else leaf_hash(leaf.entry))
            for leaf in seen
        ]
        tiles = list(verify_rows.tiles(self._session, self._origin.id))
        orphans = {staged.id: leaf_hash(staged.entry) for staged in self._orphans() if staged.entry is not None}
        kept = Kept(rows, _hashes_in(tiles), orphans)
        settled = settle(kept, signed)
        compared = Comparison(rows, settled, max((size for size, _ in signed), default=0))
        self.missing |= compared.missing
        told = {place.number for place in compared.places}
        places = [*compared.places, *(place for place in misplaced_bytes(rows) if place.number not in told)]
        told = {place.number for place in places}
        orphaned = {leaf: entry_id for entry_id, leaf in orphans.items()}
        places = [_renamed(place, kept, orphaned, self.missing) for place in places]
        for leaf in seen:
            if leaf.number not in told and leaf.entry is not None:
                places += _misread(leaf.number, leaf.columns, leaf.entry)
        self._tell_all(places)
        self._compare_tiles(tiles, settled)
        return _roots_of(settled.hashes, sizes)

    def _tell_all(self, places: Iterable[Place]) -> None:
        counts: dict[Kind, int] = {}
        for place in sorted(places, key=lambda place: place.number):
            counts[place.kind] = counts.get(place.kind, 0) + 1
            if counts[place.kind] <= TOLD:
                self._tell(place.kind, place.number, _SAID[place.kind], place.through)

    def _compare_tiles(self, tiles: Sequence[TileSeen], settled: Settled) -> None:
        """With what they must be; beyond what can be known, only whether there are leaves for them."""
        expected = {(tile.level, tile.number): tile for tile in Edge().append(settled.hashes)}
        found = {(tile.level, tile.number): tile for tile in tiles}
        wrong = list[tuple[int, int]]()
        for key in sorted({*expected, *found}):
            tile, stored = expected.get(key), found.get(key)
            beyond = (key[1] + 1) * TILE_WIDTH ** (key[0] + 1) > len(settled.hashes)
            if beyond and settled.broken is not None:
                continue
            if not tile or not stored or (tile.hashes, tile.root) != (stored.hashes, stored.root):
                wrong.append(key)
        for level, number in wrong[:TOLD]:
            said = f"Tile {number} of level {level} is not what its leaves make."
            self._tell(Kind.TILE_CHANGED, number * TILE_WIDTH ** (level + 1), said)

    def _examine_outside(self, roots: dict[int, bytes], largest: int) -> None:
        """What lies outside the database, beside the roots of the log: where the first of them disagrees.

        What is longer than the log is still held against each other.
        """
        known = dict(roots)
        for one in self._vouched:
            is_here = one.size in roots
            if known.setdefault(one.size, one.root) == one.root:
                self.agreed = max(self.agreed, one.size) if is_here else self.agreed
                if is_here and one.size > largest:
                    self._tell(Kind.CHECKPOINT_CHANGED, one.size, "This checkpoint was signed, and is gone.")
                continue
            kind = Kind.HISTORY_REWRITTEN if one.is_head else Kind.ANCHOR_CONTRADICTS
            where = "audit-head.note" if one.is_head else "an anchor"
            said = f"For {one.size} entries {where} holds another signed root."
            self._tell(kind, self.agreed, said, one.size - 1)
            return

    def _tell(self, kind: Kind, number: int, sentence: str, through: int | None = None) -> None:
        self.findings.append(Finding(kind, self._origin.name, number, sentence, through))


def checked(piece: Piece) -> list[bytes] | None:
    """The hashes of these leaves, where numbers, bytes, stored hashes and search columns are as they must be."""
    entries = [entry for entry in piece.entries if entry is not None]
    if not len(piece.leaves) == len(entries) == piece.end - piece.first:
        return None
    if [row[0] for row in piece.leaves] != list(range(piece.first, piece.end)):
        return None
    hashes, columns = leaf_hashes(entries), [row[2:] for row in piece.leaves]
    if [row[1] for row in piece.leaves] != hashes:
        return None
    if columns_of(entries) != columns and [columns_of_one(entry) for entry in entries] != columns:
        return None
    return hashes


def _hashes_in(tiles: Iterable[TileSeen]) -> dict[int, bytes]:
    """The leaf hashes of tiles, by number."""
    found = dict[int, bytes]()
    for tile in tiles:
        if tile.level == 0 and len(tile.hashes) == HASH_BYTES * TILE_WIDTH:
            found.update(enumerate(split_tile(tile.hashes), tile.number * TILE_WIDTH))
    return found


def _renamed(place: Place, kept: Kept, orphaned: dict[bytes, str], missing: set[bytes]) -> Place:
    """A leaf whose bytes are gone, while they stand staged under another id, has had its id changed."""
    row = kept.by_number.get(place.number)
    if place.kind is Kind.ENTRY_MISSING and row and row.leaf in orphaned:
        missing.add(row.leaf)
        return Place(Kind.SEARCH_COLUMN_CHANGED, place.number)
    return place


def _misread(number: int, columns: Columns, entry: bytes) -> Iterator[Place]:
    found = columns_of_one(entry)
    if found is None:
        yield Place(Kind.ENTRY_CHANGED, number)
    elif found != columns:
        yield Place(Kind.SEARCH_COLUMN_CHANGED, number)


def _roots_of(hashes: Sequence[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    edge, roots = Edge(), dict[int, bytes]()
    for size in sorted(sizes):
        if size <= len(hashes):
            edge.append(hashes[edge.size : size])
            roots[size] = edge.root()
    return roots
