"""The Merkle tree of the log: hashes, proofs and their verification; no file, database or clock. Source: RFC 6962.

Hashes are kept in tiles of 256, as C2SP tlog-tiles has them: level L holds hashes of height 8 L, and only full tiles
are stored. So a batch, a proof or a root never reads more than some hundred hashes of each level.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256().digest()
_LEAF, _NODE = b"\x00", b"\x01"


class ProofInvalid(ValueError):
    """The proof does not show what it should."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes one after the other, and the root above them, which is a hash of the next level."""

    level: int
    number: int
    hashes: bytes
    root: bytes


class Tiles(Protocol):
    """Where the hashes of a tree are kept."""

    def hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """So many hashes of a level from `first` on; nobody asks across a multiple of 256."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(_LEAF + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    return [sha256(_LEAF + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over any number of leaf hashes. A lone last hash rises as it is, which is what RFC 6962 says."""
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        above = [sha256(_NODE + left + right).digest() for left, right in pairs]
        hashes = [*above, hashes[-1]] if len(hashes) % 2 else above
    return hashes[0]


def split_tile(hashes: bytes) -> list[bytes]:
    """The hashes of a tile, one by one."""
    return [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]


class Edge:
    """The right edge of a growing tree: of each level the hashes that fill no tile yet."""

    def __init__(self, size: int = 0, rows: Iterable[Sequence[bytes]] = ()) -> None:
        self._size = size
        self._rows = [list(row) for row in rows]

    @classmethod
    def read(cls, size: int, tiles: Tiles) -> "Edge":
        """The edge of a tree that is kept: at most 255 hashes of each level."""
        rows, count, level = [], size, 0
        while count:
            part = count % TILE_WIDTH
            rows.append(tiles.hashes(level, count - part, part) if part else ())
            count, level = count // TILE_WIDTH, level + 1
        return cls(size, rows)

    @property
    def size(self) -> int:
        return self._size

    def copy(self) -> "Edge":
        return Edge(self._size, self._rows)

    def append(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Adds leaf hashes; the tiles that this filled, which the caller keeps."""
        filled: list[Tile] = []
        rising, size_before, level = leaves, self._size, 0
        self._size += len(leaves)
        while rising:
            full = self._fill(level, size_before >> TILE_HEIGHT * level, rising)
            filled += full
            rising, level = [tile.root for tile in full], level + 1
        return filled

    def _fill(self, level: int, count: int, hashes: Sequence[bytes]) -> list[Tile]:
        """`count` is how many hashes this level had before."""
        if level == len(self._rows):
            self._rows.append([])
        row = [*self._rows[level], *hashes]
        first, whole = count // TILE_WIDTH, len(row) // TILE_WIDTH
        self._rows[level] = row[whole * TILE_WIDTH :]
        parts = (row[number * TILE_WIDTH : (number + 1) * TILE_WIDTH] for number in range(whole))
        return [Tile(level, first + place, b"".join(part), root_of(part)) for place, part in enumerate(parts)]

    def root(self) -> bytes:
        """The root of all leaves so far: perfect subtrees, the smallest and rightmost first."""
        root = b""
        for row in self._rows:
            end = len(row)
            while end:
                width = end & -end
                subtree = root_of(row[end - width : end])
                root = node_hash(subtree, root) if root else subtree
                end -= width
        return root or EMPTY_ROOT


def root_at(tiles: Tiles, size: int) -> bytes:
    """The root that the tree had when it held so many leaves."""
    return _range_root(tiles, 0, size) if size else EMPTY_ROOT


def inclusion_proof(tiles: Tiles, number: int, size: int) -> list[bytes]:
    """That leaf `number` (from 0) is in the tree of `size` leaves. Source: RFC 9162 part 2.1.3.1."""
    if not 0 <= number < size:
        raise ValueError("no such leaf in a tree of this size")
    path, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        path.append((middle, end) if number < middle else (first, middle))
        first, end = (first, middle) if number < middle else (middle, end)
    return [_range_root(tiles, *part) for part in reversed(path)]


def consistency_proof(tiles: Tiles, old: int, new: int) -> list[bytes]:
    """That the tree of `new` leaves begins with that of `old` leaves; 0 < old. Source: RFC 9162 part 2.1.4.1."""
    if not 0 < old <= new:
        raise ValueError("no such two trees")
    path, first, end = [], 0, new
    while end != old:
        middle = first + _split(end - first)
        path.append((middle, end) if old <= middle else (first, middle))
        first, end = (first, middle) if old <= middle else (middle, end)
    if first:
        path.append((first, end))
    return [_range_root(tiles, *part) for part in reversed(path)]


def verify_inclusion(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises `ProofInvalid`. Source: RFC 9162 part 2.1.3.2."""
    if not 0 <= number < size or not _are_hashes(leaf, root, *proof):
        raise ProofInvalid("no proof for a leaf of this tree")
    place, last, found = number, size - 1, leaf
    for sibling in proof:
        if not last:
            raise ProofInvalid("too long")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            place, last = _past_zeros(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last or found != root:
        raise ProofInvalid("it leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises `ProofInvalid`; of an empty tree nothing can be shown. Source: RFC 9162 part 2.1.4.2."""
    if 0 < old == new and not proof and old_root == new_root:
        return
    if not 0 < old < new or not _are_hashes(old_root, new_root, *proof):
        raise ProofInvalid("no proof for two trees of these sizes")
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofInvalid("too short")
    place, last = _past_ones(old - 1, new - 1)
    found_old = found_new = path[0]
    for sibling in path[1:]:
        if not last:
            raise ProofInvalid("too long")
        if place % 2 or place == last:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
            place, last = _past_zeros(place, last)
        else:
            found_new = node_hash(found_new, sibling)
        place, last = place >> 1, last >> 1
    if last or found_old != old_root or found_new != new_root:
        raise ProofInvalid("it leads to other roots")


def _past_zeros(place: int, last: int) -> tuple[int, int]:
    while place and not place % 2:
        place, last = place >> 1, last >> 1
    return place, last


def _past_ones(place: int, last: int) -> tuple[int, int]:
    while place % 2:
        place, last = place >> 1, last >> 1
    return place, last


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _split(width: int) -> int:
    """The largest power of two below."""
    return 1 << (width - 1).bit_length() - 1


def _range_root(tiles: Tiles, first: int, end: int) -> bytes:
    """The root over leaves from `first` up to `end`, a subtree of the whole."""
    width = end - first
    if width & (width - 1):
        middle = first + _split(width)
        return node_hash(_range_root(tiles, first, middle), _range_root(tiles, middle, end))
    level, above = divmod(width.bit_length() - 1, TILE_HEIGHT)
    return root_of(tiles.hashes(level, first >> TILE_HEIGHT * level, 1 << above))
