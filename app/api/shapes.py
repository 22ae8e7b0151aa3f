"""What all shapes share: nothing unknown, nothing coerced, times in UTC ending in `Z`."""

import re
from abc import abstractmethod
from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.kernel.clock import start_of_day


class Request(BaseModel):
    """A body as forums send it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """A body as the service sends it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ToldOnce(Answer):
    """One that holds what nobody keeps: a credential."""

    @abstractmethod
    def without_it(self) -> Self:
        """What may be kept, and told again."""


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


def _read_moment(value: object) -> datetime:
    fault = PydanticCustomError("moment", "not a time")
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise fault
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fault from None


def _write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_day(moment: datetime) -> str:
    return start_of_day(moment).isoformat(timespec="seconds").replace("+00:00", "Z")


def _read_date(value: object) -> date:
    fault = PydanticCustomError("day", "not a day")
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise fault
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise fault from None


_TIME_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time"})
Moment = Annotated[datetime, BeforeValidator(_read_moment), _TIME_SCHEMA]
"""A time in a request: RFC 3339, UTC, ending in `Z`."""
Stamp = Annotated[datetime, PlainSerializer(_write_moment, return_type=str), _TIME_SCHEMA]
"""A time in an answer."""
Day = Annotated[datetime, PlainSerializer(_write_day, return_type=str), _TIME_SCHEMA]
"""A time of the person: cut to the day, so that two forums cannot match it."""
CalendarDay = Annotated[
    date, BeforeValidator(_read_date), WithJsonSchema({"type": "string", "format": "date"}, mode="validation")
]
"""A day of Shanghai in a request, like `2026-11-21`; in an answer it is a text."""
