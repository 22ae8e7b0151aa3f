"""What staff do about a violation: record it, order a measure, open and hold its evidence, begin a report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.accounts.domain import AccountName
from app.console.moments import read_moment
from app.console.violation_pages import HERE, one_page
from app.console.visits import Fields, FormOf, LongFormOf, Visit, act, console_router, visit_at
from app.kernel.ids import ForumId
from app.reporting.domain import Category
from app.reporting.offences import Content, MeasureKind, NewMeasure, NewReport, NewViolation, Source
from app.staff.access import Permission

router = console_router()
ActorOf = Annotated[Visit, Depends(visit_at("violations", Permission.VIOLATIONS))]
ReporterOf = Annotated[Visit, Depends(visit_at("violations", Permission.REPORTS))]
Again = Callable[[Sequence[tuple[str, str]], int], Response]
_TIMES = ("discovered_at", "published_at")
_TEXT = policies.VIOLATION_TEXT_LONGEST.value


@router.get("/violations/new", name="record a violation")
def new_page(visit: ActorOf) -> Response:
    """What was published, by whom and when; also from a complaint, which fills in what it knows."""
    case_id = visit.query.get("case", "")
    return _new_page(visit, _from_case(visit, case_id) if case_id else {})


def _from_case(visit: Visit, case_id: str) -> Fields:
    """Raises `NoSuchCase`."""
    whole = visit.services.complaints.handling.show(visit.actor, case_id)
    case, ref = whole.view.case, whole.texts.target_ref
    return {
        "case": case.id,
        "forum": case.forum_id,
        "category": case.category or "",
        "source": Source.COMPLAINT,
        "account": case.target_account_id or "",
        "board": case.target_board_id or "",
        "content-ref": ref.reveal() if ref else "",
    }


def _new_page(
    visit: Visit, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    return visit.show(
        "violation_new",
        errors=errors,
        status=status,
        typed=typed,
        forums=[(one.forum.id, one.forum.name) for one in visit.services.forums.list_all()],
        categories=[(one.value, visit.say(f"cases.category.{one}")) for one in Category],
        sources=[(one.value, visit.say(f"violations.source.{one}")) for one in Source],
        longest=_TEXT,
    )


@router.post("/violations/new")
def record(visit: ActorOf, form: LongFormOf) -> Response:
    """Puts it on record with its evidence."""

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        return _new_page(visit, form, errors, status)

    discovered_at, published_at = (read_moment(form.get(name, "")) for name in _TIMES)
    wrong = _missing(visit, form)
    if wrong or discovered_at is None or published_at is None:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    new = _violation(form, discovered_at, published_at)

    def work(now: Visit) -> Response:
        recorded = now.services.violations.record(now.actor, ForumId(form["forum"]), new)
        return now.go(f"{HERE}/{recorded.violation.id}", "violation_recorded")

    return act(visit, form, work, again)


def _missing(visit: Visit, form: Fields) -> list[tuple[str, str]]:
    wrong = [name for name, words in (("category", Category), ("source", Source)) if form.get(name) not in set(words)]
    wrong += [name for name in ("forum", "account", "content-ref", "content-text") if not form.get(name, "").strip()]
    wrong += [name for name in _TIMES if read_moment(form.get(name, "")) is None]
    if len(form.get("content-text", "")) > _TEXT:
        wrong.append("content-text")
    return [(name, visit.say(f"violations.error.{name.replace('-', '_')}", n=_TEXT)) for name in wrong]


def _violation(form: Fields, discovered_at: datetime, published_at: datetime) -> NewViolation:
    account = form["account"].strip()
    name = AccountName(account_id=account) if account.startswith("acc_") else AccountName(handle=account)
    return NewViolation(
        name,
        form.get("board", "").strip() or None,
        Category(form["category"]),
        Source(form["source"]),
        discovered_at,
        Content(form["content-ref"].strip(), form["content-text"], published_at),
        form.get("case") or None,
    )


def _again(visit: Visit, violation_id: str, form: Fields, field: str) -> Again:
    """The page that the form came from; there each form has a reason of its own."""

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        named = [(field if name == "reason" else name, said) for name, said in errors]
        return one_page(visit, violation_id, form, named, status)

    return again


def _why(visit: Visit, form: Fields, field: str) -> tuple[str, list[tuple[str, str]]]:
    reason = form.get(field, "").strip()
    return reason, [] if reason else [(field, visit.say("violations.error.reason"))]


@router.post("/violations/{violation_id}/measures")
def order(visit: ActorOf, form: FormOf, violation_id: str) -> Response:
    """The forum is told, and says when it is done."""
    again = _again(visit, violation_id, form, "why_measure")
    reason, wrong = _why(visit, form, "why_measure")
    if form.get("measure") not in set(MeasureKind):
        wrong = [("measure", visit.say("violations.error.measure")), *wrong]
    if wrong:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.violations.measure(now.actor, None, violation_id, NewMeasure(MeasureKind(form["measure"]), reason))
        return now.go(f"{HERE}/{violation_id}", "violation_measured")

    return act(visit, form, work, again)


@router.post("/violations/{violation_id}/evidence")
def open_evidence(visit: ActorOf, form: FormOf, violation_id: str) -> Response:
    """On the page that answers, and nowhere else; each opening is on record."""
    again = _again(visit, violation_id, form, "why_open")
    reason, wrong = _why(visit, form, "why_open")
    if wrong:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        opened = now.services.violations.open_evidence(now.actor, violation_id, reason)
        return one_page(now, violation_id, {}, opened=opened)

    return act(visit, form, work, again, each_time=True)


@router.post("/violations/{violation_id}/hold")
def hold(visit: ReporterOf, form: FormOf, violation_id: str) -> Response:
    """Keeps the evidence beyond its time, or lets it go again."""
    again, lets_go = _again(visit, violation_id, form, "why_hold"), form.get("release") == "yes"
    reason, wrong = _why(visit, form, "why_hold")
    if wrong and not lets_go:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.violations.hold(now.actor, violation_id, None if lets_go else reason)
        return now.go(f"{HERE}/{violation_id}", "evidence_released" if lets_go else "evidence_held")

    return act(visit, form, work, again)


@router.post("/violations/{violation_id}/reports")
def draft(visit: ReporterOf, form: LongFormOf, violation_id: str) -> Response:
    """Begins a report to an authority of the directory; another member approves it."""
    again = _again(visit, violation_id, form, "")
    if not form.get("authority"):
        return again([("authority", visit.say("violations.error.authority"))], HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        new = NewReport(form["authority"], form.get("note", "").strip() or None)
        drafted = now.services.authority_reports.draft(now.actor, violation_id, new)
        return now.go(f"/console/reports/{drafted.id}", "report_drafted")

    return act(visit, form, work, again)
