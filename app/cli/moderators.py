"""Commands about moderators and the clock that keeps them verified."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.accounts.domain import AccountName
from app.boards.announcements import last_day
from app.boards.domain import ModeratorFilter, ModeratorView, OrderScope, Role, ScopeKind
from app.boards.errors import AlreadyFiled
from app.boards.filing import Rehearsal
from app.cli.list_file import MODERATORS, GoodLine
from app.cli.list_import import Asked, DryRun, Judged, Kind, ReportTo, bring_in_list
from app.cli.moments import AsJson, moment
from app.kernel.actor import OPERATOR
from app.kernel.errors import FieldError, Invalid, ShimingError, Unavailable
from app.kernel.ids import ForumId
from app.kernel.sentence import Sentence
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable
from app.settings import Settings
from app.wiring import Services, build

moderators = typer.Typer(help="Moderators and their re-verification.", no_args_is_help=True)
_PAGE = 200
_LONGEST_REASON = 400
_KIND = Kind(MODERATORS, told=("board", "external_id", "handle"), at_once=1, done="filed")
_ROLES = Sentence("写 founder 或 manager。", "It is founder or manager.")
_MISSING = Sentence("不能为空。", "It is missing.")
_FileOne = Callable[[str, AccountName, Role], object]
OfForum = Annotated[str | None, typer.Option("--forum", help="Of one forum only.", metavar="FORUM_ID")]


@moderators.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="UTF-8 CSV: board,external_id,role or board,handle,role")],
    forum: Annotated[str, typer.Option(metavar="FORUM_ID", help="Whose moderators they are.")],
    report: ReportTo = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put moderators in office on record, their due dates spread; safe to run again. 1 when lines were refused."""
    services = build(Settings())
    forum_id, rehearsal = services.forums.get(forum).id, Rehearsal()

    def file_one(board: str, name: AccountName, role: Role) -> None:
        if dry_run:
            services.moderators.rehearse(forum_id, board, name, role, rehearsal)
        else:
            services.moderators.file(OPERATOR, forum_id, board, name, role, spread=True)

    def judge(lines: Sequence[GoodLine]) -> list[Judged]:
        return [_judged(line.fields, file_one) for line in lines]

    bring_in_list(_KIND, Asked(file, forum_id, report, dry_run, as_json), judge)


def _judged(fields: Mapping[str, str], file_one: _FileOne) -> Judged:
    """Raises `Unavailable`."""
    try:
        file_one(*_office_of(fields))
    except AlreadyFiled:
        return Judged(was_there=True)
    except Unavailable:
        raise
    except ShimingError as refusal:
        return Judged(refusal)
    return Judged()


def _office_of(fields: Mapping[str, str]) -> tuple[str, AccountName, Role]:
    """Raises `Invalid`."""
    faults = [FieldError(f"/{name}", "missing", _MISSING) for name, text in fields.items() if not text]
    if fields["role"] and fields["role"] not in set(Role):
        faults.append(FieldError("/role", "not-allowed", _ROLES))
    if faults:
        raise Invalid(faults)
    refuse_unreadable(Text(Field.EXTERNAL_ID, f"/{name}", text) for name, text in fields.items())
    name = AccountName(handle=fields.get("handle"), external_id=fields.get("external_id"))
    return fields["board"], name, Role(fields["role"])


@moderators.command()
def due(
    days: Annotated[int, typer.Option(min=0, max=365, help="Who falls due within so many days.")] = 30,
    forum: OfForum = None,
    as_json: AsJson = False,
) -> None:
    """Who is overdue, or falls due soon, the longest overdue first."""
    services = build(Settings())
    if forum is not None:
        services.forums.get(forum)
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
    if not 0 < len(reason) <= _LONGEST_REASON:
        raise typer.BadParameter(f"--reason has 1 to {_LONGEST_REASON} characters")
    wanted, services = _scope(scope), build(Settings())
    placed = services.reverifications.order(OPERATOR, services.forums.get(forum_id).id, wanted, reason, days)
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
