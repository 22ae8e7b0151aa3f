"""Commands about forums and the credentials of their backends."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from app.boards.terms import WantedTerms
from app.cli.audit_proofs import on_record
from app.cli.moments import AsJson, moment
from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.kernel.clock import SHANGHAI
from app.kernel.ids import ForumId
from app.settings import Settings
from app.wiring import build

_LONGEST_SOURCE = 80
forum = typer.Typer(help="Forums and their credentials.", no_args_is_help=True)


@forum.command()
def add(
    name: str,
    return_url: Annotated[list[str] | None, typer.Option(help="Where people may be sent back to.")] = None,
    direct_verification: Annotated[
        str | None, typer.Option(help="Why this forum may send documents itself.", metavar="REASON")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a forum; the secret is shown once."""
    _show(build(Settings()).forums.add(OPERATOR, name, return_url or (), direct_verification), as_json=as_json)


@forum.command("list")
def list_forums(as_json: AsJson = False) -> None:
    """All forums: status, client, and until when an old secret still opens."""
    rows: list[dict[str, Any]] = [
        {
            "forum_id": found.forum.id,
            "name": found.forum.name,
            "status": found.forum.status.value,
            "client_id": found.client_id,
            "direct_verification": found.forum.direct_verification,
            "return_urls": list(found.forum.return_urls),
            "created_at": moment(found.forum.created_at),
            "secrets": [
                {"created_at": moment(live.created_at), "expires_at": live.expires_at and moment(live.expires_at)}
                for live in found.secrets
            ],
        }
        for found in build(Settings()).forums.list_all()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        ends = [str(live["expires_at"]) for live in row["secrets"] if live["expires_at"]]
        rotating = "".join(f"  (old secret opens until {end})" for end in ends)
        typer.echo(f"{row['forum_id']}  {row['status']:<8}  {row['client_id']}  {row['name']}{rotating}")
    if not rows:
        typer.echo("No forums yet. Run `shiming forum add NAME`.")


@forum.command("rotate-secret")
def rotate_secret(forum_id: str, as_json: AsJson = False) -> None:
    """A new client secret; the old one still opens for a day."""
    _show(build(Settings()).forums.rotate_secret(OPERATOR, forum_id), as_json=as_json)


@forum.command()
def disable(forum_id: str, as_json: AsJson = False) -> None:
    """Cut a forum's backend off at its next call."""
    disabled = build(Settings()).forums.disable(OPERATOR, forum_id)
    typer.echo(
        json.dumps({"forum_id": disabled.id, "status": disabled.status.value})
        if as_json
        else f"{disabled.name} is disabled; its backend is refused from its next call on."
    )


@forum.command()
def confirm(forum_id: str, as_json: AsJson = False) -> None:
    """Let a forum suspend, ban and close more accounts than usual for one hour."""
    told = moment(build(Settings()).forums.confirm_acts(OPERATOR, forum_id))
    typer.echo(
        json.dumps({"forum_id": forum_id, "confirmed_until": told})
        if as_json
        else f"Confirmed: until {told} this forum may act on any number of accounts."
    )


@forum.command()
def terms(
    forum_id: str,
    source: Annotated[str, typer.Option(help="The rule that the numbers follow, or the word design.")],
    interval_days: Annotated[int | None, typer.Option(help="Between two re-verifications, 30-365.")] = None,
    grace_days: Annotated[int | None, typer.Option(help="After a due date, in which powers remain, 0-90.")] = None,
    lapse_stops_posting: Annotated[
        bool | None, typer.Option("--lapse-stops-posting/--lapse-stops-powers-only", help="What a lapse takes.")
    ] = None,
    effective: Annotated[datetime | None, typer.Option("--from", help="A day of Shanghai; now when not given.")] = None,
) -> None:
    """Change what a forum asks of the moderators of its boards; a new interval gives nobody less than 30 days."""
    given = {"interval_days": interval_days, "grace_days": grace_days, "lapse_stops_posting": lapse_stops_posting}
    named = frozenset(name for name, value in given.items() if value is not None)
    if not named:
        raise typer.BadParameter("give at least one of --interval-days, --grace-days, --lapse-stops-posting")
    if not 0 < len(source) <= _LONGEST_SOURCE:
        raise typer.BadParameter(f"--source has 1 to {_LONGEST_SOURCE} characters")
    wanted = WantedTerms(named, interval_days, grace_days, lapse_stops_posting)
    at = effective.replace(tzinfo=SHANGHAI) if effective else None
    receipt = build(Settings()).boards.set_forum_terms(OPERATOR, ForumId(forum_id), wanted, at, source)
    typer.echo(f"Changed; moderators keep at least 30 days. {on_record(receipt)}")


def _show(credentials: Credentials, *, as_json: bool) -> None:
    shown = {
        "forum_id": credentials.forum_id,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.reveal(),
    }
    if as_json:
        typer.echo(json.dumps(shown))
        return
    for name, value in shown.items():
        typer.echo(f"{name}: {value}")
    typer.echo("The secret is shown this once; keep it where the forum's backend can read it.", err=True)
