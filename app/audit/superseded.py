"""What was signed last before each recovery: kept beside the head file, which then names another log."""

import os
from datetime import datetime
from pathlib import Path

from app.audit.anchor_lines import anchor_line, last_notes
from app.audit.errors import HeadNotWritten

HEADS_FILE = "audit-heads.notes"


class SupersededHeads:
    """A file to which lines are only appended, such as an anchor has them."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / HEADS_FILE

    def newest(self) -> str | None:
        """The note that was kept last. Raises `HeadNotWritten` where it cannot be read."""
        try:
            found = last_notes(self._path)
        except FileNotFoundError:
            return None
        except OSError:
            raise HeadNotWritten from None
        return found[0] if found else None

    def keep(self, note: str, now: datetime) -> None:
        """It is there when this returns. Raises `HeadNotWritten`."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"\n{anchor_line(note, now)}\n")  # on a line of its own, also after one that was broken off
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            raise HeadNotWritten from None
