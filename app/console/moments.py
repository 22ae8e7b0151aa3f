"""Moments as the console's lists and files show them: days and minutes of Shanghai, a period in its largest unit."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from app.console.lists import Cell
from app.console.visits import Visit
from app.kernel.clock import SHANGHAI
from app.kernel.sentence import Language
from app.web.language import language_of
from app.web.words import day, moment

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_JUST_NOW = timedelta(minutes=2)
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def language(visit: Visit) -> Language:
    return language_of(visit.request)


def said_day(visit: Visit, when: datetime) -> str:
    return day(language(visit), when)


def said_date(visit: Visit, day_in_shanghai: date) -> str:
    return day(language(visit), datetime.combine(day_in_shanghai, time(), SHANGHAI))


def said_last_day(visit: Visit, end: datetime) -> str:
    """The last day before this end, which lies at its midnight."""
    return day(language(visit), end - _TICK)


def last_day_cell(visit: Visit, end: datetime | None) -> Cell:
    """The last day on which it still holds, on the page and in the file alike: of every end in a list."""
    return Cell("–") if end is None else Cell(said_last_day(visit, end), plain=typed_last_day(end))


def said_moment(visit: Visit, when: datetime) -> str:
    return moment(language(visit), when)


def plain(when: datetime) -> str:
    """For a file."""
    return when.astimezone(SHANGHAI).isoformat(timespec="seconds")


def period(visit: Visit, length: timedelta) -> str:
    """In the largest unit of which there are two, rounded down."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return visit.say(f"console.period.{unit}", n=seconds // size)
    return visit.say("console.period.seconds", n=seconds)


def age(visit: Visit, length: timedelta) -> str:
    """The same of what waits or was made, where seconds say nothing."""
    return visit.say("console.period.under") if length < _MINUTE else period(visit, length)


def ago(visit: Visit, length: timedelta) -> str:
    """How long ago; what is not two minutes old has just been."""
    return (
        visit.say("console.period.just_now")
        if length < _JUST_NOW
        else visit.say("console.period.ago", period=period(visit, length))
    )


def listed(visit: Visit, said: Sequence[str]) -> str:
    return ("、" if language(visit) is Language.CHINESE else ", ").join(said)


def read_last_day(written: str) -> datetime | None:
    """The end of a day of Shanghai that somebody typed, as its last day; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(written.strip()), time(), SHANGHAI).astimezone(UTC) + _DAY
    except (ValueError, OverflowError):
        return None


def read_moment(written: str) -> datetime | None:
    """A minute of Shanghai as a browser or somebody types it; None for what is none."""
    try:
        when = datetime.fromisoformat(written.strip())
        return (when if when.tzinfo else when.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def typed_moment(when: datetime) -> str:
    return when.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def typed_last_day(end: datetime) -> str:
    """As it is typed."""
    return (end - _TICK).astimezone(SHANGHAI).date().isoformat()
