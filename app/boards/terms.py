"""Which terms hold for a board when: its own, else its forum's, else the operator's for all, else the default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app import policies
from app.boards.schedules import Deadline, Schedule, Terms, day_of, end_of

TERMS = frozenset({"interval_days", "grace_days", "lapse_stops_posting"})
DEFAULT = Terms(policies.REVERIFICATION_INTERVAL.value, policies.REVERIFICATION_GRACE.value)


@dataclass(frozen=True, slots=True)
class TermsChange:
    """What is asked from `effective_at` on: by a forum, by one of its boards, or by the operator `everywhere`.

    None leaves it to the level above.
    """

    effective_at: datetime
    board_id: str | None
    interval_days: int | None
    grace_days: int | None
    lapse_stops_posting: bool | None = None
    """Of a forum: whether a moderator whose powers are off may not post either."""
    everywhere: bool = False
    named: frozenset[str] = field(default=TERMS, compare=False)
    """What was meant to change; the rest repeats what held before."""


@dataclass(frozen=True, slots=True)
class Why:
    """On what a change rests."""

    source: str
    """The rule that the numbers follow, or the word design."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MadeChange:
    """A line of the history: what a level asks since, and why. `forum_id` is None for the operator's word for all."""

    number: int
    forum_id: str | None
    change: TermsChange
    source: str
    reason: str | None
    changed_by: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TermsLevel:
    """Who asks: the operator of all forums, a forum of all its boards, or a board."""

    board_id: str | None = None
    everywhere: bool = False

    def asks(self, change: TermsChange) -> bool:
        return (change.board_id, change.everywhere) == (self.board_id, self.everywhere)


FORUM, EVERYWHERE = TermsLevel(), TermsLevel(everywhere=True)


@dataclass(frozen=True, slots=True)
class WantedTerms:
    """What is to change: of the fields that are `named`; None leaves one to the level above."""

    named: frozenset[str]
    interval_days: int | None = None
    grace_days: int | None = None
    lapse_stops_posting: bool | None = None


@dataclass(frozen=True, slots=True)
class TermsHistory:
    """Every change that concerns a forum, oldest first; or, without any forum, every change of the operator's."""

    changes: Sequence[TermsChange]

    def of_board(self, board_id: str | None, now: datetime) -> Terms:
        """The terms of a board at `now`; None for a board that asks nothing itself.

        Boundary: exactly at its `effective_at` a change holds.
        """
        asked = [found for level in _levels(board_id) if (found := self._newest(level, now)) is not None]
        interval = _first(*(one.interval_days for one in asked), DEFAULT.interval_days)
        return Terms(interval, _first(*(one.grace_days for one in asked), DEFAULT.grace_days))

    def with_wanted(self, level: TermsLevel, wanted: WantedTerms, effective_at: datetime) -> TermsChange:
        """The change that makes of what a level asks at `effective_at` what is wanted."""
        newest = self._newest(level, effective_at) or _nothing(level, effective_at)
        return _changed(newest, wanted, effective_at)

    def carried_on(self, level: TermsLevel, wanted: WantedTerms, effective_at: datetime) -> Iterator[TermsChange]:
        """What a change makes of those of its level that are announced for later.

        Each says all terms anew, and would take back what is wanted; where it was not meant to, it says the new.
        """
        later = [one for one in self.changes if level.asks(one) and one.effective_at > effective_at]
        for moment in sorted({one.effective_at for one in later}):
            meant = frozenset[str]().union(*(one.named for one in later if one.effective_at == moment))
            wanted = replace(wanted, named=wanted.named - meant)
            newest = self._newest(level, moment)
            if newest is not None and wanted.named:
                yield replace(_changed(newest, wanted, moment), named=frozenset())

    def says_already(self, change: TermsChange) -> bool:
        """Whether the same is asked from then on without it."""
        newest = self._newest(TermsLevel(change.board_id, change.everywhere), change.effective_at)
        return newest is not None and replace(newest, effective_at=change.effective_at) == change

    def lapse_stops_posting(self, now: datetime) -> bool:
        """Default: a lapse takes the powers on that board only."""
        newest = self._newest(FORUM, now)
        return bool(newest and newest.lapse_stops_posting)

    def _newest(self, level: TermsLevel, now: datetime) -> TermsChange | None:
        """The one that was made last where several come into force at one moment."""
        held = [change for change in self.changes if level.asks(change) and change.effective_at <= now]
        return held[-1] if held else None

    def applied(
        self, schedule: Schedule, board_id: str, filed_at: datetime, verified_at: datetime | None, now: datetime
    ) -> Schedule:
        """The schedule that began at `filed_at`, with every change that has come into force since, up to `now`.

        The newest re-verification is all that it takes: whatever an earlier one would have made of a change before it,
        the newest one has satisfied.
        """
        if schedule.order is not None:
            order = replace(schedule.order, grace_days=self.of_board(board_id, schedule.order.ordered_at).grace_days)
            schedule = replace(schedule, order=order)
        for change in self.changes:
            if filed_at <= change.effective_at <= now and change.board_id in {None, board_id}:
                at = change.effective_at
                before = verified_at if verified_at is not None and verified_at < at else None
                schedule = schedule.under(self.of_board(board_id, at), at, before)
        return schedule

    def next_change(self, board_id: str, now: datetime) -> datetime | None:
        ahead = (
            one.effective_at for one in self.changes if one.effective_at > now and one.board_id in {None, board_id}
        )
        return min(ahead, default=None)

    def never_too_late(self, deadline: Deadline, board_id: str, now: datetime) -> Deadline:
        """The dates to write down: no later than what the next change of terms, in whatever direction, may make due."""
        ahead = self.next_change(board_id, now)
        if ahead is None:
            return deadline
        earliest = first_due_under(ahead)
        due_at, suspends_at = min(deadline.due_at, earliest), min(deadline.suspends_at, earliest)
        return replace(deadline, due_at=due_at, suspends_at=suspends_at)


def first_due_under(effective_at: datetime) -> datetime:
    """Terms that come into force then make nothing due before this."""
    return end_of(day_of(effective_at) + policies.REVERIFICATION_NOTICE.value)


def _levels(board_id: str | None) -> list[TermsLevel]:
    """Whose word counts on a board, the nearest first."""
    return [*([TermsLevel(board_id)] if board_id else []), FORUM, EVERYWHERE]


def _nothing(level: TermsLevel, effective_at: datetime) -> TermsChange:
    return TermsChange(effective_at, level.board_id, None, None, everywhere=level.everywhere)


def _changed(change: TermsChange, wanted: WantedTerms, effective_at: datetime) -> TermsChange:
    return replace(
        change,
        effective_at=effective_at,
        named=wanted.named,
        interval_days=wanted.interval_days if "interval_days" in wanted.named else change.interval_days,
        grace_days=wanted.grace_days if "grace_days" in wanted.named else change.grace_days,
        lapse_stops_posting=(
            wanted.lapse_stops_posting if "lapse_stops_posting" in wanted.named else change.lapse_stops_posting
        ),
    )


def _first(*values: int | None) -> int:
    """The first that is said; the last one always is."""
    return next(value for value in values if value is not None)
