"""The command tree."""

import resource
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli.accounts import accounts
from app.cli.audit import audit
from app.cli.audit_proofs import prove, search
from app.cli.audit_recover import recover
from app.cli.doctor import doctor, faults_of
from app.cli.forum import forum
from app.cli.keys import keys
from app.cli.lexicon import lexicon
from app.cli.moderators import moderators
from app.cli.patrol import patrol
from app.cli.refusals import sentence_of
from app.cli.reviews import reviews
from app.cli.serving import serve_on
from app.cli.staff import add_member, show, staff
from app.kernel.errors import ShimingError, StartRefused
from app.settings import Settings
from app.staff.access import Role
from app.staff.domain import NewMember
from app.web.logs import configure_logs
from app.wiring import build, initialise

_HELP = "Shiming 实名: real name backstage, your choice on stage."
shiming = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
shiming.add_typer(forum, name="forum")
shiming.add_typer(keys, name="keys")
shiming.add_typer(lexicon, name="lexicon")
shiming.add_typer(moderators, name="moderators")
shiming.add_typer(accounts, name="accounts")
shiming.add_typer(reviews, name="reviews")
shiming.add_typer(staff, name="staff")
audit.command()(prove)
audit.command()(search)
audit.command()(recover)
shiming.add_typer(audit, name="audit")
shiming.command()(doctor)
shiming.command()(patrol)


@shiming.command()
def init(
    admin: Annotated[str | None, typer.Option(metavar="EMAIL", help="Add this first admin, if there is none.")] = None,
) -> None:
    """Make keys and database ready, and with --admin the first admin; safe to run again."""
    settings = Settings()
    new = NewMember.of(admin, [Role.ADMIN]) if admin is not None else None
    initialise(settings)
    typer.echo(f"Ready: keys in {settings.keys_dir}, database {_shown_database(settings)}.")
    if new is None:
        typer.echo("Members of the staff: `shiming staff add EMAIL --role admin` adds the first one.")
        return
    services = build(settings)
    if services.staff.members.has_admin():
        typer.echo("There is an admin already: nobody was added.")
    else:
        show(add_member(services, new), as_json=False)


@shiming.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs PostgreSQL.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Without background jobs.")] = False,
) -> None:
    """Serve API and pages, and do the background jobs unless --no-worker."""
    serve_on(Settings(), host, port, workers, background=not no_worker)


def _shown_database(settings: Settings) -> str:
    return "on PostgreSQL" if settings.database_url.startswith("postgres") else settings.database()


def run(command: Callable[[], object]) -> None:
    """Runs the command tree and turns a refusal into one line and exit code 1.

    No process of ours leaves a core file: keys and identities would stand in it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    configure_logs("WARNING")
    try:
        command()
    except StartRefused as refused:
        sys.exit(_line(str(refused)))
    except ShimingError as refused:
        sys.exit(_line(sentence_of(refused)))
    except ValidationError as invalid:
        sys.exit(_line(f"These settings cannot be used: {faults_of(invalid)}. See docs/settings.md."))


def _line(said: str) -> str:
    return f"shiming: {said}"
