"""Checks an audit log of Shiming that was exported: python verify_audit.py FOLDER [KEYS]. Begin to read at `verify`.

KEYS: verifier keys from elsewhere, one on a line, the newest first; without it those in FOLDER are believed. Exits with
0: whole, 1: tampered with, 2: it cannot tell (docs/audit-verification.md). Trees: RFC 6962; notes: C2SP.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MEMBERS = dict.fromkeys(("id", "ts", "action", "outcome", "reason", "case", "req", "commit"))
SHAPE = {"actor": {}, "object": {}, "v": 1, "log": "shiming", "writer": "service"} | MEMBERS
SEARCHED = ("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id", "id")
WIDTH, NO_END, LONGEST_NOTE, EMPTY = 256, 10**19, 8192, sha256().digest()
SIGNATURES = r"((?:— [!-*,-~]{1,200} [A-Za-z0-9+/]{4,400}={0,2}\n)+)"
NOTE = re.compile(r"([!-*,-~]{1,200})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n\n" + SIGNATURES)
Place = tuple[str, int, int | None]  # what, its first number, and its last one where only a range is known
Told = tuple[str, str, int | None, int | None]  # likewise, with the log
Note = tuple[int, bytes, bool, int]  # size and root from outside, whether of a head, and how old its key is
Row = NamedTuple("Row", [("number", int), ("id", str), ("leaf", bytes), ("entry", bytes | None)])  # noqa: UP014


def opened(note: str, keys: list[bytes]) -> tuple[int, bytes, int] | None:
    """Size and root of a note that a key has signed for the log it names, and that key's age, 0 for the newest."""
    read, body = NOTE.fullmatch(note), note.rpartition("\n\n")[0] + "\n"
    if not read or len(note) > LONGEST_NOTE or base64.b64encode(root := base64.b64decode(read[3])).decode() != read[3]:
        return None
    for age, public, line in ((age, key, line) for age, key in enumerate(keys) for line in read[4].splitlines()):
        with suppress(ValueError, InvalidSignature):
            raw = base64.b64decode(line.split(" ")[2], validate=True)
            named = raw[:4] == sha256(read[1].encode() + b"\n\1" + public).digest()[:4]
            if named and line == f"— {read[1]} {base64.b64encode(raw).decode()}":
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], body.encode())
                return int(read[2]), root, age
    return None


def grown(peaks: list[bytes], size: int, more: list[bytes]) -> list[bytes]:
    """The roots of the full subtrees of a tree, the largest first, when it gets these leaves more."""
    peaks = peaks[:]
    for number, leaf in enumerate(more, size):
        while number % 2:
            leaf, number = sha256(b"\1" + peaks.pop() + leaf).digest(), number // 2  # noqa: PLW2901 -- it climbs
        peaks.append(leaf)
    return peaks


def root_of(peaks: list[bytes]) -> bytes:
    return reduce(lambda root, peak: sha256(b"\1" + peak + root).digest(), reversed(peaks)) if peaks else EMPTY


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
        begun = map(json.loads, takewhile(searched_by, self.raws))
        self.recoveries = list(takewhile(lambda one: one["action"] == "audit.recovered", begun))
        self.orphans, self.signed = orphans, list[bytes]()  # these are the leaves that were signed

    def settle(self, signed: dict[int, bytes]) -> int | None:
        """Finds what was signed, as far as something leads to it; the first signed size that nothing leads to."""
        peaks = list[bytes]()
        for size, root in sorted(signed.items()):
            known = len(self.signed)
            tried = ((grown(peaks, known, guess), guess) for guess in self.guesses(range(known, size)))
            if (fit := next((one for one in tried if root_of(one[0]) == root), None)) is None:
                return size
            peaks, self.signed[size:] = fit
        return None

    def guesses(self, wanted: range) -> Iterator[list[bytes]]:
        """What these leaves may have been: by tiles, leaves, bytes; by what comes after a sure one; by their ids."""
        rows = [self.by_number.get(number, Row(0, "", b"", None)) for number in wanted]
        tiles, leaves, entries = [self.tiled.get(n) for n in wanted], [r.leaf for r in rows], [r.entry for r in rows]
        three = list(zip(tiles, leaves, entries, strict=True))
        tried = ([a or b for a, b, _ in three], leaves, [c or a for a, _, c in three])
        yield from ([one for one in some if one] for some in tried if all(some))
        begun = [one for n, one in enumerate(tiles) if one and all(tiles[:n])]
        sure = next((one for one in reversed(self.signed + begun) if one in self.stands), None)
        following = begun + [row.leaf for row in self.rows[self.stands[sure] + 1 :]] if sure else []
        every, batch = [(row.id, row.leaf) for row in self.rows], [(row.id, row.leaf) for row in rows]
        orders = [sorted(batch), sorted(every)[wanted.start :], sorted([*every, *self.orphans.items()])[wanted.start :]]
        by_id = ([leaf for _, leaf in order] for order in orders)
        yield from (some[: len(wanted)] for some in (following, *by_id) if len(some) >= len(wanted))

    def compare(self, broken: int | None, size: int) -> tuple[list[Place], set[bytes]]:
        """The leaves beside those that were signed: each difference; and the signed hashes that are nowhere."""
        rows, signed, found = self.rows, self.signed, list[Place]()
        belongs, stands = {leaf: n for n, leaf in enumerate(signed)}, {row.leaf: n for n, row in enumerate(rows)}
        here = at = 0
        while here < len(rows) and at < len(signed):
            row, place, later = rows[here], belongs.get(rows[here].leaf), stands.get(signed[at])
            again = place is not None and (place < at or stands[row.leaf] > here)
            if later is None:
                found.append(("entry-changed" if place is None else "leaf-missing", at, None))
                found += [("leaf-duplicated", row.number, None)] if again else []
                here, at = here + (place is None or again), at + 1
            elif row.leaf != signed[at] and later > here and (place is None or place < at):
                found.append(("leaf-inserted" if place is None else "leaf-duplicated", row.number, None))
                here += 1
            else:
                found += [("leaf-moved", at, None)] if row.leaf != signed[at] else []
                here, at = here + 1, at + 1
        found += [("leaf-missing", n, None) for n in range(at, len(signed))]
        rest, first = rows[here:], len(signed)
        if broken is None:
            found += [("leaf-duplicated" if row.leaf in belongs else "leaf-inserted", row.number, None) for row in rest]
            found += [("leaf-moved", n, None) for n, row in enumerate(rows) if row.number != n and not found][:1]
        else:
            more, gaps = len(rest) - (size - first), sorted(set(range(first, size)) - {row.number for row in rest})
            kind = ("history-rewritten", "leaf-inserted", "leaf-missing")[(more > 0) - (more < 0)]
            found.append((kind, gaps[0], None) if more < 0 and gaps[0] < size - 1 else (kind, first, broken - 1))
        return found, set(signed) - stands.keys() | set(signed[at:])

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

    def examine(self, keys: list[bytes], vouched: list[Note], ends: list[int]) -> tuple[list[Place], set[bytes], int]:
        """All that is wrong, the signed hashes that are nowhere, and how old the newest key is that signed so far."""
        kept = [(c[:2], opened(c[2], keys) if c[2].startswith(f"{self.origin}\n") else None) for c in self.checkpoints]
        found = [("checkpoint-changed", said[0], None) for said, note in kept if not note or note[:2] != said]
        lost, end, newest_key = ends
        signed, largest = {note[0]: note[1] for _, note in kept if note}, max((said[0] for said, _ in kept), default=0)
        for size, negative_age in sorted({(n[0], -n[2]) for _, n in kept if n} | {(v[0], -v[3]) for v in vouched}):
            found += [("key-superseded", size, None)] if -negative_age > newest_key else []
            newest_key = min(newest_key, -negative_age)
        newest, most = max(signed, default=0), max(largest, len(self.rows))
        found += [("history-rewritten", max(end, 0), None)] if newest > end else []
        found += [("rolled-back", newest, None)] if any(one[0] > max(newest, most, lost) for one in vouched) else []
        signed = {size: root for size, root, _, _ in reversed(vouched) if newest < size <= most} | signed
        broken = self.settle(signed)
        places, missing = self.compare(broken, max(signed, default=0))
        places += list(self.misread({number for _, number, _ in places}))
        row, level, known, made = self.signed, 0, len(self.signed), dict[tuple[int, int], tuple[bytes, bytes]]()
        while parts := [row[n : n + WIDTH] for n in range(0, len(row) - WIDTH + 1, WIDTH)]:
            row = [root_of(grown([], 0, part)) for part in parts]
            made |= {(level, n): (b"".join(parts[n]), root) for n, root in enumerate(row)}
            level += 1
        wide = {(n, WIDTH ** (level + 1)) for (level, n), _ in made.items() ^ self.tiles.items()}
        places += [("tile-changed", n * width, None) for n, width in wide if broken is None or (n + 1) * width <= known]
        agreed, at, peaks, longer = 0, 0, list[bytes](), dict[int, bytes]()
        for size, root, head, _ in vouched:
            peaks, at = grown(peaks, at, self.signed[at:size]), min(size, known)
            if (root_of(peaks) if size <= known else longer.setdefault(size, root)) != root:
                places.append(("history-rewritten" if head else "anchor-contradicts", agreed, size - 1))
                break
            agreed = size if size <= known else agreed
            places += [("checkpoint-changed", size, None)] if largest < size <= known else []
        return found + places, missing, newest_key


def searched_by(raw: bytes) -> list[str] | None:
    """What an entry in canonical form is searched by; None for other bytes."""
    try:
        said = json.loads(raw)
        again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        parts = {f"{of}_{name}": said[of].pop(name) for of in ("actor", "object") for name in ("kind", "id")}
        "".join([*parts.values(), said["id"], said["outcome"], *(said[n] for n in MEMBERS if said[n] is not None)])
        found = ["".join(one for one in (said | parts)[name][:200] if one.isprintable()) for name in SEARCHED[:-1]]
        return [*found, said["id"]] if (again, said | MEMBERS, str(said["v"])) == (raw, SHAPE, "1") else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def verify(folder: Path, trusted: str | None = None) -> tuple[list[Told], list[str]]:
    """Kind, log, first number and last number of all that is wrong; and why nothing can be said for certain."""
    lines = [line.split("+", 2) for line in (trusted or (folder / "key.txt").read_text()).split("\n") if line]
    keys = list(dict.fromkeys(base64.b64decode(key)[1:] for _, _, key in lines))
    last, anchored = [one.read_text("utf-8") for one in folder.glob("head.note")], (folder / "anchors.txt").exists()
    outside = [(one["note"], False) for one in lines_of(folder / "anchors.txt")] if anchored else []
    outside += [(note, True) for note in [*last, *(one["note"] for one in lines_of(folder / "heads.txt"))]]
    notes = [(note.split("\n")[0], opened(note, keys), is_head) for note, is_head in outside]
    vouched = [(name, (*one[:2], is_head, one[2])) for name, one, is_head in notes if one]
    of_heads = all(one[2] for _, one in vouched)  # where there are anchors, they are asked
    borne_out = {(name, f"{v[0]} {base64.b64encode(v[1]).decode()}"): v[0] for name, v in vouched if v[2] is of_heads}
    staged, found, nowhere, lost = lines_of(folder / "staged.jsonl"), list[Told](), set[bytes](), dict[str, int]()
    bytes_of = {one["id"]: b"\0" + base64.b64decode(one["entry"]) for one in staged if one["entry"] is not None}
    orphans = {entry_id: sha256(raw).digest() for entry_id, raw in bytes_of.items()}
    logs = [Log(place, orphans) for place in sorted(folder.glob("[0-9]*"), key=lambda place: int(place.name))]
    for old in ((one["object"]["id"], one["case"]) for log in logs for one in log.recoveries):
        lost |= {old[0]: max(borne_out[old], lost.get(old[0], 0))} if old in borne_out else {}
    newest_key, names = len(keys), [log.origin for log in logs]
    for log in logs:
        mine = sorted({one for name, one in vouched if name == log.origin})
        end = [size for size, _, head, _ in mine if not head] or [one[0] for one in mine]
        ends = [lost.get(log.origin, 0), NO_END if log is logs[-1] else max(end, default=-1)]  # only the newest goes on
        places, missing, newest_key = log.examine(keys, mine, [*ends, newest_key])
        by_itself = log is not logs[0] and not log.recoveries and None not in map(searched_by, log.raws[:1])
        places += [("history-rewritten", 0, None)] if by_itself else []
        found, nowhere = found + [(p[0], log.origin, *p[1:]) for p in dict.fromkeys(places)], nowhere | missing
    gone = {n for n, one in vouched if one[0] > lost.get(n, 0)} | ({n for n, _, _ in lines if trusted} - lost.keys())
    found += [("rolled-back", name, 0, None) for name in gone - set(names)]
    for n, waits in ((one["id"], one["waiting"]) for one in staged):  # what is no entry was set aside
        said = not waits and re.fullmatch("[0-9a-f-]{36}", n) and searched_by(bytes_of.get(n, b"")[1:])
        left = said and said[-1] == n and orphans[n] not in nowhere
        found += [("staged-left-out" if left else "entry-missing", "", None, None)] if left or n not in orphans else []
    doubts = {
        "head.note is not there": names and not last,
        "head.note is of an older log than the newest": last and last[0].split("\n")[0] in names[:-1],
        "notes from outside bear the signature of no key that is believed": not all(one for _, one, _ in notes),
        "no anchor of these logs": names and anchored and not any(o and n in names and not h for n, o, h in notes),
    }
    return found, [f"could not verify: {doubt}" for doubt, stands in doubts.items() if stands]


if __name__ == "__main__":
    try:
        faults, unsure = verify(Path(sys.argv[1]), Path(sys.argv[2]).read_text("utf-8") if sys.argv[2:] else None)
    except (OSError, ValueError, LookupError, TypeError) as error:
        sys.exit(print(f"could not verify: {type(error).__name__}: {error}", file=sys.stderr) or 2)
    for kind, origin, number, through in faults:
        print(kind, "" if number is None else number, "" if through is None else f"to {through}", origin)
    print(*unsure, "tampered" if faults else "unverifiable" if unsure else "clean", sep="\n")
    sys.exit(1 if faults else 2 if unsure else 0)
