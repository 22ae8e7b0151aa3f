"""What is typed into a form's fields: texts that must be there or not, and days."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from app.console.visits import Fields, Visit
from app.kernel.clock import SHANGHAI

REASON = {"reason": 400}
_YEARS = (1970, 9990)


def wrong_texts(
    visit: Visit, form: Fields, needed: Mapping[str, int], optional: Mapping[str, int] | None = None
) -> list[tuple[str, str]]:
    """Which fields are empty that must not be, or longer than they may; each field with its most characters."""
    empty = [name for name in needed if not text_of(form, name)]
    most = {**needed, **(optional or {})}
    too_long = [name for name in most if len(text_of(form, name)) > most[name]]
    return [
        (name, visit.say("console.error.text" if name in needed else "console.error.long", n=most[name]))
        for name in most
        if name in {*empty, *too_long}
    ]


def text_of(form: Fields, name: str) -> str:
    return form.get(name, "").strip()


def read_day(written: str) -> date | None:
    """None for what is no day, and for one that nobody can mean."""
    try:
        day = date.fromisoformat(written.strip())
    except ValueError:
        return None
    return day if _YEARS[0] <= day.year < _YEARS[1] else None


def day_begins(day: date) -> datetime:
    """Midnight in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def today(visit: Visit) -> str:
    """In Shanghai, as it is typed."""
    return visit.now.astimezone(SHANGHAI).date().isoformat()
