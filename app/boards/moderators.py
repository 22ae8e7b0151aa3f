"""Use cases of moderators: file, show, end, sanction and lift, compare with the forum's own list."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from app import policies
from app.accounts.domain import AccountName
from app.accounts.service import accounts_named
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards import repository, terms_rows
from app.boards.announcements import Ways, announce_moderator, sanction_notice, views_of
from app.boards.domain import (
    Happening,
    HistoryEntry,
    ModeratorFilter,
    ModeratorView,
    Reconciled,
    Role,
    Sanction,
    Standing,
    Step,
)
from app.boards.errors import (
    AlreadyFiled,
    AppointmentEnded,
    HasFounder,
    NoSuchModerator,
    NoSuchSanction,
    NothingToRestore,
)
from app.boards.filing import Filing, Rehearsal
from app.boards.schedules import ModeratorState
from app.boards.service import get_board
from app.boards.standings import standings_of
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, translated
from app.events.catalogue import EventType
from app.forums.service import hold_forum
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId, ModeratorId, new_id
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_CHUNK = 500
_TICK = timedelta(microseconds=1)
_LONGEST_WINDOW = timedelta(days=policies.REVERIFICATION_WINDOW.value)
_ONE_FOUNDER = "uq_moderators_founder"


class Moderators:
    def __init__(self, unit_of_work: UnitOfWork, filing: Filing, ways: Ways) -> None:
        self._unit_of_work = unit_of_work
        self._filing = filing
        self._ways = ways

    def file(
        self, actor: Actor, forum_id: ForumId, board: str, name: AccountName, role: Role, *, spread: bool = False
    ) -> ModeratorView:
        """Puts a moderator on record before any power, and starts the schedule. Raises `NoSuchBoard`, and as `Filing`.

        `spread` is for those who were in office before and come together. Source: L8c.
        """
        with _told_who_is_in_office(), self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, forum_id)
            found = get_board(tx, forum_id, board)
            return self._filing.file(tx, found, name, role, spread=spread)

    def rehearse(self, forum_id: ForumId, board: str, name: AccountName, role: Role, before: Rehearsal) -> None:
        """What `file` would say after those in `before`; writes nothing, and adds to it. Raises as `file`."""
        with self._unit_of_work.read() as tx:
            self._filing.rehearse(tx, get_board(tx, forum_id, board), name, role, before)

    def get(self, forum_id: ForumId, moderator_id: str) -> ModeratorView:
        """Raises `NoSuchModerator`."""
        with self._unit_of_work.read() as tx:
            return views_of(tx, [_standing(tx, forum_id, moderator_id)])[0]

    def list_all(self, wanted: ModeratorFilter) -> list[ModeratorView]:
        """Oldest filing first; states and due dates as they are now, whatever the worker has written.

        Where no forum is named, a board is named by its id. Raises `NoSuchBoard`.
        """
        with self._unit_of_work.read() as tx:
            return views_of(tx, list(_matching(tx, wanted)))

    def end(self, actor: Actor, forum_id: ForumId, moderator_id: str, reason: str) -> ModeratorView:
        """Ends an appointment; its record stays. Raises `NoSuchModerator`, `AppointmentEnded`, `Invalid`."""
        with self._unit_of_work.begin(actor) as tx:
            _hold(tx, forum_id, moderator_id, reason)
            view = _end(tx, forum_id, moderator_id, reason, HistoryEntry(tx.now, Happening.ENDED, detail=reason))
            audit.record(tx, Action.MODERATOR_ENDED, ObjectKind.MODERATOR, moderator_id)
            announce_moderator(tx, EventType.MODERATOR_ENDED, view)
            return view

    def sanction(
        self, actor: Actor, forum_id: ForumId, moderator_id: str, step: Step, reason: str, basis: str
    ) -> Sanction:
        """Warns, or takes the powers on this board away, with reason, ground, notice and the way to appeal.

        Raises `NoSuchModerator`, `AppointmentEnded`, `Invalid`. Source: L6e.
        """
        with self._unit_of_work.begin(actor) as tx:
            standing = _hold(tx, forum_id, moderator_id, reason)
            refuse_unreadable([Text(Field.REASON, "/basis", basis)])
            by, appointment_id = (actor.kind.value, actor.id), standing.appointment.id
            imposed = Sanction(new_id("san", tx.now), appointment_id, step, reason, basis, tx.now, None, None, by)
            repository.add_sanction(tx.session, imposed)
            what = Happening.CANCELLED if step is Step.CANCEL else Happening.WARNED
            entry = HistoryEntry(tx.now, what, detail=imposed.id)
            if step is Step.CANCEL:
                view = _end(tx, forum_id, moderator_id, reason, entry)
            else:
                view = views_of(tx, [standing])[0]
                repository.add_history(tx.session, standing.appointment.id, entry)
            audit.record(tx, Action.MODERATOR_SANCTIONED, ObjectKind.MODERATOR, moderator_id, reason=step)
            kind = EventType.MODERATOR_ENDED if step is Step.CANCEL else EventType.MODERATOR_WARNED
            announce_moderator(tx, kind, view, *sanction_notice(view, imposed, self._ways))
            return imposed

    def lift(self, actor: Actor, forum_id: ForumId, moderator_id: str, sanction_id: str, reason: str) -> Sanction:
        """Takes a measure back; a cancelled appointment is again exactly what it was, with the due dates it had.

        Raises `NoSuchModerator`, `NoSuchSanction`, `NothingToRestore`, `AlreadyFiled` where the account has been filed
        anew, `HasFounder`, `Invalid`. Source: L6e.
        """
        with self._unit_of_work.begin(actor) as tx:
            return lift_measure(tx, forum_id, moderator_id, sanction_id, reason)

    def sanctions(self, forum_id: ForumId, moderator_id: str) -> list[Sanction]:
        """Oldest first. Raises `NoSuchModerator`."""
        with self._unit_of_work.read() as tx:
            _standing(tx, forum_id, moderator_id)
            return repository.sanctions_of(tx.session, moderator_id)

    def history(self, forum_id: ForumId, moderator_id: str) -> list[HistoryEntry]:
        """All that happened, for the inspector, oldest first. Raises `NoSuchModerator`. Source: L8c, L8d."""
        with self._unit_of_work.read() as tx:
            _standing(tx, forum_id, moderator_id)
            return repository.history_of(tx.session, moderator_id)

    def reconcile(self, actor: Actor, forum_id: ForumId, board: str, external_ids: Sequence[str]) -> Reconciled:
        """The forum's own list beside the filings of a board. Raises `NoSuchBoard`. Source: L8c."""
        with self._unit_of_work.begin(actor) as tx:
            found = get_board(tx, forum_id, board)
            views = views_of(tx, standings_of(tx, repository.of_boards(tx.session, [found.id])))
            listed, filed = (
                set(external_ids),
                {view.external_id: view for view in views if view.external_id is not None},
            )
            compared = Reconciled(
                unfiled=tuple(sorted(listed - set(filed))),
                absent=tuple(sorted(set(filed) - listed)),
                powerless=tuple(sorted(one for one in listed & set(filed) if not filed[one].standing.has_powers)),
                nameless=tuple(view.standing.appointment.id for view in views if view.external_id is None),
            )
            unfiled, absent = len(compared.unfiled), len(compared.absent)
            repository.note_reconciliation(tx.session, found.id, unfiled, absent, tx.now)
            outcome = "matches" if unfiled == absent == 0 else "differs"
            audit.record(tx, Action.BOARD_RECONCILED, ObjectKind.BOARD, found.id, outcome=outcome)
            return compared


def lift_measure(
    tx: Transaction, forum_id: ForumId, moderator_id: str, sanction_id: str, reason: str, case: str | None = None
) -> Sanction:
    """A step: as `Moderators.lift`."""
    hold_forum(tx, forum_id)
    standing = _standing(tx, forum_id, moderator_id, lock=True)
    refuse_unreadable([Text(Field.REASON, "/reason", reason)])
    lifted = _to_lift(tx, moderator_id, sanction_id)
    repository.lift_sanction(tx.session, sanction_id, reason, tx.now)
    entry = HistoryEntry(tx.now, Happening.LIFTED, detail=sanction_id)
    repository.add_history(tx.session, standing.appointment.id, entry)
    audit.record(tx, Action.SANCTION_LIFTED, ObjectKind.MODERATOR, moderator_id, reason=lifted.step, case=case)
    if lifted.step is Step.CANCEL:
        with _told_who_is_in_office(), translated():
            _restore(tx, standing)
        view = views_of(tx, [_standing(tx, forum_id, moderator_id)])[0]
        announce_moderator(tx, EventType.MODERATOR_REINSTATED, view)
    return _found(tx, moderator_id, sanction_id)


def measures_on(tx: Transaction, account_id: AccountId) -> list[Sanction]:
    """A step: what stands against an account on any board, newest first."""
    return repository.sanctions_on(tx.session, account_id)


def _hold(tx: Transaction, forum_id: ForumId, moderator_id: str, reason: str) -> Standing:
    """One in office. Raises `NoSuchModerator`, `AppointmentEnded`, `Invalid`."""
    hold_forum(tx, forum_id)
    standing = _standing(tx, forum_id, moderator_id, lock=True)
    refuse_unreadable([Text(Field.REASON, "/reason", reason)])
    if standing.state is ModeratorState.ENDED:
        raise AppointmentEnded
    return standing


def _standing(tx: Transaction, forum_id: ForumId, moderator_id: str, *, lock: bool = False) -> Standing:
    found = repository.find_appointment(tx.session, forum_id, moderator_id, lock=lock)
    if found is None:
        raise NoSuchModerator
    return standings_of(tx, [found])[0]


def _end(tx: Transaction, forum_id: ForumId, moderator_id: str, reason: str, entry: HistoryEntry) -> ModeratorView:
    repository.end(tx.session, ModeratorId(moderator_id), reason, tx.now)
    repository.add_history(tx.session, ModeratorId(moderator_id), entry)
    return views_of(tx, [_standing(tx, forum_id, moderator_id)])[0]


def _restore(tx: Transaction, standing: Standing) -> None:
    appointment = standing.appointment
    terms = terms_rows.terms_of(tx.session, appointment.forum_id)
    dates = terms.never_too_late(standing.deadline, appointment.board_id, tx.now)
    repository.restore(tx.session, appointment.id, dates, tx.now)


@contextmanager
def _told_who_is_in_office() -> Iterator[None]:
    """Raises `AlreadyFiled`, `HasFounder`."""
    try:
        yield
    except ConstraintViolated as violated:
        raise HasFounder if violated.constraint == _ONE_FOUNDER else AlreadyFiled from None


def _found(tx: Transaction, moderator_id: str, sanction_id: str) -> Sanction:
    found = next((one for one in repository.sanctions_of(tx.session, moderator_id) if one.id == sanction_id), None)
    if found is None:
        raise NoSuchSanction
    return found


def _to_lift(tx: Transaction, moderator_id: str, sanction_id: str) -> Sanction:
    found = _found(tx, moderator_id, sanction_id)
    if found.lifted_at is not None:
        raise NothingToRestore
    return found


def _matching(tx: Transaction, wanted: ModeratorFilter) -> Iterator[Standing]:
    """Chunk by chunk until `limit` match: what time makes of a date is judged here and nowhere else."""
    board_ids = None
    if wanted.board is not None:
        board_ids = [get_board(tx, wanted.forum_id, wanted.board).id]
    account_ids = None
    if wanted.forum_id is not None:
        account_ids = accounts_named(tx, wanted.forum_id, wanted.external_ids, wanted.handles)
    if wanted.account_id is not None:
        account_ids = [AccountId(wanted.account_id)]
    after, left, chunk = wanted.after, wanted.limit, min(_CHUNK, wanted.limit)
    while left:
        conditions = repository.conditions_of(wanted.forum_id, board_ids, account_ids, wanted.state, after)
        conditions += _bounds(wanted, tx.now)
        found = repository.appointments(tx.session, conditions, chunk)
        for standing in standings_of(tx, found):
            if left and _matches(standing, wanted):
                left -= 1
                yield standing
        if len(found) < chunk:
            return
        after, chunk = found[-1].id, _CHUNK


def _bounds(wanted: ModeratorFilter, now: datetime) -> list[ColumnElement[bool]]:
    """What the database's dates, which are never too late, can leave out."""
    bounds = []
    if wanted.due_before is not None:
        bounds.append(repository.due_before(wanted.due_before))
    if wanted.state is ModeratorState.DUE:
        bounds.append(repository.perhaps_due(now + _LONGEST_WINDOW))
    if wanted.state is ModeratorState.OVERDUE:
        bounds.append(repository.due_before(now + _TICK))
    if wanted.state is ModeratorState.SUSPENDED:
        bounds.append(repository.suspended_before(now + _TICK))
    return bounds


def _matches(standing: Standing, wanted: ModeratorFilter) -> bool:
    if wanted.state is not None and standing.state is not wanted.state:
        return False
    if wanted.due_before is None:
        return True
    return standing.state is not ModeratorState.ENDED and standing.deadline.due_at < wanted.due_before
