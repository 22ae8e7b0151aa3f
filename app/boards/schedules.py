"""When a moderator must prove their identity again: pure arithmetic over days of Shanghai.

Source: L8d (Art. 8). The article asks for periodic checks and names no period, so every length comes from
`app.policies`. Boundaries belong to the later state: exactly at `due_at` a moderator is overdue, exactly at
`suspends_at` suspended, exactly at the beginning of a window due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from app import policies
from app.kernel.clock import SHANGHAI

_LATER_STAGES = tuple(reminder.value for reminder in policies.REVERIFICATION_REMINDERS)
"""Days before a due date, the earliest first."""


class ModeratorState(StrEnum):
    """Computed from the dates, the policy and the moment of asking; never only stored."""

    CURRENT = "current"
    DUE = "due"
    """Reminders have begun."""
    OVERDUE = "overdue"
    """Past `due_at`, in grace: powers remain."""
    SUSPENDED = "suspended"
    """Past `suspends_at`: no powers."""
    ENDED = "ended"


def day_of(moment: datetime) -> int:
    """The day of Shanghai that a moment belongs to, as a number."""
    return moment.astimezone(SHANGHAI).date().toordinal()


@lru_cache(maxsize=1024)
def end_of(day: int) -> datetime:
    """The first moment that is no more that day of Shanghai."""
    return datetime.combine(date.fromordinal(day + 1), time(), SHANGHAI).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy asks of an appointment; in days."""

    interval_days: int
    grace_days: int

    @property
    def window_days(self) -> int:
        """How long before a due date reminders begin and a re-verification counts for it."""
        return min(policies.REVERIFICATION_WINDOW.value, self.interval_days // 2)


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order to re-verify by `due_at`: whatever is proved from `ordered_at` on satisfies it."""

    ordered_at: datetime
    due_at: datetime
    grace_days: int | None = None
    """As it was when the order came; None for what the terms ask now."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The next due date, and what hangs on it. A re-verification from `opens_at` on satisfies it."""

    opens_at: datetime
    due_at: datetime
    suspends_at: datetime

    def state(self, now: datetime) -> ModeratorState:
        if now >= self.suspends_at:
            return ModeratorState.SUSPENDED
        if now >= self.due_at:
            return ModeratorState.OVERDUE
        return ModeratorState.DUE if now >= self.opens_at else ModeratorState.CURRENT

    def stage(self, now: datetime) -> int | None:
        """The latest reminder that is due, by the days that it comes before the due date; None outside the window.

        Who comes late, like a worker that slept, gives the latest one only.
        """
        if not self.opens_at <= now < self.due_at:
            return None
        begun = (days for days in _LATER_STAGES if now >= self.due_at - timedelta(days=days))
        return min(begun, default=(self.due_at - self.opens_at).days)

    def next_boundary(self, now: datetime) -> datetime | None:
        """When something about it changes next by time alone; None when nothing does any more."""
        if now >= self.due_at:
            return self.suspends_at if now < self.suspends_at else None
        if now < self.opens_at:
            return self.opens_at
        ahead = (self.due_at - timedelta(days=days) for days in _LATER_STAGES)
        return next((moment for moment in ahead if moment > now), self.due_at)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The due dates of one appointment: `anchor_day` (the day of filing) plus k intervals, and what was put before.

    `verified_at` in every rule is the newest re-verification by document, of the same person; None where there is none
    any more.
    """

    anchor_day: int
    terms: Terms
    floor_day: int | None = None
    """A new interval makes nothing due before this day."""
    kept: Deadline | None = None
    """What was due already when the terms changed, until it is satisfied."""
    kept_until: datetime | None = None
    """A re-verification on the day of the change or later satisfies all that was due before it."""
    order: Ordered | None = None

    def deadline(self, verified_at: datetime | None) -> Deadline:
        """The earliest due date that nothing has satisfied yet; the powers go off as soon as any of them takes them."""
        first = self._on_grid(verified_at)
        for other in (self._kept(verified_at), self._ordered(verified_at)):
            if other is not None:
                suspends_at = min(first.suspends_at, other.suspends_at)
                first = replace(min(first, other, key=lambda deadline: deadline.due_at), suspends_at=suspends_at)
        return first

    def under(self, terms: Terms, effective_at: datetime, verified_at: datetime | None) -> "Schedule":
        """The schedule from `effective_at` on, under a new policy: it gives nobody less than `REVERIFICATION_NOTICE`.

        What was past, or would have come before that notice and not later than the new date, stays due.
        """
        if terms == self.terms:
            return self
        before = replace(self, order=None).deadline(verified_at)
        today = day_of(effective_at)
        floor_day = today + policies.REVERIFICATION_NOTICE.value
        fresh = replace(self, terms=terms, floor_day=None, kept=None, kept_until=end_of(today - 1), order=None)
        stays = before.due_at <= effective_at or fresh.deadline(verified_at).due_at <= before.due_at < end_of(floor_day)
        return replace(fresh, floor_day=floor_day, kept=before if stays else None, order=self.order)

    def days_due(self, begin: int, end: int, verified_at: datetime | None) -> Iterator[int]:
        """The days from `begin` to before `end` on which it falls due, if each re-verification is made on its day."""
        day = day_of(self.deadline(verified_at).due_at - timedelta(microseconds=1))
        while day < end:
            if day >= begin:
                yield day
            day = self._day_after(day)

    def _on_grid(self, verified_at: datetime | None) -> Deadline:
        satisfied = self.anchor_day if verified_at is None else day_of(verified_at) + self.terms.window_days - 1
        day = max(self._day_after(satisfied), self.floor_day or 0)
        due_at = end_of(day)
        opens_at, grace = due_at - timedelta(days=self.terms.window_days), timedelta(days=self.terms.grace_days)
        return Deadline(opens_at, due_at, due_at + grace)

    def _day_after(self, day: int) -> int:
        """The first day of the grid after `day`; the day of filing itself is none."""
        interval = self.terms.interval_days
        return self.anchor_day + interval * max(1, (day - self.anchor_day) // interval + 1)

    def _kept(self, verified_at: datetime | None) -> Deadline | None:
        if self.kept is None or self.kept_until is None:
            return None
        return None if _satisfied(min(self.kept.opens_at, self.kept_until), verified_at) else self.kept

    def _ordered(self, verified_at: datetime | None) -> Deadline | None:
        order = self.order
        if order is None or _satisfied(order.ordered_at, verified_at):
            return None
        grace_days = self.terms.grace_days if order.grace_days is None else order.grace_days
        return Deadline(order.ordered_at, order.due_at, order.due_at + timedelta(days=grace_days))


def _satisfied(opens_at: datetime, verified_at: datetime | None) -> bool:
    return verified_at is not None and verified_at >= opens_at
