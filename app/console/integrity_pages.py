"""Integrity: who acted on content and people, what appeals reversed, what companies asked for. Source: L9."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.console.lists import Cell, Column, Listing, address, chips, csv_response
from app.console.moments import listed, plain, said_day, said_moment
from app.console.naming import name_of
from app.console.visits import Visit, console_router, visit_at
from app.kernel.actor import ActorKind
from app.reporting.domain import Case
from app.reporting.integrity import ACTS, ActorRecord, IntegrityRecord
from app.staff.access import Permission

router = console_router()
_LISTS = ("actors", "companies")


@router.get("/integrity")
def integrity(visit: Annotated[Visit, Depends(visit_at("integrity"))]) -> Response:
    """Two tables, of the last days that are asked for; each is a file as well."""
    periods = [str(one.value) for one in policies.INTEGRITY_DAYS]
    days = int(visit.query["days"]) if visit.query.get("days") in periods else policies.INTEGRITY_DAYS[0].value
    found = visit.services.complaints.integrity.read(visit.actor, days)
    tables = {"actors": _actors(visit, found), "companies": _companies(visit, found)}
    if visit.query.get("csv") in _LISTS:
        asked = tables[visit.query["csv"]]
        return csv_response(f"integrity-{visit.query['csv']}", asked.columns, asked.rows)
    offered = [(one, visit.say("integrity.page.days", n=one)) for one in periods[1:]]
    first = visit.say("integrity.page.days", n=periods[0])
    return visit.show(
        "integrity",
        since=found.since,
        periods=chips(visit.request, "days", offered, first),
        tables=list(tables.values()),
    )


def _csv(visit: Visit, name: str, rows: list[list[Cell]]) -> str | None:
    return address(visit.request, csv=name) if rows else None


def _actors(visit: Visit, found: IntegrityRecord) -> Listing:
    acts = [act for act in ACTS if any(act in one.acts for one in found.actors)]
    numbers = [Column(visit.say(f"console.act.{act}"), number=True) for act in acts]
    outcomes = [Column(visit.say(f"integrity.actors.{name}"), number=True) for name in ("appealed", "reversed")]
    columns = [Column(visit.say("integrity.actors.who")), *outcomes, *numbers]
    rows = [
        [
            Cell(_who(visit, one)),
            Cell(one.appealed),
            Cell(f"▲ {one.reversed}" if one.reversed else 0, plain=str(one.reversed)),
            *(Cell(one.acts.get(act, 0)) for act in acts),
        ]
        for one in found.actors
    ]
    caption, empty = visit.say("integrity.actors.caption"), visit.say("integrity.actors.none")
    return Listing(caption, columns, rows, empty, csv=_csv(visit, "actors", rows))


def _who(visit: Visit, one: ActorRecord) -> str:
    """A member by their address, a forum by its name, others in a word."""
    if one.kind == ActorKind.STAFF:
        return name_of(visit, one.id)
    if one.kind == ActorKind.CLIENT:
        names = {str(each.client_id): each.forum.name for each in visit.services.forums.list_all()}
        return visit.say("audit.actor.forum", forum=names[one.id]) if one.id in names else one.id
    return visit.say(f"console.actor.{one.kind}")


def _companies(visit: Visit, found: IntegrityRecord) -> Listing:
    names = ("decided", "case", "measures", "by", "agreed", "agreed_at")
    columns = [Column(visit.say(f"integrity.companies.{name}")) for name in names]
    rows = [_company(visit, case) for case in found.for_companies]
    caption, empty = visit.say("integrity.companies.caption"), visit.say("integrity.companies.none")
    return Listing(caption, columns, rows, empty, csv=_csv(visit, "companies", rows))


def _company(visit: Visit, case: Case) -> list[Cell]:
    decided, leads = case.decided, visit.may(Permission.COMPLAINTS)
    waits = visit.say("integrity.companies.waits" if case.waits_for_agreement else "integrity.companies.not_needed")
    return [
        Cell(said_day(visit, decided.at), plain=plain(decided.at)) if decided else Cell("–"),
        Cell(case.id, f"/console/complaints?open={case.id}" if leads else None),
        Cell(listed(visit, [visit.say(f"cases.measure.{one}") for one in case.measures])),
        Cell(name_of(visit, decided.by) if decided else "–"),
        Cell(name_of(visit, case.agreed_by) if case.agreed_by else waits),
        Cell(said_moment(visit, case.agreed_at), plain=plain(case.agreed_at)) if case.agreed_at else Cell("–"),
    ]
