"""Which terms hold for a board when: what the board says, else what its forum says, else the default of `policies`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app import policies
from app.boards.schedules import Schedule, Terms

WantedTerms = Mapping[str, int | bool | None]
"""`interval_days`, `grace_days`, `lapse_stops_posting`: what is named changes, None leaves it to the level above."""
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
class TermsHistory:
    """Every change that a forum has made, oldest first."""

    changes: Sequence[TermsChange]

    def of_board(self, board_id: str, now: datetime) -> Terms:
        """The terms of a board at `now`. Boundary: exactly at its `effective_at` a change holds."""
        held = [change for change in self.changes if change.effective_at <= now]
        of_board = _newest(change for change in held if change.board_id == board_id)
        of_forum = _newest(change for change in held if change.board_id is None)
        interval = _first(of_board and of_board.interval_days, of_forum and of_forum.interval_days)
        grace = _first(of_board and of_board.grace_days, of_forum and of_forum.grace_days)
        return Terms(
            DEFAULT.interval_days if interval is None else interval, DEFAULT.grace_days if grace is None else grace
        )

    def with_wanted(self, board_id: str | None, wanted: WantedTerms, effective_at: datetime) -> TermsChange:
        """The change that makes of what a board, or the forum, asks at `effective_at` what is wanted."""
        held = (one for one in self.changes if one.board_id == board_id and one.effective_at <= effective_at)
        newest = _newest(held) or TermsChange(effective_at, board_id, None, None)
        return replace(newest, effective_at=effective_at, **wanted)

    def lapse_stops_posting(self, now: datetime) -> bool:
        """Default: a lapse takes the powers on that board only."""
        said = [change for change in self.changes if change.effective_at <= now and change.board_id is None]
        newest = _newest(said)
        return bool(newest and newest.lapse_stops_posting)

    def applied(
        self, schedule: Schedule, board_id: str, applied_until: datetime, verified_at: datetime | None, now: datetime
    ) -> Schedule:
        """The schedule with every change that came into force after `applied_until`, up to `now`."""
        for change in self.changes:
            if applied_until < change.effective_at <= now and change.board_id in {None, board_id}:
                at = change.effective_at
                before = verified_at if verified_at is not None and verified_at < at else None
                schedule = schedule.under(self.of_board(board_id, at), at, before)
        return schedule

    def next_change(self, board_id: str, now: datetime) -> datetime | None:
        ahead = (one.effective_at for one in self.changes if one.effective_at > now and one.board_id in {None, board_id})
        return min(ahead, default=None)


def _newest(changes: Iterable[TermsChange]) -> TermsChange | None:
    return max(changes, key=lambda change: change.effective_at, default=None)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
