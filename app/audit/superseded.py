"""What was signed last before each recovery: kept beside the head file, which then names another log."""

import os
from datetime import datetime
from pathlib import Path

from app.audit.anchor_lines import all_notes, anchor_line
from app.audit.errors import HeadNotWritten

HEADS_FILE = "audit-heads.notes"


class SupersededHeads:
    """A file to which lines are only appended, such as an anchor has them."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / HEADS_FILE

    def notes(self) -> list[str]:
        """All that were kept, the last first. Raises `HeadNotWritten` where they cannot be read."""
        try:
            return list(all_notes(self._path))
        except FileNotFoundError:
            return []
        except OSError:
            raise HeadNotWritten from None

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
