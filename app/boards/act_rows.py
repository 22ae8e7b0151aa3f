"""Queries on what was done to boards."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.boards.domain import Board, BoardAct, BoardStatus
from app.boards.models import BoardActRow
from app.kernel.actor import Actor
from app.kernel.ids import BoardId


def add_act(session: Session, acted: Board, actor: Actor, reason: str, at: datetime, case_id: str | None) -> None:
    """`acted` is the board as it is now."""
    session.add(
        BoardActRow(
            board_id=acted.id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            status=acted.status,
            reason=reason,
            at=at,
            case_id=case_id,
        )
    )
    session.flush()


def acts_on(session: Session, board_ids: Collection[BoardId], status: BoardStatus) -> list[BoardAct]:
    """By which these boards became so, the earliest first."""
    query = select(BoardActRow).where(BoardActRow.board_id.in_(board_ids), BoardActRow.status == status)
    return [
        BoardAct(
            row.id,
            BoardId(row.board_id),
            BoardStatus(row.status),
            row.actor_kind,
            row.actor_id,
            row.reason,
            row.at,
            row.case_id,
        )
        for row in session.scalars(query.order_by(BoardActRow.id))
    ]
