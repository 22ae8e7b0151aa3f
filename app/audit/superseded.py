"""What was signed last before each recovery: kept beside the head file, which then names another log."""

from datetime import datetime
from pathlib import Path

from app.audit.anchor_lines import anchor_line
from app.audit.errors import HeadNotWritten
from app.audit.sinks import FileSink, SinkFailed

HEADS_FILE = "audit-heads.notes"


class SupersededHeads:
    """A file to which lines are only appended, such as an anchor has them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, note: str, now: datetime) -> None:
        """Raises `HeadNotWritten`."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            FileSink(self._directory / HEADS_FILE).write(anchor_line(note, now), note)
        except (OSError, SinkFailed):
            raise HeadNotWritten from None
