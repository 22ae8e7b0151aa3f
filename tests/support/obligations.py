"""What a moderator owes, found the simple way: day after day, over all that ever happened. Tests compare with it.

It shares no arithmetic with the product; `docs/api.md` part 5 in other words, and what it leaves open as decided:
orders and what was due before a change of terms keep the grace period they came with, whoever re-verifies on the day
of such a change or later owes nothing under the terms before it, and an order that comes while one stands joins it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_DAY = timedelta(days=1)
_SHANGHAI = timedelta(hours=8)
_NOTICE_DAYS = 30
_FAR_DAYS = 4000


class Owed(NamedTuple):
    """Something to be done from `opens` on, before `due`; the powers go off at `suspends`."""

    opens: datetime
    due: datetime
    suspends: datetime


class Asked(NamedTuple):
    """What a level asks from a moment on; None leaves it to the level above."""

    since: datetime
    of_board: bool
    interval: int | None
    grace: int | None
    everywhere: bool = False
    """By the operator, of all forums."""


class Placed(NamedTuple):
    """An order, and how many proofs there had been before it."""

    at: datetime
    due: datetime
    proofs: int


class Judged(NamedTuple):
    state: str
    due: datetime
    suspends: datetime


@dataclass
class Obligations:
    """One appointment. `proofs`, `asked` and `orders` grow in the order in which things happen."""

    filed_at: datetime
    proofs: list[datetime] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    ended: bool = False

    def judge(self, now: datetime) -> Judged:
        regime = self._regimes(now)
        owed = [*self._by_terms(regime, self.proofs), *self._by_order()]
        due, suspends = min(one.due for one in owed), min(one.suspends for one in owed)
        opens = next(one.opens for one in owed if one.due == due)
        state = "current"
        if now >= opens:
            state = "due"
        if now >= due:
            state = "overdue"
        if now >= suspends:
            state = "suspended"
        return Judged("ended" if self.ended else state, due, suspends)

    def _terms(self, moment: datetime) -> tuple[int, int]:
        """Interval and grace as asked for at a moment: by the board, else by the forum, else the default."""
        interval, grace = 180, 14
        for level in ((False, True), (False, False), (True, False)):
            said = [one for one in self.asked if (one.of_board, one.everywhere) == level and one.since <= moment]
            if said:
                newest = max(one.since for one in said)
                last = [one for one in said if one.since == newest][-1]
                interval = interval if last.interval is None else last.interval
                grace = grace if last.grace is None else last.grace
        return interval, grace

    def _regimes(self, now: datetime) -> list[tuple[datetime, int, int]]:
        """Since when which terms have held; the first since the filing."""
        found = [(self.filed_at, *self._terms(self.filed_at))]
        for since in sorted({one.since for one in self.asked if self.filed_at < one.since <= now}):
            if self._terms(since) != found[-1][1:]:
                found.append((since, *self._terms(since)))
        return found

    def _by_terms(self, regimes: list[tuple[datetime, int, int]], proofs: list[datetime]) -> Iterator[Owed]:
        """What the last of these asks for, by these proofs: from the grid, and what is left from the one before."""
        since, interval, grace = regimes[-1]
        if len(regimes) == 1:
            yield self._on_grid(interval, grace, proofs, None)
            return
        notice_day = _midnight(since) + _NOTICE_DAYS * _DAY
        yield self._on_grid(interval, grace, proofs, notice_day)
        earlier = [proof for proof in proofs if proof < since]
        before = list(self._by_terms(regimes[:-1], earlier))
        due, suspends = min(one.due for one in before), min(one.suspends for one in before)
        opens = next(one.opens for one in before if one.due == due)
        unhurried = self._on_grid(interval, grace, earlier, None)
        stays = due <= since or unhurried.due <= due < notice_day + _DAY
        if stays and not any(proof >= min(opens, _midnight(since)) for proof in proofs):
            yield Owed(opens, due, suspends)

    def _on_grid(self, interval: int, grace: int, proofs: list[datetime], notice_day: datetime | None) -> Owed:
        window = min(30, interval // 2) * _DAY
        filing_day = _midnight(self.filed_at)
        for number in range(interval, _FAR_DAYS, interval):
            day = filing_day + number * _DAY
            if any(proof >= day + _DAY - window for proof in proofs):
                continue
            due = max(day, notice_day or day) + _DAY
            return Owed(due - window, due, due + grace * _DAY)
        raise AssertionError("beyond the calendar of this test")

    def _by_order(self) -> Iterator[Owed]:
        standing: list[Placed] = []
        for order in self.orders:
            if standing and any(proof >= standing[0].at for proof in self.proofs[: order.proofs]):
                standing = []
            standing.append(order)
        if standing and not any(proof >= standing[0].at for proof in self.proofs):
            due = min(order.due for order in standing)
            yield Owed(standing[0].at, due, due + self._terms(standing[0].at)[1] * _DAY)


def _midnight(moment: datetime) -> datetime:
    """The beginning of its day in Shanghai."""
    local = moment.astimezone(UTC) + _SHANGHAI
    return local.replace(hour=0, minute=0, second=0, microsecond=0) - _SHANGHAI


def end_of_day_after(moment: datetime, days: int) -> datetime:
    return _midnight(moment) + (days + 1) * _DAY
