"""The one gate that every text passes before it is stored."""

from collections.abc import Iterable

from app.db.unit_of_work import Transaction
from app.kernel.errors import Invalid
from app.screening.domain import Text


def check(_tx: Transaction, texts: Iterable[Text]) -> None:
    """A step: raises `Invalid` with every fault of every text."""
    refuse_unreadable(texts)


def refuse_unreadable(texts: Iterable[Text]) -> None:
    """Whether texts can be stored and looked for at all. Raises `Invalid` with every fault of every text."""
    faults = [fault for text in texts for fault in text.faults()]
    if faults:
        raise Invalid(faults)
