"""Shapes of screenings (`docs/api.md` part 7)."""

from typing import Annotated, Literal

from pydantic import Field

from app import policies
from app.api.shapes import Answer, Request, Stamp
from app.kernel.ids import AccountId
from app.screening import domain
from app.screening.contents import Item

FieldName = Literal[
    "handle", "display_name", "bio", "signature", "board_name", "board_description", "title", "post", "reply", "message"
]
DecisionName = Literal["pass", "mask", "review", "block"]


class ScreeningItem(Request):
    field: FieldName
    text: Annotated[str, Field(max_length=policies.SCREENED_TEXT_LONGEST.value)]
    account_id: Annotated[str | None, Field(max_length=100, description="Who wrote it.")] = None
    board: Annotated[str | None, Field(max_length=100, description="Where it stands: a board's id or slug.")] = None
    ref: Annotated[str | None, Field(max_length=200, description="The forum's own name for it, told back.")] = None


ItemsGiven = Annotated[list[ScreeningItem], Field(min_length=1, max_length=policies.SCREENED_ITEMS.value)]


class NewScreening(Request):
    items: ItemsGiven


class PublishedContentGiven(Request):
    content_ref: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(min_length=1, max_length=2000, description="http or https.")]


class ScreeningHit(Answer):
    """`start` and `end` count code points of the text as sent, `end` exclusive."""

    start: int
    end: int
    category: str
    severity: int
    evasions: list[domain.Evasion]


class ScreeningResult(Answer):
    ref: str | None
    field: FieldName
    decision: DecisionName
    detail: str | None
    masked_text: str | None
    hits: list[ScreeningHit]


class Screening(Answer):
    id: str
    lexicon_version: str
    decision: DecisionName
    results: list[ScreeningResult]


class StoredScreeningResult(Answer):
    """Of a text that passed, `index`, `decision` and `sha256`; `ruling` is what a reviewer has decided on it since."""

    index: int
    sha256: str
    ref: str | None
    field: FieldName | None
    decision: DecisionName
    detail: str | None
    masked_text: str | None
    hits: list[ScreeningHit]
    ruling: Literal["pass", "mask", "block"] | None


class PublishedContent(Answer):
    content_ref: str
    url: str
    published_at: Stamp


class StoredScreening(Answer):
    id: str
    lexicon_version: str
    decision: DecisionName
    created_at: Stamp
    results: list[StoredScreeningResult]
    published: list[PublishedContent]


def items_of(given: list[ScreeningItem]) -> list[Item]:
    return [
        Item(
            domain.Field(one.field),
            one.text,
            None if one.account_id is None else AccountId(one.account_id),
            one.board,
            one.ref,
        )
        for one in given
    ]
