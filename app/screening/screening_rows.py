"""Queries on screenings, on what their texts became, and on what is to be forgotten of both."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.db.base import Base
from app.db.bulk import add_new
from app.kernel.ids import ForumId
from app.screening.contents import ReviewersWord, Screened, blocking
from app.screening.domain import Decision, Field, Ruling
from app.screening.keeping import read_hits
from app.screening.models import KeptTextRow, ReviewRow, ReviewStepRow, ScreenedContentRow, ScreeningRow

_ADD = insert(Base.metadata.tables[ScreeningRow.__tablename__])
"""Every screening writes this: into the bare table, it costs half."""


def add_screening(session: Session, screened: Screened, forum_id: ForumId, digests: bytes) -> None:
    """`digests` of its texts, in their order."""
    session.execute(
        _ADD,
        {
            "id": screened.id,
            "forum_id": forum_id,
            "screened_at": screened.screened_at,
            "lexicon_version": screened.lexicon_version,
            "decision": screened.decision.value,
            "digests": digests,
        },
    )


def find_screening(
    session: Session, forum_id: ForumId, screening_id: str, *, lock: bool = False
) -> ScreeningRow | None:
    query = select(ScreeningRow).where(ScreeningRow.id == screening_id, ScreeningRow.forum_id == forum_id)
    return session.scalar(query.with_for_update() if lock else query)


def kept_of(session: Session, screening_id: str) -> dict[int, KeptTextRow]:
    """By their place in the screening."""
    query = select(KeptTextRow).where(KeptTextRow.screening_id == screening_id)
    return {row.position: row for row in session.scalars(query)}


def rulings_on(
    session: Session, forum_id: ForumId, texts: Collection[tuple[Field, bytes]]
) -> dict[tuple[Field, bytes], ReviewersWord]:
    """How reviewers of this forum have decided on these very texts as these fields, the newest word on each."""
    if not texts:
        return {}
    row = ReviewRow
    query = select(row.field, row.digest, row.decision, KeptTextRow.decision, KeptTextRow.hits).where(
        KeptTextRow.id == ReviewRow.text_id,
        ReviewRow.forum_id == forum_id,
        ReviewRow.field.in_({field.value for field, _ in texts}),
        ReviewRow.digest.in_({digest for _, digest in texts}),
        ReviewRow.decision.in_([Ruling.PASS.value, Ruling.MASK.value, Ruling.BLOCK.value]),
    )
    ordered = query.order_by(ReviewRow.decided_at, ReviewRow.id)
    return {
        (Field(field), digest): ReviewersWord(
            Ruling(str(said)), blocking(read_hits(hits)) if seen == Decision.BLOCK else frozenset()
        )
        for field, digest, said, seen, hits in session.execute(ordered)
    }


def open_new(session: Session, reviews: Iterable[ReviewRow]) -> set[str]:
    """Opens reviews of texts, but for texts that wait already, also by another request at this moment.

    The ids of the new ones. Always in one order, so that two requests with the same texts never wait for each other.
    """
    ordered = sorted(reviews, key=lambda review: (review.field, review.digest))
    return add_new(session, ordered, ReviewRow.id)


def set_end(session: Session, text_ids: Collection[str], keep_until: datetime) -> None:
    session.execute(update(KeptTextRow).where(KeptTextRow.id.in_(text_ids)).values(keep_until=keep_until))


def published_as(session: Session, screening_id: str) -> list[ScreenedContentRow]:
    """The earliest first."""
    query = select(ScreenedContentRow).where(ScreenedContentRow.screening_id == screening_id)
    return list(session.scalars(query.order_by(ScreenedContentRow.published_at, ScreenedContentRow.content_ref)))


def count_published(session: Session, screening_id: str) -> int:
    counted = select(func.count()).where(ScreenedContentRow.screening_id == screening_id)
    return session.scalars(counted).one()


def find_published(session: Session, screening_id: str, content_ref: str) -> ScreenedContentRow | None:
    return session.get(ScreenedContentRow, (screening_id, content_ref))


def newest_published(session: Session, forum_id: ForumId, content_ref: str) -> ScreenedContentRow | None:
    """Of whichever screening of the forum."""
    query = (
        select(ScreenedContentRow)
        .join(ScreeningRow, ScreeningRow.id == ScreenedContentRow.screening_id)
        .where(ScreenedContentRow.content_ref == content_ref, ScreeningRow.forum_id == forum_id)
    )
    newest = query.order_by(ScreenedContentRow.published_at.desc(), ScreenedContentRow.screening_id.desc())
    return session.scalars(newest.limit(1)).first()


def add_published(session: Session, row: ScreenedContentRow) -> None:
    session.add(row)
    session.flush()


def forget_texts(session: Session, now: datetime, limit: int) -> int:
    """Takes away texts whose time is over, the oldest first; how many. Nobody waits for another's row."""
    over = select(KeptTextRow.id).where(KeptTextRow.keep_until <= now).order_by(KeptTextRow.keep_until)
    ids = session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()
    session.execute(update(KeptTextRow).where(KeptTextRow.id.in_(ids)).values(sealed_text=None, keep_until=None))
    about = select(ReviewRow.id).where(ReviewRow.text_id.in_(ids))
    session.execute(update(ReviewStepRow).where(ReviewStepRow.review_id.in_(about)).values(sealed_words=None))
    return len(ids)


def forget_screenings(session: Session, since: datetime, limit: int) -> int:
    """Drops screenings from before, the oldest first, with what was kept of them; how many.

    What a reviewer decides or has decided on stays with the review, and belongs to no screening any more.
    """
    over = select(ScreeningRow.id).where(ScreeningRow.screened_at <= since).order_by(ScreeningRow.screened_at)
    ids = session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()
    _let_go(session, ids)
    session.execute(delete(ScreenedContentRow).where(ScreenedContentRow.screening_id.in_(ids)))
    session.execute(delete(ScreeningRow).where(ScreeningRow.id.in_(ids)))
    return len(ids)


def _let_go(session: Session, screening_ids: Sequence[str]) -> None:
    of_these = KeptTextRow.screening_id.in_(screening_ids)
    reviewed = select(ReviewRow.text_id).where(ReviewRow.text_id == KeptTextRow.id).exists()
    session.execute(update(KeptTextRow).where(of_these, reviewed).values(screening_id=None))
    session.execute(delete(KeptTextRow).where(of_these))
