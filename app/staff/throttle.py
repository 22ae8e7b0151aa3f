"""Counts failed sign-ins by e-mail address and by where they come from, in the database: for all processes together.

Nobody is locked out: over the limit an attempt is judged only when its second factor is right, which its owner always
has. Whoever knows a password and guesses at six digits long enough is stopped by the second count: over that limit one
code is too little, and two successive ones, or a recovery code, are asked for.

Subjects share a fixed number of rows, so that whoever makes addresses up fills no table; known and unknown ones alike,
so that sharing tells nothing. Who shares one with an address that is guessed at needs a right code meanwhile.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from app import policies
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction
from app.staff import session_rows
from app.staff.errors import TooManyFailures, TooManyGuesses

_WINDOW = timedelta(minutes=policies.SIGN_IN_WINDOW.value)
_LIMIT = policies.SIGN_IN_FAILURES.value
_LONG_WINDOW = timedelta(hours=policies.SIGN_IN_GUESSES_WINDOW.value)
_GUESSES = policies.SIGN_IN_GUESSES.value
_BUCKET_BYTES = 2
"""65,536 rows of each kind."""
Subjects = Sequence[bytes]


class Throttle:
    """Steps. Boundaries: the tenth failure is judged plainly; exactly at its end a window is over."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def subjects(self, email: str, address: str) -> Subjects:
        """In the order in which they are locked."""
        return sorted((self._subject("email", email), self._subject("address", address)))

    def is_over(self, tx: Transaction, subjects: Subjects) -> bool:
        return any(row.failures >= _LIMIT for row in session_rows.failures(tx.session, subjects, tx.now))

    def charge(self, tx: Transaction, subjects: Subjects) -> bool:
        """Counts an attempt as failed before it is judged; False when it must not be judged plainly."""
        ends_at = tx.now + _WINDOW
        charged = [session_rows.charge_failure(tx.session, one, tx.now, ends_at, _LIMIT) for one in subjects]
        return all(charged)

    def uncharge(self, tx: Transaction, subjects: Subjects) -> None:
        """It was right after all; failures of others still count."""
        for one in subjects:
            session_rows.uncharge_failure(tx.session, one)

    def asks_for_two_codes(self, tx: Transaction, email: str) -> bool:
        """Whether so much was guessed at this e-mail address that one code proves too little."""
        found = session_rows.failures(tx.session, [self._subject("guesses", email)], tx.now)
        return any(row.failures >= _GUESSES for row in found)

    def charge_guess(self, tx: Transaction, email: str) -> None:
        """Counts an attempt that was not judged."""
        subject = self._subject("guesses", email)
        session_rows.charge_failure(tx.session, subject, tx.now, tx.now + _LONG_WINDOW, _GUESSES)

    def refusal(self, tx: Transaction, email: str, subjects: Subjects) -> TooManyFailures:
        """Says when the window ends, and what is asked for until then."""
        found = [row for row in session_rows.failures(tx.session, subjects, tx.now) if row.failures >= _LIMIT]
        left = max((row.ends_at - tx.now for row in found), default=timedelta())
        kind = TooManyGuesses if self.asks_for_two_codes(tx, email) else TooManyFailures
        return kind(max(1, math.ceil(left.total_seconds())))

    def _subject(self, kind: str, value: str) -> bytes:
        return kind.encode() + self._mac.digest(MacUse.STAFF_FAILURE, kind, value)[:_BUCKET_BYTES]
