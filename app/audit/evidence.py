"""What was signed of a log: the checkpoints of the database, and those that lie outside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.audit.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint
from app.audit.head import HeadFile
from app.audit.superseded import HEADS_FILE
from app.crypto.ed25519 import is_signed_by

_ANCHORED = '{"at":"'
"""How each line of an anchor begins."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a believed key has signed; `age` is that of the key, 0 for the newest."""

    checkpoint: Checkpoint
    age: int


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys that are believed, the newest first; where they come by name, only for the logs of these names.

    Their order counts: what an older key signs after a newer one is not believed.
    """

    keys: Sequence[bytes]
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Trust":
        """Verifier keys, one on a line, the newest of a log first. Raises `NoteRefused`."""
        found = [VerifierKey.parse(line) for line in text.split("\n") if line]
        if not found:
            raise NoteRefused("no verifier key")
        return cls([key.public for key in found], frozenset(key.name for key in found))

    def open(self, origin: str, note: str) -> Opened | None:
        """None for what no key that is believed has signed for this log."""
        for age, public in enumerate(dict.fromkeys(self.keys)):
            try:
                return Opened(open_checkpoint(note, VerifierKey(origin, public), is_signed_by), age)
            except NoteRefused:
                continue
        return None


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside the database: the note that was signed last, and every note that was anchored, in any order."""

    head: str | None
    anchors: Sequence[str] | None = None
    """None where no anchor is named. What stands there and is no note is kept as it is."""
    superseded: Sequence[str] = ()
    """The heads that recoveries have replaced."""
    unchecked: Sequence[str] = ()
    """What there was no means to look at, in words."""


class Vouched(NamedTuple):
    """A signed size and root that lies outside the database."""

    size: int
    root: bytes
    is_head: bool
    age: int


class Witness:
    """All notes that lie outside the database, opened; `unopened` says of which nobody can tell what they are."""

    def __init__(self, outside: Outside, trust: Trust) -> None:
        self._outside = outside
        self._heads: dict[str, Opened | None] = {
            note: trust.open(claimed_origin(note), note)
            for note in (*outside.superseded, *(() if outside.head is None else (outside.head,)))
        }
        self._anchors: dict[str, Opened | None] = {
            note: trust.open(claimed_origin(note), note) for note in outside.anchors or ()
        }
        self.origins = {opened.checkpoint.origin for opened, _ in self._opened()}

    def vouched(self, origin: str) -> list[Vouched]:
        """What was signed for this log, by size."""
        return sorted(
            Vouched(opened.checkpoint.size, opened.checkpoint.root, is_head, opened.age)
            for opened, is_head in self._opened()
            if opened.checkpoint.origin == origin
        )

    def end_of(self, origin: str) -> int | None:
        """Up to which size something shows that this log was signed: its anchors, or where it has none the heads."""
        vouched = self.vouched(origin)
        anchored = [one.size for one in vouched if not one.is_head]
        return max(anchored or [one.size for one in vouched], default=None)

    def knows(self, checkpoint: Checkpoint) -> bool:
        """Whether just this was signed: by the anchors, where one holds anything that was.

        Whoever has the audit key can put any note among the heads.
        """
        notes = self._anchors if any(self._anchors.values()) else self._heads
        return any(opened is not None and opened.checkpoint == checkpoint for opened in notes.values())

    def unverified(self, logs: Sequence[str]) -> list[str]:
        """Why nothing can be said for certain, beside these logs of the database, the oldest first."""
        head = self._outside.head
        opened = None if head is None else self._heads[head]
        return [
            *(_about_head(head, opened, logs) if logs or head is not None else ()),
            *_about_notes("the heads before a recovery", [self._heads[note] for note in self._outside.superseded]),
            *_about_notes("anchors", list(self._anchors.values())),
            *self._about_silence(logs),
        ]

    def _about_silence(self, logs: Sequence[str]) -> Iterator[str]:
        anchored = {opened.checkpoint.origin for opened in self._anchors.values() if opened}
        if self._outside.anchors is not None and logs and not anchored.intersection(logs):
            yield "anchors: the file is not there, or holds no signed note of these logs"

    def _opened(self) -> Iterator[tuple[Opened, bool]]:
        for notes, is_head in ((self._heads, True), (self._anchors, False)):
            yield from ((opened, is_head) for opened in notes.values() if opened)


def _about_head(head: str | None, opened: Opened | None, logs: Sequence[str]) -> Iterator[str]:
    if head is None:
        yield "what was signed last: there is no audit-head.note"
    elif opened is None:
        yield "what was signed last: audit-head.note bears the signature of no key that is believed"
    elif opened.checkpoint.origin in logs[:-1]:
        yield "what was signed last: audit-head.note is of an older log than the newest; run `shiming audit recover`"


def _about_notes(where: str, notes: Sequence[Opened | None]) -> Iterator[str]:
    unopened = sum(opened is None for opened in notes)
    if unopened:
        yield f"{where}: {unopened} different lines bear the signature of no key that is believed"


def claimed_origin(note: str) -> str:
    """The log that a note speaks of, signed or not."""
    return note.partition("\n")[0]


def read_outside(directory: Path, anchor_file: Path | None) -> Outside:
    """What lies outside the database of this installation. Raises `HeadNotWritten` and `OSError`."""
    note, unchecked = HeadFile(directory).read(), list[str]()
    superseded, anchors = _noted(directory / HEADS_FILE), None if anchor_file is None else _noted(anchor_file)
    if anchors is None:
        unchecked.append("anchors: no file is named")
    elif torn := sum(is_torn for _, is_torn in anchors):
        unchecked.append(f"anchors: {torn} lines were broken off in writing")
    return Outside(note, None if anchors is None else _whole(anchors), _whole(superseded), unchecked)


def _whole(lines: Sequence[tuple[str, bool]]) -> list[str]:
    return [line for line, is_torn in lines if not is_torn]


def _noted(file: Path) -> list[tuple[str, bool]]:
    """Nothing for a file that is not there."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return list(noted_lines(text))


def noted_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Of an anchor file: each line is an object with the note in it. What is no such line is kept as it is.

    With it, whether the line begins as one of ours and was broken off, as a full disk does: it says nothing, and
    hides nothing that a line that is missing would not hide.
    """
    for line in text.split("\n"):
        if not line:
            continue
        try:
            said = json.loads(line)
            note = said["note"] if isinstance(said, dict) else None
        except (ValueError, RecursionError):
            yield line, line.startswith(_ANCHORED)
            continue
        except LookupError:
            note = None
        yield (note if isinstance(note, str) else line), False
