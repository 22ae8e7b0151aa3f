"""Violations at the console: what was found, what was done about it and when, who is to be told by when. Source: L7."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.accounts.domain import AccountName
from app.boards.errors import NoSuchBoard
from app.console.forum_chips import forum_chips
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import language, listed, period, plain, said_moment
from app.console.naming import name_of
from app.console.visits import Fields, Visit, console_router, visit_at
from app.kernel.actor import ActorKind
from app.kernel.ids import AccountId, ForumId
from app.kernel.sentence import Language
from app.organisation.domain import AuthorityKind
from app.reporting.domain import Category
from app.reporting.evidence import OpenedEvidence
from app.reporting.offences import (
    BY_THEIR_OWN_ENDPOINTS,
    By,
    Measure,
    MeasureKind,
    Obligation,
    ReportState,
    Violation,
    ViolationFilter,
    ViolationQueue,
    ViolationState,
    ViolationView,
    stopped_at,
)
from app.staff.access import Permission

router = console_router()
HERE = "/console/violations"
VisitOf = Annotated[Visit, Depends(visit_at("violations"))]
LONGEST_REASON = 400
LONGEST_NOTE = 2000
_MOST_AUTHORITIES = 200
_FILTERS = ("state", "category", "forum")
_BADGES = {ViolationState.RECORDED: "overdue", ViolationState.ORDERED: "due", ViolationState.STOPPED: "current"}
_SHAPES = {ViolationState.RECORDED: "▲", ViolationState.ORDERED: "◔", ViolationState.STOPPED: "●"}


@router.get("/violations")
def violations(visit: VisitOf) -> Response:
    """The newest first, with who is still to be told."""
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    if "csv" in visit.query:
        return csv_response("violations", columns(visit), [cells(visit, view, forums) for view in _all(visit)])
    found = visit.services.violations.list_all(_wanted(visit, visit.query.get("cursor") or None, PAGE + 1), visit.actor)
    shown = found[:PAGE]
    states = [(one.value, visit.say(f"violations.queue.{one}")) for one in ViolationQueue]
    categories = [(one.value, visit.say(f"cases.category.{one}")) for one in Category]
    listing = Listing(
        visit.say("violations.list.caption"),
        columns(visit),
        [cells(visit, view, forums) for view in shown],
        visit.say("violations.list.none"),
        chips(visit.request, "state", states, visit.say("console.list.all")),
        clear=HERE if any(visit.query.get(name) for name in _FILTERS) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=shown[-1].violation.id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    by_category = chips(visit.request, "category", categories, visit.say("violations.list.any_category"))
    return visit.show("violations", listing=listing, categories=by_category, forums=forum_chips(visit))


def _wanted(visit: Visit, before: str | None, limit: int) -> ViolationFilter:
    asked = visit.query
    return ViolationFilter(
        ForumId(asked["forum"]) if asked.get("forum") else None,
        Category(asked["category"]) if asked.get("category") in set(Category) else None,
        ViolationQueue(asked["state"]) if asked.get("state") in set(ViolationQueue) else None,
        before=before,
        limit=limit,
    )


def _all(visit: Visit) -> Sequence[ViolationView]:
    """Piece by piece, so that no file is cut off."""
    found, before, step = list[ViolationView](), None, policies.SWEPT_AT_ONCE.value
    while True:
        piece = visit.services.violations.list_all(_wanted(visit, before, step), visit.actor)
        found += piece
        if len(piece) < step:
            return found
        before = piece[-1].violation.id


def of_account(visit: Visit, account_id: str) -> Listing | None:
    """For the page of that account; None for those to whom violations are closed."""
    if not visit.may(Permission.VIOLATIONS):
        return None
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    found = visit.services.violations.list_all(
        ViolationFilter(account_id=AccountId(account_id), limit=PAGE), visit.actor
    )
    rows = [[row[place] for place in _SHORT] for row in (cells(visit, view, forums) for view in found)]
    of_it = [columns(visit)[place] for place in _SHORT]
    return Listing(visit.say("violations.list.of_account"), of_it, rows, visit.say("violations.list.none"))


_SHORT = (0, 1, 2, 5)
"""Of the columns: beside other things there is no room for all."""


def columns(visit: Visit) -> list[Column]:
    names = ("found", "category", "ref", "forum", "source", "state", "told")
    return [Column(visit.say(f"violations.list.{name}")) for name in names]


def cells(visit: Visit, view: ViolationView, forums: dict[ForumId, str]) -> list[Cell]:
    found = view.violation
    leads = f"{HERE}/{found.id}" if visit.may(Permission.VIOLATIONS) else None
    return [
        Cell(said_moment(visit, found.discovered_at), leads, plain=plain(found.discovered_at)),
        Cell(visit.say(f"cases.category.{found.category}")),
        Cell(found.content.ref or visit.say("violations.item.erased")),
        Cell(forums.get(found.forum_id, "–")),
        Cell(visit.say(f"violations.source.{found.source}")),
        Cell(f"{_SHAPES[view.state]} {visit.say(f'violations.queue.{view.state}')}"),
        Cell(_told(visit, view) or "–"),
    ]


def _told(visit: Visit, view: ViolationView) -> str:
    between = "；" if language(visit) is Language.CHINESE else "; "
    return between.join(_said_obligation(visit, one) for one in view.obligations)


def said_kinds(visit: Visit, kinds: Sequence[AuthorityKind]) -> str:
    return listed(visit, [visit.say(f"organisation.kind.{kind}") for kind in kinds])


def _said_obligation(visit: Visit, one: Obligation) -> str:
    said = _said_progress(visit, one)
    return visit.say(
        "violations.told.short",
        who=said_kinds(visit, one.kinds[:1]),
        how=f"▲ {said}" if one.is_overdue(visit.now) else said,
    )


def _said_progress(visit: Visit, one: Obligation) -> str:
    if one.is_met():
        return visit.say("violations.told.met")
    key = "late" if one.is_overdue(visit.now) else "left"
    return visit.say(f"violations.told.{key}", period=period(visit, abs(one.due_at - visit.now)))


@router.get("/violations/{violation_id}")
def violation(visit: VisitOf, violation_id: str) -> Response:
    """In full, but for the evidence, which is opened for a reason. Raises `NoSuchViolation`."""
    return one_page(visit, violation_id, {})


def one_page(
    visit: Visit,
    violation_id: str,
    typed: Fields,
    errors: Sequence[tuple[str, str]] = (),
    status: int = HTTPStatus.OK,
    opened: OpenedEvidence | None = None,
) -> Response:
    """Raises `NoSuchViolation`."""
    view = visit.services.violations.get(None, violation_id, visit.actor)
    found, stopped = view.violation, stopped_at(view.measures)
    forum = visit.services.forums.find(found.forum_id)
    return visit.show(
        "violation",
        errors=errors,
        status=status,
        typed=typed,
        violation=found,
        state=visit.say(f"violations.queue.{view.state}"),
        badge=_BADGES[view.state],
        shape=_SHAPES[view.state],
        category=visit.say(f"cases.category.{found.category}"),
        facts=_facts(visit, found),
        forum=forum.name if forum else "–",
        handle=_handle(visit, found.account_id),
        board=_board(visit, found),
        took=period(visit, stopped - found.discovered_at) if stopped else None,
        measures=_measures(visit, view.measures),
        kinds=[(one.value, visit.say(f"violations.measure.{one}")) for one in MeasureKind if one in _ORDERED],
        obligations=[_obligation(visit, one) for one in view.obligations],
        reports=[(one, visit.say(f"violations.report.{one.state}"), one.is_overdue(visit.now)) for one in view.reports],
        authorities=_authorities(visit),
        held_by=name_of(visit, found.hold.by) if found.hold else None,
        opened=opened,
        evidence=opened.evidence if opened else None,
        said_published=_published(visit, opened),
        longest={"reason": LONGEST_REASON, "note": LONGEST_NOTE},
    )


def _published(visit: Visit, opened: OpenedEvidence | None) -> str | None:
    evidence = opened.evidence if opened else None
    return said_moment(visit, datetime.fromisoformat(evidence.published_at)) if evidence else None


_ORDERED = frozenset(MeasureKind) - BY_THEIR_OWN_ENDPOINTS
"""What staff order; acts on accounts and boards write their measure by themselves."""


def _facts(visit: Visit, found: Violation) -> list[tuple[str, str]]:
    return [
        (visit.say("violations.item.found"), said_moment(visit, found.discovered_at)),
        (visit.say("violations.item.recorded"), said_moment(visit, found.recorded_at)),
        (visit.say("violations.item.by"), said_by(visit, found.recorded_by)),
        (visit.say("violations.list.source"), visit.say(f"violations.source.{found.source}")),
        (visit.say("violations.item.published"), said_moment(visit, found.content.published_at)),
        (visit.say("violations.list.ref"), found.content.ref or visit.say("violations.item.erased")),
    ]


def said_by(visit: Visit, by: By) -> str:
    """A forum by its name, a member by their address."""
    if by.kind == ActorKind.CLIENT:
        names = {str(one.client_id): one.forum.name for one in visit.services.forums.list_all()}
        return names.get(by.id, visit.say("console.actor.client"))
    return name_of(visit, by.id) if by.kind == ActorKind.STAFF else visit.say(f"console.actor.{by.kind}")


def _handle(visit: Visit, account_id: AccountId) -> str | None:
    """None where the account is there no more: what was recorded about it stays."""
    found = visit.services.posting.find_anywhere(AccountName(account_id=account_id))
    return found[0].standing.account.handle if found else None


def _board(visit: Visit, found: Violation) -> str | None:
    if found.board_id is None:
        return None
    try:
        return visit.services.boards.get(found.forum_id, found.board_id).board.name
    except NoSuchBoard:
        return found.board_id


def _measures(visit: Visit, measures: Sequence[Measure]) -> Listing:
    names = ("what", "taken", "confirmed", "by", "reason")
    waits = visit.say("violations.measures.waits")

    def moment(at: datetime | None) -> Cell:
        return Cell(said_moment(visit, at), plain=plain(at)) if at else Cell(waits)

    rows = [
        [
            Cell(visit.say(f"violations.measure.{one.kind}")),
            moment(one.taken_at),
            moment(one.confirmed_at),
            Cell(said_by(visit, one.by)),
            Cell(one.reason),
        ]
        for one in measures
    ]
    columns = [Column(visit.say(f"violations.measures.{name}")) for name in names]
    return Listing(visit.say("violations.measures.caption"), columns, rows, visit.say("violations.measures.none"))


def _obligation(visit: Visit, one: Obligation) -> dict[str, object]:
    report = one.report
    begun = visit.say(f"violations.report.{report.state}") if report else visit.say("violations.told.nothing")
    return {
        "who": said_kinds(visit, one.kinds),
        "kind": one.kinds[0].value,
        "due_at": one.due_at,
        "how": _said_progress(visit, one),
        "badge": "current" if one.is_met() else "overdue" if one.is_overdue(visit.now) else "due",
        "shape": "●" if one.is_met() else "▲" if one.is_overdue(visit.now) else "◔",
        "begun": begun,
        "report": report,
        "may_begin": report is None or report.state is ReportState.WITHDRAWN,
    }


def _authorities(visit: Visit) -> list[tuple[str, str]]:
    """Those in use, by their names; whoever was not looked at for long is said to be."""
    found = visit.services.organisation.authorities(None, _MOST_AUTHORITIES, current=True)
    return [
        (
            one.id,
            visit.say("violations.draft.stale", name=one.entry.name)
            if one.is_review_due(visit.now)
            else one.entry.name,
        )
        for one in found
    ]
