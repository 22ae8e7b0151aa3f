"""The threads of every serving process that number, sign and anchor what the log has staged."""

import time
from collections.abc import Callable
from threading import Event, Thread

from app import policies
from app.audit.anchors import Anchors
from app.audit.errors import SigningRefused
from app.audit.sequencer import Sequencer
from app.kernel.errors import Unavailable
from app.web.logs import logger

_REPEAT_SECONDS = policies.AUDIT_REFUSAL_REPEATED.value
_LAST_BREATH = 5.0
_ANCHORS_LOOKED_AT = 1.0


class Sequencing:
    """Goes on whatever happens: while nothing can be signed the entries wait, and the log of the process says why."""

    def __init__(self, sequencer: Sequencer, anchors: Anchors | None = None) -> None:
        self._sequencer = sequencer
        self._anchors = anchors
        self._stopping = Event()
        self._said_at = -float(_REPEAT_SECONDS)
        self._strangers_said = 0

    def start_thread(self) -> Callable[[], None]:
        """Runs beside the caller; what is returned numbers what is left, and ends it.

        Anchors have a thread of their own: a disk elsewhere that hangs keeps no entry waiting.
        """
        numbers = Thread(target=self._run, name="sequencing", daemon=True)
        anchors = Thread(target=self._run_anchors, name="anchoring", daemon=True)
        numbers.start()
        anchors.start()

        def end() -> None:
            self._stopping.set()
            self._sequencer.wake()
            numbers.join(_LAST_BREATH)
            anchors.join(_LAST_BREATH)

        return end

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.take_turn()
            self._sequencer.pause()
        self.take_turn()

    def _run_anchors(self) -> None:
        while not self._stopping.wait(_ANCHORS_LOOKED_AT):
            self.anchor()

    def anchor(self) -> int:
        """What is due; 0 where nothing is or nothing could be written, which the table of anchors says."""
        try:
            return self._anchors.anchor_due() if self._anchors else 0
        except SigningRefused:
            return 0  # said where it is numbered
        except Unavailable as error:
            self._say("anchor-postponed", type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- likewise
            self._say("anchor-failed", type(error).__name__)
        return 0

    def take_turn(self) -> int:
        """All that waits; 0 where it could not be done, which is said once a minute."""
        try:
            return self._sequencer.catch_up()
        except SigningRefused as refused:
            self._say("audit-signing-refused", refused.inconsistency.value)
        except Unavailable as error:
            self._say("audit-postponed", type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- what waits must find its number once it is mended
            self._say("audit-failed", type(error).__name__)
        finally:
            self._say_strangers(self._sequencer.set_aside)
        return 0

    def _say_strangers(self, found: int) -> None:
        """Somebody has written into the database past us."""
        if found > self._strangers_said and self._say("audit-set-aside", f"{found} staged rows are no entries"):
            self._strangers_said = found

    def _say(self, event: str, why: str) -> bool:
        now = time.monotonic()
        if now - self._said_at < _REPEAT_SECONDS:
            return False
        self._said_at = now
        logger().error(event, why=why, exc_info=event.endswith("-failed"))
        return True
