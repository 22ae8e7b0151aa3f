"""Lexicons: their versions and which decides, how one differs, what it would change, and how far the patrol is."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response
from markupsafe import Markup

from app.console.audit_words import said_actor
from app.console.charts import Bar, Chart, series_of
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import age, plain, said_moment
from app.console.visits import Fields, Visit, console_router, visit_at
from app.screening.category_words import CATEGORY_WORDS
from app.screening.domain import Category, Decision, Term
from app.screening.editions import Change, Difference, Lexicon, LexiconVersion
from app.screening.errors import NoSuchLexicon
from app.screening.rehearsing import Rehearsal, Tally
from app.web.problems import status_of

router = console_router()
HERE = "/console/lexicons"
VisitOf = Annotated[Visit, Depends(visit_at("lexicons"))]
Errors = Sequence[tuple[str, str]]
_PATROLS = 10
_CHANGED = Markup("<del>{}</del> <ins>{}</ins>")
_WRITTEN = Markup('<span lang="zh-CN">{}</span>')
_TERM = ("term", "category", "action", "severity", "fields", "boundary", "note")


@router.get("/lexicons")
def lexicons(visit: VisitOf) -> Response:
    """Every version, by name and the newest first; which is in force; how far the patrols are."""
    every = visit.services.lexicons.list_all()
    name = visit.query.get("name", "")
    rows = [(one, version) for one in every if name in {"", one.name} for version in one.versions]
    if "csv" in visit.query:
        return csv_response("lexicons", _columns(visit), [_cells(visit, *row) for row in rows])
    ids, after = [version.id for _, version in rows], visit.query.get("cursor", "")
    start = ids.index(after) + 1 if after in ids else 0
    shown = rows[start : start + PAGE]
    names = [(one.name, one.name) for one in every]
    listing = Listing(
        visit.say("lexicons.list.caption"),
        _columns(visit),
        [_cells(visit, *row) for row in shown],
        visit.say("lexicons.list.empty"),
        chips(visit.request, "name", names, visit.say("console.list.all")) if len(names) > 1 else (),
        clear=HERE if name else None,
        first=address(visit.request) if start else None,
        next=address(visit.request, cursor=shown[-1][1].id) if len(rows) > start + PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("lexicons", listing=listing, patrols=_patrols(visit))


def _columns(visit: Visit) -> list[Column]:
    names = ("version", "state", "terms", "imported")
    return [Column(visit.say(f"lexicons.list.{name}"), number=name == "terms") for name in names]


def _cells(visit: Visit, lexicon: Lexicon, version: LexiconVersion) -> list[Cell]:
    when = said_moment(visit, version.created_at)
    return [
        Cell(f"{version.name}/{version.number}", f"{HERE}/{version.id}"),
        Cell(visit.say(f"lexicons.state.{'in_force' if is_in_force(lexicon, version) else 'not'}")),
        Cell(version.terms),
        Cell(
            visit.say("lexicons.list.by", when=when, who=said_actor(visit, version.actor.id)),
            plain=plain(version.created_at),
        ),
    ]


def is_in_force(lexicon: Lexicon, version: LexiconVersion) -> bool:
    return lexicon.in_force is not None and lexicon.in_force.version == version.number


def _patrols(visit: Visit) -> Listing:
    """The newest publication first; a lag is how long something may have been shown that it forbids."""
    found = visit.services.patrol.progress()[:_PATROLS]
    names = ("publication", "published", "state", "read", "found", "lag")
    rows = [
        [
            Cell(one.publication),
            Cell(said_moment(visit, one.published_at)),
            Cell(visit.say(f"lexicons.patrol.{one.state}")),
            Cell(one.read),
            Cell(one.found),
            Cell(age(visit, one.lag(visit.now)) if one.finished_at is None else "–"),
        ]
        for one in found
    ]
    columns = [Column(visit.say(f"lexicons.patrol.{name}"), number=name in {"read", "found"}) for name in names]
    return Listing(visit.say("lexicons.patrol.caption"), columns, rows, visit.say("lexicons.patrol.empty"))


def nothing_there(visit: Visit) -> Response:
    said = [("", visit.say("lexicons.error.nothing"))]
    return visit.show("lexicon_none", errors=said, status=status_of(NoSuchLexicon))


def version_page(
    visit: Visit,
    lexicon_id: str,
    typed: Fields,
    errors: Errors = (),
    status: int = HTTPStatus.OK,
    *,
    rehearsal: Rehearsal | None = None,
) -> Response:
    """A version beside the one in force; with a `rehearsal` it can be published."""
    try:
        version = visit.services.lexicons.find(lexicon_id)
        found = visit.services.lexicons.diff(version.name, version.number)
    except NoSuchLexicon:
        return nothing_there(visit)
    return visit.show(
        "lexicon",
        errors=errors,
        status=status,
        typed=typed,
        version=version,
        imported=said_moment(visit, version.created_at),
        by=said_actor(visit, version.actor.id),
        found=found,
        in_force=found.against == version.number,
        lists=_differences(visit, found),
        rehearsal=rehearsal,
        **(_said_rehearsal(visit, rehearsal) if rehearsal else {}),
    )


def _differences(visit: Visit, found: Difference) -> list[Listing]:
    columns = [Column(visit.say(f"lexicons.term.{name}"), number=name == "severity") for name in _TERM]
    kinds = (
        ("added", found.added_count, [_term_cells(visit, term) for term in found.added[:PAGE]]),
        ("removed", found.removed_count, [_term_cells(visit, term) for term in found.removed[:PAGE]]),
        ("changed", found.changed_count, [_change_cells(visit, change) for change in found.changed[:PAGE]]),
    )
    return [
        Listing(visit.say(f"lexicons.diff.{kind}", n=count, shown=len(rows)), columns, rows, "")
        for kind, count, rows in kinds
        if count
    ]


def _said_term(visit: Visit, term: Term) -> Mapping[str, str]:
    return {
        "term": _WRITTEN.format(term.term),
        "category": category(visit, term.category),
        "action": visit.say(f"lexicons.action.{term.action}"),
        "severity": str(term.severity),
        "fields": " · ".join(sorted(visit.say(f"reviews.field.{field}") for field in term.fields)) or "–",
        "boundary": term.boundary.value or "–",
        "note": _WRITTEN.format(term.note or "–"),
    }


def category(visit: Visit, name: Category) -> str:
    """In words where it has any; an operator's own are shown as they are."""
    return visit.sentence(CATEGORY_WORDS[name]) if name in CATEGORY_WORDS else name


def written(text: str) -> Cell:
    """What people wrote, whatever the language of the page."""
    return Cell(_WRITTEN.format(text), plain=text)


def _term_cells(visit: Visit, term: Term) -> list[Cell]:
    said = _said_term(visit, term)
    return [Cell(said[name]) for name in _TERM]


def _change_cells(visit: Visit, change: Change) -> list[Cell]:
    before, after = _said_term(visit, change.before), _said_term(visit, change.after)
    return [
        Cell(_CHANGED.format(before[name], after[name]) if before[name] != after[name] else after[name])
        for name in _TERM
    ]


def _said_rehearsal(visit: Visit, found: Rehearsal) -> dict[str, object]:
    return {
        "charts": [_chart(visit, "recent", found.recent), _chart(visit, "innocent", found.innocent)],
        "examples": _examples(visit, found.recent),
        "wrong_cases": _wrong_cases(visit, found),
    }


def _chart(visit: Visit, name: str, tally: Tally) -> Chart:
    """What becomes of texts now, beside what would."""
    return Chart(
        f"lexicon-{name}",
        visit.say(f"lexicons.rehearsal.{name}", n=tally.texts, stricter=tally.stricter, milder=tally.milder),
        visit.say("lexicons.rehearsal.decision"),
        "",
        series_of(visit.say("lexicons.rehearsal.before"), visit.say("lexicons.rehearsal.after")),
        [Bar(ruling(visit, one), (tally.before[one], tally.after[one])) for one in Decision],
        beside=True,
    )


def ruling(visit: Visit, decision: Decision) -> str:
    return visit.say(f"reviews.ruling.{decision}")


def _examples(visit: Visit, tally: Tally) -> Listing:
    names = ("text", "field", "before", "after", "categories")
    rows = [
        [
            written(one.text),
            Cell(visit.say(f"reviews.field.{one.field}")),
            Cell(ruling(visit, one.before)),
            Cell(ruling(visit, one.after)),
            Cell(" · ".join(category(visit, name) for name in one.categories) or "–"),
        ]
        for one in tally.examples
    ]
    columns = [Column(visit.say(f"lexicons.rehearsal.{name}")) for name in names]
    return Listing(visit.say("lexicons.rehearsal.examples"), columns, rows, visit.say("lexicons.rehearsal.nothing"))


def _wrong_cases(visit: Visit, found: Rehearsal) -> Listing:
    names = ("text", "field", "must_be", "before", "after")
    rows = [
        [
            written(one.case.text),
            Cell(visit.say(f"reviews.field.{one.case.field}")),
            Cell(ruling(visit, one.case.decision)),
            Cell(ruling(visit, one.before)),
            Cell(ruling(visit, one.after)),
        ]
        for one in found.wrong[:PAGE]
    ]
    columns = [Column(visit.say(f"lexicons.rehearsal.{name}")) for name in names]
    caption = visit.say("lexicons.rehearsal.cases", n=len(found.wrong), of=found.cases)
    return Listing(caption, columns, rows, visit.say("lexicons.rehearsal.all_right"))
