"""The operator's own house: who answers for what, the register of forums, the directory of authorities.

Source: L2b, L3, L5a.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import plain, said_moment
from app.console.visits import Visit, console_router, visit_at
from app.organisation.domain import Authority, Duty, Officer, Rank, RegisteredForum

router = console_router()
HERE = "/console/organisation"
_WHOLE = 1000
"""Officers are few; each duty has two or a handful."""
VisitOf = Annotated[Visit, Depends(visit_at("organisation"))]


@router.get("/organisation")
def organisation(visit: VisitOf) -> Response:
    """What is missing first; then who answers for what, and the two registers with the days of their reviews."""
    house = visit.services.organisation
    if visit.query.get("csv") == "authorities":
        rows = [_authority_cells(visit, one) for one in house.authorities(None, _WHOLE, current=_only_current(visit))]
        return csv_response("authorities", _authority_columns(visit), rows)
    if visit.query.get("csv") == "forums":
        return csv_response("forums", _forum_columns(visit), [_forum_cells(visit, one) for one in _every_forum(visit)])
    return visit.show(
        "organisation",
        state=house.state(),
        posts=_posts(house.officers(None, _WHOLE, current=True)),
        ranks=[rank.value for rank in Rank],
        forums=_forums(visit),
        authorities=_authorities(visit),
    )


def _posts(officers: Sequence[Officer]) -> list[tuple[str, list[tuple[str, list[dict[str, str]]]]]]:
    """Every duty, its principals and its deputies; whoever holds a post longest first."""
    return [
        (
            duty.value,
            [
                (rank.value, [said_officer(one) for one in reversed(officers) if _holds(one, duty, rank)])
                for rank in Rank
            ],
        )
        for duty in Duty
    ]


def _holds(officer: Officer, duty: Duty, rank: Rank) -> bool:
    return (officer.appointed.duty, officer.appointed.rank) == (duty, rank)


def said_officer(officer: Officer) -> dict[str, str]:
    """By the title that the operator's own paper has; what is sealed is shown to those who keep this register."""
    named = officer.appointed
    return {
        "id": officer.id,
        "duty": named.duty.value,
        "rank": named.rank.value,
        "title": named.title.reveal(),
        "contact": named.contact.reveal(),
        "paper": named.paper.reveal() if named.paper else "",
        "since": named.appointed_on.isoformat(),
    }


def _forums(visit: Visit) -> Listing:
    found = visit.services.organisation.register(visit.query.get("forum") or None, PAGE + 1)
    shown = found[:PAGE]
    return Listing(
        visit.say("organisation.forums.caption"),
        _forum_columns(visit),
        [_forum_cells(visit, one) for one in shown],
        visit.say("organisation.forums.empty"),
        first=address(visit.request, forum=None) if visit.query.get("forum") else None,
        next=address(visit.request, forum=shown[-1].forum.id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="forums") if shown else None,
    )


def _every_forum(visit: Visit) -> list[RegisteredForum]:
    found, after = list[RegisteredForum](), None
    while piece := visit.services.organisation.register(after, _WHOLE):
        found += piece
        after = piece[-1].forum.id
    return found


def _forum_columns(visit: Visit) -> list[Column]:
    return [Column(visit.say(f"organisation.forums.{name}")) for name in ("name", "icp", "ps", "unit", "review")]


def _forum_cells(visit: Visit, one: RegisteredForum) -> list[Cell]:
    name = Cell(one.forum.name, f"{HERE}/forums/{one.forum.id}")
    if one.filing is None:
        never = Cell(visit.say("organisation.review.never"))
        return [name, Cell("–"), Cell("–"), Cell("–"), never]
    filed = one.filing.filed
    review = _review(visit, filed.review_due_on, due=one.review_due)
    return [name, Cell(filed.icp_filing or "–"), Cell(filed.ps_filing or "–"), Cell(filed.responsible_unit), review]


def _review(visit: Visit, day: date, *, due: bool) -> Cell:
    """When somebody has to look again; a sign and a word where that day has come."""
    written = day.isoformat()
    return Cell(visit.say("organisation.review.due", day=written) if due else written, plain=written)


def _only_current(visit: Visit) -> bool:
    return visit.query.get("show") != "all"


def _authorities(visit: Visit) -> Listing:
    current, after = _only_current(visit), visit.query.get("authority") or None
    found = visit.services.organisation.authorities(after, PAGE + 1, current=current)
    shown = found[:PAGE]
    every = [("all", visit.say("organisation.authorities.every"))]
    return Listing(
        visit.say("organisation.authorities.caption"),
        _authority_columns(visit),
        [_authority_cells(visit, one) for one in shown],
        visit.say("organisation.authorities.empty"),
        chips(visit.request, "show", every, visit.say("organisation.authorities.current")),
        first=address(visit.request, authority=None) if after else None,
        next=address(visit.request, authority=shown[-1].id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="authorities") if shown else None,
    )


def _authority_columns(visit: Visit) -> list[Column]:
    names = ("name", "kind", "region", "channel", "review")
    return [Column(visit.say(f"organisation.authorities.{name}")) for name in names]


def _authority_cells(visit: Visit, one: Authority) -> list[Cell]:
    entry = one.entry
    ended = Cell(visit.say("organisation.review.ended"))
    return [
        Cell(entry.name, f"{HERE}/authorities/{one.id}"),
        Cell(visit.say(f"organisation.kind.{entry.kind}")),
        Cell(entry.region),
        Cell(entry.channel),
        ended if one.ended_because else _review(visit, entry.review_due_on, due=one.is_review_due(visit.now)),
    ]


@router.get("/organisation/officers")
def officers(visit: VisitOf) -> Response:
    """Every appointment, the newest first, those that have ended too."""
    house, after = visit.services.organisation, visit.query.get("cursor") or None
    if "csv" in visit.query:
        rows = [_officer_cells(visit, one) for one in house.officers(None, _WHOLE, current=False)]
        return csv_response("officers", _officer_columns(visit), rows)
    found = house.officers(after, PAGE + 1, current=False)
    shown = found[:PAGE]
    listing = Listing(
        visit.say("organisation.officers.every"),
        _officer_columns(visit),
        [_officer_cells(visit, one) for one in shown],
        visit.say("organisation.officers.empty"),
        first=address(visit.request) if after else None,
        next=address(visit.request, cursor=shown[-1].id) if len(found) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("officers", listing=listing)


def _officer_columns(visit: Visit) -> list[Column]:
    names = ("duty", "rank", "title", "contact", "paper", "since", "ended")
    return [Column(visit.say(f"organisation.officers.{name}")) for name in names]


def _officer_cells(visit: Visit, one: Officer) -> list[Cell]:
    said = said_officer(one)
    ended = Cell("–")
    if one.ended_at:
        when = said_moment(visit, one.ended_at)
        ended = Cell(visit.say("organisation.officers.ended_because", when=when, why=one.ended_because or "–"))
        ended = Cell(ended.said, plain=f"{plain(one.ended_at)} {one.ended_because or ''}")
    return [
        Cell(visit.say(f"organisation.duty.{said['duty']}")),
        Cell(visit.say(f"organisation.rank.{said['rank']}")),
        *[Cell(said[name] or "–") for name in ("title", "contact", "paper", "since")],
        ended,
    ]
