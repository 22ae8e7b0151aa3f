"""Commands about accounts: bringing in a forum's existing users, and who of them may post."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app import policies
from app.accounts.domain import ExistingUser, Profile
from app.accounts.existing_users import Rehearsal
from app.cli.list_file import USERS, GoodLine
from app.cli.list_import import Asked, DryRun, Judged, Kind, ReportTo, bring_in_list
from app.cli.moments import AsJson
from app.kernel.actor import OPERATOR
from app.posting.domain import Campaign
from app.settings import Settings
from app.wiring import build

accounts = typer.Typer(help="A forum's existing users, and who may post.", no_args_is_help=True)
_KIND = Kind(USERS, told=("handle", "external_id"), at_once=policies.IMPORT_BATCH.value, done="imported")


@accounts.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="UTF-8 CSV: handle,external_id[,display_name,bio,signature]")],
    forum: Annotated[str, typer.Option(metavar="FORUM_ID", help="Whose users they are.")],
    report: ReportTo = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a forum's existing users, unverified; safe to run again. 1 when lines were refused."""
    services = build(Settings())
    forum_id, rehearsal = services.forums.get(forum).id, Rehearsal()

    def judge(lines: Sequence[GoodLine]) -> list[Judged]:
        users = [user_of(line.fields) for line in lines]
        if dry_run:
            told = services.existing_users.rehearse(forum_id, users, rehearsal)
        else:
            told = services.existing_users.bring_in(OPERATOR, forum_id, users)
        return [Judged(one.refusal, one.was_there) for one in told]

    bring_in_list(_KIND, Asked(file, forum_id, report, dry_run, as_json), judge)


def user_of(fields: Mapping[str, str]) -> ExistingUser:
    """What a line says; an optional column that is empty says nothing."""
    display_name, bio, signature = (fields.get(name) or None for name in USERS.optional)
    return ExistingUser(fields["handle"], fields["external_id"], Profile(display_name, bio, signature))


@accounts.command()
def campaign(
    forum: Annotated[str | None, typer.Option(metavar="FORUM_ID", help="One forum only.")] = None,
    as_json: AsJson = False,
) -> None:
    """How far each forum is with verifying its accounts, and who may post; 1 when an unverified account may."""
    found = build(Settings()).posting.count_campaigns(forum)
    if as_json:
        typer.echo(json.dumps([_row(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            typer.echo("\n".join(_lines_of(one)))
    wrong = sum(one.unverified_may_post for one in found)
    if wrong:
        typer.echo(f"shiming: {wrong} unverified accounts may post: stop the service and report this.", err=True)
        raise typer.Exit(1)


def _row(found: Campaign) -> dict[str, object]:
    return {
        "forum_id": found.forum_id,
        "name": found.name,
        "accounts": found.accounts,
        "by_status": {status.value: count for status, count in found.by_status.items()},
        "may_post": found.may_post,
        "unverified_may_post": found.unverified_may_post,
        "verified": found.verified,
        "imported": found.brought_in,
        "imported_verified": found.brought_in_verified,
        "verified_by_week": [
            {"week_of": monday.isoformat(), "accounts": count} for monday, count in found.verified_by_week
        ],
    }


def _lines_of(found: Campaign) -> list[str]:
    statuses = ", ".join(f"{count} {status.value}" for status, count in found.by_status.items())
    weeks = ", ".join(f"{monday.isoformat()} {count}" for monday, count in found.verified_by_week if count)
    return [
        f"{found.forum_id}  {found.name}",
        f"  {found.accounts} accounts: {statuses}",
        f"  {found.may_post} may post; {found.unverified_may_post} of them unverified",
        f"  {found.verified} verified; of {found.brought_in} that were imported {found.brought_in_verified}",
        f"  newly verified, by the Monday of the week: {weeks or 'nobody lately'}",
    ]
