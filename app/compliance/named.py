"""A step that says in public names what entries of the log name by ids."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.accounts.service import names_of
from app.audit.domain import ObjectKind
from app.boards.standings import boards_with_ids, offices_with_ids
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId

Pair = tuple[str, str]
"""Kind and id, as an entry has them."""


@dataclass(frozen=True, slots=True)
class PublicName:
    """What everybody reads in the forum. `account_id` and `board_id`: whose."""

    handle: str | None
    board: str | None
    account_id: str | None
    board_id: str | None


def public_names(tx: Transaction, objects: Collection[Pair]) -> Mapping[Pair, PublicName]:
    """Of accounts, boards and moderators; whatever else there is, and whatever is gone, is left out."""
    offices = {str(one.id): one for one in offices_with_ids(tx, _ids(objects, ObjectKind.MODERATOR))}
    account_ids = {*_ids(objects, ObjectKind.ACCOUNT), *(one.account_id for one in offices.values())}
    board_ids = {*_ids(objects, ObjectKind.BOARD), *(one.board_id for one in offices.values())}
    names = names_of(tx, [AccountId(one) for one in account_ids])
    boards = boards_with_ids(tx, board_ids)
    found: dict[Pair, PublicName] = {}
    for kind, named in objects:
        office = offices.get(named) if kind == ObjectKind.MODERATOR else None
        account_id = office.account_id if office else AccountId(named) if kind == ObjectKind.ACCOUNT else None
        board_id = office.board_id if office else named if kind == ObjectKind.BOARD else None
        handle, board = names.get(account_id) if account_id else None, boards.get(board_id) if board_id else None
        if handle is not None or board is not None:
            found[kind, named] = PublicName(
                handle.handle if handle else None, board.name if board else None, account_id, board_id
            )
    return found


def _ids(objects: Collection[Pair], kind: ObjectKind) -> set[str]:
    return {named for one, named in objects if one == kind}
