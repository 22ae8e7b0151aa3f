"""The emergency switch: one person stops posting, another lets it go on; the plan, and rehearsals. Source: L5d."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.boards.errors import NoSuchBoard
from app.console.lists import PAGE, Cell, Column, Listing
from app.console.moments import said_moment
from app.console.naming import name_of
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.forums.domain import Pause, PausedPlace
from app.kernel.ids import BoardId, ForumId
from app.staff.access import Permission

router = console_router()
_HERE = "/console/switch"
VisitOf = Annotated[Visit, Depends(visit_at("switch"))]
_EVERYTHING, _BOARD = "all", "brd_"


@router.get("/switch")
def switch(visit: VisitOf) -> Response:
    """What stands still, the switch itself, and what was rehearsed."""
    return _page(visit, {"place": visit.query.get("place", "")})


def _page(visit: Visit, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK) -> Response:
    desk = visit.services.emergency
    in_force, past = desk.pauses.list_in_force(), desk.pauses.list_all(None, PAGE, in_force=False)
    return visit.show(
        "switch",
        errors=errors,
        status=status,
        typed=typed,
        in_force=[
            (pause, visit.place_of(pause.place), _said(visit, pause.began_at, pause.began_by), _is_own(visit, pause))
            for pause in in_force
        ],
        alone=not _may_another_lift(visit),
        places=_places(visit, typed.get("place", "")),
        past=_past(visit, past),
        drills=_drills(visit),
    )


def _said(visit: Visit, at: datetime, who: str) -> str:
    return visit.say("switch.past.by", time=said_moment(visit, at), name=name_of(visit, who))


def _is_own(visit: Visit, pause: Pause) -> bool:
    return pause.began_by == visit.staff.id


def _may_another_lift(visit: Visit) -> bool:
    """Whether somebody else could let go on what this member stops."""
    members = visit.services.staff.members.list_all()
    return any(one.id != visit.staff.id and one.may(Permission.PAUSES, visit.now) for one in members)


def _places(visit: Visit, chosen: str) -> list[tuple[str, str]]:
    """Everything, each forum, and the board that one came from."""
    found = [("", visit.say("switch.place.choose")), (_EVERYTHING, visit.say("switch.place.all"))]
    found += [
        (one.forum.id, visit.say("switch.place.forum", forum=one.forum.name))
        for one in visit.services.forums.list_all()
    ]
    if chosen.startswith(_BOARD):
        with suppress(NoSuchBoard):
            board = visit.services.boards.get(None, chosen).board
            found.append((board.id, visit.say("switch.place.board", board=board.name)))
    return found


def _past(visit: Visit, found: Sequence[Pause]) -> Listing:
    columns = [Column(visit.say(f"switch.past.{name}")) for name in ("place", "reason", "began", "ended")]
    rows = [
        [
            Cell(visit.place_of(pause.place)),
            Cell(pause.reason),
            Cell(_said(visit, pause.began_at, pause.began_by)),
            Cell(_said(visit, pause.ended_at, pause.ended_by) if pause.ended_at and pause.ended_by else "–"),
        ]
        for pause in found
    ]
    return Listing(visit.say("switch.past.caption"), columns, rows, visit.say("switch.past.empty"))


def _drills(visit: Visit) -> Listing:
    columns = [Column(visit.say(f"switch.drill.{name}")) for name in ("held_on", "scenario", "outcome")]
    found = visit.services.emergency.drills.list_all(None, PAGE)
    rows = [[Cell(drill.held_on.isoformat()), Cell(drill.scenario), Cell(drill.outcome)] for drill in found]
    return Listing(visit.say("switch.drill.caption"), columns, rows, visit.say("switch.drill.empty"))


@router.post("/switch")
def pause(visit: VisitOf, form: FormOf) -> Response:
    """Stops posting there at once; one button, no second factor."""
    named, reason = form.get("place", ""), form.get("reason", "").strip()
    wrong = [] if named else [("place", visit.say("switch.error.place"))]
    wrong += [] if reason else [("reason", visit.say("switch.error.reason"))]
    if wrong:
        return _page(visit, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.emergency.pauses.pause(now.actor, _place(named), reason)
        return now.go(_HERE, "paused")

    return act(visit, form, work, lambda errors, status: _page(visit, form, errors, status))


def _place(named: str) -> PausedPlace:
    if named.startswith(_BOARD):
        return PausedPlace(None, BoardId(named))
    return PausedPlace() if named == _EVERYTHING else PausedPlace(ForumId(named))


@router.get("/switch/{pause_id}/lift")
def lift_page(visit: VisitOf, pause_id: str) -> Response:
    """What goes on again, and where another pause holds it all the same."""
    in_force = visit.services.emergency.pauses.list_in_force()
    pause = next((one for one in in_force if one.id == pause_id), None)
    if pause is None:
        return visit.go(_HERE)
    others = [visit.place_of(one.place) for one in in_force if one.id != pause_id and _touch(one.place, pause.place)]
    return visit.show(
        "switch_lift",
        pause=pause,
        place=visit.place_of(pause.place),
        began=_said(visit, pause.began_at, pause.began_by),
        mine=_is_own(visit, pause),
        others="、".join(others),
    )


def _touch(one: PausedPlace, other: PausedPlace) -> bool:
    """Whether one lies in the other."""
    return None in {one.forum_id, other.forum_id} or (
        one.forum_id == other.forum_id and None in {one.board_id, other.board_id}
    )


@router.post("/switch/{pause_id}/lift")
def lift(visit: VisitOf, form: FormOf, pause_id: str) -> Response:
    """Lets posting go on, by another person than who stopped it."""

    def work(now: Visit) -> Response:
        now.services.emergency.pauses.resume(now.actor, pause_id)
        return now.go(_HERE, "lifted")

    return act(visit, form, work, lambda errors, status: _page(visit, {}, errors, status))


@router.post("/switch/drills")
def record_drill(visit: VisitOf, form: FormOf) -> Response:
    """Puts a rehearsal on record."""
    try:
        held_on = date.fromisoformat(form.get("held_on", "").strip())
    except ValueError:
        said = [("held_on", visit.say("switch.error.held_on"))]
        return _page(visit, form, said, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.emergency.drills.record(now.actor, held_on, form.get("scenario", ""), form.get("outcome", ""))
        return now.go(_HERE, "drilled")

    return act(visit, form, work, lambda errors, status: _page(visit, form, errors, status))
