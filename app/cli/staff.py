"""Commands about members of the staff: the first ones come from here."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from app.audit.domain import Action
from app.cli.moments import AsJson, moment
from app.kernel.actor import OPERATOR
from app.kernel.clock import SHANGHAI
from app.settings import Settings
from app.staff.access import Role
from app.staff.domain import Handout, NewMember, Staff
from app.wiring import Services, build

_BY_COMMAND = "disabled at the command line"
staff = typer.Typer(help="Members of the staff.", no_args_is_help=True)


@staff.command()
def add(
    email: str,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    ends: Annotated[datetime | None, typer.Option(help="From this day of Shanghai on they are out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a member; what they sign in with is shown once. `privacy` only while fewer than two hold it."""
    new = NewMember.of(email, role, ends.replace(tzinfo=SHANGHAI) if ends else None)
    show(add_member(build(Settings()), new), as_json=as_json)


@staff.command("list")
def list_members(as_json: AsJson = False) -> None:
    """All members: state, roles, end."""
    services = build(Settings())
    now = services.clock.now()
    found = services.staff.members.list_all()
    if as_json:
        typer.echo(json.dumps([_row(member, now) for member in found], ensure_ascii=False))
        return
    for member in found:
        row = _row(member, now)
        ends = f"  (until {row['ends_at']})" if row["ends_at"] else ""
        typer.echo(f"{row['staff_id']}  {row['state']:<8}  {','.join(row['roles']):<20}  {row['email']}{ends}")
    if not found:
        typer.echo("No members yet. Run `shiming staff add EMAIL --role admin`.")


@staff.command()
def disable(
    member: Annotated[str, typer.Argument(metavar="EMAIL_OR_ID")],
    reason: Annotated[str, typer.Option(help="Kept sealed beside the entry in the audit log.")] = _BY_COMMAND,
    as_json: AsJson = False,
) -> None:
    """Cut a member off at their next request."""
    members = build(Settings()).staff.members
    announced = members.announce(OPERATOR, Action.STAFF_DISABLED, members.find_named(member).id)
    disabled = members.disable(OPERATOR, announced, reason)
    typer.echo(
        json.dumps({"staff_id": disabled.id, "state": disabled.state.value})
        if as_json
        else f"{disabled.email} is disabled; every session is over."
    )


def add_member(services: Services, new: NewMember) -> Handout:
    members = services.staff.members
    return members.add(OPERATOR, members.announce(OPERATOR, Action.STAFF_ADDED), new)


def show(handout: Handout, *, as_json: bool) -> None:
    """What a new member signs in with, this once."""
    given = handout.credentials
    if given is None:
        return
    shown: dict[str, Any] = {
        "staff_id": handout.staff.id,
        "password": given.password.reveal(),
        "totp_uri": given.authenticator.totp_uri.reveal(),
        "recovery_codes": [code.reveal() for code in given.authenticator.recovery_codes],
    }
    if as_json:
        typer.echo(json.dumps(shown))
        return
    for name, value in shown.items():
        typer.echo(f"{name}: {' '.join(value) if isinstance(value, list) else value}")
    typer.echo("Shown this once: hand it over sealed, and have the password changed at the first sign-in.", err=True)


def _row(member: Staff, now: datetime) -> dict[str, Any]:
    return {
        "staff_id": member.id,
        "email": member.email,
        "roles": sorted(member.roles),
        "state": member.shown_state(now),
        "created_at": moment(member.created_at),
        "ends_at": member.ends_at and moment(member.ends_at),
    }
