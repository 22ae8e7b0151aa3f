"""Texts that reviewers have decided: what, by whom and when; filtered, and as a file that holds no text."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import plain, said_moment
from app.console.naming import name_of
from app.console.visits import Visit, console_router, visit_at
from app.screening.category_words import words_of
from app.screening.docket import DecidedFilter, DecidedReview
from app.screening.domain import SCREENED, Field, Ruling

router = console_router()
_HERE = "/console/reviews/decided"
_RULINGS = (Ruling.PASS, Ruling.MASK, Ruling.BLOCK)
_FILTERS = ("ruling", "field", "by")
_MINE = "me"


@router.get("/reviews/decided")
def decided(visit: Annotated[Visit, Depends(visit_at("reviews"))]) -> Response:
    """The newest first; each leads to the whole of it, while its text is kept."""
    if "csv" in visit.query:
        found = _all(visit)
        return csv_response("reviews", _columns(visit), [_cells(visit, one) for one in found])
    found = _found(visit, visit.query.get("cursor") or None, PAGE + 1)
    shown = found[:PAGE]
    said = [(ruling.value, visit.say(f"reviews.ruling.{ruling}")) for ruling in _RULINGS]
    fields = [(field.value, visit.say(f"reviews.field.{field}")) for field in SCREENED]
    listing = Listing(
        visit.say("reviews.decided.caption"),
        [Column(visit.say("reviews.decided.text")), *_columns(visit)],
        [[_text(visit, one), *_cells(visit, one)] for one in shown],
        visit.say("reviews.decided.empty"),
        chips(visit.request, "ruling", said, visit.say("console.list.all")),
        clear=_HERE if any(visit.query.get(name) for name in _FILTERS) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=shown[-1].id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    others = (
        (
            "reviews.decided.who",
            chips(visit.request, "by", [(_MINE, visit.say("reviews.decided.mine"))], _all_of(visit)),
        ),
        ("reviews.decided.fields", chips(visit.request, "field", fields, visit.say("reviews.decided.any_field"))),
    )
    return visit.show("reviews_decided", listing=listing, others=[(visit.say(key), found) for key, found in others])


def _all_of(visit: Visit) -> str:
    return visit.say("reviews.decided.anybody")


def _found(visit: Visit, after: str | None, limit: int) -> Sequence[DecidedReview]:
    asked = visit.query
    ruling = Ruling(asked["ruling"]) if asked.get("ruling") in set(_RULINGS) else None
    field = Field(asked["field"]) if asked.get("field") in set(Field) else None
    actor_id = visit.staff.id if asked.get("by") == _MINE else None
    return visit.services.reviews.list_decided(DecidedFilter(ruling, field, actor_id, after, limit))


def _all(visit: Visit) -> Sequence[DecidedReview]:
    """Piece by piece, so that no file is cut off."""
    found, after, step = list[DecidedReview](), None, policies.SWEPT_AT_ONCE.value
    while True:
        piece = _found(visit, after, step)
        found += piece
        if len(piece) < step:
            return found
        after = piece[-1].id


def _columns(visit: Visit) -> list[Column]:
    return [Column(visit.say(f"reviews.decided.{name}")) for name in ("field", "ruling", "reason", "by", "at")]


def _text(visit: Visit, one: DecidedReview) -> Cell:
    said = one.excerpt.reveal() if one.excerpt else visit.say("reviews.queue.gone")
    return Cell(said, f"/console/reviews?open={one.id}")


def _cells(visit: Visit, one: DecidedReview) -> list[Cell]:
    field, categories = visit.say(f"reviews.field.{one.field}"), visit.sentence(words_of(one.categories))
    return [
        Cell(f"{field} · {categories}" if one.categories else field),
        Cell(visit.say(f"reviews.ruling.{one.ended.ruling}")),
        Cell(one.ended.reason or "–"),
        Cell(name_of(visit, one.ended.actor_id)),
        Cell(said_moment(visit, one.ended.at), plain=plain(one.ended.at)),
    ]
