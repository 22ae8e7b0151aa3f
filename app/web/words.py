"""The words of all pages: gettext catalogues in each face's `locale/`, and moments as people write them."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po
from markupsafe import Markup

from app.kernel.sentence import Language

_APP = Path(__file__).parent.parent
_LOCALES = {Language.CHINESE: "zh_Hans_CN", Language.ENGLISH: "en"}
_BEIJING = timezone(timedelta(hours=8))
_COUNTED = re.compile(r"\{([a-z_]+):([^{}|]*)\|([^{}|]*)\}")
"""`{n:entry|entries}`: one of two words, by whether the number is one."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def text(language: Language, key: str, /, **values: object) -> Markup:
    """What stands under `<family>.<place>.<what>`, with `{x}` filled; the values are escaped, the catalogue is ours.

    `{n:entry|entries}` is the first word where `n` is one, else the second.

    Raises `KeyError` for a key or a place that is not filled.
    """
    counted = _COUNTED.sub(lambda found: found[2 if str(values[found[1]]) == "1" else 3], _catalogue(language)[key])
    pattern = Markup(counted)  # noqa: S704 -- the catalogues are part of the program
    return pattern.format_map(values)


@cache
def _catalogue(language: Language) -> Mapping[str, str]:
    return MappingProxyType(
        {
            key: said
            for path in sorted(_APP.glob(f"*/locale/{_LOCALES[language]}/*.po"))
            for key, said in read_catalogue(path).items()
        }
    )


def read_catalogue(path: Path) -> dict[str, str]:
    """Key to text of one file."""
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def moment(language: Language, when: datetime) -> Markup:
    """Date and minute in Beijing, as `<time>`."""
    return _element(when, text(language, "web.time.moment", date=_date(language, when), clock=f"{_there(when):%H:%M}"))


def clock(_language: Language, when: datetime) -> Markup:
    """The minute in Beijing, as `<time>`: for what happens within the hour."""
    return _element(when, f"{_there(when):%H:%M}")


def come_back(language: Language, now: datetime, seconds: int) -> Markup:
    """When to try again, in whole minutes and never too early; with its day where that is another."""
    when = now + timedelta(seconds=seconds)
    if when.second or when.microsecond:
        when = when.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return (clock if _there(when).date() == _there(now).date() else moment)(language, when)


def day(language: Language, when: datetime) -> Markup:
    """The day in Beijing, as `<time>`."""
    return Markup('<time datetime="{}">{}</time>').format(_there(when).date(), _date(language, when))


def _date(language: Language, when: datetime) -> str:
    there = _there(when)
    return f"{there:%Y-%m-%d}" if language is Language.CHINESE else f"{there.day} {_MONTHS[there.month - 1]} {there:%Y}"


def _there(when: datetime) -> datetime:
    return when.astimezone(_BEIJING)


def _element(when: datetime, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(_there(when).isoformat(timespec="seconds"), shown)
