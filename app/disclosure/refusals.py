"""Whatever is refused here is on record too, in a transaction of its own: the refused one has been rolled back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.audit.errors import AuditNotPublished
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import Actor
from app.kernel.errors import ShimingError, Unavailable

REFUSED = "refused"
_ID = re.compile(r"dsc_[0-9a-f]{32}", re.ASCII)
_NONE = "none"
"""Where an id is none of ours, since it may be anything."""


@contextmanager
def on_record(unit_of_work: UnitOfWork, actor: Actor, action: Action, disclosure_id: str = _NONE) -> Iterator[None]:
    """Around a use case. What is refused because the database does not answer leaves nothing."""
    try:
        yield
    except ShimingError as refusal:
        if isinstance(refusal, AuditNotPublished) or not isinstance(refusal, Unavailable):
            record_refusal(unit_of_work, actor, action, disclosure_id, ground_of(refusal))
        raise


def record_refusal(unit_of_work: UnitOfWork, actor: Actor, action: Action, disclosure_id: str, ground: str) -> None:
    """A use case."""
    named = disclosure_id if _ID.fullmatch(disclosure_id) else _NONE
    with unit_of_work.begin(actor) as tx:
        audit.record(tx, action, ObjectKind.DISCLOSURE, named, outcome=REFUSED, reason=ground)


def ground_of(refusal: ShimingError) -> str:
    """What the record says, one word closer than the code."""
    ground: str = getattr(refusal, "ground", refusal.code)
    return ground
