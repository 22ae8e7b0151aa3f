"""Shapes of the emergency switch and of drills."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.shapes import Answer, Request, Stamp
from app.forums.domain import Drill, Pause, PausedPlace
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import BoardId, ForumId
from app.kernel.sentence import Sentence

_ONE_SCOPE = FieldError(
    "/scope",
    "not-one",
    Sentence("scope 里只能有一个：all、forum_id、board_id。", "Give exactly one in scope: all, forum_id, board_id."),
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_Id = Annotated[str, Field(min_length=1, max_length=60)]


def _read_day(value: object) -> date:
    fault = PydanticCustomError("day", "not a day")
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise fault
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise fault from None


def _as_true(given: object) -> object:
    """1 is no true, though Python says so."""
    return given if isinstance(given, bool) else None


def _is_none(value: object) -> bool:
    return value is None


_True = Annotated[Literal[True], BeforeValidator(_as_true)]
DayGiven = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]


class PauseScopeGiven(Request):
    """Exactly one is given."""

    all: _True | None = None
    forum_id: _Id | None = None
    board_id: _Id | None = None

    def as_place(self) -> PausedPlace:
        """Raises `Invalid` unless exactly one is given."""
        if sum(given is not None for given in (self.all, self.forum_id, self.board_id)) != 1:
            raise Invalid([_ONE_SCOPE])
        return PausedPlace(
            None if self.forum_id is None else ForumId(self.forum_id),
            None if self.board_id is None else BoardId(self.board_id),
        )


class NewPause(Request):
    scope: PauseScopeGiven
    reason: Annotated[str, Field(min_length=1, max_length=400, description="For the staff; no forum is told.")]


class PauseScopeShown(Answer):
    """One of them: everything, a forum, or a board."""

    all: Literal[True] | None = Field(default=None, exclude_if=_is_none)
    forum_id: str | None = Field(default=None, exclude_if=_is_none)
    board_id: str | None = Field(default=None, exclude_if=_is_none)


class PauseShown(Answer):
    id: str
    scope: PauseScopeShown
    reason: str
    began_at: Stamp
    began_by: str
    ended_at: Stamp | None
    ended_by: str | None

    @classmethod
    def of(cls, pause: Pause) -> "PauseShown":
        return cls(
            id=pause.id,
            scope=_scope_of(pause.place),
            reason=pause.reason,
            began_at=pause.began_at,
            began_by=pause.began_by,
            ended_at=pause.ended_at,
            ended_by=pause.ended_by,
        )


class PausePage(Answer):
    items: list[PauseShown]
    next_cursor: str | None


class NewDrill(Request):
    held_on: DayGiven = Field(description="A day in Shanghai, today at the latest.")
    scenario: Annotated[str, Field(min_length=1, max_length=400)]
    outcome: Annotated[str, Field(min_length=1, max_length=2000)]


class DrillShown(Answer):
    id: str
    held_on: date
    scenario: str
    outcome: str
    recorded_at: Stamp
    recorded_by: str

    @classmethod
    def of(cls, drill: Drill) -> "DrillShown":
        return cls(
            id=drill.id,
            held_on=drill.held_on,
            scenario=drill.scenario,
            outcome=drill.outcome,
            recorded_at=drill.recorded_at,
            recorded_by=drill.recorded_by,
        )


class DrillPage(Answer):
    items: list[DrillShown]
    next_cursor: str | None


def _scope_of(place: PausedPlace) -> PauseScopeShown:
    if place.board_id is not None:
        return PauseScopeShown(board_id=place.board_id)
    return PauseScopeShown(all=True) if place.forum_id is None else PauseScopeShown(forum_id=place.forum_id)
