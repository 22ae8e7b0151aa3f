"""When a moderator must prove their identity again: pure arithmetic over days of Shanghai.

Source: L8d (Art. 8). The article asks for periodic checks and names no period, so every length comes from
`app.policies`. Boundaries belong to the later state: exactly at `due_at` a moderator is overdue, exactly at
`suspends_at` suspended, exactly at the beginning of a window due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app import policies
from app.kernel.clock import SHANGHAI

_LATER_STAGES = tuple(reminder.value for reminder in policies.REVERIFICATION_REMINDERS)


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
        return min(stage for stage, at in self._stages() if now >= at)

    def next_boundary(self, now: datetime) -> datetime | None:
        """When something about it changes next by time alone; None when nothing does any more."""
        moments = (*(at for _, at in self._stages()), self.due_at, self.suspends_at)
        return min((moment for moment in moments if moment > now), default=None)

    def _stages(self) -> Iterator[tuple[int, datetime]]:
        length = self.due_at - self.opens_at
        yield length.days, self.opens_at
        for days in _LATER_STAGES:
            if timedelta(days=days) < length:
                yield days, self.due_at - timedelta(days=days)


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
    """What was due already when the interval changed, until it is satisfied."""
    order: Ordered | None = None

    def deadline(self, verified_at: datetime | None) -> Deadline:
        """The earliest due date that nothing has satisfied yet."""
        found = [self._on_grid(verified_at)]
        if self.kept is not None and not _satisfied(self.kept.opens_at, verified_at):
            found.append(self.kept)
        if self.order is not None and not _satisfied(self.order.ordered_at, verified_at):
            found.append(self._deadline(self.order.ordered_at, self.order.due_at))
        return min(found, key=lambda deadline: deadline.due_at)

    def under(self, terms: Terms, effective_at: datetime, verified_at: datetime | None) -> "Schedule":
        """The schedule from `effective_at` on, under a new policy: it gives nobody less than `REVERIFICATION_NOTICE`.

        What was past, or would have come before that notice and not later than the new date, stays due.
        """
        if terms == self.terms:
            return self
        before = replace(self, order=None).deadline(verified_at)
        floor_day = day_of(effective_at) + policies.REVERIFICATION_NOTICE.value
        fresh = replace(self, terms=terms, floor_day=None, kept=None, order=None)
        stays = before.due_at <= effective_at or fresh.deadline(verified_at).due_at <= before.due_at < end_of(floor_day)
        return replace(fresh, floor_day=floor_day, kept=before if stays else None, order=self.order)

    def ordered(self, order: Ordered, verified_at: datetime | None) -> "Schedule":
        """With an order: it brings the due date forward, never back."""
        earlier = self.order
        if earlier is None or _satisfied(earlier.ordered_at, verified_at):
            return replace(self, order=order)
        return replace(self, order=Ordered(earlier.ordered_at, min(earlier.due_at, order.due_at)))

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
        return self._deadline(end_of(day) - timedelta(days=self.terms.window_days), end_of(day))

    def _day_after(self, day: int) -> int:
        """The first day of the grid after `day`; the day of filing itself is none."""
        interval = self.terms.interval_days
        return self.anchor_day + interval * max(1, (day - self.anchor_day) // interval + 1)

    def _deadline(self, opens_at: datetime, due_at: datetime) -> Deadline:
        return Deadline(opens_at, due_at, due_at + timedelta(days=self.terms.grace_days))


def _satisfied(opens_at: datetime, verified_at: datetime | None) -> bool:
    return verified_at is not None and verified_at >= opens_at
