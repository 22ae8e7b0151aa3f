"""Counts failed sign-ins by e-mail address and by where they come from, in the database: for all processes together.

Nobody is locked out: over the limit an attempt is judged only when its second factor is right, which guessing does not
bring about and its owner always has.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from app import policies
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction
from app.staff import session_rows
from app.staff.errors import TooManyFailures

_WINDOW = timedelta(minutes=policies.SIGN_IN_WINDOW.value)
_LIMIT = policies.SIGN_IN_FAILURES.value
Subjects = Sequence[bytes]


class Throttle:
    """Steps. Boundaries: the tenth failure is judged plainly; exactly at its end a window is over."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def subjects(self, email: str, address: str) -> Subjects:
        """In the order in which they are locked."""
        pairs = (("email", email), ("address", address))
        return sorted(self._mac.digest(MacUse.STAFF_FAILURE, kind, value) for kind, value in pairs)

    def is_over(self, tx: Transaction, subjects: Subjects) -> bool:
        found = session_rows.failures(tx.session, subjects, tx.now - _WINDOW)
        return any(row.failures >= _LIMIT for row in found.values())

    def charge(self, tx: Transaction, subjects: Subjects) -> bool:
        """Counts an attempt as failed before it is judged; False when it must not be judged plainly."""
        charged = [session_rows.charge_failure(tx.session, one, tx.now, tx.now - _WINDOW, _LIMIT) for one in subjects]
        return all(charged)

    def uncharge(self, tx: Transaction, subjects: Subjects) -> None:
        """It was right after all; failures of others still count."""
        for one in subjects:
            session_rows.uncharge_failure(tx.session, one)

    def refusal(self, tx: Transaction, subjects: Subjects) -> TooManyFailures:
        """Says when the window ends."""
        found = session_rows.failures(tx.session, subjects, tx.now - _WINDOW)
        ends = max((row.began_at for row in found.values() if row.failures >= _LIMIT), default=tx.now) + _WINDOW
        return TooManyFailures(max(1, math.ceil((ends - tx.now).total_seconds())))
