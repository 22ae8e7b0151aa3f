"""What a forecast counts: everybody in office, and the weeks of Shanghai in which something falls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement

from app import policies
from app.boards import repository
from app.boards.domain import Standing
from app.boards.standings import standings_of
from app.db.unit_of_work import Transaction
from app.kernel.ids import ForumId

_CHUNK = policies.SWEPT_AT_ONCE.value
_WEEK = 7


def everybody(
    tx: Transaction, forum_id: ForumId | None, conditions: Sequence[ColumnElement[bool]] = ()
) -> Iterator[Standing]:
    """A step: all in office of a forum, or of all, of whom this is so; chunk by chunk."""
    after: str | None = None
    while True:
        wanted = [*repository.conditions_of(forum_id, None, None, None, after), *conditions]
        found = repository.appointments(tx.session, wanted, _CHUNK)
        yield from standings_of(tx, found)
        if len(found) < _CHUNK:
            return
        after = found[-1].id


@dataclass(frozen=True, slots=True)
class Weeks:
    """Today to the next Monday of Shanghai, then whole weeks; `number` of them in all."""

    today: int
    number: int

    @property
    def names(self) -> list[str]:
        """The first day of each."""
        return [date.fromordinal(day).isoformat() for day in self.starts[: self.number]]

    @property
    def starts(self) -> list[int]:
        """The first day of each, and the day after the last."""
        return [self.today, *self._mondays()]

    @property
    def end(self) -> int:
        """The day after the last."""
        return self._monday() + _WEEK * (self.number - 1)

    def count(self, counted: list[int], day: int) -> None:
        """Adds one to the week of a day; a day before today, or behind the last week, is in none."""
        if self.today <= day < self.end:
            counted[0 if day < self._monday() else 1 + (day - self._monday()) // _WEEK] += 1

    def count_due(self, counted: list[int], standing: Standing, begin: int = 0, end: int | None = None) -> None:
        """Adds each day of a schedule on which it falls due, if each is done on its day."""
        schedule, last = standing.appointment.schedule, self.end if end is None else min(end, self.end)
        for day in schedule.days_due(max(begin, self.today), last, standing.verified_at):
            self.count(counted, day)

    def _monday(self) -> int:
        return self.today - date.fromordinal(self.today).weekday() + _WEEK

    def _mondays(self) -> Iterator[int]:
        return (self._monday() + _WEEK * week for week in range(self.number))
