"""Waits for a file that another process holds, and not for ever: nobody who holds it stops the log."""

import fcntl
import time

from app import policies

_SECONDS = policies.AUDIT_FILE_HELD.value
_PAUSE_SECONDS = 0.005


def hold(descriptor: int) -> None:
    """Until the descriptor is closed nobody else holds this file. Raises `OSError` (`EAGAIN`) after 2 seconds."""
    until = time.monotonic() + _SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
