"""Steps that count ahead: how moderators stand, and how many of them fall due in each coming week. Source: L8d."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement

from app import policies
from app.boards import order_rows, repository
from app.boards.domain import ForecastWeek, ListsCompared, Standing
from app.boards.schedules import ModeratorState, day_of, end_of
from app.boards.standings import standings_of
from app.db.unit_of_work import Transaction
from app.kernel.ids import ForumId

_CHUNK = policies.SWEPT_AT_ONCE.value
_WEEK = 7
_LONGEST_WINDOW = timedelta(days=policies.REVERIFICATION_WINDOW.value)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of all forums: those in office by state, and the coming weeks under the terms of today."""

    by_state: Mapping[ModeratorState, int]
    weeks: tuple[ForecastWeek, ...]

    @property
    def in_office(self) -> int:
        return sum(self.by_state.values())


def look_ahead(tx: Transaction, weeks: int) -> Outlook:
    """A step. Only those of whom the database's dates, which are never too late, do not say it all are judged."""
    starts = week_starts(day_of(tx.now), weeks)
    found, due = Counter[ModeratorState](), [0] * weeks
    plain = order_rows.is_plain(tx.now + _LONGEST_WINDOW, weeks * _WEEK)
    for standing in standings_where(tx, None, [~plain, repository.perhaps_due(end_of(starts[-1]))]):
        found[standing.state] += 1
        count_in_weeks(due, standing, starts)
    for week, number in order_rows.count_plain(tx.session, plain, [end_of(day - 1) for day in starts]).items():
        due[week] += number
    found[ModeratorState.CURRENT] += order_rows.count_in_office(tx.session) - found.total()
    days = (date.fromordinal(day).isoformat() for day in starts)
    return Outlook(found, tuple(ForecastWeek(day, number, None) for day, number in zip(days, due, strict=False)))


def compare_lists(tx: Transaction, since: datetime) -> ListsCompared:
    """A step: how the forums' own lists stand to the filings; a list that came before `since` is late. Source: L8c."""
    return order_rows.lists_compared(tx.session, since)


def standings_where(
    tx: Transaction, forum_id: ForumId | None, conditions: Sequence[ColumnElement[bool]] = ()
) -> Iterator[Standing]:
    """A step: everybody in office of whom this is so, chunk by chunk."""
    after: str | None = None
    while True:
        wanted = [*repository.conditions_of(forum_id, None, None, None, after), *conditions]
        found = repository.appointments(tx.session, wanted, _CHUNK)
        yield from standings_of(tx, found)
        if len(found) < _CHUNK:
            return
        after = found[-1].id


def week_starts(today: int, weeks: int) -> list[int]:
    """Today, then every Monday; and where the last week ends."""
    monday = today - date.fromordinal(today).weekday() + _WEEK
    return [today, *(monday + _WEEK * week for week in range(weeks))]


def count_in_weeks(weeks: list[int], standing: Standing, starts: Sequence[int]) -> None:
    """Adds every day on which it falls due, if each re-verification is made on its day."""
    for day in standing.appointment.schedule.days_due(starts[0], starts[-1], standing.verified_at):
        week = 0 if day < starts[1] else 1 + (day - starts[1]) // _WEEK
        weeks[week] += 1
