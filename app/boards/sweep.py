"""Use cases of the background: look at who is due, remind, write down what time did, and tell forums. Source: L8d.

Nobody's powers hang on it: states are computed whenever somebody asks. It writes down and tells.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards import order_rows, sweep_rows, terms_rows
from app.boards.announcements import Ways, announce_moderator, by_their_own_act, reminder, views_of
from app.boards.domain import Happening, HistoryEntry, Standing
from app.boards.schedules import ModeratorState
from app.boards.standings import standings_under
from app.boards.sweep_rows import Claimed
from app.boards.terms import TermsHistory
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType
from app.events.service import hearing
from app.kernel.actor import SYSTEM
from app.kernel.ids import ModeratorId

_BATCH = policies.SWEPT_AT_ONCE.value
_OVERDUE_LOOK = timedelta(minutes=policies.OVERDUE_LOOK.value)
_STOPPED_LOOK = timedelta(days=policies.STOPPED_LOOK.value)
_POWERLESS = {ModeratorState.OVERDUE, ModeratorState.SUSPENDED}
_EVENTS = {
    Happening.REMINDED: EventType.MODERATOR_REMINDED,
    Happening.OVERDUE: EventType.MODERATOR_OVERDUE,
    Happening.SUSPENDED: EventType.MODERATOR_SUSPENDED,
    Happening.REINSTATED: EventType.MODERATOR_REINSTATED,
}
_ACTIONS = {
    Happening.OVERDUE: Action.MODERATOR_OVERDUE,
    Happening.SUSPENDED: Action.MODERATOR_SUSPENDED,
    Happening.REVERIFIED: Action.MODERATOR_REVERIFIED,
    Happening.REINSTATED: Action.MODERATOR_REINSTATED,
}
# told whenever it happens, also when a clock that was set back makes it happen again; the history has it once
_TRANSITIONS = {Happening.OVERDUE, Happening.SUSPENDED, Happening.REINSTATED}
_SAVED = ("told_state", "due_at", "suspends_at", "look_at", "verified_seen_at")
_Values = tuple[ModeratorState, datetime, datetime, datetime, datetime | None]


@dataclass(slots=True)
class _Batch:
    """What one look at many appointments has found: what is the same for many is written for all of them at once."""

    entries: defaultdict[HistoryEntry, list[Standing]] = field(default_factory=lambda: defaultdict(list))
    saves: defaultdict[_Values, list[ModeratorId]] = field(default_factory=lambda: defaultdict(list))


class Sweeps:
    def __init__(self, unit_of_work: UnitOfWork, ways: Ways) -> None:
        self._unit_of_work = unit_of_work
        self._ways = ways

    def look(self) -> int:
        """Looks at appointments whose time has come, at most `SWEPT_AT_ONCE`; how many they were.

        Reminds once for each due date and stage; a worker that slept sends the latest reminder alone, and tells the
        state that holds now.
        """
        with self._unit_of_work.read() as tx:
            if not sweep_rows.anybody(tx.session, tx.now):
                return 0
        with self._unit_of_work.begin(SYSTEM) as tx:
            claimed = sweep_rows.claim(tx.session, tx.now, _BATCH)
            appointments = [one.appointment for one in claimed]
            terms = terms_rows.terms_of_forums(tx.session, {one.forum_id for one in appointments})
            standings = standings_under(tx, appointments, terms)
            batch = _Batch()
            for one, standing in zip(claimed, standings, strict=True):
                for entry in _happened(one, standing):
                    batch.entries[entry].append(standing)
                batch.saves[_values(one, standing, terms[one.appointment.forum_id])].append(one.appointment.id)
            self._write(tx, batch)
            return len(claimed)

    def _write(self, tx: Transaction, batch: _Batch) -> None:
        told: defaultdict[Happening, list[Standing]] = defaultdict(list)
        for entry, standings in batch.entries.items():
            new = sweep_rows.add_entry(tx.session, entry, [one.appointment.id for one in standings])
            told[entry.what] += [one for one in standings if entry.what in _TRANSITIONS or one.appointment.id in new]
        for values, moderator_ids in batch.saves.items():
            sweep_rows.save(tx.session, dict(zip(_SAVED, values, strict=True)), moderator_ids)
        for happening, standings in told.items():
            if happening in _ACTIONS:
                for one in standings:
                    audit.record(tx, _ACTIONS[happening], ObjectKind.MODERATOR, one.appointment.id)
            if happening in _EVENTS:
                self._tell(tx, _EVENTS[happening], standings)

    def _tell(self, tx: Transaction, kind: EventType, found: list[Standing]) -> None:
        forums = hearing(tx, kind)
        standings = [one for one in found if one.appointment.forum_id in forums]
        if not standings:
            return
        reasons = order_rows.newest_reasons(tx.session, [one.appointment.id for one in standings if _is_ordered(one)])
        of_person = kind is EventType.MODERATOR_REINSTATED
        for view in views_of(tx, standings):
            reason = reasons.get(view.standing.appointment.id)
            notice = None if of_person else reminder(view, self._ways, reason)
            announce_moderator(by_their_own_act(tx) if of_person else tx, kind, view, notice)


def _happened(claimed: Claimed, standing: Standing) -> Iterator[HistoryEntry]:
    """What is to be written down and told, by what was told before."""
    told, state, deadline = claimed.told_state, standing.state, standing.deadline
    verified_at = standing.verified_at
    is_new = verified_at is not None and (claimed.verified_seen_at is None or verified_at > claimed.verified_seen_at)
    if verified_at is not None and is_new and deadline.due_at > claimed.due_at:
        yield HistoryEntry(verified_at, Happening.REVERIFIED, claimed.due_at)
    if told is ModeratorState.SUSPENDED and state not in _POWERLESS:
        yield HistoryEntry(standing.now, Happening.REINSTATED, claimed.due_at)
    if state is ModeratorState.OVERDUE and told not in _POWERLESS:
        yield HistoryEntry(standing.now, Happening.OVERDUE, deadline.due_at)
    if state is ModeratorState.SUSPENDED and told is not ModeratorState.SUSPENDED:
        yield HistoryEntry(standing.now, Happening.SUSPENDED, deadline.due_at)
    stage = None if standing.account_stopped else deadline.stage(standing.now)
    if stage is not None:
        yield HistoryEntry(standing.now, Happening.REMINDED, deadline.due_at, stage)


def _values(claimed: Claimed, standing: Standing, terms: TermsHistory) -> _Values:
    deadline = terms.never_too_late(standing.deadline, standing.appointment.board_id, standing.now)
    seen_at = claimed.verified_seen_at if standing.verified_at is None else standing.verified_at
    return standing.state, deadline.due_at, deadline.suspends_at, _next_look(standing, terms), seen_at


def _next_look(standing: Standing, terms: TermsHistory) -> datetime:
    """When time, a change of terms, or perhaps a re-verification changes something."""
    now, deadline = standing.now, standing.deadline
    moments = [deadline.next_boundary(now)]
    if terms.changes:
        moments.append(terms.next_change(standing.appointment.board_id, now))
    if standing.account_stopped:
        moments.append(now + _STOPPED_LOOK)
    elif now >= deadline.due_at:
        moments.append(now + _OVERDUE_LOOK)
    return min(moment for moment in moments if moment is not None)


def _is_ordered(standing: Standing) -> bool:
    order = standing.appointment.schedule.order
    return order is not None and order.due_at == standing.deadline.due_at
