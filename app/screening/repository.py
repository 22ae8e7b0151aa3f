"""Queries on publications, on the texts that are kept and on the reviews of them that are open."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import LargeBinary, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.db.bulk import read_bytes
from app.kernel.actor import Actor
from app.kernel.ids import ForumId
from app.screening.domain import Decision, Field, Ruling
from app.screening.models import KeptTextRow, LexiconVersionRow, PublicationRow, ReviewRow

_PIECE = 1 << 19
"""Bytes."""
_PUBLICATIONS = PublicationRow.__table__.c
_NEWEST = (
    select(_PUBLICATIONS.number, _PUBLICATIONS.digest, _PUBLICATIONS.published_at)
    .order_by(_PUBLICATIONS.number.desc())
    .limit(1)
)
"""Every screening asks this: on the bare table and put together once, it costs half."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Which publication counts, without its blob."""

    number: int
    digest: bytes
    published_at: datetime


def newest_publication(session: Session) -> Publication | None:
    row = session.execute(_NEWEST).first()
    return Publication(*row) if row else None


def blob_of(session: Session, number: int) -> bytes:
    """Empty where there is none."""
    pieces: list[bytes] = []
    is_last = False
    while not is_last:
        piece, is_last = piece_of_blob(session, number, len(pieces))
        pieces.append(piece)
    return b"".join(pieces)


def piece_of_blob(session: Session, number: int, place: int) -> tuple[bytes, bool]:
    """And whether it is the last: while a driver reads a large value, every other thread of the process waits."""
    piece = func.substr(PublicationRow.blob, place * _PIECE + 1, _PIECE, type_=LargeBinary)
    found = read_bytes(session, select(piece).where(PublicationRow.number == number)) or b""
    return found, len(found) < _PIECE


def newest_rulings(
    session: Session, forum_id: ForumId, texts: Collection[tuple[Field, bytes]]
) -> dict[tuple[Field, bytes], tuple[Ruling, Decision]]:
    """How persons last decided on these texts as these fields, and what they saw the lexicons ask for."""
    if not texts:
        return {}
    query = (
        select(ReviewRow.field, ReviewRow.digest, ReviewRow.decision, KeptTextRow.decision)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(
            ReviewRow.forum_id == forum_id,
            ReviewRow.field.in_({field.value for field, _ in texts}),
            ReviewRow.digest.in_({digest for _, digest in texts}),
            ReviewRow.decision.in_([Ruling.PASS.value, Ruling.MASK.value, Ruling.BLOCK.value]),
        )
        .order_by(ReviewRow.decided_at, ReviewRow.id)
    )
    return {
        (Field(field), digest): (Ruling(str(ruling)), Decision(seen))
        for field, digest, ruling, seen in session.execute(query)
    }


def add_texts(session: Session, rows: Iterable[KeptTextRow]) -> None:
    session.add_all(rows)
    session.flush()


def add_reviews(session: Session, rows: Iterable[ReviewRow]) -> None:
    session.add_all(rows)
    session.flush()


def open_reviews(session: Session, subject_id: str, fields: Collection[Field]) -> list[ReviewRow]:
    """What is open on these fields of a subject, held until the transaction ends."""
    query = select(ReviewRow).where(
        ReviewRow.subject_id == subject_id,
        ReviewRow.field.in_({field.value for field in fields}),
        ReviewRow.decided_at.is_(None),
    )
    return list(session.scalars(query.with_for_update()))


def withdraw_reviews(
    session: Session, reviews: Collection[ReviewRow], actor: Actor, now: datetime, keep_until: datetime
) -> None:
    """Ends them undecided: the field was changed again."""
    for review in reviews:
        review.version += 1
        review.decided_at, review.decision, review.held = now, Ruling.WITHDRAWN.value, False
        review.actor_kind, review.actor_id = actor.kind.value, actor.id
    texts = [review.text_id for review in reviews]
    session.execute(update(KeptTextRow).where(KeptTextRow.id.in_(texts)).values(keep_until=keep_until))
    session.flush()


def hide(session: Session, reviews: Collection[ReviewRow]) -> None:
    """Notes that a placeholder is shown from now on where the text was shown meanwhile."""
    for review in reviews:
        if not review.held:
            review.version += 1
            review.held = True
    session.flush()


def held_fields(session: Session, subject_ids: Collection[str]) -> dict[str, list[Field]]:
    """For which fields of these subjects a placeholder is shown now."""
    query = select(ReviewRow.subject_id, ReviewRow.field).where(
        ReviewRow.subject_id.in_(subject_ids), ReviewRow.decided_at.is_(None), ReviewRow.held
    )
    found: dict[str, list[Field]] = {}
    for subject_id, field in session.execute(query):
        found.setdefault(str(subject_id), []).append(Field(field))
    return {subject_id: sorted(fields) for subject_id, fields in found.items()}


def unshown(session: Session, subject_id: str) -> list[tuple[ReviewRow, KeptTextRow]]:
    """What waits on a subject's fields behind a placeholder, and what reviewers refused; oldest first."""
    query = (
        select(ReviewRow, KeptTextRow)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(
            ReviewRow.subject_id == subject_id,
            or_(and_(ReviewRow.decided_at.is_(None), ReviewRow.held), ReviewRow.decision == Ruling.BLOCK.value),
        )
    )
    return [(review, kept) for review, kept in session.execute(query.order_by(ReviewRow.id))]


def content_of(session: Session, name: str, number: int) -> bytes:
    """The compressed file of a version that is there."""
    query = select(LexiconVersionRow.content).where(LexiconVersionRow.name == name, LexiconVersionRow.number == number)
    return session.scalars(query).one()


def parts_of(session: Session, publication: int) -> str:
    return session.scalars(select(PublicationRow.parts).where(PublicationRow.number == publication)).one()
