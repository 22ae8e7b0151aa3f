"""Days begin at UTC midnight, and only one clock reads the time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.kernel.clock import SHANGHAI, SystemClock, start_of_day

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time zone is another one."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize(
    "moment",
    [
        MIDNIGHT,
        MIDNIGHT + timedelta(microseconds=1),
        MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
        datetime(2026, 11, 22, 7, 59, tzinfo=SHANGHAI),
        datetime(2026, 11, 21, 8, 0, tzinfo=SHANGHAI),
    ],
)
def test_a_day_begins_at_the_utc_midnight_at_or_before_a_moment(moment: datetime) -> None:
    began = start_of_day(moment)
    assert began == MIDNIGHT
    assert began.utcoffset() == timedelta()


def test_a_moment_before_eight_in_shanghai_belongs_to_the_utc_day_before() -> None:
    assert start_of_day(datetime(2026, 11, 21, 7, 59, tzinfo=SHANGHAI)) == MIDNIGHT - timedelta(days=1)


def test_the_system_clock_tells_the_time_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()


def test_an_offset_moves_the_system_clock() -> None:
    before = SystemClock().now()
    moved = SystemClock(timedelta(days=400)).now()
    assert before + timedelta(days=400) <= moved
