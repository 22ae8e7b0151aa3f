"""Steps on what is about to be published: whose and where it is, what a permit is bound to, what is said against it."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import rfc8785

from app.accounts.service import accounts_known
from app.boards.service import boards_called
from app.db.unit_of_work import Transaction
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import AccountId, BoardId, ForumId
from app.kernel.sentence import Sentence
from app.posting.denials import DENIALS
from app.posting.errors import Denial, ReasonCode
from app.screening.category_words import OTHER
from app.screening.contents import Item, Screened
from app.screening.domain import Decision

_NO_ACCOUNT = Sentence("你的论坛没有这个账号。", "Your forum has no such account.")
_NO_BOARD = Sentence("你的论坛没有这个版块。", "Your forum has no such board.")
_UNWRITABLE = Sentence(
    "含不成对的代理码位，不能按它签发许可。", "It holds a lone surrogate; no permit can be bound to it."
)


def placed(
    tx: Transaction,
    forum_id: ForumId,
    items: Sequence[Item],
    author: AccountId | None = None,
    board_id: BoardId | None = None,
) -> list[Item]:
    """A step: the same texts, with boards by their ids; accounts and boards must be this forum's.

    `author` and `board_id` are those of items that name none. Raises `Invalid` with every fault of every item.
    """
    accounts = accounts_known(tx, forum_id, {item.account_id for item in items if item.account_id is not None})
    boards = boards_called(tx, forum_id, {item.board for item in items if item.board is not None})
    faults = []
    for place, item in enumerate(items):
        if item.account_id is not None and item.account_id not in accounts:
            faults.append(FieldError(f"/items/{place}/account_id", "unknown", _NO_ACCOUNT))
        if item.board is not None and item.board not in boards:
            faults.append(FieldError(f"/items/{place}/board", "unknown", _NO_BOARD))
    if faults:
        raise Invalid(faults)
    return [
        replace(
            item,
            account_id=author if item.account_id is None else item.account_id,
            board=board_id if item.board is None else boards[item.board],
        )
        for item in items
    ]


def content_digest(items: Sequence[Item]) -> str:
    """What a permit is bound to: hex SHA-256 of the RFC 8785 form of `[{"field", "text"}, ...]`, as it was sent.

    Raises `Invalid` for a text that has no such form.
    """
    try:
        return sha256(rfc8785.dumps([{"field": item.field.value, "text": item.text} for item in items])).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise Invalid(_unwritable(items)) from None


def content_reasons(screened: Screened) -> list[Denial]:
    """What the content says against a permit, beside everything else."""
    match screened.decision:
        case Decision.BLOCK:
            denial = DENIALS[ReasonCode.CONTENT_BLOCKED]
            detail = denial.detail.with_values(category=screened.blocked_for or OTHER)
            return [Denial(denial.code, detail, denial.remedy)]
        case Decision.REVIEW:
            return [DENIALS[ReasonCode.CONTENT_UNDER_REVIEW]]
        case _:
            return []


def _unwritable(items: Sequence[Item]) -> list[FieldError]:
    places = [place for place, item in enumerate(items) if any("\ud800" <= mark <= "\udfff" for mark in item.text)]
    return [FieldError(f"/items/{place}/text", "bad-character", _UNWRITABLE) for place in places]
