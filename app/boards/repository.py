"""Queries on boards, appointments and what happened to them; terms, orders and sweeps have files of their own."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.boards.domain import (
    Appointment,
    Board,
    BoardStatus,
    Happening,
    HistoryEntry,
    NewBoard,
    Role,
    Sanction,
    Step,
    can_name_a_board,
)
from app.boards.models import BoardRow, HistoryRow, ModeratorRow, ModeratorSanctionRow
from app.boards.schedules import Deadline, ModeratorState, Ordered, Schedule, Terms
from app.db.words import read_word
from app.kernel.ids import AccountId, BoardId, ForumId, ModeratorId
from app.verification.domain import IdentityLevel

_ID_PREFIX = "brd_"


# -- boards -----------------------------------------------------------------------------------------------------


def add_board(session: Session, board_id: BoardId, forum_id: ForumId, new: NewBoard, now: datetime) -> None:
    session.add(
        BoardRow(
            id=board_id,
            forum_id=forum_id,
            slug=new.slug,
            name=new.name,
            description=new.description,
            status=BoardStatus.ACTIVE,
            status_reason=None,
            minimum_level=new.minimum_level,
            created_at=now,
        )
    )
    session.flush()


def find_board(session: Session, forum_id: ForumId | None, named: str, *, lock: bool = False) -> Board | None:
    """By id or by slug, where no forum is named by id alone; `lock` holds it until the transaction ends."""
    is_id = named.startswith(_ID_PREFIX)
    if not can_name_a_board(named) or (forum_id is None and not is_id):
        return None
    query = select(BoardRow).where(BoardRow.id == named if is_id else BoardRow.slug == named)
    if forum_id is not None:
        query = query.where(BoardRow.forum_id == forum_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _board(row) if row else None


def list_boards(
    session: Session, forum_id: ForumId | None, after: str | None, limit: int, status: BoardStatus | None = None
) -> list[Board]:
    """Of a forum, or of all; oldest first."""
    query = select(BoardRow).where(BoardRow.id > (after or ""))
    if forum_id is not None:
        query = query.where(BoardRow.forum_id == forum_id)
    if status is not None:
        query = query.where(BoardRow.status == status)
    return [_board(row) for row in session.scalars(query.order_by(BoardRow.id).limit(limit))]


def newest_boards(session: Session, limit: int) -> list[Board]:
    return [_board(row) for row in session.scalars(select(BoardRow).order_by(BoardRow.id.desc()).limit(limit))]


def boards_named(session: Session, board_ids: Collection[str]) -> dict[str, Board]:
    return {row.id: _board(row) for row in session.scalars(select(BoardRow).where(BoardRow.id.in_(set(board_ids))))}


def save_board(session: Session, board: Board) -> None:
    """Stores what a forum may change."""
    session.execute(
        update(BoardRow)
        .where(BoardRow.id == board.id)
        .values(
            slug=board.slug,
            name=board.name,
            description=board.description,
            status=board.status,
            status_reason=board.status_reason,
            minimum_level=board.minimum_level,
        )
    )


def note_reconciliation(session: Session, board_id: BoardId, unfiled: int, absent: int, now: datetime) -> None:
    session.execute(
        update(BoardRow)
        .where(BoardRow.id == board_id)
        .values(reconciled_at=now, unfiled_count=unfiled, absent_count=absent)
    )


# -- appointments -----------------------------------------------------------------------------------------------


def add_appointment(session: Session, appointment: Appointment, deadline: Deadline, look_at: datetime) -> None:
    order = appointment.schedule.order
    session.add(
        ModeratorRow(
            id=appointment.id,
            forum_id=appointment.forum_id,
            board_id=appointment.board_id,
            account_id=appointment.account_id,
            role=appointment.role,
            filed_at=appointment.filed_at,
            anchor_day=appointment.schedule.anchor_day,
            told_state=ModeratorState.CURRENT,
            verified_seen_at=appointment.filed_at,
            ended_at=None,
            ended_because=None,
            interval_days=appointment.schedule.terms.interval_days,
            grace_days=appointment.schedule.terms.grace_days,
            ordered_at=order.ordered_at if order else None,
            order_due_at=order.due_at if order else None,
            due_at=deadline.due_at,
            suspends_at=deadline.suspends_at,
            look_at=look_at,
        )
    )
    session.flush()


def find_appointment(
    session: Session, forum_id: ForumId | None, moderator_id: str, *, lock: bool = False
) -> Appointment | None:
    """Of a forum, or of any."""
    query = select(ModeratorRow).where(ModeratorRow.id == moderator_id)
    if forum_id is not None:
        query = query.where(ModeratorRow.forum_id == forum_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return appointment_of(row) if row else None


def in_office(session: Session, board_id: BoardId, account_id: AccountId) -> Appointment | None:
    row = session.scalar(
        select(ModeratorRow).where(
            ModeratorRow.board_id == board_id, ModeratorRow.account_id == account_id, ModeratorRow.ended_at.is_(None)
        )
    )
    return appointment_of(row) if row else None


def newest_ended(session: Session, board_id: BoardId, account_id: AccountId) -> Appointment | None:
    """The appointment of an account on a board that ended last."""
    query = select(ModeratorRow).where(
        ModeratorRow.board_id == board_id, ModeratorRow.account_id == account_id, ModeratorRow.ended_at.is_not(None)
    )
    row = session.scalar(query.order_by(ModeratorRow.ended_at.desc(), ModeratorRow.id.desc()).limit(1))
    return appointment_of(row) if row else None


def appointments(
    session: Session, conditions: Collection[ColumnElement[bool]], limit: int | None = None
) -> list[Appointment]:
    """Oldest first."""
    query = select(ModeratorRow).where(*conditions).order_by(ModeratorRow.id).limit(limit)
    return [appointment_of(row) for row in session.scalars(query)]


def of_boards(session: Session, board_ids: Collection[BoardId]) -> list[Appointment]:
    """Those in office on these boards."""
    return appointments(session, [ModeratorRow.board_id.in_(board_ids), ModeratorRow.ended_at.is_(None)])


def of_accounts(session: Session, account_ids: Collection[AccountId]) -> list[Appointment]:
    """Those in office of these accounts."""
    return appointments(session, [ModeratorRow.account_id.in_(account_ids), ModeratorRow.ended_at.is_(None)])


def all_of_account(session: Session, account_id: AccountId) -> list[Appointment]:
    return appointments(session, [ModeratorRow.account_id == account_id])


def boards_held_by(session: Session, account_ids: Collection[AccountId]) -> frozenset[BoardId]:
    query = select(ModeratorRow.board_id).where(ModeratorRow.account_id.in_(account_ids)).distinct()
    return frozenset(BoardId(board_id) for board_id in session.scalars(query))


def perhaps_lapsed(session: Session, forum_id: ForumId, now: datetime) -> list[Appointment]:
    """Those in office whose powers may be off."""
    return appointments(
        session, [ModeratorRow.forum_id == forum_id, ModeratorRow.ended_at.is_(None), ModeratorRow.suspends_at <= now]
    )


def conditions_of(
    forum_id: ForumId | None,
    board_ids: Collection[str] | None,
    account_ids: Collection[AccountId] | None,
    state: ModeratorState | None,
    after: str | None,
) -> list[ColumnElement[bool]]:
    """What the database can tell; the states that time makes are judged by whoever reads."""
    conditions = [ModeratorRow.id > (after or "")]
    if forum_id is not None:
        conditions.append(ModeratorRow.forum_id == forum_id)
    if board_ids is not None:
        conditions.append(ModeratorRow.board_id.in_(board_ids))
    if account_ids is not None:
        conditions.append(ModeratorRow.account_id.in_(account_ids))
    ended = state is ModeratorState.ENDED
    conditions.append(ModeratorRow.ended_at.is_not(None) if ended else ModeratorRow.ended_at.is_(None))
    return conditions


def is_among(moderator_ids: Collection[ModeratorId]) -> ColumnElement[bool]:
    return ModeratorRow.id.in_(moderator_ids)


def due_before(moment: datetime) -> ColumnElement[bool]:
    return ModeratorRow.due_at < moment


def suspended_before(moment: datetime) -> ColumnElement[bool]:
    return ModeratorRow.suspends_at < moment


def perhaps_due(by: datetime) -> ColumnElement[bool]:
    """With a due date by then, or under an order."""
    return or_(ModeratorRow.due_at <= by, ModeratorRow.ordered_at.is_not(None))


def end(session: Session, moderator_id: ModeratorId, because: str, now: datetime) -> None:
    session.execute(
        update(ModeratorRow)
        .where(ModeratorRow.id == moderator_id)
        .values(ended_at=now, ended_because=because, told_state=ModeratorState.ENDED)
    )


def restore(session: Session, moderator_id: ModeratorId, dates: Deadline, now: datetime) -> None:
    """Takes the ending back; the worker looks at it at once."""
    session.execute(
        update(ModeratorRow)
        .where(ModeratorRow.id == moderator_id)
        .values(
            ended_at=None,
            ended_because=None,
            told_state=ModeratorState.CURRENT,
            due_at=dates.due_at,
            suspends_at=dates.suspends_at,
            look_at=now,
        )
    )
    session.flush()


# -- what happened ----------------------------------------------------------------------------------------------


def add_history(session: Session, moderator_id: ModeratorId, entry: HistoryEntry) -> None:
    session.add(
        HistoryRow(
            moderator_id=moderator_id,
            at=entry.at,
            what=entry.what,
            due_at=entry.due_at,
            stage=entry.stage,
            detail=entry.detail,
            texting=None,
        )
    )
    session.flush()


def history_of(session: Session, moderator_id: str) -> list[HistoryEntry]:
    query = select(HistoryRow).where(HistoryRow.moderator_id == moderator_id).order_by(HistoryRow.at, HistoryRow.id)
    return [
        HistoryEntry(row.at, Happening(row.what), row.due_at, row.stage, row.detail) for row in session.scalars(query)
    ]


def add_sanction(session: Session, sanction: Sanction) -> None:
    session.add(
        ModeratorSanctionRow(
            id=sanction.id,
            moderator_id=sanction.moderator_id,
            step=sanction.step,
            reason=sanction.reason,
            basis=sanction.basis,
            imposed_at=sanction.imposed_at,
            lifted_at=None,
            lifted_because=None,
            actor_kind=sanction.imposed_by[0] if sanction.imposed_by else None,
            actor_id=sanction.imposed_by[1] if sanction.imposed_by else None,
        )
    )
    session.flush()


def sanctions_on(session: Session, account_id: AccountId) -> list[Sanction]:
    """On all appointments of an account, those that have not been lifted; newest first."""
    query = (
        select(ModeratorSanctionRow)
        .join(ModeratorRow, ModeratorRow.id == ModeratorSanctionRow.moderator_id)
        .where(ModeratorRow.account_id == account_id, ModeratorSanctionRow.lifted_at.is_(None))
    )
    return [_sanction(row) for row in session.scalars(query.order_by(ModeratorSanctionRow.id.desc()))]


def sanctions_of(session: Session, moderator_id: str) -> list[Sanction]:
    """Oldest first."""
    query = select(ModeratorSanctionRow).where(ModeratorSanctionRow.moderator_id == moderator_id)
    return [_sanction(row) for row in session.scalars(query.order_by(ModeratorSanctionRow.id))]


def lift_sanction(session: Session, sanction_id: str, because: str, now: datetime) -> None:
    session.execute(
        update(ModeratorSanctionRow)
        .where(ModeratorSanctionRow.id == sanction_id)
        .values(lifted_at=now, lifted_because=because)
    )


def appointment_of(row: ModeratorRow) -> Appointment:
    return Appointment(
        id=ModeratorId(row.id),
        forum_id=ForumId(row.forum_id),
        board_id=BoardId(row.board_id),
        account_id=AccountId(row.account_id),
        role=read_word(Role, row.role, row.id, Role.MANAGER),
        filed_at=row.filed_at,
        schedule=Schedule(
            row.anchor_day,
            Terms(row.interval_days, row.grace_days),
            order=Ordered(row.ordered_at, row.order_due_at) if row.ordered_at and row.order_due_at else None,
        ),
        ended_at=row.ended_at,
    )


def _sanction(row: ModeratorSanctionRow) -> Sanction:
    return Sanction(
        row.id,
        ModeratorId(row.moderator_id),
        Step(row.step),
        row.reason,
        row.basis,
        row.imposed_at,
        row.lifted_at,
        row.lifted_because,
        (row.actor_kind, row.actor_id) if row.actor_kind and row.actor_id else None,
    )


def _board(row: BoardRow) -> Board:
    return Board(
        id=BoardId(row.id),
        forum_id=ForumId(row.forum_id),
        slug=row.slug,
        name=row.name,
        description=row.description,
        status=read_word(BoardStatus, row.status, row.id, BoardStatus.CLOSED),
        status_reason=row.status_reason,
        minimum_level=read_word(IdentityLevel, row.minimum_level, row.id, IdentityLevel.DOCUMENT),
        created_at=row.created_at,
    )
