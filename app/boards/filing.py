"""Steps that put somebody on record (备案) or change what a record is held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from app import policies
from app.accounts.domain import Account, AccountName, SanctionKind
from app.accounts.errors import AccountIsClosed
from app.accounts.service import find_named, sanction_in_force
from app.agreements.domain import AgreementKind
from app.agreements.service import counts_as_accepted
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards import repository, terms_rows
from app.boards.announcements import announce_moderator, views_of
from app.boards.domain import Appointment, Board, BoardStatus, Happening, HistoryEntry, ModeratorView, Role, Standing
from app.boards.errors import (
    AccountBanned,
    AccountSuspended,
    AgreementNotAccepted,
    AlreadyFiled,
    BoardIsClosed,
    HasFounder,
    IdentityLevelTooLow,
    TermsOutOfRange,
    TooYoungToModerate,
)
from app.boards.schedules import ModeratorState, Ordered, Schedule, Terms, day_of
from app.boards.standings import standings_of
from app.boards.terms import TermsLevel, WantedTerms, Why, first_due_under
from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType
from app.kernel.ids import AccountId, BoardId, ForumId, ModeratorId, new_id
from app.verification.progress import documents_verified

IsAdult = Callable[[Transaction, AccountId], bool]
_Office = tuple[AccountId, Role]
ALL_FORUMS = "all"
"""What the record names where the operator asks something of every forum."""
_INTERVALS = range(policies.REVERIFICATION_SHORTEST.value, policies.REVERIFICATION_LONGEST.value + 1)
_GRACES = range(policies.REVERIFICATION_LONGEST_GRACE.value + 1)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Whom lines before would have put on record: what a rehearsal knows in place of filings."""

    offices: dict[BoardId, list[_Office]] = field(default_factory=dict)


class Filing:
    def __init__(self, is_adult: IsAdult) -> None:
        self._is_adult = is_adult

    def file(
        self, tx: Transaction, board: Board, name: AccountName, role: Role, *, spread: bool = False
    ) -> ModeratorView:
        """A step; the caller holds the forum: puts an account on record for an office and starts its schedule.

        `spread` begins the schedule up to a window earlier, by the account and the board, so that those who come
        together do not fall due together. What was due, or ordered, when the account left this office last stays due:
        nobody is made good by being filed anew.
        Raises `AccountNotFound`, `AccountIsClosed`, `BoardIsClosed`, `AccountSuspended`, `AccountBanned`,
        `IdentityLevelTooLow`, `TooYoungToModerate`, `AgreementNotAccepted`, `AlreadyFiled`, `HasFounder`.
        Source: L8c, L6d, N10.
        """
        account = find_named(tx, board.forum_id, name, lock=True)
        verified_at = self._judged(tx, board, account, role, [])
        history = terms_rows.terms_of(tx.session, board.forum_id)
        terms = history.of_board(board.id, tx.now)
        begins = day_of(tx.now) - (_offset(board.id, account.id, terms) if spread else 0)
        schedule = Schedule(begins, terms, order=_left_undone(tx, board.id, account.id))
        appointment = Appointment(
            id=ModeratorId(new_id("mod", tx.now)),
            forum_id=board.forum_id,
            board_id=board.id,
            account_id=account.id,
            role=role,
            filed_at=tx.now,
            schedule=schedule,
        )
        deadline = schedule.deadline(verified_at)
        dates = history.never_too_late(deadline, board.id, tx.now)
        moments = (deadline.next_boundary(tx.now), history.next_change(board.id, tx.now))
        look_at = tx.now if schedule.order else min(moment for moment in moments if moment is not None)
        repository.add_appointment(tx.session, appointment, dates, look_at)
        repository.add_history(tx.session, appointment.id, HistoryEntry(tx.now, Happening.FILED, detail=role))
        audit.record(tx, Action.MODERATOR_FILED, ObjectKind.MODERATOR, appointment.id, reason=role)
        view = views_of(tx, [Standing(appointment, verified_at, deadline, account_stopped=False, now=tx.now)])[0]
        announce_moderator(tx, EventType.MODERATOR_FILED, view)
        return view

    def rehearse(self, tx: Transaction, board: Board, name: AccountName, role: Role, before: Rehearsal) -> None:
        """A step: writes nothing, and adds the office to `before`.

        Raises as `file`, as if whoever stands in `before` were filed.
        """
        account = find_named(tx, board.forum_id, name)
        rehearsed = before.offices.setdefault(board.id, [])
        self._judged(tx, board, account, role, rehearsed)
        rehearsed.append((account.id, role))

    def _judged(
        self, tx: Transaction, board: Board, account: Account, role: Role, rehearsed: Sequence[tuple[AccountId, Role]]
    ) -> datetime:
        """When the person proved themselves by document. Raises what keeps an account from this office.

        First of all `AlreadyFiled`, so that whoever asks twice hears it, whatever has become of the account since.
        """
        filed = [(one.account_id, one.role) for one in repository.of_boards(tx.session, [board.id])]
        in_office = [*filed, *rehearsed]
        if any(account_id == account.id for account_id, _ in in_office):
            raise AlreadyFiled
        if account.closed_at is not None:
            raise AccountIsClosed
        if board.status is BoardStatus.CLOSED:
            raise BoardIsClosed
        verified_at = self._qualified(tx, account)
        if role is Role.FOUNDER and any(held is Role.FOUNDER for _, held in in_office):
            raise HasFounder
        return verified_at

    def _qualified(self, tx: Transaction, account: Account) -> datetime:
        """When the person proved themselves by document. Raises what keeps them from any office."""
        sanction = sanction_in_force(tx, account.id)
        if sanction is not None:
            raise AccountBanned if sanction.kind is SanctionKind.BAN else AccountSuspended
        verified_at = documents_verified(tx, [account.id]).get(account.id)
        if verified_at is None:
            raise IdentityLevelTooLow
        if not self._is_adult(tx, account.id):
            raise TooYoungToModerate
        if not counts_as_accepted(tx, account.id, AgreementKind.MODERATOR):
            raise AgreementNotAccepted
        return verified_at


def refuse_terms_out_of_range(wanted: WantedTerms, pointer: str = "/interval_days") -> None:
    """Raises `TermsOutOfRange`."""
    interval, grace = wanted.interval_days, wanted.grace_days
    if (interval is not None and interval not in _INTERVALS) or (grace is not None and grace not in _GRACES):
        raise TermsOutOfRange(pointer)


def change_terms(
    tx: Transaction,
    forum_id: ForumId | None,
    board_id: BoardId | None,
    wanted: WantedTerms,
    at: datetime,
    why: Why,
    *,
    case: str | None = None,
) -> int | None:
    """A step; the caller holds the forum, or all of them: what a board, a forum or the operator asks from `at` on.

    The number of the change; None where nothing changes by it, as when it is said twice. Raises `TermsOutOfRange`.
    """
    refuse_terms_out_of_range(wanted)
    history, level = terms_rows.terms_of(tx.session, forum_id), TermsLevel(board_id, everywhere=forum_id is None)
    change = history.with_wanted(level, wanted, at)
    if history.says_already(change):
        return None
    number = terms_rows.add_terms(tx, forum_id, change, why)
    for later in history.carried_on(level, wanted, at):
        terms_rows.add_terms(tx, forum_id, later, why)
    terms_rows.look_again(tx.session, forum_id, board_id, at, first_due_under(at))
    kind = ObjectKind.BOARD if board_id else ObjectKind.FORUM
    audit.record(tx, Action.TERMS_CHANGED, kind, board_id or forum_id or ALL_FORUMS, case=case)
    return number


def _left_undone(tx: Transaction, board_id: BoardId, account_id: AccountId) -> Ordered | None:
    """What an account owed when its last appointment on this board ended, and still owes. Source: L8d."""
    left = repository.newest_ended(tx.session, board_id, account_id)
    if left is None or left.ended_at is None:
        return None
    deadline = standings_of(tx, [left])[0].deadline
    if deadline.state(left.ended_at) is ModeratorState.CURRENT:
        return None
    return Ordered(deadline.opens_at, deadline.due_at)


def _offset(board_id: BoardId, account_id: AccountId, terms: Terms) -> int:
    """The same whenever it is asked, and evenly spread."""
    return int.from_bytes(sha256(f"{board_id} {account_id}".encode()).digest()[:8]) % terms.window_days
