"""Agreements: the versions that bind, those to come, and what staff write; a draft with its clauses and its changes."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response
from markupsafe import Markup

from app.agreements.clauses import CLAUSES
from app.agreements.differences import Change, Line
from app.agreements.domain import AgreementKind, DraftStatus, PublishedVersion
from app.agreements.drafts import ReadDraft
from app.agreements.errors import NoSuchDraft
from app.console.audit_words import said_actor
from app.console.lists import PAGE, Cell, Column, Listing, address
from app.console.moments import last_day_cell, plain, said_moment
from app.console.visits import Fields, Visit, console_router, visit_at
from app.kernel.sentence import Language
from app.web.problems import status_of

router = console_router()
HERE = "/console/agreements"
VisitOf = Annotated[Visit, Depends(visit_at("agreements"))]
Errors = Sequence[tuple[str, str]]
_CHINESE = Markup('<span lang="zh-CN">{}</span>')
_SKIPPED = "…"
_LATEST = 2**31 - 2
TONGUES = {Language.CHINESE: "zh-CN", Language.ENGLISH: "en"}


@router.get("/agreements")
def agreements(visit: VisitOf) -> Response:
    """Versions with what they are now, and drafts; the newest first."""
    return visit.show("agreements", versions=_versions(visit), drafts=_drafts(visit), kinds=list(AgreementKind))


def _versions(visit: Visit) -> Listing:
    before = _number(visit.query.get("before", ""))
    found = visit.services.agreement_drafts.published(before, PAGE + 1)
    shown = found[:PAGE]
    names = ("version", "kind", "title", "state", "effective", "accept_by")
    return Listing(
        visit.say("agreements.versions.caption"),
        [Column(visit.say(f"agreements.versions.{name}")) for name in names],
        [_version_cells(visit, one) for one in shown],
        visit.say("agreements.versions.empty"),
        first=address(visit.request, before=None) if before else None,
        next=address(visit.request, before=str(shown[-1].number)) if len(found) > PAGE else None,
    )


def _number(written: str) -> int | None:
    """What an address names; None for what is no number of a version."""
    plain_number = written.isascii() and written.isdigit() and len(written) <= len(str(_LATEST))
    return int(written) if plain_number and int(written) <= _LATEST else None


def _version_cells(visit: Visit, one: PublishedVersion) -> list[Cell]:
    version = one.version
    return [
        Cell(version.version, f"{HERE}/versions/{one.number}"),
        Cell(visit.say(f"agreements.name.{version.kind}")),
        Cell(_CHINESE.format(version.title), plain=version.title),
        Cell(visit.say(f"agreements.state.{_state(visit, one)}")),
        Cell(said_moment(visit, version.effective_at), plain=plain(version.effective_at)),
        last_day_cell(visit, version.accept_by),
    ]


def _state(visit: Visit, one: PublishedVersion) -> str:
    if one.in_force:
        return "in_force"
    return "coming" if one.version.effective_at > visit.now else "past"


def _drafts(visit: Visit) -> Listing:
    cursor = visit.query.get("cursor") or None
    found = visit.services.agreement_drafts.list_all(cursor, PAGE + 1)
    shown = found[:PAGE]
    names = ("version", "kind", "title", "status", "updated")
    rows = [
        [
            Cell(one.draft.version, f"{HERE}/drafts/{one.id}"),
            Cell(visit.say(f"agreements.name.{one.draft.kind}")),
            Cell(_CHINESE.format(one.title), plain=one.title),
            Cell(visit.say(f"agreements.status.{one.status}")),
            Cell(
                visit.say(
                    "agreements.drafts.by",
                    when=said_moment(visit, one.updated_at),
                    who=said_actor(visit, one.updated_by),
                )
            ),
        ]
        for one in shown
    ]
    return Listing(
        visit.say("agreements.drafts.caption"),
        [Column(visit.say(f"agreements.drafts.{name}")) for name in names],
        rows,
        visit.say("agreements.drafts.empty"),
        first=address(visit.request) if cursor else None,
        next=address(visit.request, cursor=shown[-1].id) if len(found) > PAGE else None,
    )


@router.get("/agreements/versions/{number}")
def version(visit: VisitOf, number: str) -> Response:
    """The whole text of a version in both languages."""
    wanted = _number(number)
    found = visit.services.agreement_drafts.published(wanted + 1, 1) if wanted is not None else []
    if not found or found[0].number != wanted:
        return nothing_there(visit)
    shown = found[0].version
    texts = [
        (TONGUES[tongue], visit.say(f"agreements.language.{tongue}"), text)
        for tongue, text in zip(TONGUES, (shown.text_zh, shown.text_en), strict=True)
    ]
    return visit.show("agreement_version", one=shown, state=_state(visit, found[0]), texts=texts)


def nothing_there(visit: Visit) -> Response:
    said = [("", visit.sentence(NoSuchDraft.sentence))]
    return visit.show("agreement_none", errors=said, status=status_of(NoSuchDraft))


@router.get("/agreements/drafts/{draft_id}")
def draft(visit: VisitOf, draft_id: str) -> Response:
    """What it lacks, what it changes, and what may be done with it."""
    return draft_page(visit, draft_id, {})


def draft_page(
    visit: Visit, draft_id: str, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.agreement_drafts.get(draft_id)
    except NoSuchDraft:
        return nothing_there(visit)
    changes = [
        (TONGUES[tongue], visit.say(f"agreements.language.{tongue}"), list(hunks(lines)), _counts(lines))
        for tongue, lines in found.differences.items()
    ]
    return visit.show(
        "agreement_draft",
        errors=errors,
        status=status,
        typed=typed,
        one=found.written,
        by=said_actor(visit, found.written.updated_by),
        found=found,
        clauses=_clauses(found),
        changes=changes,
        is_open=found.written.status is DraftStatus.DRAFT,
    )


def _counts(lines: Sequence[Line]) -> tuple[int, int]:
    """Lines that come, and lines that go."""
    added, removed = (sum(line.change is kind for line in lines) for kind in (Change.ADDED, Change.REMOVED))
    return added, removed


def _clauses(found: ReadDraft) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every clause that is asked for, with the words that it lacks in a language."""
    lacking: dict[str, list[tuple[str, str]]] = {}
    for one in found.missing:
        lacking.setdefault(one.clause, []).append((one.language.value, one.words))
    return [(name, lacking.get(name, [])) for name in CLAUSES[found.written.draft.kind]]


def hunks(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """What changes with one line before and after; what is the same in between is left out."""
    shown = {
        near
        for place, line in enumerate(lines)
        if line.change is not Change.SAME
        for near in (place - 1, place, place + 1)
    }
    last = -1
    for place in sorted(shown & set(range(len(lines)))):
        if place > last + 1:
            yield Change.SAME.value, _SKIPPED
        yield lines[place].change.value, lines[place].text
        last = place
    if shown and last < len(lines) - 1:
        yield Change.SAME.value, _SKIPPED
