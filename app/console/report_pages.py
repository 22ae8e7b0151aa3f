"""Reports to authorities at the console: drafted, approved by another, sent, with the receipt; to print and as JSON."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import period, plain, read_moment, said_moment
from app.console.naming import name_of
from app.console.violation_pages import LONGEST_REASON
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.organisation.domain import day_in_shanghai
from app.reporting.authority_reports import ReportView
from app.reporting.documents import Document, write_document
from app.reporting.offences import AuthorityReport, ReportFilter, ReportState, Step
from app.staff.access import Permission

router = console_router()
HERE = "/console/reports"
VisitOf = Annotated[Visit, Depends(visit_at("violations", Permission.REPORTS))]
_LONGEST_RECEIPT = 120
_BADGES = {
    ReportState.DRAFT: ("due", "◔"),
    ReportState.APPROVED: ("due", "◔"),
    ReportState.SENT: ("current", "●"),
    ReportState.RECEIVED: ("current", "●"),
    ReportState.WITHDRAWN: ("ended", "○"),
}


@router.get("/reports")
def reports(visit: VisitOf) -> Response:
    """The newest first, without what stands in them."""
    if "csv" in visit.query:
        return csv_response("reports", _columns(visit), [_cells(visit, one) for one in _all(visit)])
    found = visit.services.authority_reports.list_all(
        _wanted(visit, visit.query.get("cursor") or None, PAGE + 1), visit.actor
    )
    shown = found[:PAGE]
    states = [(one.value, visit.say(f"violations.report.{one}")) for one in ReportState]
    listing = Listing(
        visit.say("violations.reports.caption"),
        _columns(visit),
        [_cells(visit, one) for one in shown],
        visit.say("violations.reports.none"),
        chips(visit.request, "state", states, visit.say("console.list.all")),
        clear=HERE if visit.query.get("state") else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=shown[-1].id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("reports", listing=listing)


def _wanted(visit: Visit, before: str | None, limit: int) -> ReportFilter:
    state = visit.query.get("state")
    return ReportFilter(ReportState(state) if state in set(ReportState) else None, before=before, limit=limit)


def _all(visit: Visit) -> Sequence[AuthorityReport]:
    found, before, step = list[AuthorityReport](), None, policies.SWEPT_AT_ONCE.value
    while True:
        piece = visit.services.authority_reports.list_all(_wanted(visit, before, step), visit.actor)
        found += piece
        if len(piece) < step:
            return found
        before = piece[-1].id


def _columns(visit: Visit) -> list[Column]:
    names = ("authority", "kind", "state", "due", "drafted", "sent", "receipt", "violation")
    return [Column(visit.say(f"violations.reports.{name}")) for name in names]


def _cells(visit: Visit, one: AuthorityReport) -> list[Cell]:
    def step(taken: Step | None) -> Cell:
        return Cell(said_moment(visit, taken.at), plain=plain(taken.at)) if taken else Cell("–")

    due = said_moment(visit, one.due_at) if one.due_at else "–"
    late = f"▲ {visit.say('violations.reports.late')} · " if one.is_overdue(visit.now) else ""
    return [
        Cell(one.authority.name, f"{HERE}/{one.id}"),
        Cell(visit.say(f"organisation.kind.{one.authority.kind}")),
        Cell(f"{_BADGES[one.state][1]} {visit.say(f'violations.report.{one.state}')}"),
        Cell(
            visit.say("violations.reports.due_late", due=due) if late else due,
            plain=plain(one.due_at) if one.due_at else "–",
        ),
        step(one.drafted),
        step(one.sent),
        Cell(one.receipt_no or "–"),
        Cell(visit.say("violations.reports.see"), f"/console/violations/{one.violation_id}", plain=one.violation_id),
    ]


@router.get("/reports/{report_id}")
def report(visit: VisitOf, report_id: str) -> Response:
    """With what is sent; whoever reads it is on record. Raises `NoSuchReport`."""
    return _page(visit, report_id, {})


def _page(
    visit: Visit, report_id: str, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    view = visit.services.authority_reports.get(visit.actor, report_id)
    return visit.show("report", errors=errors, status=status, typed=typed, **_said(visit, view))


def _said(visit: Visit, view: ReportView) -> dict[str, object]:
    found = view.report
    badge, shape = _BADGES[found.state]
    late = found.is_overdue(visit.now)
    return {
        "report": found,
        "verified": view.verified,
        "document": view.document,
        "state": visit.say(f"violations.report.{found.state}"),
        "badge": "overdue" if late else badge,
        "shape": "▲" if late else shape,
        "due": visit.say(
            "violations.told.late" if late else "violations.told.left",
            period=period(visit, abs(found.due_at - visit.now)),
        )
        if found.due_at and found.sent is None and found.withdrawn is None
        else None,
        "kind": visit.say(f"organisation.kind.{found.authority.kind}"),
        "stale": day_in_shanghai(visit.now) >= found.authority.review_due_on,
        "steps": _steps(visit, found),
        "own": found.drafted.by == visit.staff.id,
        "told": _told(visit, view.document) if view.document else None,
        "longest": {"reason": LONGEST_REASON, "receipt": _LONGEST_RECEIPT},
    }


def _steps(visit: Visit, found: AuthorityReport) -> list[tuple[str, datetime, str]]:
    taken = (
        ("drafted", found.drafted),
        ("approved", found.approved),
        ("sent", found.sent),
        ("withdrawn", found.withdrawn),
    )
    steps = [
        (visit.say(f"violations.step.{name}"), step.at, name_of(visit, step.by))
        for name, step in taken
        if step is not None
    ]
    if found.receipt_at is not None and found.receipt_no is not None:
        steps.append((visit.say("violations.step.receipt"), found.receipt_at, found.receipt_no))
    return sorted(steps, key=lambda one: one[1])


def _told(visit: Visit, document: Document) -> dict[str, object]:
    """What the document says, in the words and the time of whoever reads it here."""
    said = visit.say
    return {
        "facts": [*_of_the_report(visit, document), *_of_the_content(visit, document)],
        "measures": [
            (
                said(f"violations.measure.{one.measure}"),
                _moment(visit, one.taken_at),
                _moment(visit, one.confirmed_at) if one.confirmed_at else said("violations.measures.waits"),
                one.reason,
            )
            for one in document.measures
        ],
        "digest": document.violation.evidence_sha256,
    }


def _of_the_report(visit: Visit, document: Document) -> Iterator[tuple[str, str]]:
    violation, said = document.violation, visit.say
    yield said("violations.told.report"), document.report_id
    yield (
        said("violations.told.to"),
        said("violations.told.authority", name=document.authority.name, region=document.authority.region),
    )
    yield said("violations.list.forum"), document.forum.name
    yield said("violations.list.category"), said(f"cases.category.{violation.category}")
    yield said("violations.list.source"), said(f"violations.source.{violation.source}")
    yield said("violations.item.found"), _moment(visit, violation.discovered_at)
    yield said("violations.item.recorded"), _moment(visit, violation.recorded_at)


def _of_the_content(visit: Visit, document: Document) -> Iterator[tuple[str, str]]:
    account, content, said = document.account, document.content, visit.say
    yield said("violations.item.account"), account.handle
    yield said("violations.told.account_id"), account.id
    if account.external_id:
        yield said("violations.told.external_id"), account.external_id
    if document.board:
        yield said("violations.item.board"), document.board.name
    yield said("violations.list.ref"), content.ref
    if content.url:
        yield said("violations.told.url"), content.url
    yield said("violations.item.published"), _moment(visit, content.published_at)
    if content.ip:
        yield said("violations.told.from"), f"{content.ip}:{content.port}" if content.port else content.ip


def _moment(visit: Visit, written: str) -> str:
    return said_moment(visit, datetime.fromisoformat(written).astimezone(UTC))


@router.get("/reports/{report_id}/print")
def print_page(visit: VisitOf, report_id: str) -> Response:
    """Made for paper: what is sent, and never who is behind the account. Raises `NoSuchReport`."""
    view = visit.services.authority_reports.get(visit.actor, report_id)
    if view.document is None:
        return visit.go(f"{HERE}/{report_id}")
    return visit.show("report_print", errors=(), status=HTTPStatus.OK, **_said(visit, view))


@router.get("/reports/{report_id}/json")
def download(visit: VisitOf, report_id: str) -> Response:
    """The canonical form, whose digest was approved. Raises `NoSuchReport`."""
    view = visit.services.authority_reports.get(visit.actor, report_id)
    if view.document is None:
        return visit.go(f"{HERE}/{report_id}")
    headers = {"content-disposition": f'attachment; filename="{view.report.id}.json"'}
    return Response(write_document(view.document), media_type="application/json", headers=headers)


@router.post("/reports/{report_id}/approve")
def approve(visit: VisitOf, form: FormOf, report_id: str) -> Response:
    """Freezes what is sent; takes another member than who drafted it."""

    def work(now: Visit) -> Response:
        now.services.authority_reports.approve(now.actor, report_id)
        return now.go(f"{HERE}/{report_id}", "report_approved")

    return act(visit, form, work, partial(_page, visit, report_id, form), fresh=True)


@router.post("/reports/{report_id}/sent")
def note_sent(visit: VisitOf, form: FormOf, report_id: str) -> Response:
    """That it was sent, and the receipt, at once or later."""
    again: Callable[[Sequence[tuple[str, str]], int], Response] = partial(_page, visit, report_id, form)
    typed = form.get("sent_at", "").strip()
    sent_at = read_moment(typed) if typed else None
    if typed and sent_at is None:
        return again([("sent_at", visit.say("violations.error.sent_at"))], HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        receipt = form.get("receipt_no", "").strip() or None
        now.services.authority_reports.note_sent(now.actor, report_id, receipt, sent_at)
        return now.go(f"{HERE}/{report_id}", "report_received" if receipt else "report_sent")

    return act(visit, form, work, again)


@router.post("/reports/{report_id}/withdraw")
def withdraw(visit: VisitOf, form: FormOf, report_id: str) -> Response:
    """Gives up a report that was not sent; another one may be drafted."""
    reason = form.get("reason", "").strip()
    if not reason:
        wrong = [("reason", visit.say("violations.error.reason"))]
        return _page(visit, report_id, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.authority_reports.withdraw(now.actor, report_id, reason)
        return now.go(f"{HERE}/{report_id}", "report_withdrawn")

    return act(visit, form, work, partial(_page, visit, report_id, form))
