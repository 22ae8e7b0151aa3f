"""What was signed of a log: the checkpoints of the database, and those that lie outside it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.audit.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint
from app.audit.head import HeadFile
from app.crypto.ed25519 import is_signed_by


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys that are believed; where they come by name, only for the logs of these names."""

    keys: Sequence[bytes]
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Trust":
        """Verifier keys, one on a line. Raises `NoteRefused`."""
        found = [VerifierKey.parse(line) for line in text.split("\n") if line]
        if not found:
            raise NoteRefused("no verifier key")
        return cls([key.public for key in found], frozenset(key.name for key in found))

    def open(self, origin: str, note: str) -> Checkpoint | None:
        """None for what no key that is believed has signed for this log."""
        for public in dict.fromkeys(self.keys):
            try:
                return open_checkpoint(note, VerifierKey(origin, public), is_signed_by)
            except NoteRefused:
                continue
        return None


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside the database: the note that was signed last, and every note that was anchored, in any order."""

    head: str | None
    anchors: Sequence[str] = ()
    unchecked: Sequence[str] = ()
    """What could not be looked at, in words."""


def claimed_origin(note: str) -> str:
    """The log that a note speaks of, signed or not."""
    return note.partition("\n")[0]


def anchored_notes(text: str) -> list[str]:
    """Of an anchor file: each line is an object with the note in it. What is no such line is kept as it is."""
    return list(_notes(line for line in text.split("\n") if line))


def _notes(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        try:
            note = json.loads(line)["note"]
        except (ValueError, LookupError, TypeError, RecursionError):
            note = None
        yield note if isinstance(note, str) else line


def read_outside(head: HeadFile, anchor_file: Path | None) -> Outside:
    """What lies outside the database of this installation. Raises `HeadNotWritten` and `OSError`."""
    note, unchecked = head.read(), list[str]()
    if note is None:
        unchecked.append("what was signed last: there is no audit-head.note")
    if anchor_file is None:
        return Outside(note, (), [*unchecked, "anchors: no file is named"])
    if not anchor_file.exists():
        return Outside(note, (), [*unchecked, "anchors: the file is not there"])
    return Outside(note, anchored_notes(anchor_file.read_text(encoding="utf-8", errors="replace")), unchecked)
