"""The one door to the official holiday calendar: working days of Shanghai, and time counted in working hours."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache

import chinese_calendar

from app import policies
from app.kernel.clock import SHANGHAI

_BEGINS = timedelta(hours=policies.WORKING_DAY_BEGINS.value)
_ENDS = timedelta(hours=policies.WORKING_DAY_ENDS.value)
WORKING_DAY = _ENDS - _BEGINS
_SATURDAY = 5


def calendar_known(day: date) -> bool:
    """Whether the holidays of this day's year have been announced to the library; later years count by weekdays."""
    return _is_known(day.year)


def known_until(now: datetime) -> date:
    """The last day whose holidays are known: the end of this year, a later one, or an earlier one when it is too late.

    Whoever promises a deadline beyond it counts weekdays, and has to say so.
    """
    year = now.astimezone(SHANGHAI).year + 1
    while not _is_known(year):
        year -= 1
    return date(year, 12, 31)


@lru_cache(4096)
def is_working_day(day: date) -> bool:
    """By the official calendar: a holiday is none, a Saturday or Sunday that makes up for one is.

    Beyond the years that are known a day is judged by its weekday alone.
    """
    return chinese_calendar.is_workday(day) if calendar_known(day) else day.weekday() < _SATURDAY


def add_working(start: datetime, hours: float) -> datetime:
    """The first moment at which so much working time has passed since `start`; `start` itself for none.

    Boundary: what ends with a working day ends at its last moment, not at the first of the next one.
    """
    left = timedelta(hours=hours)
    if left <= timedelta():
        return start
    for begins, ends in _spans(start):
        if left <= ends - begins:
            return (begins + left).astimezone(start.tzinfo)
        left -= ends - begins
    raise AssertionError("there is always another working day")


def working_between(start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments; nothing when the second is not later."""
    passed = timedelta()
    if end <= start:
        return passed
    for begins, ends in _spans(start):
        if end <= begins:
            break
        passed += min(ends, end) - begins
    return passed


def _spans(start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The working time from `start` on, a day at a time. Shanghai has no summer time."""
    moment = start.astimezone(SHANGHAI)
    day = moment.date()
    while True:
        if is_working_day(day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
            begins, ends = max(midnight + _BEGINS, moment), midnight + _ENDS
            if begins < ends:
                yield begins, ends
        day += timedelta(days=1)


@lru_cache
def _is_known(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
