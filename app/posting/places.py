"""What a use asks of boards: read only where it names one, moderates or founds one."""

from app.agreements.domain import AgreementKind
from app.agreements.service import counts_as_accepted
from app.boards.filing import IsAdult
from app.boards.service import find_board
from app.boards.standings import standing_on_board
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId
from app.posting.domain import BoardStanding, Use


class Places:
    def __init__(self, is_adult: IsAdult) -> None:
        self._is_adult = is_adult

    def read(self, tx: Transaction, forum_id: ForumId, account_id: AccountId, use: Use) -> BoardStanding:
        """A step: the board that is named, the account's office on it, and what it takes to moderate or found."""
        board = None if use.board is None else find_board(tx, forum_id, use.board)
        asks_office = use.moderates and board is not None
        return BoardStanding(
            named=use.board is not None,
            board=board,
            office=standing_on_board(tx, board.id, account_id) if asks_office and board else None,
            bound=asks_office and counts_as_accepted(tx, account_id, AgreementKind.MODERATOR),
            adult=use.founds and self._is_adult(tx, account_id),
        )
