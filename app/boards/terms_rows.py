"""Queries on the terms of boards, of forums, and of the operator for all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarResult, or_, select, update
from sqlalchemy.orm import Session

from app.boards.models import ModeratorRow, TermsRow
from app.boards.terms import TERMS, MadeChange, TermsChange, TermsHistory, Why
from app.db.unit_of_work import Transaction
from app.kernel.ids import BoardId, ForumId


def terms_of(session: Session, forum_id: ForumId | None) -> TermsHistory:
    """Every change that concerns a forum, oldest first; of None, those of the operator's for all."""
    if forum_id is not None:
        return terms_of_forums(session, [forum_id])[forum_id]
    return TermsHistory([_change(row) for row in _terms_rows(session, TermsRow.forum_id.is_(None))])


def terms_of_forums(session: Session, forum_ids: Collection[ForumId]) -> dict[ForumId, TermsHistory]:
    found: dict[ForumId, list[TermsChange]] = {forum_id: [] for forum_id in forum_ids}
    for row in _terms_rows(session, or_(TermsRow.forum_id.in_(found), TermsRow.forum_id.is_(None))):
        for changes in found.values() if row.forum_id is None else [found[ForumId(row.forum_id)]]:
            changes.append(_change(row))
    return {forum_id: TermsHistory(changes) for forum_id, changes in found.items()}


def _terms_rows(session: Session, which: ColumnElement[bool]) -> ScalarResult[TermsRow]:
    return session.scalars(select(TermsRow).where(which).order_by(TermsRow.effective_at, TermsRow.id))


def _change(row: TermsRow) -> TermsChange:
    asked = (row.interval_days, row.grace_days, row.lapse_stops_posting)
    named = TERMS if row.named is None else frozenset(row.named.split())
    return TermsChange(row.effective_at, row.board_id, *asked, everywhere=row.forum_id is None, named=named)


def made_changes(session: Session, forum_id: str | None, before: int | None, limit: int) -> list[MadeChange]:
    """Changes of all forums, or of one with those that the operator made for all; what was made last first."""
    query = select(TermsRow).order_by(TermsRow.id.desc()).limit(limit)
    if forum_id is not None:
        query = query.where(or_(TermsRow.forum_id == forum_id, TermsRow.forum_id.is_(None)))
    if before is not None:
        query = query.where(TermsRow.id < before)
    return [
        MadeChange(row.id, row.forum_id, _change(row), row.source, row.reason, row.changed_by, row.created_at)
        for row in session.scalars(query)
    ]


def add_terms(tx: Transaction, forum_id: ForumId | None, change: TermsChange, why: Why) -> int:
    row = TermsRow(
        forum_id=forum_id,
        board_id=change.board_id,
        effective_at=change.effective_at,
        interval_days=change.interval_days,
        grace_days=change.grace_days,
        lapse_stops_posting=change.lapse_stops_posting,
        source=why.source,
        named=" ".join(sorted(change.named)),
        reason=why.reason,
        changed_by=tx.actor.id,
        created_at=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    return row.id


def look_again(
    session: Session, forum_id: ForumId | None, board_id: BoardId | None, at: datetime, no_earlier: datetime
) -> None:
    """After a change of terms the worker looks `at` then; nothing new falls due before `no_earlier`.

    Those that ended are concerned too: a measure that is lifted brings them back.
    """
    concerned = update(ModeratorRow).execution_options(synchronize_session=False)
    if forum_id is not None:
        concerned = concerned.where(ModeratorRow.forum_id == forum_id)
    if board_id is not None:
        concerned = concerned.where(ModeratorRow.board_id == board_id)
    session.execute(concerned.where(ModeratorRow.look_at > at).values(look_at=at))
    session.execute(concerned.where(ModeratorRow.due_at > no_earlier).values(due_at=no_earlier))
    session.execute(concerned.where(ModeratorRow.suspends_at > no_earlier).values(suspends_at=no_earlier))
