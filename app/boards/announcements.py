"""What forums are told about boards and moderators, and the sentences in it that moderators read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.accounts.domain import Names
from app.accounts.service import names_of
from app.boards import repository
from app.boards.domain import Board, ModeratorView, Sanction, Standing, Step
from app.boards.schedules import ModeratorState
from app.db.unit_of_work import Transaction
from app.events.catalogue import BoardPayload, EventType, ModeratorPayload, Notice, SanctionNotice
from app.events.service import publish
from app.kernel.actor import Actor, ActorKind
from app.kernel.clock import SHANGHAI
from app.kernel.ids import AccountId
from app.kernel.sentence import Language, Sentence

_BY_STATE = {
    ModeratorState.DUE: Sentence(
        "你在「{board}」须在 {day} 结束前完成定期核验；逾期 {grace} 天仍未完成，管理权限停用。[原因：{reason}]",
        "Re-verify for {board} by the end of {day} (Beijing). If it is not done {grace} days later, your powers go off."
        "[ Reason: {reason}]",
    ),
    ModeratorState.OVERDUE: Sentence(
        "你在「{board}」的定期核验已逾期；{end} 仍未完成，管理权限停用。[原因：{reason}]",
        "Your re-verification for {board} is overdue. If it is not done by {end} (Beijing), your powers go off."
        "[ Reason: {reason}]",
    ),
    ModeratorState.SUSPENDED: Sentence(
        "你在「{board}」的管理权限已停：定期核验没有完成，完成后恢复。发帖不受影响。[原因：{reason}]",
        "Your powers on {board} are off until you re-verify. Posting is not affected.[ Reason: {reason}]",
    ),
}
"""Of the states in which something is to be done; a reason where the re-verification was ordered."""
_STEPS = {
    Step.WARN: Sentence(
        "你在「{board}」的管理工作收到警告。原因：{reason}。依据：{basis}。可以申诉。",
        "You have been warned about your work on {board}. Reason: {reason}. Basis: {basis}. You can appeal.",
    ),
    Step.CANCEL: Sentence(
        "你在「{board}」的管理权限已取消。原因：{reason}。依据：{basis}。可以申诉。",
        "Your powers on {board} have been cancelled. Reason: {reason}. Basis: {basis}. You can appeal.",
    ),
}


@dataclass(frozen=True, slots=True)
class Ways:
    """Addresses made without a write: where an account re-verifies, and where it appeals."""

    reverify: Callable[[AccountId, datetime, datetime], str]
    """For an account, now and the moment until which the address is good."""
    appeal: Callable[[AccountId, datetime], str]
    """For an account and now."""


def views_of(tx: Transaction, standings: Sequence[Standing]) -> list[ModeratorView]:
    """A step: with the names that the forum knows them by, in the same order."""
    names = names_of(tx, {one.appointment.account_id for one in standings})
    boards = repository.boards_named(tx.session, {one.appointment.board_id for one in standings})
    return [_view(one, boards, names) for one in standings]


def _view(standing: Standing, boards: Mapping[str, Board], names: Mapping[AccountId, Names]) -> ModeratorView:
    board, name = boards[standing.appointment.board_id], names[standing.appointment.account_id]
    return ModeratorView(standing, board, name.handle, name.external_id)


def announce_board(tx: Transaction, kind: EventType, board: Board, unattended_at: datetime | None = None) -> None:
    """A step."""
    payload = BoardPayload(board.id, board.slug, board.status, unattended_at)
    publish(tx, board.forum_id, kind, payload, subject=board.id)


def announce_moderator(
    tx: Transaction,
    kind: EventType,
    view: ModeratorView,
    notice: Notice | None = None,
    sanction: SanctionNotice | None = None,
) -> None:
    """A step."""
    standing, appointment = view.standing, view.standing.appointment
    ended = standing.state is ModeratorState.ENDED
    payload = ModeratorPayload(
        moderator_id=appointment.id,
        board_id=appointment.board_id,
        board=view.board.slug,
        account_id=appointment.account_id,
        external_id=view.external_id,
        handle=view.handle,
        role=appointment.role,
        state=standing.state,
        due_at=None if ended else standing.deadline.due_at,
        suspends_at=None if ended else standing.deadline.suspends_at,
        notice=notice,
        sanction=sanction,
    )
    publish(tx, appointment.forum_id, kind, payload, subject=appointment.account_id)


def by_their_own_act(tx: Transaction) -> Transaction:
    """The same transaction for an announcement that springs from the person, whoever writes it down."""
    return replace(tx, actor=Actor(ActorKind.PERSON, tx.actor.id, tx.actor.request_id))


def reminder(view: ModeratorView, ways: Ways, ordered_because: str | None = None) -> Notice:
    """What a moderator reads who is due, overdue or without powers, and the address where they re-verify."""
    standing = view.standing
    deadline = standing.deadline
    filled = _BY_STATE[standing.state].with_values(
        board=view.board.name,
        day=last_day(deadline.due_at),
        grace=str((deadline.suspends_at - deadline.due_at).days),
        end=f"{deadline.suspends_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        reason=ordered_because,
    )
    until = max(deadline.suspends_at, standing.now + timedelta(days=1))
    return _notice(filled, ways.reverify(standing.appointment.account_id, standing.now, until))


def sanction_notice(view: ModeratorView, sanction: Sanction, ways: Ways) -> tuple[Notice, SanctionNotice]:
    url = ways.appeal(view.standing.appointment.account_id, view.standing.now)
    filled = _STEPS[sanction.step].with_values(board=view.board.name, reason=sanction.reason, basis=sanction.basis)
    told = SanctionNotice(sanction.id, sanction.step, sanction.reason, sanction.basis, url)
    return _notice(filled, url), told


def last_day(due_at: datetime) -> str:
    """The day of Shanghai on which a due date is still kept."""
    return f"{(due_at - timedelta(microseconds=1)).astimezone(SHANGHAI):%Y-%m-%d}"


def _notice(said: Sentence, url: str) -> Notice:
    return Notice(said.in_language(Language.CHINESE), said.in_language(Language.ENGLISH), url)
