"""Whether a moment that somebody else's clock gave can be."""

from datetime import datetime, timedelta

from app import policies
from app.db.unit_of_work import Transaction
from app.kernel.sentence import Sentence
from app.reporting.offence_errors import BEFORE_IT_WAS_PUBLISHED, IN_THE_FUTURE, unfit

_TOLERANCE = timedelta(seconds=policies.CLOCK_TOLERANCE.value)


def refuse_outside(
    tx: Transaction,
    pointer: str,
    given: datetime,
    earliest: datetime | None = None,
    too_early: Sentence = BEFORE_IT_WAS_PUBLISHED,
) -> datetime:
    """A step: the moment, or now where it is ahead by no more than `CLOCK_TOLERANCE`. Raises `Invalid`.

    Boundary: exactly at `earliest` it can be.
    """
    if given > tx.now + _TOLERANCE:
        raise unfit(pointer, "in-the-future", IN_THE_FUTURE)
    at = min(given, tx.now)
    if earliest is not None and at < earliest:
        raise unfit(pointer, "too-early", too_early)
    return at
