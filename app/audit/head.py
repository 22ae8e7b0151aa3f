"""What was signed last, in a file outside the database: whoever puts the database back does not put this back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.audit.checkpoint import Checkpoint, NoteRefused
from app.audit.errors import HeadNotWritten
from app.audit.file_lock import hold

_FILE = "audit-head.note"


class HeadFile:
    """The newest signed note, verbatim. It never goes back within a log, whichever process writes last."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / _FILE

    def read(self) -> str | None:
        """None where nothing was signed yet. Raises `HeadNotWritten` where it cannot be read."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise HeadNotWritten from None

    def advance(self, note: str) -> None:
        """Keeps this note unless one of the same log that is as long is kept, or one of another log.

        Raises `HeadNotWritten`.
        """
        with self._alone():
            kept, new = _said(self.read()), _said(note)
            if kept is None or (new is not None and kept.origin == new.origin and kept.size < new.size):
                self._replace(note)

    def start_over(self, note: str) -> None:
        """Keeps this note whatever was kept: an operator has said so. Raises `HeadNotWritten`."""
        with self._alone():
            self._replace(note)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(
                self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
        except OSError:
            raise HeadNotWritten from None
        try:
            hold(descriptor)
            yield
        except OSError:
            raise HeadNotWritten from None
        finally:
            os.close(descriptor)

    def _replace(self, note: str) -> None:
        temporary = self._path.with_suffix(".tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._path)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)  # or a host that fails right now comes back with the note before
        finally:
            os.close(directory)


def _said(note: str | None) -> Checkpoint | None:
    """What the note claims; whether it is signed is for the signer to see."""
    if note is None:
        return None
    try:
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    except NoteRefused:
        return Checkpoint("", -1, b"")  # of no log, so that nothing takes its place by itself
