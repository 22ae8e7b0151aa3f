"""What becomes of a text under the lexicons, and what an allow list could hold."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.lexicon_pages import Errors, category, ruling, written
from app.console.lists import PAGE, Cell, Column, Listing, address, csv_response
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.screening.docket import Suggestion
from app.screening.domain import SCREENED, Field
from app.screening.editions import Tried

router = console_router()
VisitOf = Annotated[Visit, Depends(visit_at("lexicons"))]
_LONGEST = 4000
_VERSIONS = 100


@router.get("/lexicons/try")
def try_page(visit: VisitOf) -> Response:
    """Nothing tried yet; of a version that is named, as if it were in force."""
    return _page(visit, {"lexicon": visit.query.get("lexicon", "")})


def _page(
    visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK, *, tried: Tried | None = None
) -> Response:
    versions = [
        (version.id, f"{version.name}/{version.number}")
        for one in visit.services.lexicons.list_all()
        for version in one.versions
    ]
    return visit.show(
        "lexicon_try",
        errors=errors,
        status=status,
        typed={"field": Field.POST.value, **typed},
        fields=[(field.value, visit.say(f"reviews.field.{field}")) for field in SCREENED],
        versions=[("", visit.say("lexicons.try.in_force")), *versions[:_VERSIONS]],
        tried=tried,
        decision=ruling(visit, tried.verdict.decision) if tried else "",
        hits=_hits(visit, typed.get("text", ""), tried) if tried else None,
    )


def _hits(visit: Visit, text: str, tried: Tried) -> Listing:
    names = ("piece", "term", "category", "action", "severity")
    rows = [
        [
            written(text[hit.start : hit.end]),
            written(hit.term),
            Cell(category(visit, hit.category)),
            Cell(visit.say(f"lexicons.action.{hit.action}")),
            Cell(hit.severity),
        ]
        for hit in tried.verdict.hits
    ]
    columns = [Column(visit.say(f"lexicons.try.{name}"), number=name == "severity") for name in names]
    return Listing(visit.say("lexicons.try.hits"), columns, rows, visit.say("lexicons.try.nothing"))


@router.post("/lexicons/try")
def try_text(visit: VisitOf, form: FormOf) -> Response:
    """Nothing of it is kept, and it stands in no address."""
    text, field = form.get("text", "").replace("\r\n", "\n"), form.get("field", "")
    if not text.strip() or field not in {one.value for one in SCREENED}:
        said = [("text", visit.say("console.error.text", n=_LONGEST))]
        return _page(visit, form, said, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        lexicons, typed = now.services.lexicons, {**form, "text": text}
        if not form.get("lexicon"):
            return _page(now, typed, tried=lexicons.try_text(text, Field(field)))
        version = lexicons.find(form["lexicon"])
        return _page(now, typed, tried=lexicons.try_text(text, Field(field), version.name, version.number))

    return act(visit, form, work, lambda errors, status: _page(visit, form, errors, status), each_time=True)


@router.get("/lexicons/suggestions")
def suggestions(visit: VisitOf) -> Response:
    """Pieces of texts that reviewers let pass although a term stands in them; the likeliest first."""
    found = visit.services.reviews.suggestions()
    if "csv" in visit.query:
        return csv_response("suggestions", _columns(visit), [_cells(visit, one) for one in found])
    listing = Listing(
        visit.say("lexicons.suggestion.caption", n=len(found)),
        _columns(visit),
        [_cells(visit, one) for one in found[: 2 * PAGE]],
        visit.say("lexicons.suggestion.empty"),
        csv=address(visit.request, csv="1") if found else None,
    )
    return visit.show("lexicon_suggestions", listing=listing)


def _columns(visit: Visit) -> list[Column]:
    names = ("piece", "term", "category", "overturned", "upheld")
    return [Column(visit.say(f"lexicons.suggestion.{name}"), number=name in names[3:]) for name in names]


def _cells(visit: Visit, one: Suggestion) -> list[Cell]:
    """For who reviews the same texts in the queue."""
    counted = [Cell(one.overturned), Cell(one.upheld)]
    return [written(one.piece.reveal()), written(one.term), Cell(category(visit, one.category)), *counted]
