"""What is done with lexicons: a version brought in, rehearsed, published, and taken out of force. Source: L5b, L8f."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.lexicon_pages import HERE, Errors, nothing_there, version_page
from app.console.lists import Cell, Column, Listing
from app.console.typed import text_of
from app.console.visits import LONGEST_TEXT, Fields, FormOf, LongFormOf, Visit, act, console_router, visit_at
from app.screening.editions import Imported
from app.screening.errors import CatchesTooMuch, NoSuchLexicon, NotInForce
from app.screening.lexicons import read_draft
from app.web.problems import status_of

router = console_router()
VisitOf = Annotated[Visit, Depends(visit_at("lexicons"))]
_HEADER = "term,category,action,severity,fields,boundary,note\n"
_FAULTY_LINE = "lines-"


@router.get("/lexicons/import")
def import_page(visit: VisitOf) -> Response:
    """An empty file but for its header."""
    return _import_page(visit, {"name": visit.query.get("name", ""), "file": _HEADER})


def _import_page(visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    said = [_said(visit, name, error) for name, error in errors]
    return visit.show("lexicon_import", errors=said, status=status, typed=typed, most=LONGEST_TEXT)


def _said(visit: Visit, name: str, error: str) -> tuple[str, str]:
    """What is wrong with a line is said at the field that holds them all."""
    if not name.startswith(_FAULTY_LINE):
        return name, error
    return "file", visit.say("lexicons.error.line", n=name.removeprefix(_FAULTY_LINE), said=error)


@router.post("/lexicons")
def bring_in(visit: VisitOf, form: LongFormOf) -> Response:
    """As a draft, which decides nothing; of a file with a bad line nothing is loaded."""

    def work(now: Visit) -> Response:
        draft = read_draft(text_of(form, "name"), form.get("file", "").replace("\r\n", "\n").encode())
        imported = now.services.lexicons.add(now.actor, draft)
        if imported.warnings:
            return _warned(now, imported)
        done = "lexicon_imported" if imported.is_new else "lexicon_same"
        return now.go(f"{HERE}/{imported.version.id}", done, n=imported.version.terms)

    return act(visit, form, work, lambda errors, status: _import_page(visit, form, errors, status))


def _warned(visit: Visit, imported: Imported) -> Response:
    columns = [Column(visit.say(f"lexicons.warning.{name}"), number=name == "line") for name in ("line", "said")]
    rows = [[Cell(one.line), Cell(visit.sentence(one.detail))] for one in imported.warnings]
    caption = visit.say("lexicons.warning.caption", n=len(rows))
    return visit.show("lexicon_warned", version=imported.version, listing=Listing(caption, columns, rows, ""))


@router.get("/lexicons/{lexicon_id}")
def version(visit: VisitOf, lexicon_id: str) -> Response:
    """How it differs from the one in force."""
    return version_page(visit, lexicon_id, {})


@router.post("/lexicons/{lexicon_id}/rehearse")
def rehearse(visit: VisitOf, form: FormOf, lexicon_id: str) -> Response:
    """What it would change for the newest public texts and for the project's cases; writes nothing."""
    return _rehearsed(visit, lexicon_id, form)


def _rehearsed(
    visit: Visit, lexicon_id: str, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.lexicons.find(lexicon_id)
        rehearsal = visit.services.lexicons.rehearse(found.name, found.number)
    except NoSuchLexicon:
        return nothing_there(visit)
    return version_page(visit, lexicon_id, typed, errors, status, rehearsal=rehearsal)


@router.post("/lexicons/{lexicon_id}/publish")
def publish(visit: VisitOf, form: FormOf, lexicon_id: str) -> Response:
    """Puts it in force; where the dry run raises an alarm, only if that was ticked."""

    def again(errors: Errors, status: int) -> Response:
        return _rehearsed(visit, lexicon_id, form, errors, status)

    def work(now: Visit) -> Response:
        lexicons = now.services.lexicons
        found = lexicons.find(lexicon_id)
        try:
            lexicons.publish(now.actor, found.name, found.number, despite_alarm=form.get("despite") == "yes")
        except CatchesTooMuch:
            return again([("despite", now.say("lexicons.error.alarm"))], status_of(CatchesTooMuch))
        return now.go(HERE, "lexicon_published")

    return act(visit, form, work, again, fresh=True)


@router.post("/lexicons/{lexicon_id}/withdraw")
def withdraw(visit: VisitOf, form: FormOf, lexicon_id: str) -> Response:
    """Takes the lexicon out of force; its versions stay."""

    def work(now: Visit) -> Response:
        lexicons = now.services.lexicons
        found = lexicons.find(lexicon_id)
        if (found.name, found.number) not in {(one.lexicon, one.version) for one in lexicons.in_force()}:
            raise NotInForce
        lexicons.withdraw(now.actor, found.name)
        return now.go(HERE, "lexicon_withdrawn")

    def again(errors: Errors, status: int) -> Response:
        return version_page(visit, lexicon_id, form, errors, status)

    return act(visit, form, work, again, fresh=True)
