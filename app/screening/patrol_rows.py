"""Queries of the patrol: how far it has come, what it reads again, and what is known of what it finds."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import TypeVar

from sqlalchemy import Row, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.screening.domain import Decision, Ruling
from app.screening.models import KeptTextRow, PatrolRow, PublicationRow, ReviewRow

KeptAndRuling = Row[KeptTextRow, str | None]
Key = tuple[str, str, bytes]
"""A text as its forum knows it: forum, field, digest."""
_OF_PERSONS = (Ruling.PASS.value, Ruling.MASK.value, Ruling.BLOCK.value)
_AT_ONCE = 1000
T = TypeVar("T")


def find(session: Session, publication: int) -> PatrolRow | None:
    return session.get(PatrolRow, publication)


def claim(session: Session, publication: int, now: datetime) -> PatrolRow | None:
    """The patrol after a publication, begun if need be; None where it is over or another worker has it now."""
    if session.scalar(select(PatrolRow.publication).where(PatrolRow.publication == publication)) is None:
        row = PatrolRow(publication=publication, source=0, cursor="", read=0, found=0, started_at=now, moved_at=now)
        session.add(row)
        session.flush()
        return row
    query = select(PatrolRow).where(PatrolRow.publication == publication, PatrolRow.finished_at.is_(None))
    return session.scalar(query.with_for_update(skip_locked=True))


def supersede(session: Session, publication: int, now: datetime, ended: str) -> None:
    """Ends what earlier publications have begun."""
    earlier = update(PatrolRow).where(PatrolRow.publication < publication, PatrolRow.finished_at.is_(None))
    session.execute(earlier.values(finished_at=now, ended=ended).execution_options(synchronize_session=False))


def newest(session: Session, limit: int) -> Sequence[Row[PatrolRow, datetime]]:
    """With the time of the publication that each follows."""
    query = select(PatrolRow, PublicationRow.published_at).join(
        PublicationRow, PublicationRow.number == PatrolRow.publication
    )
    return session.execute(query.order_by(PatrolRow.publication.desc()).limit(limit)).all()


def page_of_shown(session: Session, after: str, limit: int, most_bytes: int) -> Sequence[KeptAndRuling]:
    """So many and so large a page, but for a first one that is larger by itself."""
    query = _shown().where(KeptTextRow.id > after).order_by(KeptTextRow.id)
    return session.execute(query.limit(_as_many(session, query.limit(limit), most_bytes))).all()


def newest_shown(session: Session, limit: int, most_bytes: int) -> Sequence[KeptAndRuling]:
    query = _shown().order_by(KeptTextRow.id.desc())
    return session.execute(query.limit(_as_many(session, query.limit(limit), most_bytes))).all()


def _as_many(session: Session, query: Select[KeptTextRow, str | None], most_bytes: int) -> int:
    """How many of these, one at least, are not larger together."""
    sizes: Iterator[int] = iter(session.scalars(query.with_only_columns(func.length(KeptTextRow.sealed_text))))
    return max(1, sum(reached <= most_bytes for reached in accumulate(sizes)))


def kept_by_id(session: Session, ids: Collection[str]) -> dict[str, KeptTextRow]:
    found = {}
    for some in _in_parts(ids):
        found.update({row.id: row for row in session.scalars(select(KeptTextRow).where(KeptTextRow.id.in_(some)))})
    return found


def fields_in_review(session: Session, subject_ids: Collection[str]) -> set[tuple[str, str]]:
    """Which fields of these subjects wait already."""
    found: set[tuple[str, str]] = set()
    for some in _in_parts(subject_ids):
        query = select(ReviewRow.subject_id, ReviewRow.field).where(
            ReviewRow.subject_id.in_(some), ReviewRow.decided_at.is_(None)
        )
        found |= {(str(subject_id), field) for subject_id, field in session.execute(query)}
    return found


def texts_in_review(session: Session, digests: Collection[bytes]) -> set[Key]:
    """Which of these texts wait already that are nobody's field."""
    found: set[Key] = set()
    for some in _in_parts(digests):
        query = select(ReviewRow.forum_id, ReviewRow.field, ReviewRow.digest).where(
            ReviewRow.digest.in_(some), ReviewRow.decided_at.is_(None), ReviewRow.subject_id.is_(None)
        )
        found |= {(forum_id, field, digest) for forum_id, field, digest in session.execute(query)}
    return found


def newest_rulings(session: Session, digests: Collection[bytes]) -> dict[Key, tuple[Ruling, Decision]]:
    """How persons last decided on these texts, and what they knew the lexicon to ask for."""
    found: dict[Key, tuple[Ruling, Decision]] = {}
    for some in _in_parts(digests):
        query = (
            select(ReviewRow.forum_id, ReviewRow.field, ReviewRow.digest, ReviewRow.decision, KeptTextRow.decision)
            .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
            .where(ReviewRow.digest.in_(some), ReviewRow.decision.in_(_OF_PERSONS))
            .order_by(ReviewRow.decided_at, ReviewRow.id)
        )
        for forum_id, field, digest, ruling, decision in session.execute(query):
            found[forum_id, field, digest] = (Ruling(str(ruling)), Decision(decision))
    return found


def _shown() -> Select[KeptTextRow, str | None]:
    """Posts alone; what of them waits or was blocked nobody sees."""
    masked_at_once = and_(ReviewRow.id.is_(None), KeptTextRow.decision == Decision.MASK.value)
    return (
        select(KeptTextRow, ReviewRow.decision)
        .outerjoin(ReviewRow, ReviewRow.text_id == KeptTextRow.id)
        .where(
            KeptTextRow.sealed_text.is_not(None),
            ReviewRow.subject_id.is_(None),
            or_(masked_at_once, ReviewRow.decision.in_((Ruling.PASS.value, Ruling.MASK.value))),
        )
    )


def _in_parts(values: Collection[T]) -> Iterator[list[T]]:
    listed = list(set(values))
    for begin in range(0, len(listed), _AT_ONCE):
        yield listed[begin : begin + _AT_ONCE]
