"""The one place that reads the time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Whatever can say what time it is, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, moved by a fixed offset for demonstrations (development only)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


def start_of_day(moment: datetime) -> datetime:
    """The UTC midnight at or before `moment`: times of a person leave the service no finer than this."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
