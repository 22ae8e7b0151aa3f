"""Disks for tests: memory, and a small one of its own which can be filled to the last byte."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own is made in it
_ROOM = 2 * 1024**3
_CHUNKS = (1024 * 1024, 4096, 1)


@dataclass(frozen=True)
class Disk:
    folder: Path

    def fill(self) -> None:
        """Takes all that is left now; whoever deletes or shortens a file has room again."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for chunk in _CHUNKS:
                while _took(ballast.fileno(), chunk):
                    pass

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


def _took(file: int, size: int) -> bool:
    try:
        return os.write(file, bytes(size)) > 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return False
        raise


def in_memory() -> Path | None:
    """Where files are kept in memory, if there is room for what all tests leave; PostgreSQL lies there too."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Disk]:
    """Where anybody may make files. Needs the right to mount one."""
    folder = tempfile.mkdtemp(prefix="shiming-disk-")
    how = f"size={mebibytes}m,mode=1777"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", how, "tmpfs", folder], check=False, capture_output=True, text=True
    )
    assert mounted.returncode == 0, f"the long form needs the right to mount a small disk: {mounted.stderr.strip()}"
    try:
        yield Disk(Path(folder))
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        Path(folder).rmdir()
