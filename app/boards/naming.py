"""Steps that give a board its name and description: both pass the gate, and what waits is not shown meanwhile."""

from dataclasses import replace

from app.boards import repository
from app.boards.domain import BoardChange
from app.db.unit_of_work import Transaction
from app.kernel.ids import BoardId, ForumId
from app.screening.domain import Field, Subject, SubjectKind, Text
from app.screening.service import Gate

_PLACEHOLDER_LETTERS = 10
_SLUG_POINTER = "/slug"
_NOTHING = ""


class BoardNaming:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def screen(self, tx: Transaction, forum_id: ForumId, board_id: BoardId, wanted: BoardChange) -> BoardChange:
        """A step: the change as it is to be stored, with placeholders for what waits for its review.

        A slug is an address and cannot wait. Raises `Invalid`, `ScreeningBlocked`.
        """
        if wanted.slug is not None:
            self._gate.refuse(tx, Text(Field.BOARD_NAME, _SLUG_POINTER, wanted.slug))
        given = (
            (Field.BOARD_NAME, "/name", wanted.name),
            (Field.BOARD_DESCRIPTION, "/description", wanted.description),
        )
        texts = [Text(field, pointer, text) for field, pointer, text in given if text is not None]
        judgement = self._gate.judge(tx, forum_id, texts)
        self._gate.hold(tx, Subject(SubjectKind.BOARD, board_id, forum_id, None), judgement)
        return replace(
            wanted,
            name=judgement.shown.get(Field.BOARD_NAME) or (None if wanted.name is None else _placeholder(board_id)),
            description=judgement.shown.get(Field.BOARD_DESCRIPTION)
            or (None if wanted.description is None else _NOTHING),
        )

    def settle(
        self, tx: Transaction, subject: Subject, field: Field, text: str | None, *, instead_of: str | None
    ) -> None:
        """A step, `SettleField` of boards: shows what passed, and a placeholder for what was refused."""
        board = repository.find_board(tx.session, subject.forum_id, subject.id, lock=True)
        if board is None:
            return
        shown = board.name if field is Field.BOARD_NAME else board.description
        if instead_of not in {None, shown}:
            return
        if field is Field.BOARD_NAME:
            settled = replace(board, name=_placeholder(board.id) if text is None else text)
        else:
            settled = replace(board, description=_NOTHING if text is None else text)
        repository.save_board(tx.session, settled)

    def restore(self, tx: Transaction, subject: Subject, field: Field, text: str, *, instead_of: str | None) -> bool:
        """A step, `RestoreField` of boards."""
        board = repository.find_board(tx.session, subject.forum_id, subject.id, lock=True)
        if board is None:
            return False
        is_name = field is Field.BOARD_NAME
        stand_in = _placeholder(board.id) if is_name else _NOTHING
        if (board.name if is_name else board.description) != (stand_in if instead_of is None else instead_of):
            return False
        self.settle(tx, subject, field, text, instead_of=None)
        return True


def _placeholder(board_id: BoardId) -> str:
    """What is shown in place of a name that waits or was refused."""
    return f"版块{board_id[-_PLACEHOLDER_LETTERS:]}"
