"""Which terms hold for a board when: what the board says, else what its forum says, else the default of `policies`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app import policies
from app.boards.schedules import Deadline, Schedule, Terms, day_of, end_of

DEFAULT = Terms(policies.REVERIFICATION_INTERVAL.value, policies.REVERIFICATION_GRACE.value)


@dataclass(frozen=True, slots=True)
class TermsChange:
    """What a forum, or one of its boards, asks from `effective_at` on; None leaves it to the level above."""

    effective_at: datetime
    board_id: str | None
    interval_days: int | None
    grace_days: int | None
    lapse_stops_posting: bool | None = None
    """Of a forum: whether a moderator whose powers are off may not post either."""


@dataclass(frozen=True, slots=True)
class WantedTerms:
    """What is to change: of the fields that are `named`; None leaves one to the level above."""

    named: frozenset[str]
    interval_days: int | None = None
    grace_days: int | None = None
    lapse_stops_posting: bool | None = None


@dataclass(frozen=True, slots=True)
class TermsHistory:
    """Every change that a forum has made, oldest first."""

    changes: Sequence[TermsChange]

    def of_board(self, board_id: str, now: datetime) -> Terms:
        """The terms of a board at `now`. Boundary: exactly at its `effective_at` a change holds."""
        held = [change for change in self.changes if change.effective_at <= now]
        levels = [
            level
            for level in (
                _newest(change for change in held if change.board_id == board_id),
                _newest(change for change in held if change.board_id is None),
            )
            if level is not None
        ]
        interval = _first(*(level.interval_days for level in levels), DEFAULT.interval_days)
        return Terms(interval, _first(*(level.grace_days for level in levels), DEFAULT.grace_days))

    def with_wanted(self, board_id: str | None, wanted: WantedTerms, effective_at: datetime) -> TermsChange:
        """The change that makes of what a board, or the forum, asks at `effective_at` what is wanted."""
        held = (one for one in self.changes if one.board_id == board_id and one.effective_at <= effective_at)
        newest = _newest(held) or TermsChange(effective_at, board_id, None, None)
        return TermsChange(
            effective_at,
            board_id,
            wanted.interval_days if "interval_days" in wanted.named else newest.interval_days,
            wanted.grace_days if "grace_days" in wanted.named else newest.grace_days,
            wanted.lapse_stops_posting if "lapse_stops_posting" in wanted.named else newest.lapse_stops_posting,
        )

    def says_already(self, change: TermsChange) -> bool:
        """Whether the same is asked from then on without it."""
        held = (one for one in self.changes if one.board_id == change.board_id)
        newest = _newest(one for one in held if one.effective_at <= change.effective_at)
        return newest is not None and replace(newest, effective_at=change.effective_at) == change

    def lapse_stops_posting(self, now: datetime) -> bool:
        """Default: a lapse takes the powers on that board only."""
        said = [change for change in self.changes if change.effective_at <= now and change.board_id is None]
        newest = _newest(said)
        return bool(newest and newest.lapse_stops_posting)

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


def _newest(changes: Iterable[TermsChange]) -> TermsChange | None:
    """Of changes, oldest first: the one that was made last where several come into force at one moment."""
    found = list(changes)
    return found[-1] if found else None


def _first(*values: int | None) -> int:
    """The first that is said; the last one always is."""
    return next(value for value in values if value is not None)
