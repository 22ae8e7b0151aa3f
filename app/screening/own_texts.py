"""A step that shows people what they asked for and nobody else sees: it waits for a review, or was refused."""

from dataclasses import dataclass
from datetime import datetime

from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.kernel.secret import Secret
from app.screening import repository
from app.screening.domain import Field
from app.screening.keeping import unseal


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of one's own."""

    field: Field
    text: Secret[str] | None
    """None once its time is over."""
    refused: bool
    """By a reviewer; else it waits for one."""
    since: datetime


def own_texts(tx: Transaction, records: Records, subject_id: str) -> dict[Field, OwnText]:
    """A step, for the person whose fields they are and for nobody else: the newest of each field.

    A field may show another text by now than the one that was refused: only who knows the field knows that.
    """
    found = {}
    for review, kept in repository.unshown(tx.session, subject_id):
        field, decided_at = Field(review.field), review.decided_at
        refused, since = decided_at is not None, decided_at or review.opened_at
        found[field] = OwnText(field, unseal(records, kept), refused, since)
    return found
