"""How a lexicon comes into a process: a large one piece by piece, so that no request waits for the whole of it."""

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread, get_native_id

from app.db.unit_of_work import Transaction
from app.screening import repository
from app.screening.errors import BlobOutdated
from app.screening.matcher import Matcher
from app.screening.repository import Publication
from app.screening.versions import compile_parts, unpack

_BEHIND_REQUESTS = 19
"""As `nice` counts."""


class Arriving:
    """One lexicon on its way. Who calls it holds the lock of `in_force`."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self._pieces: list[bytes] = []
        self._is_read = False
        self._matcher: Future[Matcher | None] = Future()
        self._thread: Thread | None = None

    def come_nearer(self, tx: Transaction) -> Matcher | None:
        """A step: what one request does for it. None while it is on its way; a small one is there at once."""
        if not self._is_read:
            self._read_a_piece(tx)
            if self._is_read and len(self._pieces) == 1:
                return self.come(tx)
        if self._is_read and self._thread is None:
            self._thread = Thread(target=self._make_ready, name="lexicon", daemon=True)
            self._thread.start()
        return self.come(tx) if self._matcher.done() else None

    def come(self, tx: Transaction) -> Matcher:
        """A step: the whole of it, now. From its terms, where the blob is one of another version of this service."""
        while not self._is_read:
            self._read_a_piece(tx)
        if self._thread is None:
            self._make_ready()
        return self._matcher.result() or Matcher.load(compile_parts(tx, self.publication.number))

    def _read_a_piece(self, tx: Transaction) -> None:
        piece, self._is_read = repository.piece_of_blob(tx.session, self.publication.number, len(self._pieces))
        self._pieces.append(piece)

    def _make_ready(self) -> None:
        try:
            with ThreadPoolExecutor(1, "lexicon", _give_way) as thread:
                unpacked = thread.submit(unpack, b"".join(self._pieces)).result()
            self._matcher.set_result(Matcher.load(unpacked))
        except BlobOutdated:
            self._matcher.set_result(None)
        except BaseException as error:
            self._matcher.set_exception(error)
            raise


def _give_way() -> None:
    """This thread alone, while it holds nothing that requests wait for. Elsewhere than on Linux, it has its turn."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _BEHIND_REQUESTS)
