"""Use cases of the background: look at who is due, remind, write down what time did, and tell forums. Source: L8d.

Nobody's powers hang on it: states are computed whenever somebody asks. It writes down and tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards import order_rows, repository, sweep_rows
from app.boards.announcements import Ways, announce_moderator, by_their_own_act, reminder, views_of
from app.boards.domain import Happening, HistoryEntry, Standing
from app.boards.schedules import ModeratorState
from app.boards.standings import standings_of
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
_OF_THE_PERSON = {Happening.REVERIFIED, Happening.REINSTATED}
_Found = tuple[Standing, HistoryEntry]


@dataclass(slots=True)
class _Batch:
    """What one look at many appointments has found."""

    entries: list[_Found] = field(default_factory=list)
    saves: dict[tuple[tuple[str, object], ...], list[ModeratorId]] = field(default_factory=dict)

    def save(self, moderator_id: ModeratorId, values: dict[str, object]) -> None:
        self.saves.setdefault(tuple(values.items()), []).append(moderator_id)


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
            standings = standings_of(tx, [one.appointment for one in claimed])
            terms = repository.terms_of_forums(tx.session, {one.appointment.forum_id for one in claimed})
            known = sweep_rows.known(tx.session, [one.appointment.id for one in claimed])
            batch = _Batch()
            for one, standing in zip(claimed, standings, strict=True):
                for entry in _happened(one, standing):
                    if (one.appointment.id, entry.what, entry.due_at, entry.stage) not in known:
                        batch.entries.append((standing, entry))
                batch.save(one.appointment.id, _values(one, standing, terms[one.appointment.forum_id]))
            self._write(tx, batch)
            return len(claimed)

    def _write(self, tx: Transaction, batch: _Batch) -> None:
        for values, moderator_ids in batch.saves.items():
            sweep_rows.save(tx.session, dict(values), moderator_ids)
        sweep_rows.add_entries(tx.session, [(found.appointment.id, entry) for found, entry in batch.entries])
        for standing, entry in batch.entries:
            if entry.what in _ACTIONS:
                audit.record(tx, _ACTIONS[entry.what], ObjectKind.MODERATOR, standing.appointment.id)
        for happening, kind in _EVENTS.items():
            forums = hearing(tx, kind)
            self._tell(
                tx,
                kind,
                [one for one, entry in batch.entries if entry.what is happening and one.appointment.forum_id in forums],
            )

    def _tell(self, tx: Transaction, kind: EventType, standings: list[Standing]) -> None:
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


def _values(claimed: Claimed, standing: Standing, terms: TermsHistory) -> dict[str, object]:
    deadline = terms.never_too_late(standing.deadline, standing.appointment.board_id, standing.now)
    values: dict[str, object] = {
        "told_state": standing.state,
        "due_at": deadline.due_at,
        "suspends_at": deadline.suspends_at,
        "look_at": _next_look(standing, terms),
    }
    if standing.verified_at is not None and standing.verified_at != claimed.verified_seen_at:
        values["verified_seen_at"] = standing.verified_at
    return values


def _next_look(standing: Standing, terms: TermsHistory) -> datetime:
    """When time, a change of terms, or perhaps a re-verification changes something."""
    now, deadline = standing.now, standing.deadline
    moments = [deadline.next_boundary(now), terms.next_change(standing.appointment.board_id, now)]
    if standing.account_stopped:
        moments.append(now + _STOPPED_LOOK)
    elif now >= deadline.due_at:
        moments.append(now + _OVERDUE_LOOK)
    return min(moment for moment in moments if moment is not None)


def _is_ordered(standing: Standing) -> bool:
    order = standing.appointment.schedule.order
    return order is not None and order.due_at == standing.deadline.due_at
