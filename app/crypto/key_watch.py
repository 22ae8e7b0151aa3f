"""Notices that the key directory has changed, so that a rotation needs no restart."""

from datetime import timedelta
from pathlib import Path

from app.crypto.keyring import Keyring, load_keyring
from app.kernel.clock import Clock

_PAUSE = timedelta(seconds=2)
_Stamp = frozenset[tuple[str, int, int]]


class KeyWatch:
    """Looks at most every 2 seconds, and reads the keys only when a file came, went or was replaced."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._looked_at = clock.now()
        self._seen: _Stamp = frozenset()

    def due(self) -> bool:
        """Whether it is time to look again; says so once."""
        now = self._clock.now()
        if abs(now - self._looked_at) < _PAUSE:
            return False
        self._looked_at = now
        return True

    def changed(self) -> Keyring | None:
        """The keys as they are now, where they are not those that were read last.

        Raises `StartRefused` or `OSError` when they cannot be read; the next look then tries again.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        ring = load_keyring(self._directory)
        self._seen = stamp
        return ring

    def _stamp(self) -> _Stamp:
        found = ((path.name, path.stat()) for path in self._directory.glob("*.key"))
        return frozenset((name, stat.st_ino, stat.st_mtime_ns) for name, stat in found)
