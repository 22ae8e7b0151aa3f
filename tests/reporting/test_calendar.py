"""Working time by the official calendar of 2026: weekends, holidays, days that make up for them, and the year's end."""

from datetime import date, datetime, timedelta

import pytest

from app.kernel.clock import SHANGHAI
from app.reporting.calendar import (
    WORKING_DAY,
    add_working,
    calendar_known,
    is_working_day,
    known_until,
    working_between,
)


def at(day: str, clock: str = "09:00") -> datetime:
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-27", True),  # a Friday
        ("2026-11-28", False),
        ("2026-11-29", False),
        ("2026-09-20", True),  # a Sunday that makes up for National Day
        ("2026-10-10", True),  # a Saturday that does
        *((f"2026-10-0{day}", False) for day in range(1, 8)),
        ("2026-10-08", True),
        ("2026-02-14", True),  # a Saturday before the Spring Festival
        ("2026-02-23", False),
        ("2026-12-31", True),
        ("2027-01-01", True),  # a Friday of a year whose holidays nobody has announced here
        ("2027-01-02", False),
    ],
)
def test_a_day_works_as_the_state_council_has_said(day: str, works: bool) -> None:  # noqa: FBT001
    assert is_working_day(date.fromisoformat(day)) is works


def test_the_calendar_says_where_it_ends() -> None:
    assert calendar_known(date(2026, 12, 31))
    assert not calendar_known(date(2027, 1, 1))
    assert not calendar_known(date(1990, 1, 1))
    known = {known_until(datetime(year, 6, 1, tzinfo=SHANGHAI)) for year in (2026, 2027, 2031)}
    assert known == {date(2026, 12, 31)}
    assert known_until(datetime(2024, 6, 1, tzinfo=SHANGHAI)) == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (at("11-26", "10:00"), 0, at("11-26", "10:00")),
        (at("11-26", "10:00"), 2, at("11-26", "12:00")),
        (at("11-26", "09:00"), 8, at("11-26", "17:00")),  # the last moment of the day, not the first of the next
        (at("11-26", "10:00"), 8, at("11-27", "10:00")),
        (at("11-26", "07:30"), 1, at("11-26", "10:00")),  # before the day begins
        (at("11-26", "17:00"), 1, at("11-27", "10:00")),  # exactly at its end it is over
        (at("11-27", "16:00"), 2, at("11-30", "10:00")),  # over a weekend
        (at("11-28", "12:00"), 8, at("11-30", "17:00")),  # from within one
        (at("09-30", "16:00"), 2, at("10-08", "10:00")),  # over National Day
        (at("10-03", "03:00"), 24, at("10-10", "17:00")),  # Thursday, Friday, and the Saturday that makes up for it
        (at("09-18", "16:00"), 2, at("09-20", "10:00")),  # onto a Sunday that does
        (at("12-31", "16:00"), 2, datetime(2027, 1, 1, 10, tzinfo=SHANGHAI)),
        (at("12-31", "16:00"), 16, datetime(2027, 1, 4, 16, tzinfo=SHANGHAI)),
    ],
)
def test_working_hours_pass_on_working_days_alone(start: datetime, hours: float, end: datetime) -> None:
    assert add_working(start, hours) == end
    assert working_between(start, end) == timedelta(hours=hours)


def test_working_time_adds_up_over_a_whole_year_and_stands_still_outside_it() -> None:
    start, step, moment = at("01-01", "00:00"), timedelta(hours=55, minutes=13), at("01-01", "00:00")
    passed = timedelta()
    while moment < at("12-31", "23:00"):
        passed += working_between(moment, moment + step)
        moment += step
        assert working_between(start, moment) == passed
        assert add_working(start, passed.total_seconds() / 3600) <= moment
    working_days = sum(is_working_day(date(2026, 1, 1) + timedelta(days=day)) for day in range(365))
    assert working_between(start, at("12-31", "23:59")) == working_days * WORKING_DAY
    assert working_between(at("11-27"), at("11-26")) == timedelta()
