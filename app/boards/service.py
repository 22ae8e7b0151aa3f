"""Use cases of boards: create, show, change, freeze, reopen, close. Source: L6e, L8c, L8g."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import AccountName
from app.accounts.service import names_of
from app.audit import service as audit
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.boards import act_rows, name_rows, repository, terms_rows
from app.boards.announcements import announce_board
from app.boards.domain import (
    Board,
    BoardAct,
    BoardChange,
    BoardStatus,
    BoardView,
    Founder,
    NewBoard,
    Role,
    Standing,
    is_slug,
)
from app.boards.errors import BoardIsActive, BoardIsClosed, NoSuchBoard, SlugInvalid, SlugTaken, TermsTooFarAhead
from app.boards.filing import Filing, change_terms, refuse_terms_out_of_range
from app.boards.naming import BoardNaming
from app.boards.schedules import ModeratorState
from app.boards.standings import standings_of
from app.boards.terms import WantedTerms, Why
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.events.catalogue import EventType
from app.forums.service import get_forum, hold_forum
from app.kernel.actor import Actor
from app.kernel.ids import BoardId, ForumId, new_id
from app.screening.domain import Field, Text
from app.screening.service import OPEN_FIELD_RULE, held_fields, refuse_unreadable

_SLUG_RULE = "uq_boards_forum_id_slug"
_BY_THE_FORUM = Why("design")
_LAPSED = (ModeratorState.OVERDUE, ModeratorState.SUSPENDED)
_TERMS_AHEAD = timedelta(days=policies.TERMS_AHEAD.value)


@dataclass(frozen=True, slots=True)
class _Act:
    """What freezes, reopens or closes a board: from where, to where, and what is told."""

    to: BoardStatus
    action: Action
    event: EventType


_FREEZE = _Act(BoardStatus.FROZEN, Action.BOARD_FROZEN, EventType.BOARD_FROZEN)
_REOPEN = _Act(BoardStatus.ACTIVE, Action.BOARD_REOPENED, EventType.BOARD_REOPENED)
_CLOSE = _Act(BoardStatus.CLOSED, Action.BOARD_CLOSED, EventType.BOARD_CLOSED)


class Boards:
    def __init__(self, unit_of_work: UnitOfWork, filing: Filing, naming: BoardNaming, receipts: Receipts) -> None:
        self._unit_of_work = unit_of_work
        self._receipts = receipts
        self._filing = filing
        self._naming = naming

    def create(self, actor: Actor, forum_id: ForumId, new: NewBoard, founder: AccountName) -> BoardView:
        """A board, and its founder's filing in the same moment: nobody has powers before. Source: L8c, L8g.

        Raises `SlugInvalid`, `SlugTaken`, `Invalid`, `ScreeningBlocked`, and as `Filing.file`.
        """
        if not is_slug(new.slug):
            raise SlugInvalid
        try:
            with self._unit_of_work.begin(actor) as tx:
                hold_forum(tx, forum_id)
                board_id = BoardId(new_id("brd", tx.now))
                named = self._naming.screen(tx, forum_id, board_id, BoardChange(new.slug, new.name, new.description))
                shown = replace(new, name=named.name or "", description=named.description or "")
                repository.add_board(tx.session, board_id, forum_id, shown, tx.now)
                if new.terms.named:
                    change_terms(tx, forum_id, board_id, new.terms, tx.now, _BY_THE_FORUM)
                audit.record(tx, Action.BOARD_CREATED, ObjectKind.BOARD, board_id)
                self._filing.file(tx, get_board(tx, forum_id, board_id), founder, Role.FOUNDER)
                return _views(tx, [get_board(tx, forum_id, board_id)])[0]
        except ConstraintViolated as violated:
            if violated.constraint != _SLUG_RULE:
                raise
            raise SlugTaken from None

    def get(self, forum_id: ForumId | None, named: str) -> BoardView:
        """By id or slug; of any forum, by id alone, where none is named. Raises `NoSuchBoard`, also for another's."""
        with self._unit_of_work.read() as tx:
            return _views(tx, [get_board(tx, forum_id, named)])[0]

    def list_all(
        self, forum_id: ForumId | None, after: str | None, limit: int, status: BoardStatus | None = None
    ) -> list[BoardView]:
        """Of a forum, or of all, in any state or in one; oldest first."""
        with self._unit_of_work.read() as tx:
            return _views(tx, repository.list_boards(tx.session, forum_id, after, limit, status))

    def change(self, actor: Actor, forum_id: ForumId, named: str, wanted: BoardChange) -> BoardView:
        """Changes what is given. A new interval gives nobody less than `REVERIFICATION_NOTICE`.

        Raises `NoSuchBoard`, `SlugInvalid`, `SlugTaken`, `Invalid`, `ScreeningBlocked`.
        """
        if wanted.slug is not None and not is_slug(wanted.slug):
            raise SlugInvalid
        return again_on_collision(lambda: self._change(actor, forum_id, named, wanted))

    def _change(self, actor: Actor, forum_id: ForumId, named: str, wanted: BoardChange) -> BoardView:
        try:
            with self._unit_of_work.begin(actor) as tx:
                hold_forum(tx, forum_id)
                board = get_board(tx, forum_id, named, lock=True)
                shown = self._naming.screen(tx, forum_id, board.id, wanted)
                repository.save_board(tx.session, _changed(board, shown))
                if wanted.terms is not None and wanted.terms.named:
                    change_terms(tx, forum_id, board.id, wanted.terms, tx.now, _BY_THE_FORUM)
                audit.record(tx, Action.BOARD_CHANGED, ObjectKind.BOARD, board.id)
                return _views(tx, [get_board(tx, forum_id, board.id)])[0]
        except ConstraintViolated as violated:
            if violated.constraint == OPEN_FIELD_RULE:
                raise
            raise SlugTaken from None

    def freeze(self, actor: Actor, forum_id: ForumId, named: str, reason: str, case_id: str | None = None) -> BoardView:
        """No permit names this board until it is reopened; a second freeze replaces the reason.

        `case_id` names the violation or the case for which it is done.

        Raises `NoSuchBoard`, `Invalid`, `BoardIsClosed`. Source: L6e, L7a.
        """
        return self._act(actor, forum_id, named, reason, _FREEZE, case_id)

    def reopen(self, actor: Actor, forum_id: ForumId, named: str, reason: str) -> BoardView:
        """Brings back exactly what was: nobody's filing has ended. Raises `NoSuchBoard`, `Invalid`, `BoardIsActive`."""
        return self._act(actor, forum_id, named, reason, _REOPEN)

    def close(self, actor: Actor, forum_id: ForumId, named: str, reason: str) -> BoardView:
        """Ends posting and moderating here; a second closing replaces the reason. Raises `NoSuchBoard`, `Invalid`."""
        return self._act(actor, forum_id, named, reason, _CLOSE)

    def _act(
        self, actor: Actor, forum_id: ForumId, named: str, reason: str, act: _Act, case_id: str | None = None
    ) -> BoardView:
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, forum_id)
            board = get_board(tx, forum_id, named, lock=True)
            refuse_unreadable([Text(Field.REASON, "/reason", reason)])
            if act is _REOPEN and board.status is BoardStatus.ACTIVE:
                raise BoardIsActive
            if act is _FREEZE and board.status is BoardStatus.CLOSED:
                raise BoardIsClosed
            acted = replace(board, status=act.to, status_reason=None if act is _REOPEN else reason)
            repository.save_board(tx.session, acted)
            act_rows.add_act(tx.session, acted, tx.actor, reason, tx.now, case_id)
            audit.record(tx, act.action, ObjectKind.BOARD, board.id, case=case_id)
            announce_board(tx, act.event, acted)
            return _views(tx, [acted])[0]

    def set_forum_terms(
        self, actor: Actor, forum_id: ForumId, wanted: WantedTerms, effective_at: datetime | None, source: str
    ) -> Receipt:
        """What a forum asks of all its boards that ask nothing else, from `effective_at` (now, or later).

        A policy: it is on record before it changes. Raises `ForumNotFound`, `TermsOutOfRange`, `TermsTooFarAhead`,
        `Invalid`, `AuditNotPublished`. Source: L8d.
        """
        with self._unit_of_work.read() as tx:
            _effective_at(tx, forum_id, effective_at)
        refuse_terms_out_of_range(wanted)
        refuse_unreadable([Text(Field.REASON, "/source", source)])
        act = Act(Action.TERMS_CHANGED, AuditObject(ObjectKind.FORUM, forum_id))
        receipt = self._receipts.fail_closed(actor, act)
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, forum_id)
            at = _effective_at(tx, forum_id, effective_at)
            change_terms(tx, forum_id, None, wanted, at, Why(source), case=receipt.entry_id)
        return receipt


def _effective_at(tx: Transaction, forum_id: ForumId, wanted: datetime | None) -> datetime:
    get_forum(tx, forum_id)
    at = tx.now if wanted is None else max(wanted, tx.now)
    if at > tx.now + _TERMS_AHEAD:
        raise TermsTooFarAhead
    return at


def get_board(tx: Transaction, forum_id: ForumId | None, named: str, *, lock: bool = False) -> Board:
    """A step: of a forum by id or slug, of any by id. Raises `NoSuchBoard`."""
    board = repository.find_board(tx.session, forum_id, named, lock=lock)
    if board is None:
        raise NoSuchBoard
    return board


def find_board(tx: Transaction, forum_id: ForumId, named: str) -> Board | None:
    """A step: by id or slug."""
    return repository.find_board(tx.session, forum_id, named)


def forum_of_board(tx: Transaction, board_id: BoardId) -> ForumId | None:
    """A step: which forum a board belongs to; None where there is no such board."""
    return name_rows.forum_of_board(tx.session, board_id)


def freezes_of(tx: Transaction, board_ids: Collection[BoardId]) -> list[BoardAct]:
    """A step: by which these boards were frozen, the earliest first."""
    return act_rows.acts_on(tx.session, board_ids, BoardStatus.FROZEN)


def boards_called(tx: Transaction, forum_id: ForumId, names: Collection[str]) -> Mapping[str, str]:
    """A step: likewise for many at once, and only their ids; what names no board of the forum is left out."""
    return name_rows.ids_of_boards_called(tx.session, forum_id, names)


def _views(tx: Transaction, boards: Sequence[Board]) -> list[BoardView]:
    standings = standings_of(tx, repository.of_boards(tx.session, [board.id for board in boards]))
    names = names_of(tx, [one.appointment.account_id for one in standings])
    held = held_fields(tx, [board.id for board in boards])
    histories = terms_rows.terms_of_forums(tx.session, {board.forum_id for board in boards})
    views = []
    for board in boards:
        here = [one for one in standings if one.appointment.board_id == board.id]
        founder = next((one.appointment.account_id for one in here if one.appointment.role is Role.FOUNDER), None)
        views.append(
            BoardView(
                board,
                Founder(founder, names[founder].handle) if founder else None,
                histories[board.forum_id].of_board(board.id, tx.now).interval_days,
                attended_until(here),
                tuple(held.get(board.id, ())),
                in_office=len(here),
                lapsed=sum(one.state in _LAPSED for one in here),
            )
        )
    return views


def attended_until(standings: Iterable[Standing]) -> datetime | None:
    """When the last of those who have powers now loses them, if nobody re-verifies; None where nobody has any."""
    return max((one.deadline.suspends_at for one in standings if one.has_powers), default=None)


def _changed(board: Board, wanted: BoardChange) -> Board:
    return replace(
        board,
        slug=board.slug if wanted.slug is None else wanted.slug,
        name=board.name if wanted.name is None else wanted.name,
        description=board.description if wanted.description is None else wanted.description,
        minimum_level=board.minimum_level if wanted.minimum_level is None else wanted.minimum_level,
    )
