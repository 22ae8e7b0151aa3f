"""Steps that say how appointments stand now, by schedule, newest verification by document, and terms in force."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.accounts.service import stopped_accounts
from app.boards import repository, terms_rows
from app.boards.domain import Appointment, Board, HistoryEntry, Standing
from app.boards.schedules import ModeratorState
from app.boards.terms import TermsHistory
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, BoardId, ForumId, ModeratorId
from app.verification.progress import documents_verified

_NAMED_AT_ONCE = 5000
"""A statement takes no more than 32,766 values on SQLite, and 65,535 on PostgreSQL."""


def standings_of(tx: Transaction, appointments: Sequence[Appointment]) -> list[Standing]:
    """A step: in the same order. What it rests on is read, never what the worker wrote about it. Source: L8d."""
    terms = terms_rows.terms_of_forums(tx.session, {one.forum_id for one in appointments})
    return standings_under(tx, appointments, terms)


def standings_under(
    tx: Transaction, appointments: Sequence[Appointment], terms: Mapping[ForumId, TermsHistory]
) -> list[Standing]:
    """A step: the same for who has read the terms of their forums."""
    verified: dict[AccountId, datetime] = {}
    stopped: set[AccountId] = set()
    accounts = list({one.account_id for one in appointments})
    for begin in range(0, len(accounts), _NAMED_AT_ONCE):
        some = accounts[begin : begin + _NAMED_AT_ONCE]
        verified |= documents_verified(tx, some)
        stopped |= stopped_accounts(tx, some)
    return [
        _standing(one, verified.get(one.account_id), terms[one.forum_id], tx.now, stopped=one.account_id in stopped)
        for one in appointments
    ]


def _standing(
    appointment: Appointment, verified_at: datetime | None, terms: TermsHistory, now: datetime, *, stopped: bool
) -> Standing:
    schedule = appointment.schedule
    if terms.changes:
        schedule = terms.applied(schedule, appointment.board_id, appointment.filed_at, verified_at, now)
        appointment = replace(appointment, schedule=schedule)
    return Standing(appointment, verified_at, schedule.deadline(verified_at), account_stopped=stopped, now=now)


def standing_on_board(tx: Transaction, board_id: BoardId, account_id: AccountId) -> Standing | None:
    """A step: the office that an account holds on a board; None where it holds none."""
    found = repository.in_office(tx.session, board_id, account_id)
    return standings_of(tx, [found])[0] if found else None


def offices_of(tx: Transaction, account_id: AccountId) -> list[tuple[Appointment, list[HistoryEntry]]]:
    """A step: every office that an account has or had, oldest first, with all that happened to it."""
    held = repository.all_of_account(tx.session, account_id)
    return [(office, repository.history_of(tx.session, office.id)) for office in held]


def office_in(tx: Transaction, forum_id: ForumId, moderator_id: str) -> Appointment | None:
    """A step: an appointment of a forum, in office or ended."""
    return repository.find_appointment(tx.session, forum_id, moderator_id)


def boards_held_by(tx: Transaction, account_ids: Collection[AccountId]) -> frozenset[BoardId]:
    """A step: the boards on which one of these accounts is a moderator, or was."""
    return repository.boards_held_by(tx.session, account_ids)


def offices_with_ids(tx: Transaction, moderator_ids: Collection[str]) -> list[Appointment]:
    """A step: of whatever forum; ids that are none are left out."""
    return repository.appointments(tx.session, [repository.is_among([ModeratorId(one) for one in moderator_ids])])


def boards_with_ids(tx: Transaction, board_ids: Collection[str]) -> Mapping[str, Board]:
    """A step: likewise of boards."""
    return repository.boards_named(tx.session, board_ids)


def lapse_stops_posting(tx: Transaction, forum_id: ForumId) -> bool:
    """A step: whether a forum lets nobody post whose powers are off because they did not re-verify."""
    return terms_rows.terms_of(tx.session, forum_id).lapse_stops_posting(tx.now)


def lapsed_accounts(tx: Transaction, forum_id: ForumId) -> set[AccountId]:
    """A step: accounts of a forum with powers that are off on some board, because nobody re-verified."""
    perhaps = repository.perhaps_lapsed(tx.session, forum_id, tx.now)
    return {one.appointment.account_id for one in standings_of(tx, perhaps) if one.state is ModeratorState.SUSPENDED}


def has_lapsed(tx: Transaction, account_id: AccountId) -> bool:
    """A step: the same of one account."""
    standings = standings_of(tx, repository.of_accounts(tx.session, [account_id]))
    return any(one.state is ModeratorState.SUSPENDED for one in standings)
