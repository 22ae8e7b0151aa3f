"""Where a log is no longer what was signed: of all that is kept, what still leads to the signed roots; pure.

Every hash of a leaf is kept up to three times: beside the leaf, in a tile, and as the bytes that it is the hash of. As
far as one of them leads to a signed root, the others can be held against it, hash by hash. Beyond that only the two
signed sizes are known between which something was changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.audit.findings import Kind
from app.audit.tree import Edge


@dataclass(frozen=True, slots=True)
class Row:
    """A leaf as it stands, and the hash of the bytes under its id; None where they are gone."""

    number: int
    entry_id: str
    leaf: bytes
    entry: bytes | None


@dataclass(frozen=True, slots=True)
class Kept:
    """All hashes of one log: its leaves by number, level 0 of its tiles, and what is staged without a leaf, by id."""

    rows: Sequence[Row]
    tiled: Mapping[int, bytes]
    orphans: Mapping[str, bytes]
    by_number: dict[int, Row] = field(default_factory=dict)
    stands: dict[bytes, int] = field(default_factory=dict)
    """Where among the rows a leaf hash stands."""

    def __post_init__(self) -> None:
        for place, row in reversed(list(enumerate(self.rows))):
            self.by_number[row.number] = row
            self.stands[row.leaf] = place


@dataclass(frozen=True, slots=True)
class Settled:
    """The leaf hashes that were signed, as far as they can be known; `broken` is the first signed size beyond."""

    hashes: Sequence[bytes]
    broken: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A finding that has no words yet."""

    kind: Kind
    number: int
    through: int | None = None


def settle(kept: Kept, signed: Sequence[tuple[int, bytes]]) -> Settled:
    """`signed` are sizes and roots, the smallest first."""
    hashes, edge = list[bytes](), Edge()
    for size, root in signed:
        for guess in _guesses(kept, hashes, size):
            grown = edge.copy()
            grown.append(guess)
            if grown.root() == root:
                edge = grown
                hashes += guess
                break
        else:
            return Settled(hashes, size)
    return Settled(hashes, None)


def _guesses(kept: Kept, before: Sequence[bytes], end: int) -> Iterator[list[bytes]]:
    """What the leaves after these, up to `end`, may have been when they were signed; the likely first."""
    numbers = range(len(before), end)
    rows = [kept.by_number.get(number) for number in numbers]
    tiled = [kept.tiled.get(number) for number in numbers]
    leaf = [row.leaf if row else None for row in rows]
    entry = [row.entry if row else None for row in rows]
    guesses: tuple[Sequence[bytes | None], ...] = (
        [one or other for one, other in zip(tiled, leaf, strict=True)],
        leaf,
        [one or other for one, other in zip(entry, tiled, strict=True)],
    )
    for some in guesses:
        known = [one for one in some if one]
        if len(known) == len(numbers):
            yield known
    begun = [one for one in tiled[: _unbroken(tiled)] if one]
    for some in (_following(kept, before, begun), *_in_order_of_ids(kept, numbers)):
        if len(some) >= len(numbers):
            yield some[: len(numbers)]


def _unbroken(hashes: Sequence[bytes | None]) -> int:
    return next((place for place, one in enumerate(hashes) if one is None), len(hashes))


def _following(kept: Kept, before: Sequence[bytes], begun: list[bytes]) -> list[bytes]:
    """The leaves that come after the last one that is sure, whatever numbers they bear now."""
    for sure in (*reversed(begun), *reversed(before)):
        if sure in kept.stands:
            return begun + [row.leaf for row in kept.rows[kept.stands[sure] + 1 :]]
    return []


def _in_order_of_ids(kept: Kept, numbers: range) -> Iterator[list[bytes]]:
    """Within a batch that is the order of the numbers; of all leaves it is, where no entry came late."""
    batch = [(row.entry_id, row.leaf) for number in numbers if (row := kept.by_number.get(number))]
    every = [(row.entry_id, row.leaf) for row in kept.rows]
    yield [leaf for _, leaf in sorted(batch)]
    yield [leaf for _, leaf in sorted(every)[numbers.start :]]
    yield [leaf for _, leaf in sorted([*every, *kept.orphans.items()])[numbers.start :]]


class Comparison:
    """The leaves of a log beside what was signed: each place where they differ, and how."""

    def __init__(self, rows: Sequence[Row], settled: Settled, size: int) -> None:
        self.places: list[Place] = []
        self.missing: set[bytes] = set()
        """Hashes of signed leaves that are nowhere."""
        self._rows = rows
        self._signed = settled.hashes
        left = self._walk()
        if settled.broken is None:
            self._end(left)
        else:
            self._bound(left, settled.broken, size)

    def _walk(self) -> int:
        """Side by side; how many rows were used up."""
        rows, signed = self._rows, self._signed
        belongs = {leaf: place for place, leaf in enumerate(signed)}
        stands = {row.leaf: place for place, row in enumerate(rows)}
        here = there = 0
        while here < len(rows) and there < len(signed):
            leaf, wanted = rows[here].leaf, signed[there]
            if leaf == wanted:
                here, there = here + 1, there + 1
                continue
            of_row, of_wanted = self._judge(rows[here].number, there, belongs.get(leaf), stands.get(wanted), here)
            if of_wanted and wanted not in stands:
                self.missing.add(wanted)
            if of_wanted and not of_row and stands.get(leaf, here) > here and wanted not in stands:
                of_row = True  # a later entry once more, in the place of this one
                self._add(Kind.LEAF_DUPLICATED, rows[here].number)
            here, there = here + of_row, there + of_wanted
        for place in range(there, len(signed)):
            self.missing.add(signed[place])
            self._add(Kind.LEAF_MISSING, place)
        self._belongs = belongs
        return here

    def _judge(self, number: int, there: int, belongs: int | None, stands: int | None, here: int) -> tuple[bool, bool]:
        """Of a leaf that is not what belongs in its place: whether to go on to the next leaf, and to the next place."""
        if stands is None and belongs is None:
            self._add(Kind.ENTRY_CHANGED, there)
            return True, True
        if stands is None:
            self._add(Kind.LEAF_MISSING, there)
            if belongs is not None and belongs < there:
                self._add(Kind.LEAF_DUPLICATED, number)
                return True, True
            return False, True
        if stands > here and belongs is None:
            self._add(Kind.LEAF_INSERTED, number)
            return True, False
        if stands > here and belongs is not None and belongs < there:
            self._add(Kind.LEAF_DUPLICATED, number)
            return True, False
        self._add(Kind.LEAF_MOVED, there)
        return True, True

    def _end(self, here: int) -> None:
        """Leaves beyond all that was signed; and numbers that are not what they should be where all else is right."""
        for row in self._rows[here:]:
            again = row.leaf in self._belongs
            self._add(Kind.LEAF_DUPLICATED if again else Kind.LEAF_INSERTED, row.number)
        if not self.places:
            wrong = next((place for place, row in enumerate(self._rows) if row.number != place), None)
            if wrong is not None:
                self._add(Kind.LEAF_MOVED, wrong)

    def _bound(self, here: int, broken: int, size: int) -> None:
        """What can be said where nothing that is kept leads to what was signed."""
        first, left = len(self._signed), len(self._rows) - here
        numbers = {row.number for row in self._rows[here:]}
        gap = next((number for number in range(first, size) if number not in numbers), None)
        if left < size - first and gap is not None and gap < size - 1:
            self._add(Kind.LEAF_MISSING, gap)
        elif left != size - first:
            kind = Kind.LEAF_MISSING if left < size - first else Kind.LEAF_INSERTED
            self.places.append(Place(kind, first, broken - 1))
        else:
            self.places.append(Place(Kind.HISTORY_REWRITTEN, first, broken - 1))

    def _add(self, kind: Kind, number: int) -> None:
        self.places.append(Place(kind, number))


def misplaced_bytes(rows: Sequence[Row]) -> Iterator[Place]:
    """Leaves whose bytes are gone, are another leaf's, or are not what the leaf is the hash of."""
    by_leaf = {row.leaf: row for row in rows}
    for row in rows:
        if row.entry is None:
            yield Place(Kind.ENTRY_MISSING, row.number)
        elif row.entry != row.leaf:
            other = by_leaf.get(row.entry)
            swapped = other is not None and other.entry == row.leaf
            yield Place(Kind.LEAF_MOVED if swapped else Kind.ENTRY_CHANGED, row.number)
