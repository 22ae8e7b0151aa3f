"""Commands about moderators and the clock that keeps them verified."""

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer

from app.boards.announcements import last_day
from app.boards.domain import ModeratorFilter, ModeratorView, OrderScope, ScopeKind
from app.cli.moments import AsJson, moment
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.settings import Settings
from app.wiring import Services, build

moderators = typer.Typer(help="Moderators and their re-verification.", no_args_is_help=True)
_PAGE = 200
OfForum = Annotated[str | None, typer.Option("--forum", help="Of one forum only.", metavar="FORUM_ID")]


@moderators.command()
def due(
    days: Annotated[int, typer.Option(min=0, max=365, help="Who falls due within so many days.")] = 30,
    forum: OfForum = None,
    as_json: AsJson = False,
) -> None:
    """Who is overdue, or falls due soon, the longest overdue first."""
    services = build(Settings())
    before = services.clock.now() + timedelta(days=days)
    found = sorted(_all(services, forum, before), key=lambda view: view.standing.deadline.due_at)
    if as_json:
        typer.echo(json.dumps([_row(view) for view in found], ensure_ascii=False))
        return
    for view in found:
        deadline = view.standing.deadline
        typer.echo(
            f"{view.standing.state:<9}  due by the end of {last_day(deadline.due_at)}, powers off at"
            f" {moment(deadline.suspends_at)}  {view.board.slug}  {view.handle}  {view.standing.appointment.id}"
        )
    if not found:
        typer.echo(f"Nobody falls due within {days} days.")


@moderators.command()
def order(
    forum_id: str,
    scope: Annotated[str, typer.Argument(help="all, board:SLUG, moderator:ID or account:ID.")],
    reason: Annotated[str, typer.Option(help="Why; the moderators read it.")],
    days: Annotated[int, typer.Option(min=0, max=365, help="By the end of that day of Shanghai; 0 means at once.")],
    as_json: AsJson = False,
) -> None:
    """Have one moderator, a board, an account or everybody re-verify out of turn."""
    services = build(Settings())
    placed = services.reverifications.order(OPERATOR, ForumId(forum_id), _scope(scope), reason, days)
    shown = {"id": placed.order.id, "affected": placed.affected, "due_at": moment(placed.order.due_at)}
    said = f"{placed.order.id}: {placed.affected} to re-verify by {moment(placed.order.due_at)}."
    typer.echo(json.dumps(shown) if as_json else said)


def _scope(given: str) -> OrderScope:
    kind, _, ref = given.partition(":")
    if kind not in set(ScopeKind) or (ref == "") != (kind == ScopeKind.ALL):
        raise typer.BadParameter("give all, board:SLUG, moderator:ID or account:ID")
    return OrderScope(ScopeKind(kind), ref or None)


def _all(services: Services, forum: str | None, before: datetime) -> list[ModeratorView]:
    found: list[ModeratorView] = []
    after = None
    while True:
        wanted = ModeratorFilter(ForumId(forum) if forum else None, due_before=before, after=after, limit=_PAGE)
        page = services.moderators.list_all(wanted)
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1].standing.appointment.id


def _row(view: ModeratorView) -> dict[str, object]:
    standing, appointment = view.standing, view.standing.appointment
    return {
        "moderator_id": appointment.id,
        "forum_id": appointment.forum_id,
        "board": view.board.slug,
        "account_id": appointment.account_id,
        "handle": view.handle,
        "role": appointment.role.value,
        "state": standing.state.value,
        "due_at": moment(standing.deadline.due_at),
        "suspends_at": moment(standing.deadline.suspends_at),
    }
