"""Use cases of staff: change how often and how long moderators are held to prove themselves, and rehearse it.

Source: L8d; the article names no period, so each number is a policy with its history.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app import policies
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.boards import terms_rows
from app.boards.domain import Standing
from app.boards.errors import TermsInThePast, TermsTooFarAhead
from app.boards.filing import ALL_FORUMS, change_terms, refuse_terms_out_of_range
from app.boards.forecasting import Weeks, everybody
from app.boards.schedules import Schedule, Terms, day_of
from app.boards.terms import EVERYWHERE, FORUM, MadeChange, TermsHistory, WantedTerms, Why
from app.db.unit_of_work import Transaction, UnitOfWork
from app.forums.service import get_forum, hold_every_forum, hold_forum
from app.kernel.actor import Actor
from app.kernel.ids import ForumId
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_AHEAD = timedelta(days=policies.TERMS_AHEAD.value)


class TermName(StrEnum):
    """The policies that an installation or a forum may set; each is named as in `app.policies`."""

    INTERVAL = "reverification_interval"
    GRACE = "reverification_grace"

    @property
    def field(self) -> str:
        return {TermName.INTERVAL: "interval_days", TermName.GRACE: "grace_days"}[self]

    def of(self, terms: Terms) -> int:
        return terms.interval_days if self is TermName.INTERVAL else terms.grace_days


@dataclass(frozen=True, slots=True)
class WantedChange:
    """One number from `effective_at` on (None: from now on), in a forum or in all; a `value` of None takes it back."""

    name: TermName
    value: int | None
    forum_id: ForumId | None
    effective_at: datetime | None

    @property
    def terms(self) -> WantedTerms:
        interval, grace = (self.value, None) if self.name is TermName.INTERVAL else (None, self.value)
        return WantedTerms(frozenset({self.name.field}), interval, grace)


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """`number` names it in the history; None where it was so already."""

    number: int | None
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class RehearsedWeek:
    """Of the week that begins on `starts_on`: who falls due, and whose powers go off if nobody does anything."""

    starts_on: str
    due: int
    due_then: int
    powers_off: int
    powers_off_then: int


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a change would do: how many are in office, of how many it changes the terms, and the coming weeks."""

    effective_at: datetime
    moderators: int
    concerned: int
    weeks: tuple[RehearsedWeek, ...]


class TermChanges:
    def __init__(self, unit_of_work: UnitOfWork, receipts: Receipts) -> None:
        self._unit_of_work = unit_of_work
        self._receipts = receipts

    def announce(self, actor: Actor, wanted: WantedChange, why: Why) -> Receipt:
        """Puts on record that this change was begun; only then `make` may be called. Nothing has changed yet.

        Raises `ForumNotFound`, `TermsOutOfRange`, `TermsInThePast`, `TermsTooFarAhead`, `Invalid`, `AuditNotPublished`.
        """
        with self._unit_of_work.read() as tx:
            _refuse_past(tx, wanted)
            _effective_at(tx, wanted)
        refuse_terms_out_of_range(wanted.terms, "/value")
        refuse_unreadable([Text(Field.REASON, "/reason", why.reason or ""), Text(Field.REASON, "/source", why.source)])
        acted_on = AuditObject(ObjectKind.FORUM, wanted.forum_id or ALL_FORUMS)
        return self._receipts.fail_closed(actor, Act(Action.TERMS_CHANGED, acted_on))

    def make(self, actor: Actor, wanted: WantedChange, why: Why, receipt: Receipt) -> ChangeMade:
        """Makes the change that `receipt` shows as begun. Nobody is given less than `REVERIFICATION_NOTICE`.

        Raises `ForumNotFound`, `TermsOutOfRange`, `TermsTooFarAhead`.
        """
        with self._unit_of_work.begin(actor) as tx:
            _hold(tx, wanted.forum_id)
            at = _effective_at(tx, wanted)
            number = change_terms(tx, wanted.forum_id, None, wanted.terms, at, why, case=receipt.entry_id)
        return ChangeMade(number, at)

    def in_force(self, forum_id: ForumId | None) -> Terms:
        """What holds now in a forum, or in all that say nothing themselves. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            if forum_id is not None:
                get_forum(tx, forum_id)
            return terms_rows.terms_of(tx.session, forum_id).of_board(None, tx.now)

    def history(self, forum_id: ForumId | None, before: int | None, limit: int) -> list[MadeChange]:
        """What was changed, the newest first; of one forum with what was changed for all. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            if forum_id is not None:
                get_forum(tx, forum_id)
            return terms_rows.made_changes(tx.session, forum_id, before, limit)

    def rehearse(self, wanted: WantedChange, weeks: int) -> Rehearsed:
        """What a change would do to everybody in office. Writes nothing.

        Raises `ForumNotFound`, `TermsOutOfRange`, `TermsInThePast`, `TermsTooFarAhead`.
        """
        refuse_terms_out_of_range(wanted.terms, "/value")
        with self._unit_of_work.read() as tx:
            _refuse_past(tx, wanted)
            at = _effective_at(tx, wanted)
            rehearsal = _Rehearsal(Weeks(day_of(tx.now), weeks), wanted, at)
            histories: dict[ForumId, TermsHistory] = {}
            for standing in everybody(tx, wanted.forum_id):
                forum_id = standing.appointment.forum_id
                if forum_id not in histories:
                    histories[forum_id] = terms_rows.terms_of(tx.session, forum_id)
                rehearsal.look_at(standing, histories[forum_id])
        return rehearsal.told()


class _Rehearsal:
    """Counts today's schedules beside those that a change would make."""

    def __init__(self, calendar: Weeks, wanted: WantedChange, at: datetime) -> None:
        self._calendar, self._wanted, self._at = calendar, wanted, at
        self._moderators = self._concerned = 0
        self._counts = [[0] * calendar.number for _ in range(4)]

    def look_at(self, standing: Standing, history: TermsHistory) -> None:
        due, due_then, off, off_then = self._counts
        self._moderators += 1
        self._calendar.count_due(due, standing)
        _count_off(self._calendar, off, standing.appointment.schedule, standing.verified_at)
        terms, board_id = self._terms_then(history), standing.appointment.board_id
        if terms.of_board(board_id, self._at) == history.of_board(board_id, self._at):
            self._calendar.count_due(due_then, standing)
            _count_off(self._calendar, off_then, standing.appointment.schedule, standing.verified_at)
            return
        self._concerned += 1
        self._count_changed(due_then, standing, terms)
        schedule = _under(standing, terms, self._at, standing.verified_at)
        _count_off(self._calendar, off_then, schedule, standing.verified_at)

    def told(self) -> Rehearsed:
        weeks = zip(self._calendar.names, *self._counts, strict=True)
        return Rehearsed(self._at, self._moderators, self._concerned, tuple(RehearsedWeek(*week) for week in weeks))

    def _terms_then(self, history: TermsHistory) -> TermsHistory:
        level = EVERYWHERE if self._wanted.forum_id is None else FORUM
        change = history.with_wanted(level, self._wanted.terms, self._at)
        carried = history.carried_on(level, self._wanted.terms, self._at)
        return TermsHistory(sorted([*history.changes, change, *carried], key=lambda one: one.effective_at))

    def _count_changed(self, counted: list[int], standing: Standing, terms: TermsHistory) -> None:
        """Until the change as today, each done on its day; from then on under the new terms."""
        changes = day_of(self._at)
        self._calendar.count_due(counted, standing, end=changes)
        done = list(standing.appointment.schedule.days_due(self._calendar.today, changes, standing.verified_at))
        verified_at = _on_day(done[-1], self._at) if done else standing.verified_at
        schedule = _under(standing, terms, self._at, verified_at)
        changed = replace(
            standing, verified_at=verified_at, appointment=replace(standing.appointment, schedule=schedule)
        )
        self._calendar.count_due(counted, changed, begin=changes)


def _under(standing: Standing, terms: TermsHistory, at: datetime, verified_at: datetime | None) -> Schedule:
    return standing.appointment.schedule.under(terms.of_board(standing.appointment.board_id, at), at, verified_at)


def _on_day(day: int, at: datetime) -> datetime:
    """A moment of that day of Shanghai; `at` tells the hour."""
    return at - timedelta(days=day_of(at) - day)


def _count_off(calendar: Weeks, counted: list[int], schedule: Schedule, verified_at: datetime | None) -> None:
    calendar.count(counted, day_of(schedule.deadline(verified_at).suspends_at - timedelta(microseconds=1)))


def _hold(tx: Transaction, forum_id: ForumId | None) -> None:
    if forum_id is None:
        hold_every_forum(tx)
    else:
        hold_forum(tx, forum_id)


def _effective_at(tx: Transaction, wanted: WantedChange) -> datetime:
    """Now where nothing is said, or where that moment has passed meanwhile."""
    if wanted.forum_id is not None:
        get_forum(tx, wanted.forum_id)
    at = tx.now if wanted.effective_at is None else max(wanted.effective_at, tx.now)
    if at > tx.now + _AHEAD:
        raise TermsTooFarAhead
    return at


def _refuse_past(tx: Transaction, wanted: WantedChange) -> None:
    if wanted.effective_at is not None and wanted.effective_at < tx.now:
        raise TermsInThePast
