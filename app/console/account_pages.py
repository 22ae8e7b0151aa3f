"""One account, found by exactly its name and never by who is behind it: its facts, and all that happened to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.accounts.domain import AccountName, AccountStatus
from app.boards.domain import ModeratorFilter, ModeratorView
from app.boards.schedules import ModeratorState
from app.console.forum_chips import forum_chips
from app.console.happenings import said_events
from app.console.lists import PAGE, Cell, Column, Listing, address
from app.console.moments import last_day_cell, said_day
from app.console.poster_lists import posters, posters_file
from app.console.violation_pages import of_account
from app.console.visits import Visit, console_router, visit_at
from app.posting.decision import Refusal
from app.posting.errors import Denial
from app.posting.service import JudgedAccount
from app.staff.access import Permission

router = console_router()
_HERE = "/console/accounts"
VisitOf = Annotated[Visit, Depends(visit_at("accounts"))]
_LONGEST, _MOST_OFFICES = 200, 200
_BADGES = {AccountStatus.ACTIVE: "ok", AccountStatus.SUSPENDED: "warn", AccountStatus.BANNED: "bad"}


@router.get("/accounts")
def accounts(visit: VisitOf) -> Response:
    """What goes by exactly this name in each forum; a handle or id that is one account's leads straight there.

    Where nothing is asked: who may post and is verified since when, or who is not verified.

    A forum's own user id never does: forums choose them, and one may read like somebody's handle.
    """
    asked = visit.query.get("handle", "").strip()[:_LONGEST]
    if not asked and "csv" in visit.query:
        return posters_file(visit)
    if not asked:
        return visit.show("accounts", listing=posters(visit), forums=forum_chips(visit), asked="")
    found = _found(visit, asked)
    if len(found) == 1 and found[0][0] != "external_id":
        return visit.go(f"{_HERE}/{found[0][1].standing.account.id}")
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    columns = [Column(visit.say(f"accounts.list.{name}")) for name in ("handle", "match", "forum", "status", "since")]
    rows = [
        [
            Cell(one.standing.account.handle, f"{_HERE}/{one.standing.account.id}"),
            Cell(visit.say(f"accounts.match.{kind}")),
            Cell(forums.get(one.standing.account.forum_id, "–")),
            Cell(_status(visit, one)),
            Cell(said_day(visit, one.standing.account.created_at)),
        ]
        for kind, one in found
    ]
    listing = Listing(visit.say("accounts.list.caption"), columns, rows, visit.say("accounts.list.nobody"))
    return visit.show("accounts", listing=listing, forums=(), asked=asked)


def _found(visit: Visit, asked: str) -> list[tuple[str, JudgedAccount]]:
    """Each account once, by the first of the three that it goes by. A handle may look like an id."""
    names = {
        "id": AccountName(account_id=asked),
        "handle": AccountName(handle=asked),
        "external_id": AccountName(external_id=asked),
    }
    found: dict[str, tuple[str, JudgedAccount]] = {}
    for kind, name in names.items():
        for one in visit.services.posting.find_anywhere(name):
            found.setdefault(one.standing.account.id, (kind, one))
    return list(found.values())


def _status(visit: Visit, judged: JudgedAccount) -> str:
    return visit.say(f"accounts.status.{judged.standing.status(judged.now)}")


@router.get("/accounts/{account_id}")
def account(visit: VisitOf, account_id: str) -> Response:
    """Facts on the left, never a name; what happened on the right, the newest first."""
    found = visit.services.posting.find_anywhere(AccountName(account_id=account_id))
    if not found:
        nobody = [("", visit.say("accounts.list.nobody"))]
        return visit.show("accounts", listing=None, forums=(), asked=account_id, errors=nobody)
    judged = found[0]
    events, shown = visit.services.compliance.timeline(account_id), _page_number(visit)
    standing, forum = judged.standing, visit.services.forums.find(judged.standing.account.forum_id)
    offices = _offices(visit, account_id)
    return visit.show(
        "account",
        judged=judged,
        standing=standing,
        forum=forum,
        state=_status(visit, judged),
        reasons=[visit.sentence(one.detail) for one in _reasons(judged)],
        badge=_BADGES.get(standing.status(judged.now), ""),
        offices=_held(visit, offices),
        held=any(one.standing.state is not ModeratorState.ENDED for one in offices),
        violations=of_account(visit, account_id),
        events=said_events(visit, events[shown * PAGE : (shown + 1) * PAGE], offices, forum.name if forum else ""),
        earlier=address(visit.request, page=str(shown + 1)) if len(events) > (shown + 1) * PAGE else None,
        newest=f"{_HERE}/{account_id}" if shown else None,
    )


def _reasons(judged: JudgedAccount) -> Sequence[Denial]:
    return judged.decision.reasons if isinstance(judged.decision, Refusal) else ()


def _page_number(visit: Visit) -> int:
    asked = visit.query.get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("10000") else 0


def _offices(visit: Visit, account_id: str) -> list[ModeratorView]:
    """All that it has or had, those it has first."""
    held = ModeratorFilter(None, account_id=account_id, limit=_MOST_OFFICES)
    listed = visit.services.moderators.list_all
    return [*listed(held), *listed(replace(held, state=ModeratorState.ENDED))]


def _held(visit: Visit, offices: Sequence[ModeratorView]) -> Listing:
    columns = [Column(visit.say(f"moderators.list.{name}")) for name in ("board", "role", "state", "due")]
    rows = [[*_office(visit, one)] for one in offices]
    return Listing(visit.say("accounts.offices.title"), columns, rows, visit.say("accounts.offices.none"))


def _office(visit: Visit, one: ModeratorView) -> list[Cell]:
    standing, reaches = one.standing, visit.may(Permission.MODERATORS)
    over, due_at = standing.state is ModeratorState.ENDED, standing.deadline.due_at
    return [
        Cell(one.board.name, f"/console/moderators?board={one.board.id}" if reaches else None),
        Cell(visit.say(f"moderators.role.{standing.appointment.role}")),
        Cell(standing.state.value, badge=standing.state.value),
        last_day_cell(visit, None if over else due_at),
    ]
