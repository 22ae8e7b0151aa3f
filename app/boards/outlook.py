"""Steps that count ahead: how moderators stand, and how many of them fall due in each coming week. Source: L8d."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.boards import order_rows, repository
from app.boards.domain import ForecastWeek, ListsCompared
from app.boards.forecasting import Weeks, everybody
from app.boards.schedules import ModeratorState, day_of, end_of
from app.db.unit_of_work import Transaction

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
    calendar = Weeks(day_of(tx.now), weeks)
    found, due = Counter[ModeratorState](), [0] * weeks
    plain = order_rows.is_plain(tx.now + _LONGEST_WINDOW, weeks * _WEEK)
    for standing in everybody(tx, None, [~plain, repository.perhaps_due(end_of(calendar.end))]):
        found[standing.state] += 1
        calendar.count_due(due, standing)
    ends = [end_of(day - 1) for day in calendar.starts]
    for week, number in order_rows.count_plain(tx.session, plain, ends).items():
        due[week] += number
    found[ModeratorState.CURRENT] += order_rows.count_in_office(tx.session) - found.total()
    return Outlook(found, tuple(ForecastWeek(*week, None) for week in zip(calendar.names, due, strict=True)))


def compare_lists(tx: Transaction, since: datetime) -> ListsCompared:
    """A step: how the forums' own lists stand to the filings; a list that came before `since` is late. Source: L8c."""
    return order_rows.lists_compared(tx.session, since)
