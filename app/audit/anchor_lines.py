"""The lines of an anchor: each holds one signed checkpoint, whole, and when it was written there."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from app import policies
from app.audit.checkpoint import Checkpoint, NoteRefused

_LONGEST_LINE = 16_384
_SEARCHED = policies.AUDIT_ANCHOR_SEARCHED.value


@dataclass(frozen=True, slots=True)
class Anchored:
    """What a line says; whether the note is signed is for the reader to see."""

    at: str
    note: str

    def claim(self) -> Checkpoint | None:
        """The checkpoint that the note claims to be of."""
        return claimed(self.note)


def claimed(note: str) -> Checkpoint | None:
    """The checkpoint of a note, signed or not; None for what is no note."""
    try:
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    except NoteRefused:
        return None


def anchor_line(note: str, now: datetime) -> str:
    """ASCII, without a line break; the moment in UTC, by the second."""
    at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"at": at, "note": note}, separators=(",", ":"))


def parse_anchor_line(line: bytes) -> Anchored | None:
    """None for what is no line of ours: torn by a full disk, or somebody else's."""
    try:
        said = json.loads(line) if len(line) <= _LONGEST_LINE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in ("at", "note")):
        return None
    return Anchored(said["at"], said["note"])


def read_anchors(path: Path) -> Iterator[Anchored]:
    """All checkpoints of an anchor file, the oldest first; other lines are passed over. Raises `OSError`."""
    with path.open("rb") as file:
        for line in file:
            if found := parse_anchor_line(line):
                yield found


def last_notes(path: Path) -> list[str]:
    """The notes in the last 256 KiB of a file, signed or not, the newest first. Raises `OSError`."""
    with open_without_waiting(path) as file:
        file.seek(max(0, file.seek(0, 2) - _SEARCHED))
        lines = file.read(_SEARCHED).splitlines()
    return [found.note for line in reversed(lines) if (found := parse_anchor_line(line))]


def all_notes(path: Path) -> Iterator[str]:
    """Of the whole file, signed or not, the newest first; read in pieces from its end. Raises `OSError`."""
    with open_without_waiting(path) as file:
        end, rest = file.seek(0, 2), b""
        while end > 0:
            start = max(0, end - _SEARCHED)
            file.seek(start)
            begun, *lines = (file.read(end - start) + rest).split(b"\n")
            end, rest = start, begun[: _LONGEST_LINE + 1]  # what is longer is no line of ours, whatever comes before it
            for line in reversed(lines if start else [begun, *lines]):
                if found := parse_anchor_line(line):
                    yield found.note


def open_without_waiting(path: Path) -> BinaryIO:
    """For reading; where the path is a pipe nobody waits for a writer. Raises `OSError`."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
