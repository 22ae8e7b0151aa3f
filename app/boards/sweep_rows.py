"""Queries of the worker: who is to be looked at, and what was found written down for many at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, String, func, literal, literal_column, or_, select, update
from sqlalchemy.orm import Session

from app import policies
from app.boards.domain import Appointment, Board, BoardStatus, Happening, HistoryEntry, Role
from app.boards.models import BoardRow, HistoryRow, ModeratorRow
from app.boards.repository import boards_named
from app.boards.schedules import ModeratorState, Ordered, Schedule, Terms
from app.db.bulk import among, each_with, insert_new
from app.db.types import UtcDateTime
from app.db.words import read_word
from app.kernel.ids import AccountId, BoardId, ForumId, ModeratorId

_LONGEST_LOOK = 2 * max(timedelta(minutes=policies.OVERDUE_LOOK.value), timedelta(days=policies.STOPPED_LOOK.value))
"""Twice as long as anybody who is late waits to be looked at again."""
WAITING, TEXTED, NOT_TEXTED = "waiting", "texted", "not texted"
_CLAIMED = (
    ModeratorRow.id,
    ModeratorRow.forum_id,
    ModeratorRow.board_id,
    ModeratorRow.account_id,
    ModeratorRow.role,
    ModeratorRow.filed_at,
    ModeratorRow.anchor_day,
    ModeratorRow.interval_days,
    ModeratorRow.grace_days,
    ModeratorRow.ordered_at,
    ModeratorRow.order_due_at,
    ModeratorRow.told_state,
    ModeratorRow.due_at,
    ModeratorRow.verified_seen_at,
)
"""A row of the table is dear; a million of them a night are not read as such."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An appointment that nobody else looks at until this transaction ends, and what was told of it last."""

    appointment: Appointment
    told_state: ModeratorState
    due_at: datetime
    verified_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToText:
    """A reminder that goes to a phone as well."""

    history_id: int
    account_id: AccountId
    forum_id: ForumId
    board_id: BoardId
    due_at: datetime


def anybody(session: Session, now: datetime) -> bool:
    return any(
        session.scalar(select(ModeratorRow.id).where(*waiting).limit(1)) is not None for waiting in _waiting(now)
    )


def claim(session: Session, now: datetime, limit: int) -> list[Claimed]:
    """Those whose look is due, the oldest look first; without those that another worker holds."""
    found: list[Claimed] = []
    for waiting in _waiting(now):
        rows = session.execute(
            select(*_CLAIMED)
            .where(*waiting)
            .order_by(ModeratorRow.look_at)
            .limit(limit - len(found))
            .with_for_update(skip_locked=True)
        )
        found += [_claimed(row) for row in rows]
        if len(found) == limit:
            break
    return found


def _waiting(now: datetime) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    """Whose time has come; and who was told to be late by a clock that has been set back, and may not be."""
    told_late = ModeratorRow.told_state.in_((literal_column("'overdue'"), literal_column("'suspended'")))
    return (
        (ModeratorRow.look_at <= now, ModeratorRow.ended_at.is_(None)),
        (ModeratorRow.look_at > now + _LONGEST_LOOK, ModeratorRow.ended_at.is_(None), told_late),
    )


def save(session: Session, values: Mapping[str, object], moderator_ids: Collection[ModeratorId]) -> None:
    """The same new values for many."""
    session.execute(
        update(ModeratorRow)
        .where(among(ModeratorRow.id, moderator_ids))
        .values(values)
        .execution_options(synchronize_session=False)
    )


def add_entry(session: Session, entry: HistoryEntry, moderator_ids: Collection[ModeratorId]) -> set[str]:
    """The same for many; of whom it was not written before. Once for a due date and stage."""
    values: tuple[ColumnElement[Any], ...] = (
        literal(entry.at, UtcDateTime),
        literal(entry.what.value),
        literal(entry.due_at, UtcDateTime),
        literal(entry.stage),
        literal(WAITING if entry.what is Happening.REMINDED else None, String),
    )
    rows = each_with(moderator_ids, *values)
    columns = ("moderator_id", "at", "what", "due_at", "stage", "texting")
    return insert_new(session, HistoryRow, columns, rows, HistoryRow.moderator_id)


def claim_to_text(session: Session, limit: int) -> list[ToText]:
    """Takes reminders to be texted; from here on none of them is texted again, whatever becomes of the text."""
    rows = session.execute(
        select(HistoryRow.id, HistoryRow.due_at, ModeratorRow.account_id, ModeratorRow.forum_id, ModeratorRow.board_id)
        .join(ModeratorRow, ModeratorRow.id == HistoryRow.moderator_id)
        .where(HistoryRow.texting == WAITING)
        .order_by(HistoryRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=HistoryRow)
    ).all()
    taken = [
        ToText(row.id, AccountId(row.account_id), ForumId(row.forum_id), BoardId(row.board_id), row.due_at)
        for row in rows
    ]
    note_texting(session, [one.history_id for one in taken], TEXTED)
    return taken


def note_texting(session: Session, history_ids: Collection[int], how: str) -> None:
    session.execute(update(HistoryRow).where(HistoryRow.id.in_(history_ids)).values(texting=how))


def any_to_text(session: Session) -> bool:
    return session.scalar(select(HistoryRow.id).where(HistoryRow.texting == WAITING).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class LosingBoard:
    board: Board
    no_earlier: datetime
    """Its last powers go then or later."""
    told: datetime | None
    """The moment that its forum was told last."""


def boards_losing_everybody(session: Session, before: datetime, limit: int) -> list[LosingBoard]:
    """Open boards whose last powers may go before then."""
    last = func.max(ModeratorRow.suspends_at)
    found = session.execute(
        select(ModeratorRow.board_id, BoardRow.unattended_told, last.label("last"))
        .join(BoardRow, BoardRow.id == ModeratorRow.board_id)
        .where(ModeratorRow.ended_at.is_(None), BoardRow.status == BoardStatus.ACTIVE)
        .group_by(ModeratorRow.board_id, BoardRow.unattended_told)
        .having(last <= before, or_(BoardRow.unattended_told.is_(None), BoardRow.unattended_told < last))
        .limit(limit)
    ).all()
    boards = boards_named(session, [row.board_id for row in found])
    return [LosingBoard(boards[row.board_id], row.last, row.unattended_told) for row in found]


def note_unattended(session: Session, losing: LosingBoard, told: datetime) -> bool:
    """Whether nobody else has noted anything since it was found."""
    noted = session.execute(
        update(BoardRow)
        .where(BoardRow.id == losing.board.id, BoardRow.unattended_told.is_not_distinct_from(losing.told))
        .values(unattended_told=told)
        .execution_options(synchronize_session=False)
    )
    return isinstance(noted, CursorResult) and noted.rowcount == 1


def claim_to_reconcile(
    session: Session, forum_ids: Collection[ForumId], now: datetime, every: timedelta, limit: int
) -> list[Board]:
    """Open boards with moderators whose forum has not been asked for its list within `every`; notes that it is now."""
    query = (
        select(BoardRow)
        .where(
            BoardRow.forum_id.in_(forum_ids),
            BoardRow.status != BoardStatus.CLOSED,
            or_(BoardRow.list_asked_at.is_(None), BoardRow.list_asked_at <= now - every),
        )
        .order_by(BoardRow.list_asked_at.nulls_first(), BoardRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(query))
    for row in rows:
        row.list_asked_at = now
    session.flush()
    found = boards_named(session, [row.id for row in rows])
    return [found[row.id] for row in rows]


def _claimed(row: Row[*tuple[Any, ...]]) -> Claimed:
    (mod, forum, board, account, role, filed_at, anchor, interval, grace, *more) = row
    ordered_at, order_due_at, told_state, due_at, verified_seen_at = more
    order = None if ordered_at is None else Ordered(ordered_at, order_due_at)
    schedule = Schedule(anchor, Terms(interval, grace), order=order)
    appointment = Appointment(mod, forum, board, account, read_word(Role, role, mod, Role.MANAGER), filed_at, schedule)
    return Claimed(appointment, ModeratorState(told_state), due_at, verified_seen_at)
