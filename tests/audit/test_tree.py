"""The tree agrees with the vectors of transparency-dev and with pymerkle, and never with anything else."""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from app.audit.tree import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Edge,
    ProofInvalid,
    Tile,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    root_at,
    root_of,
    split_tile,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "merkle"
LARGEST = 256
ENTRIES = [f"entry {number}".encode() for number in range(LARGEST)]
LEAVES = leaf_hashes(ENTRIES)


class KeptTiles:
    """Keeps what a database keeps: leaves, and full tiles."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.full: dict[tuple[int, int], Tile] = {}

    def append(self, edge: Edge, leaves: Sequence[bytes]) -> None:
        self.leaves += leaves
        for tile in edge.append(leaves):
            assert len(tile.hashes) == 32 * TILE_WIDTH
            assert (tile.level, tile.number) not in self.full
            self.full[tile.level, tile.number] = tile

    def hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        assert first // TILE_WIDTH == (first + count - 1) // TILE_WIDTH
        whole = self.full.get((level, first // TILE_WIDTH))
        if whole:
            start = first % TILE_WIDTH
            return split_tile(whole.hashes)[start : start + count]
        if level == 0:
            return self.leaves[first : first + count]
        return [self.full[level - 1, number].root for number in range(first, first + count)]


def _kept(leaves: Sequence[bytes], batch: int = 97) -> KeptTiles:
    tiles, edge = KeptTiles(), Edge()
    for start in range(0, len(leaves), batch):
        tiles.append(edge, leaves[start : start + batch])
    assert edge.size == len(leaves)
    return tiles


def _files(kind: str) -> Iterator[dict[str, Any]]:
    found = sorted((VECTORS / kind).rglob("*.json"))
    assert len(found) > 50
    for file in found:
        yield json.loads(file.read_text()) | {"file": str(file.relative_to(VECTORS))}


def _bytes(said: str | None) -> bytes:
    return base64.b64decode(said or "")


def test_every_vector_of_an_inclusion_proof_behaves_as_it_says() -> None:
    for vector in _files("inclusion"):
        proof = [_bytes(part) for part in vector["proof"] or []]
        leaf, root = _bytes(vector["leafHash"]), _bytes(vector["root"])
        wrong = None
        try:
            verify_inclusion(leaf, vector["leafIdx"], vector["treeSize"], proof, root)
        except ProofInvalid as invalid:
            wrong = invalid
        assert (wrong is not None) == vector["wantErr"], vector["file"]


def test_every_vector_of_a_consistency_proof_behaves_as_it_says() -> None:
    for vector in _files("consistency"):
        proof = [_bytes(part) for part in vector["proof"] or []]
        roots = _bytes(vector["root1"]), _bytes(vector["root2"])
        wrong = None
        try:
            verify_consistency(vector["size1"], vector["size2"], proof, *roots)
        except ProofInvalid as invalid:
            wrong = invalid
        assert (wrong is not None) == vector["wantErr"], vector["file"]


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        tree.append_entry(entry)
    return tree


@pytest.fixture(scope="module")
def tiles() -> KeptTiles:
    return _kept(LEAVES)


def test_roots_of_all_sizes_agree_with_pymerkle(oracle: InmemoryTree, tiles: KeptTiles) -> None:
    assert root_of([]) == root_at(tiles, 0) == Edge().root() == EMPTY_ROOT == oracle.get_root(0)
    edge = Edge()
    for size in range(1, LARGEST + 1):
        edge.append([LEAVES[size - 1]])
        assert edge.root() == root_at(tiles, size) == root_of(LEAVES[:size]) == oracle.get_root(size)


@pytest.fixture(scope="module")
def sizes(pytestconfig: pytest.Config) -> Sequence[int]:
    """All of them in the long form."""
    return range(1, LARGEST + 1) if pytestconfig.option.long else (*range(1, 50), 63, 64, 65, 127, 128, 129, 200, 256)


def test_inclusion_proofs_of_every_leaf_agree_with_pymerkle(
    oracle: InmemoryTree, tiles: KeptTiles, sizes: Sequence[int]
) -> None:
    for size in sizes:
        root = root_of(LEAVES[:size])
        for number in range(size):
            proof = inclusion_proof(tiles, number, size)
            leaf, *path = oracle.prove_inclusion(number + 1, size).path
            assert (leaf, path) == (LEAVES[number], proof)
            verify_inclusion(leaf, number, size, proof, root)


def test_consistency_proofs_agree_with_the_rfc_over_the_subtrees_of_pymerkle(
    oracle: InmemoryTree, tiles: KeptTiles, sizes: Sequence[int]
) -> None:
    """pymerkle's own consistency proofs have a shape of their own; its hashes have not."""

    def subproof(old: int, first: int, end: int, *, whole: bool) -> list[bytes]:
        """SUBPROOF of RFC 9162 part 2.1.4.1, word for word."""
        width = end - first
        if old == width:
            return [] if whole else [oracle._get_root(first, end)]
        half = 1
        while half * 2 < width:
            half *= 2
        if old <= half:
            return [*subproof(old, first, first + half, whole=whole), oracle._get_root(first + half, end)]
        return [*subproof(old - half, first + half, end, whole=False), oracle._get_root(first, first + half)]

    for new in sizes:
        for old in range(1, new + 1):
            proof = consistency_proof(tiles, old, new)
            assert proof == subproof(old, 0, new, whole=True)
            verify_consistency(old, new, proof, oracle.get_root(old), oracle.get_root(new))


def test_a_tree_of_many_tiles_proves_itself_however_its_leaves_came() -> None:
    """70,000 leaves fill a tile of the second level."""
    leaves = leaf_hashes(str(number).encode() for number in range(70_000))
    one, other = _kept(leaves, batch=70_000), _kept(leaves, batch=1_999)
    assert one.full == other.full
    assert {level for level, _ in one.full} == {0, 1}
    for size in (1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000):
        assert root_at(one, size) == root_of(leaves[:size]) == Edge.read(size, one).root()
        for number in {0, size // 2, size - 1}:
            proof = inclusion_proof(one, number, size)
            verify_inclusion(leaves[number], number, size, proof, root_at(one, size))
        proof = consistency_proof(one, size, 70_000)
        verify_consistency(size, 70_000, proof, root_at(one, size), root_at(one, 70_000))


@given(st.integers(1, 1200), st.integers(1, 600), st.integers(1, 600))
def test_an_edge_that_was_read_again_grows_like_one_that_was_kept(size: int, more: int, batch: int) -> None:
    leaves = leaf_hashes(str(number).encode() for number in range(size + more))
    tiles = _kept(leaves[:size], batch)
    edge = Edge.read(size, tiles)
    kept = edge.copy()
    tiles.append(edge, leaves[size:])
    assert edge.root() == root_of(leaves) == root_at(tiles, size + more)
    assert (kept.size, kept.root()) == (size, root_of(leaves[:size]))


@given(st.integers(1, 300), st.data())
def test_no_proof_holds_for_another_leaf_place_or_size(size: int, data: st.DataObject) -> None:
    leaves = leaf_hashes(str(number).encode() for number in range(size))
    tiles, root = _kept(leaves), root_of(leaves)
    number = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tiles, number, size)
    other = data.draw(st.integers(-1, size + 1).filter(lambda place: place != number))
    for leaf, place, bogus in (
        (leaf_hash(b"another"), number, proof),
        (leaves[number], other, proof),
        (leaves[number], number, [*proof, root]),
        (leaves[number], number, [*proof[1:]] if proof else [root]),
    ):
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaf, place, size, bogus, root)


def test_what_is_no_leaf_or_no_pair_of_trees_has_no_proof() -> None:
    tiles = _kept(LEAVES)
    for number, size in ((-1, 1), (1, 1), (0, 0)):
        with pytest.raises(ValueError, match="no such leaf"):
            inclusion_proof(tiles, number, size)
    for old, new in ((0, 1), (2, 1), (-1, 1)):
        with pytest.raises(ValueError, match="no such two trees"):
            consistency_proof(tiles, old, new)
