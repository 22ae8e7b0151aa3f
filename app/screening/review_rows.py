"""Queries on reviews, open and decided, with the texts they are about."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from app.kernel.actor import Actor
from app.screening.docket import DecidedFilter, Ended, ReviewFilter, Waiting
from app.screening.domain import Decision, Ruling
from app.screening.models import KeptTextRow, ReviewRow, ReviewStepRow

ReviewAndText = Row[ReviewRow, KeptTextRow]
_OF_PERSONS = (Ruling.PASS.value, Ruling.MASK.value, Ruling.BLOCK.value)


def list_open(session: Session, wanted: ReviewFilter) -> Sequence[ReviewAndText]:
    """Oldest first."""
    query = (
        select(ReviewRow, KeptTextRow)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(ReviewRow.decided_at.is_(None), ReviewRow.id > (wanted.after or ""))
    )
    if wanted.forum_id is not None:
        query = query.where(ReviewRow.forum_id == wanted.forum_id)
    if wanted.account_id is not None:
        query = query.where(ReviewRow.account_id == wanted.account_id)
    if wanted.field is not None:
        query = query.where(ReviewRow.field == wanted.field.value)
    return session.execute(query.order_by(ReviewRow.id).limit(wanted.limit)).all()


def list_decided(session: Session, wanted: DecidedFilter) -> Sequence[ReviewAndText]:
    """By persons; the newest decision first."""
    query = (
        select(ReviewRow, KeptTextRow)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(ReviewRow.decision.in_([wanted.ruling.value] if wanted.ruling else _OF_PERSONS))
    )
    if wanted.field is not None:
        query = query.where(ReviewRow.field == wanted.field.value)
    if wanted.actor_id is not None:
        query = query.where(ReviewRow.actor_id == wanted.actor_id)
    if wanted.after is not None:
        last = select(ReviewRow.decided_at).where(ReviewRow.id == wanted.after).scalar_subquery()
        earlier, same = ReviewRow.decided_at < last, ReviewRow.decided_at == last
        query = query.where(or_(earlier, and_(same, ReviewRow.id < wanted.after)))
    newest = ReviewRow.decided_at.desc(), ReviewRow.id.desc()
    return session.execute(query.order_by(*newest).limit(wanted.limit)).all()


def count_open(session: Session) -> Waiting:
    query = select(func.count(), func.min(ReviewRow.opened_at)).where(ReviewRow.decided_at.is_(None))
    counted, oldest = session.execute(query).one()
    return Waiting(counted, oldest)


def find(session: Session, review_id: str) -> ReviewAndText | None:
    query = select(ReviewRow, KeptTextRow).join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
    return session.execute(query.where(ReviewRow.id == review_id)).first()


def hold(session: Session, review_id: str) -> ReviewRow | None:
    """Others wait for it."""
    return session.scalar(select(ReviewRow).where(ReviewRow.id == review_id).with_for_update())


def steps_of(session: Session, review_ids: Sequence[str]) -> Sequence[ReviewStepRow]:
    """The oldest first."""
    query = select(ReviewStepRow).where(ReviewStepRow.review_id.in_(review_ids))
    return session.scalars(query.order_by(ReviewStepRow.at, ReviewStepRow.id)).all()


def add_step(session: Session, row: ReviewStepRow) -> None:
    session.add(row)
    session.flush()


def ended_of(row: ReviewRow) -> Ended | None:
    if row.decided_at is None or row.decision is None:
        return None
    return Ended(Ruling(row.decision), row.decided_at, row.actor_kind or "", row.actor_id or "", row.reason)


def decide(
    session: Session, review_id: str, version: int, actor: Actor, ruling: Ruling, reason: str, now: datetime
) -> bool:
    """Whether it was still open, and as it was seen."""
    changed = session.execute(
        update(ReviewRow)
        .where(ReviewRow.id == review_id, ReviewRow.version == version, ReviewRow.decided_at.is_(None))
        .values(
            version=version + 1,
            decided_at=now,
            decision=ruling.value,
            reason=reason,
            held=False,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
        )
        .returning(ReviewRow.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def overturn(session: Session, review_id: str, version: int, actor: Actor, reason: str, now: datetime) -> bool:
    """Whether it was decided against the text, and as it was seen; then the text passes."""
    changed = session.execute(
        update(ReviewRow)
        .where(
            ReviewRow.id == review_id,
            ReviewRow.version == version,
            ReviewRow.decision.in_([Ruling.MASK.value, Ruling.BLOCK.value]),
        )
        .values(
            version=version + 1,
            decided_at=now,
            decision=Ruling.PASS.value,
            reason=reason,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
        )
        .returning(ReviewRow.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def newest_on(session: Session, kept: KeptTextRow) -> ReviewRow | None:
    """The review of this very text, in its forum and as its field, that is open or was decided last by a person."""
    of_it = and_(ReviewRow.forum_id == kept.forum_id, ReviewRow.field == kept.field, ReviewRow.digest == kept.digest)
    still = or_(ReviewRow.decided_at.is_(None), ReviewRow.decision.in_(_OF_PERSONS))
    order = (ReviewRow.decided_at.is_(None).desc(), ReviewRow.decided_at.desc(), ReviewRow.id.desc())
    return session.scalar(select(ReviewRow).where(of_it, still).order_by(*order).limit(1))


def renew(session: Session, review_id: str, version: int) -> bool:
    """Whether it was still open, and as it was seen; then it is another version from now on."""
    changed = session.execute(
        update(ReviewRow)
        .where(ReviewRow.id == review_id, ReviewRow.version == version, ReviewRow.decided_at.is_(None))
        .values(version=version + 1)
        .returning(ReviewRow.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def judge_anew(session: Session, text_id: str, decision: Decision, hits: str, lexicon_version: int) -> None:
    session.execute(
        update(KeptTextRow)
        .where(KeptTextRow.id == text_id)
        .values(decision=decision.value, hits=hits, lexicon_version=lexicon_version)
        .execution_options(synchronize_session=False)
    )


def keep_text_until(session: Session, text_id: str, until: datetime) -> None:
    session.execute(
        update(KeptTextRow)
        .where(KeptTextRow.id == text_id)
        .values(keep_until=until)
        .execution_options(synchronize_session=False)
    )


def history_of(session: Session, review: ReviewRow, limit: int) -> Sequence[ReviewAndText]:
    """What persons decided about the same account before, or the same board; newest first."""
    query = (
        select(ReviewRow, KeptTextRow)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(_same_as(review), ReviewRow.decision.in_(_OF_PERSONS))
    )
    return session.execute(query.order_by(ReviewRow.decided_at.desc(), ReviewRow.id.desc()).limit(limit)).all()


def of_account(session: Session, account_id: str, limit: int) -> Sequence[ReviewRow]:
    """Newest first."""
    query = select(ReviewRow).where(ReviewRow.account_id == account_id).order_by(ReviewRow.id.desc()).limit(limit)
    return session.scalars(query).all()


def also_open(session: Session, review: ReviewRow, limit: int) -> list[str]:
    query = select(ReviewRow.id).where(_same_as(review), ReviewRow.decided_at.is_(None))
    return list(session.scalars(query.order_by(ReviewRow.id).limit(limit)))


def newest_decided(session: Session, limit: int) -> Sequence[ReviewAndText]:
    """By persons, whose texts are still kept."""
    query = (
        select(ReviewRow, KeptTextRow)
        .join(KeptTextRow, KeptTextRow.id == ReviewRow.text_id)
        .where(ReviewRow.decision.in_(_OF_PERSONS), KeptTextRow.sealed_text.is_not(None))
    )
    return session.execute(query.order_by(ReviewRow.id.desc()).limit(limit)).all()


def _same_as(review: ReviewRow) -> ColumnElement[bool]:
    """Other reviews of the account, or else of the board; none where neither is known."""
    if review.account_id is not None:
        return and_(ReviewRow.account_id == review.account_id, ReviewRow.id != review.id)
    if review.subject_id is not None:
        return and_(ReviewRow.subject_id == review.subject_id, ReviewRow.id != review.id)
    return false()
