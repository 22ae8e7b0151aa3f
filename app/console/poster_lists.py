"""Lists of accounts: who may post and since when each is verified, and whom nobody stands behind; handles, no names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from fastapi.responses import Response

from app import policies
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, csv_response
from app.console.moments import plain, said_moment
from app.console.visits import Visit
from app.kernel.ids import ForumId
from app.posting.domain import Poster, PosterFilter

VERIFIED, UNVERIFIED = "verified", "unverified"
_NEWEST, _OLDEST = "-verified_at", "verified_at"
_BETWEEN = "~"
Place = tuple[datetime, str] | tuple[str]


def posters_file(visit: Visit) -> Response:
    """Everybody on the list as it is filtered."""
    forums = _forums(visit)
    rows = [_cells(visit, one, forums) for one in _everybody(visit, _wanted(visit))]
    return csv_response("accounts", _columns(visit), rows)


def posters(visit: Visit) -> Listing:
    """A page of it: by the day of the verification, the oldest first, or the other way round."""
    forums, wanted = _forums(visit), _wanted(visit)
    found = visit.services.posting.posters(replace(wanted, limit=PAGE + 1))
    shown, last = found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None
    return Listing(
        visit.say(f"accounts.show.{VERIFIED if wanted.verified else UNVERIFIED}_caption"),
        _columns(visit),
        [_cells(visit, one, forums) for one in shown],
        visit.say("accounts.show.nobody"),
        _kinds(visit, UNVERIFIED if not wanted.verified else VERIFIED),
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=_cursor(last)) if last else None,
        csv=address(visit.request, csv="1") if shown else None,
    )


def _kinds(visit: Visit, shown: str) -> list[Chip]:
    return [
        Chip(visit.say(f"accounts.show.{kind}"), address(visit.request, show=kind), kind == shown)
        for kind in (VERIFIED, UNVERIFIED)
    ]


def _forums(visit: Visit) -> Mapping[ForumId, str]:
    return {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}


def _wanted(visit: Visit) -> PosterFilter:
    asked = visit.query
    verified = asked.get("show") != UNVERIFIED
    forum_id = ForumId(asked["forum"]) if asked.get("forum") else None
    return PosterFilter(verified, asked.get("sort") == _NEWEST, forum_id, _place(asked.get("cursor", ""), verified))


def _place(cursor: str, verified: bool) -> Place | None:  # noqa: FBT001 -- which of the two lists
    """The beginning for whatever is no place of that list."""
    written, between, account_id = cursor.rpartition(_BETWEEN)
    if not account_id or verified != bool(between):
        return None
    if not verified:
        return (account_id,)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return (moment.astimezone(UTC), account_id) if moment.tzinfo else None


def _cursor(last: Poster) -> str:
    return f"{last.verified_at.isoformat()}{_BETWEEN}{last.account_id}" if last.verified_at else last.account_id


def _everybody(visit: Visit, wanted: PosterFilter) -> Iterator[Poster]:
    """Piece by piece, so that no file is cut off."""
    step = policies.SWEPT_AT_ONCE.value
    while True:
        piece = visit.services.posting.posters(replace(wanted, limit=step))
        yield from piece
        if len(piece) < step:
            return
        last = piece[-1]
        wanted = replace(wanted, after=(last.verified_at, last.account_id) if last.verified_at else (last.account_id,))


def _columns(visit: Visit) -> list[Column]:
    newest = visit.query.get("sort") == _NEWEST
    turned = address(visit.request, sort=_OLDEST if newest else _NEWEST)
    order = "descending" if newest else "ascending"
    said = visit.say("accounts.show.verified_at")
    return [
        *(Column(visit.say(f"accounts.list.{name}")) for name in ("handle", "forum")),
        Column(visit.say("accounts.facts.identity")),
        Column(said, href=turned, sorted=order) if _wanted(visit).verified else Column(said),
    ]


def _cells(visit: Visit, one: Poster, forums: Mapping[ForumId, str]) -> list[Cell]:
    verified_at = one.verified_at
    return [
        Cell(one.handle, f"/console/accounts/{one.account_id}"),
        Cell(forums.get(one.forum_id, "–")),
        Cell(visit.say(f"accounts.level.{one.level or 'none'}")),
        Cell(said_moment(visit, verified_at), plain=plain(verified_at)) if verified_at else Cell("–"),
    ]
