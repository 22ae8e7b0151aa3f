"""What boards show: names and descriptions, for whoever screens them again."""

from app.boards import repository
from app.boards.domain import Board
from app.db.unit_of_work import Transaction
from app.screening.domain import Field, PublicText, Subject, SubjectKind


class BoardTexts:
    """A `TextSource`."""

    def page(self, tx: Transaction, after: str, limit: int) -> list[PublicText]:
        """A step: what so many boards behind `after` show, the oldest board first."""
        return [text for board in repository.list_boards(tx.session, None, after, limit) for text in _texts_of(board)]

    def recent(self, tx: Transaction, limit: int) -> list[PublicText]:
        """A step: what the newest boards show."""
        return [text for board in repository.newest_boards(tx.session, limit) for text in _texts_of(board)][:limit]


def _texts_of(board: Board) -> list[PublicText]:
    subject = Subject(SubjectKind.BOARD, board.id, board.forum_id, None)
    shown = ((Field.BOARD_NAME, board.name), (Field.BOARD_DESCRIPTION, board.description))
    return [PublicText(board.id, field, text, board.forum_id, subject) for field, text in shown if text]
