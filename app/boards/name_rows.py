"""Queries on boards by names and ids, of whichever forum."""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.boards.domain import can_name_a_board
from app.boards.models import BoardRow
from app.db.bulk import among
from app.kernel.ids import BoardId, ForumId


def ids_of_boards_called(session: Session, forum_id: ForumId, names: Collection[str]) -> dict[str, str]:
    """The id of each of these that is an id or a slug of a board of the forum."""
    wanted = {name for name in names if can_name_a_board(name)}
    if not wanted:
        return {}
    called = or_(among(BoardRow.id, wanted), among(BoardRow.slug, wanted))
    rows = session.execute(select(BoardRow.id, BoardRow.slug).where(BoardRow.forum_id == forum_id, called))
    by_name = {name: board_id for board_id, slug in rows for name in (board_id, slug)}
    return {name: by_name[name] for name in wanted if name in by_name}


def forum_of_board(session: Session, board_id: BoardId) -> ForumId | None:
    if not board_id.isascii():
        return None
    found = session.scalar(select(BoardRow.forum_id).where(BoardRow.id == board_id))
    return None if found is None else ForumId(found)
