"""The lexicons in force: which publication counts is read with every screening, so that no process stays behind.

A matcher is kept by the digest of its blob. While one request loads a new one, the others go on with the one before,
for at most `_BEHIND`, and come first.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, get_native_id

from app.db.unit_of_work import Transaction
from app.screening import repository
from app.screening.errors import BlobOutdated
from app.screening.matcher import Matcher
from app.screening.repository import Publication
from app.screening.versions import compile_parts, unpack

_BEHIND = timedelta(milliseconds=800)
_BEHIND_REQUESTS = 10
"""As `nice` counts."""
_KEPT = 2
"""Beside the newest one, the one that a transaction which began before it still sees."""


@dataclass(frozen=True, slots=True)
class InForce:
    """`version` is the number of the publication; 0 before the first one, when nothing is forbidden."""

    version: int
    matcher: Matcher


class _Loaded:
    """What this process has loaded; last what is in force, as far as is known."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._matchers: dict[bytes, InForce] = {}

    def get(self, tx: Transaction, publication: Publication) -> InForce:
        loaded = self._matchers.get(publication.digest)
        if loaded is None:
            return self._load(tx, publication)
        if loaded.version == publication.number:
            return loaded
        again = InForce(publication.number, loaded.matcher)
        if loaded.version < publication.number:  # an older version has come back
            others = {digest: one for digest, one in self._matchers.items() if digest != publication.digest}
            self._matchers = others | {publication.digest: again}
        return again

    def _load(self, tx: Transaction, publication: Publication) -> InForce:
        before = next(reversed(self._matchers.values()), None)
        may_lag = before is not None and tx.now - publication.published_at < _BEHIND
        if not self._lock.acquire(blocking=not may_lag):
            return before or InForce(0, Matcher.empty())
        try:
            if publication.digest not in self._matchers:
                new = {publication.digest: InForce(publication.number, _read(tx, publication))}
                self._matchers = dict(list((self._matchers | new).items())[-_KEPT:])
            return InForce(publication.number, self._matchers[publication.digest].matcher)
        finally:
            self._lock.release()


_loaded = _Loaded()


def in_force(tx: Transaction) -> InForce:
    """A step: what decides now."""
    publication = repository.newest_publication(tx.session)
    return _loaded.get(tx, publication) if publication else InForce(0, Matcher.empty())


def _read(tx: Transaction, publication: Publication) -> Matcher:
    """From its terms, where the blob is one of another version of this service."""
    blob = repository.blob_of(tx.session, publication.number)
    try:
        with ThreadPoolExecutor(1, "lexicon", _give_way) as thread:
            unpacked = thread.submit(unpack, blob or b"").result()
        return Matcher.load(unpacked)
    except BlobOutdated:
        return Matcher.load(compile_parts(tx, publication.number))


def _give_way() -> None:
    """This thread alone, while it holds nothing that requests wait for. Elsewhere than on Linux, it has its turn."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _BEHIND_REQUESTS)
