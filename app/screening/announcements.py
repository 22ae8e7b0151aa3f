"""Steps that tell a forum of a review, in the transaction in which it opens or ends."""

from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType, ReviewPayload
from app.events.service import publish
from app.kernel.ids import ForumId
from app.screening.domain import Decision, SubjectKind
from app.screening.models import KeptTextRow, ReviewRow

_BOARD_PREFIX = "brd_"


def announce_opened(tx: Transaction, review: ReviewRow, kept: KeptTextRow) -> None:
    """A step: a person is going to decide."""
    _announce(tx, EventType.REVIEW_OPENED, review, kept, Decision.REVIEW)


def announce_decided(tx: Transaction, review: ReviewRow, kept: KeptTextRow) -> None:
    """A step: what they decided; not for one that was withdrawn."""
    _announce(tx, EventType.REVIEW_DECIDED, review, kept, review.decision or Decision.REVIEW)


def _announce(tx: Transaction, kind: EventType, review: ReviewRow, kept: KeptTextRow, decision: str) -> None:
    board_id = review.subject_id if review.subject_kind == SubjectKind.BOARD else kept.board
    if board_id is not None and not board_id.startswith(_BOARD_PREFIX):
        board_id = None  # the forum named a board that we do not know by id
    payload = ReviewPayload(
        review_id=review.id,
        screening_id=kept.screening_id,
        ref=kept.ref,
        account_id=review.account_id,
        board_id=board_id,
        field=review.field,
        decision=str(decision),
    )
    subject = review.subject_id or review.account_id or review.id
    publish(tx, ForumId(review.forum_id), kind, payload, subject=subject)
