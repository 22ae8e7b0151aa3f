"""Every number of the service, and those that staff may set: what holds, since when, and why."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.boards.errors import NoSuchBoard
from app.boards.term_changes import TermName
from app.boards.terms import MadeChange
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, chips, csv_response
from app.console.moments import plain, said_moment
from app.console.number_words import said_name, said_source, said_unit
from app.console.visits import Visit, console_router, visit_at
from app.forums.errors import ForumNotFound
from app.kernel.ids import ForumId

router = console_router()
HERE = "/console/policies"
VisitOf = Annotated[Visit, Depends(visit_at("policies"))]
_HISTORY = 20
_DESIGN = "design"


@router.get("/policies")
def numbers(visit: VisitOf) -> Response:
    """What may be set stands first, for all forums or for one; then every number with its unit and its source."""
    found = _wanted(visit)
    if "csv" in visit.query:
        return csv_response("policies", _columns(visit), [_cells(visit, *one) for one in found])
    after = visit.query.get("cursor", "")
    names = [name for name, _ in found]
    start = names.index(after) + 1 if after in names else 0
    shown = found[start : start + PAGE]
    listing = Listing(
        visit.say("policies.list.caption", n=len(found)),
        _columns(visit),
        [_cells(visit, *one) for one in shown],
        visit.say("policies.list.empty"),
        _source_chips(visit),
        clear=HERE if visit.query.get("show") else None,
        first=address(visit.request) if start else None,
        next=address(visit.request, cursor=shown[-1][0]) if len(found) > start + PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    forum_id = _forum(visit)
    return visit.show(
        "policies",
        listing=listing,
        forum=forum_id or "",
        forums=_forum_chips(visit),
        settable=_settable(visit, forum_id),
        history=_history(visit, forum_id),
    )


def _wanted(visit: Visit) -> list[tuple[str, policies.Policy]]:
    """By where they come from: a rule that is named, or our own design."""
    every, show = list(policies.every_number()), visit.query.get("show", "")
    if show in {"rule", _DESIGN}:
        return [one for one in every if one[1].source.startswith(_DESIGN) is (show == _DESIGN)]
    return [one for one in every if one[1].setting] if show == "setting" else every


def _source_chips(visit: Visit) -> list[Chip]:
    shown = [(name, visit.say(f"policies.list.of_{name}")) for name in ("rule", _DESIGN, "setting")]
    return chips(visit.request, "show", shown, visit.say("console.list.all"))


def _columns(visit: Visit) -> list[Column]:
    names = ("name", "value", "unit", "source", "setting")
    return [Column(visit.say(f"policies.list.{name}"), number=name == "value") for name in names]


def _cells(visit: Visit, name: str, policy: policies.Policy) -> list[Cell]:
    may_be_set = name in set(TermName)
    return [
        Cell(said_name(visit, name), f"{HERE}/change?name={name}" if may_be_set else None, plain=name),
        Cell(f"{policy.value:,}", plain=str(policy.value)),
        Cell(said_unit(visit, policy), plain=policy.unit),
        Cell(said_source(visit, policy.source), plain=policy.source),
        Cell(visit.say("policies.list.here") if may_be_set else policy.setting or "–"),
    ]


def _forum(visit: Visit) -> ForumId | None:
    """The forum of which the page tells; None for all, and for one that there is not."""
    wanted = visit.query.get("forum", "")
    return ForumId(wanted) if wanted in {one.forum.id for one in visit.services.forums.list_all()} else None


def _forum_chips(visit: Visit) -> list[Chip]:
    forums = [(one.forum.id, one.forum.name) for one in visit.services.forums.list_all()]
    return chips(visit.request, "forum", forums, visit.say("policies.forum.all"))


def _settable(visit: Visit, forum_id: ForumId | None) -> list[dict[str, object]]:
    terms, default = visit.services.term_changes.in_force(forum_id), dict(policies.every_number())
    return [
        {"name": name.value, "value": name.of(terms), "default": default[name].value, "source": default[name].source}
        for name in TermName
    ]


def _history(visit: Visit, forum_id: ForumId | None) -> Listing:
    """What was changed, and what is announced; the newest first."""
    written = visit.query.get("before", "")
    before = int(written) if written.isascii() and written.isdigit() and len(written) < len("9999999999") else None
    try:
        found = visit.services.term_changes.history(forum_id, before, _HISTORY + 1)
    except ForumNotFound:
        found = []
    shown = found[:_HISTORY]
    callers: dict[str, str] = {one.id: one.email for one in visit.services.staff.members.list_all()}
    callers |= {one.client_id: one.forum.name for one in visit.services.forums.list_all()}
    names = ("effective", "where", "interval", "grace", "reason", "source", "made")
    return Listing(
        visit.say("policies.history.caption"),
        [Column(visit.say(f"policies.history.{name}")) for name in names],
        [_change_cells(visit, one, callers) for one in shown],
        visit.say("policies.history.empty"),
        first=address(visit.request, before=None) if before else None,
        next=address(visit.request, before=str(shown[-1].number)) if len(found) > _HISTORY else None,
    )


def _change_cells(visit: Visit, made: MadeChange, callers: Mapping[str, str]) -> list[Cell]:
    change = made.change
    ahead = change.effective_at > visit.now
    when = said_moment(visit, change.effective_at)
    who = callers.get(made.changed_by or "", made.changed_by or "–")
    return [
        Cell(visit.say("policies.history.ahead", when=when) if ahead else when, plain=plain(change.effective_at)),
        Cell(_where(visit, made)),
        Cell(_days(visit, change.interval_days)),
        Cell(_days(visit, change.grace_days)),
        Cell(made.reason or "–"),
        Cell(said_source(visit, made.source)),
        Cell(visit.say("policies.history.by", when=said_moment(visit, made.made_at), who=who)),
    ]


def _where(visit: Visit, made: MadeChange) -> str:
    if made.forum_id is None:
        return visit.say("policies.forum.all")
    forum_id, board_id = ForumId(made.forum_id), made.change.board_id
    forum = visit.services.forums.find(forum_id)
    name = forum.name if forum else made.forum_id
    if not board_id:
        return name
    with suppress(NoSuchBoard):
        board_id = visit.services.boards.get(forum_id, board_id).board.name
    return visit.say("policies.history.board", forum=name, board=board_id)


def _days(visit: Visit, days: int | None) -> str:
    return visit.say("policies.history.left") if days is None else visit.say("policies.history.days", n=days)
