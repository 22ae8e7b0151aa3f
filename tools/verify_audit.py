"""Checks an audit log of Shiming that was exported: python verify_audit.py FOLDER [KEYS].

KEYS are verifier keys, one on a line, that you were given on another way than the folder; without it those in
FOLDER/key.txt are believed. Exits with 0 when the log is whole, 1 when it was tampered with, 2 when it cannot tell;
docs/audit-verification.md says what the kinds mean. Begin to read at `verify`. Trees are RFC 6962's, notes C2SP's.
"""

import base64
import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MEMBERS = {"v", "log", "id", "ts", "writer", "actor", "action", "object", "outcome", "reason", "case", "req", "commit"}
SEARCHED = ("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id", "id")
WIDTH = 256
Place = tuple[str, int, int | None]  # what, its first number, and its last one where only a range is known
Row = NamedTuple("Row", [("number", int), ("id", str), ("leaf", bytes), ("entry", bytes | None)])  # noqa: UP014


def opened(note: str, origin: str, keys: list[bytes]) -> tuple[int, bytes] | None:
    """Size and root of a note that one of the keys has signed for this log; None for any other."""
    body, _, signatures = note.rpartition("\n\n")
    for line, public in ((line, public) for line in signatures.splitlines() for public in keys):
        try:
            size, root = int(body.split("\n")[1]), base64.b64decode(body.split("\n")[2])
            signature = base64.b64decode(line.removeprefix(f"— {origin} "), validate=True)
            named = signature[:4] == sha256(origin.encode() + b"\n\1" + public).digest()[:4]
            if named and body == f"{origin}\n{size}\n{base64.b64encode(root).decode()}" and len(root) == len(public):
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], f"{body}\n".encode())
                return size, root
        except (ValueError, IndexError, InvalidSignature):
            continue
    return None


def root_of(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        above = [sha256(b"\1" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes = above + hashes[-1:] if len(hashes) % 2 else above
    return hashes[0] if hashes else sha256().digest()


class Tree:  # grows to the right; `levels` are the roots of its full tiles of 256, of the tiles of these, and so on
    def __init__(self) -> None:
        self.leaves, self.levels = list[bytes](), list[list[bytes]]()

    def resize(self, size: int, more: list[bytes]) -> None:
        self.leaves[size:] = more
        row, level = self.leaves, 0
        while len(row) >= WIDTH or level < len(self.levels):
            self.levels += [[]] if level == len(self.levels) else []
            roots = self.levels[level]
            del roots[size // WIDTH ** (level + 1) :]
            roots += [root_of(row[n : n + WIDTH]) for n in range(len(roots) * WIDTH, len(row) - WIDTH + 1, WIDTH)]
            row, level = roots, level + 1

    def root(self) -> bytes:
        found, below = b"", self.leaves
        for roots in [*self.levels, []]:
            edge, below = below[len(roots) * WIDTH :], roots
            while edge:
                width = len(edge) & -len(edge)
                part, edge = root_of(edge[-width:]), edge[:-width]
                found = sha256(b"\1" + part + found).digest() if found else part
        return found or sha256().digest()


def lines_of(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


class Log:
    def __init__(self, folder: Path, orphans: dict[str, bytes]) -> None:
        self.origin = (folder / "origin.txt").read_text(encoding="utf-8").strip()
        self.raws = (folder / "entries.jsonl").read_bytes().split(b"\n")[:-1]
        self.said, kept = lines_of(folder / "leaves.jsonl"), lines_of(folder / "checkpoints.jsonl")
        entries = [sha256(b"\0" + raw).digest() if raw else None for raw in self.raws]
        both = zip(self.said, entries, strict=True)
        self.rows = [Row(one["number"], one["id"], bytes.fromhex(one["hash"]), entry) for one, entry in both]
        self.by_number = {row.number: row for row in reversed(self.rows)}
        self.stands = {row.leaf: place for place, row in reversed(list(enumerate(self.rows)))}
        self.checkpoints = [(one["size"], bytes.fromhex(one["root"]), one["note"]) for one in kept]
        self.tiles, self.tiled = dict[tuple[int, int], tuple[bytes, bytes]](), dict[int, bytes]()
        for tile in lines_of(folder / "tiles.jsonl"):
            hashes, number = base64.b64decode(tile["hashes"]), tile["number"]
            self.tiles[tile["level"], number] = hashes, bytes.fromhex(tile["root"])
            if tile["level"] == 0 and len(hashes) == WIDTH * 32:
                self.tiled |= {number * WIDTH + n: hashes[n * 32 : n * 32 + 32] for n in range(WIDTH)}
        self.orphans, self.tree = orphans, Tree()

    def settle(self, signed: dict[int, bytes]) -> int | None:
        """Makes the tree that was signed, as far as something leads to it; the first signed size that nothing does."""
        first = 0
        for size, root in sorted(signed.items()):
            for guess in self.guesses(range(first, size)):
                self.tree.resize(first, guess)
                if self.tree.root() == root:
                    first = size
                    break
            else:
                self.tree.resize(first, [])
                return size
        return None

    def guesses(self, wanted: range) -> Iterator[list[bytes]]:
        """What these leaves may have been: by tiles, leaves, bytes; by what comes after a sure one; by their ids."""
        rows = [self.by_number.get(number, Row(0, "", b"", None)) for number in wanted]
        tiles, leaves, entries = [self.tiled.get(n) for n in wanted], [r.leaf for r in rows], [r.entry for r in rows]
        three = list(zip(tiles, leaves, entries, strict=True))
        for some in ([a or b for a, b, _ in three], leaves, [c or a for a, _, c in three]):
            if all(some):
                yield [one for one in some if one]
        begun = [one for n, one in enumerate(tiles) if one and all(tiles[:n])]
        sure = next((one for one in reversed(self.tree.leaves[: wanted.start] + begun) if one in self.stands), None)
        following = begun + [row.leaf for row in self.rows[self.stands[sure] + 1 :]] if sure else []
        every, batch = [(row.id, row.leaf) for row in self.rows], [(row.id, row.leaf) for row in rows]
        orders = [sorted(batch), sorted(every)[wanted.start :], sorted([*every, *self.orphans.items()])[wanted.start :]]
        by_id = ([leaf for _, leaf in order] for order in orders)
        yield from (some[: len(wanted)] for some in (following, *by_id) if len(some) >= len(wanted))

    def compare(self, broken: int | None, size: int) -> tuple[list[Place], set[bytes]]:
        """The leaves beside those that were signed: each difference; and the signed hashes that are nowhere."""
        rows, signed, found, missing = self.rows, self.tree.leaves, list[Place](), set[bytes]()
        belongs, stands = {leaf: n for n, leaf in enumerate(signed)}, {row.leaf: n for n, row in enumerate(rows)}
        here = at = 0
        while here < len(rows) and at < len(signed):
            row, place, later = rows[here], belongs.get(rows[here].leaf), stands.get(signed[at])
            again = place is not None and (place < at or stands[row.leaf] > here)
            if later is None:
                missing.add(signed[at])
                found.append(("entry-changed" if place is None else "leaf-missing", at, None))
                found += [("leaf-duplicated", row.number, None)] if again else []
                here, at = here + (place is None or again), at + 1
            elif row.leaf != signed[at] and later > here and (place is None or place < at):
                found.append(("leaf-inserted" if place is None else "leaf-duplicated", row.number, None))
                here += 1
            else:
                found += [("leaf-moved", at, None)] if row.leaf != signed[at] else []
                here, at = here + 1, at + 1
        missing |= set(signed[at:])
        found += [("leaf-missing", n, None) for n in range(at, len(signed))]
        rest, first = rows[here:], len(signed)
        if broken is None:
            found += [("leaf-duplicated" if row.leaf in belongs else "leaf-inserted", row.number, None) for row in rest]
            wrong = [n for n, row in enumerate(rows) if row.number != n]
            found += [("leaf-moved", wrong[0], None)] if wrong and not found else []
        else:
            more, gaps = len(rest) - (size - first), sorted(set(range(first, size)) - {row.number for row in rest})
            kind = ("history-rewritten", "leaf-inserted", "leaf-missing")[(more > 0) - (more < 0)]
            inner = more < 0 and gaps[0] < size - 1
            found.append((kind, gaps[0], None) if inner else (kind, first, broken - 1))
        return found, missing

    def misread(self, told: set[int]) -> Iterator[Place]:
        by_leaf = {row.leaf: row for row in self.rows}
        for row, said, raw in zip(self.rows, self.said, self.raws, strict=True):
            other, columns = by_leaf.get(row.entry or b""), searched_by(raw)
            if row.number in told or (row.entry == row.leaf and [said[name] for name in SEARCHED] == columns):
                continue
            kind = "entry-changed" if columns is None or row.entry != row.leaf else "search-column-changed"
            kind = "leaf-moved" if other and other is not row and other.entry == row.leaf else kind
            gone = "search-column-changed" if row.leaf in self.orphans.values() else "entry-missing"
            yield (gone if row.entry is None else kind), row.number, None

    def examine(self, keys: list[bytes], outside: list[tuple[str, bool]], lost: int) -> tuple[list[Place], set[bytes]]:
        """All that is wrong, and the signed hashes that are nowhere."""
        found, signed, largest = list[Place](), dict[int, bytes](), max((c[0] for c in self.checkpoints), default=0)
        for size, root, note in self.checkpoints:
            checkpoint = opened(note, self.origin, keys)
            signed |= dict([checkpoint] if checkpoint else [])
            found += [] if checkpoint == (size, root) else [("checkpoint-changed", size, None)]
        newest, most = max(signed, default=0), max(largest, len(self.rows))
        vouched = sorted((*note, head) for text, head in outside if (note := opened(text, self.origin, keys)))
        found += [("rolled-back", newest, None)] if any(one[0] > max(newest, most, lost) for one in vouched) else []
        signed = {size: root for size, root, _ in reversed(vouched) if newest < size <= most} | signed
        broken = self.settle(signed)
        places, missing = self.compare(broken, max(signed, default=0))
        places += list(self.misread({number for _, number, _ in places}))
        rows, known = [self.tree.leaves, *self.tree.levels], len(self.tree.leaves)
        cells = [(level, n, root) for level, roots in enumerate(rows[1:]) for n, root in enumerate(roots)]
        made = {(level, n): (b"".join(rows[level][n * WIDTH : n * WIDTH + WIDTH]), root) for level, n, root in cells}
        for level, n in made.keys() | self.tiles.keys():
            within = broken is None or (n + 1) * WIDTH ** (level + 1) <= known
            if within and made.get((level, n)) != self.tiles.get((level, n)):
                places.append(("tile-changed", n * WIDTH ** (level + 1), None))
        agreed = 0
        for size, root, head in (one for one in vouched if one[0] <= known):
            tree = Tree()
            tree.resize(0, self.tree.leaves[:size])
            if tree.root() != root:
                places.append(("history-rewritten" if head else "anchor-contradicts", agreed, size - 1))
                break
            agreed = size
            places += [("checkpoint-changed", size, None)] if size > largest else []
        return found + places, missing


def searched_by(raw: bytes) -> list[str] | None:
    """What an entry in canonical form is searched by; None for other bytes."""
    try:
        said = json.loads(raw)
        again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        kinds = {f"{of}_{name}": said[of][name] for of in ("actor", "object") for name in ("kind", "id")}
        found = ["".join(letter for letter in (said | kinds)[name][:200] if letter.isprintable()) for name in SEARCHED]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return found if again == raw and set(said) == MEMBERS else None


def verify(folder: Path, trusted: str | None = None) -> list[tuple[str, str, int | None, int | None]]:
    """Kind, log, first number and last number of all that is wrong."""
    lines = [line.split("+", 2) for line in (trusted or (folder / "key.txt").read_text()).split("\n") if line]
    keys, head = [base64.b64decode(key)[1:] for _, _, key in lines], folder / "head.note"
    outside = [(one["note"], False) for one in lines_of(folder / "anchors.txt")]
    outside += [(head.read_text(encoding="utf-8"), True)] if head.exists() else []
    staged, found, nowhere = lines_of(folder / "staged.jsonl"), list[tuple[str, str, int | None, int | None]](), set()
    bytes_of = {one["id"]: b"\0" + base64.b64decode(one["entry"]) for one in staged if one["entry"] is not None}
    orphans = {entry_id: sha256(raw).digest() for entry_id, raw in bytes_of.items()}
    logs = [Log(place, orphans) for place in sorted(folder.glob("[0-9]*"), key=lambda place: int(place.name))]
    firsts = [json.loads(log.raws[0]) for log in logs if log.raws and searched_by(log.raws[0])]
    recovered = [one for one in firsts if one["action"] == "audit.recovered" and one["case"]]
    lost = {one["object"]["id"]: int(one["case"].split(" ")[0]) for one in recovered}
    for log in logs:
        places, missing = log.examine(keys, outside, lost.get(log.origin, 0))
        found, nowhere = found + [(kind, log.origin, n, through) for kind, n, through in places], nowhere | missing
    notes = {(name, opened(note, name, keys) or (0, b"")) for note, _ in outside if (name := note.split("\n")[0])}
    named = {name for name, (size, _) in notes if size > lost.get(name, 0)}
    named |= {name for name, _, _ in lines if trusted and name not in lost}
    found += [("rolled-back", name, 0, None) for name in named - {log.origin for log in logs}]
    for one in staged:  # what is no entry was set aside
        said, gone = searched_by(bytes_of.get(one["id"], b"")[1:]) or [None], one["id"] not in orphans
        lost = said[-1] == one["id"] and not one["waiting"] and orphans[one["id"]] not in nowhere
        found += [("entry-missing" if gone else "staged-left-out", "", None, None)] if gone or lost else []
    return found


if __name__ == "__main__":
    try:
        faults = verify(Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8") if sys.argv[2:] else None)
    except (OSError, ValueError, LookupError, TypeError) as error:
        sys.exit(print(f"could not verify: {type(error).__name__}: {error}", file=sys.stderr) or 2)
    for kind, origin, number, through in faults:
        print(kind, "" if number is None else number, "" if through is None else f"to {through}", origin)
    sys.exit(print("tampered" if faults else "clean") or bool(faults))
