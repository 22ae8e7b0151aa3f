"""Commands about lexicons: bring in, compare, rehearse, publish, go back, try."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app import policies
from app.cli import lexicon_views as views
from app.cli.moments import AsJson
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.screening.domain import SCREENED, Field
from app.screening.errors import InForceAlready, LexiconFaulty
from app.screening.lexicons import Lexicons
from app.settings import Settings
from app.wiring import build

lexicon = typer.Typer(help="Lexicons: what is kept out, and what is let through.", no_args_is_help=True)
_FAULTS_SHOWN = 20
_MEBIBYTE = 1 << 20
_OWNER_ALONE = 0o600
_BEHIND_THE_SERVICE = 10
Name = Annotated[str, typer.Argument(help="The name of a lexicon.")]
Version = Annotated[int | None, typer.Option("--version", min=1, help="The newest when not given.", metavar="N")]
DespiteAlarm = Annotated[bool, typer.Option("--despite-alarm", help="Also where the dry run raises an alarm.")]


def _lexicons() -> Lexicons:
    """Compiling waits while the service on the same host has work."""
    os.nice(_BEHIND_THE_SERVICE)
    return build(Settings()).lexicons


@lexicon.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="UTF-8 CSV: term,category,action,severity,fields,boundary,note")],
    name: Annotated[str, typer.Option(help="1-64 small letters, digits or hyphens.")],
    publish: Annotated[bool, typer.Option("--publish", help="And put it in force.")] = False,
    despite_alarm: DespiteAlarm = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a version, as a draft; with faults in the file nothing of it is loaded."""
    data, lexicons = _read(file, policies.LEXICON_LARGEST.value), _lexicons()
    with _faults_told():
        imported = lexicons.import_file(OPERATOR, name, data)
    published = None
    if publish:
        try:
            published = lexicons.publish(OPERATOR, name, imported.version.number, despite_alarm=despite_alarm)
        except InForceAlready:
            published = next(one for one in lexicons.in_force() if one.lexicon == name)
    views.show_import(imported, published, as_json=as_json)


@lexicon.command("list")
def list_lexicons(as_json: AsJson = False) -> None:
    """Every lexicon, its versions, and which of them decides now."""
    views.show_lexicons(_lexicons().list_all(), as_json=as_json)


@lexicon.command("try")
def try_text(
    text: Annotated[str, typer.Argument(help="What somebody might write.")],
    field: Annotated[str, typer.Option(help="What it is for.", metavar="FIELD")] = Field.POST.value,
    name: Annotated[str | None, typer.Option("--name", help="As if this lexicon were in force.")] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """What becomes of a text, and why."""
    if field not in {one.value for one in SCREENED}:
        raise typer.BadParameter(f"--field is one of {' '.join(SCREENED)}")
    if version is not None and name is None:
        raise typer.BadParameter("--version goes with --name")
    views.show_tried(text, _lexicons().try_text(text, Field(field), name, version), as_json=as_json)


@lexicon.command()
def diff(name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """How a version differs from the one in force."""
    views.show_difference(_lexicons().diff(name, version), as_json=as_json)


@lexicon.command()
def rehearse(
    name: Name,
    version: Version = None,
    cases: Annotated[Path | None, typer.Option(help="Cases of your own, UTF-8 CSV: text,field,decision")] = None,
    as_json: AsJson = False,
) -> None:
    """What a version would change, for recent texts and for cases; 1 when it looks wrong."""
    own_cases = _read(cases, policies.CASES_LARGEST.value) if cases else None
    found = _lexicons().rehearse(name, version, own_cases)
    views.show_rehearsal(found, as_json=as_json)
    if found.alarming:
        typer.echo("shiming: so much would be dealt with more strictly that a line looks wrong.", err=True)
    elif found.spoilt:
        typer.echo(f"shiming: {found.spoilt} cases that are decided well would no longer be.", err=True)
    if found.alarming or found.spoilt:
        raise typer.Exit(1)


@lexicon.command()
def publish(name: Name, version: Version = None, despite_alarm: DespiteAlarm = False, as_json: AsJson = False) -> None:
    """Put a version in force; an older one goes back to what was."""
    views.show_published(_lexicons().publish(OPERATOR, name, version, despite_alarm=despite_alarm), as_json=as_json)


@lexicon.command()
def withdraw(name: Name, as_json: AsJson = False) -> None:
    """Take a lexicon out of force; its versions stay."""
    views.show_published(_lexicons().withdraw(OPERATOR, name), as_json=as_json)


@lexicon.command()
def export(
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="Printed when not given.")] = None,
    version: Version = None,
) -> None:
    """A version as a file, to edit and to bring in again."""
    written = _lexicons().export(name, version)
    if file is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    try:
        file.touch(mode=_OWNER_ALONE)
        file.write_bytes(written)
    except OSError as error:
        raise StartRefused(f"{file} cannot be written: {error.strerror}.") from None


def _read(file: Path, largest: int) -> bytes:
    """At most `largest` MiB. Raises `StartRefused`."""
    try:
        with file.open("rb") as source:
            data = source.read(largest * _MEBIBYTE + 1)
    except OSError as error:
        raise StartRefused(f"{file} cannot be read: {error.strerror}.") from None
    if len(data) > largest * _MEBIBYTE:
        raise StartRefused(f"{file} is larger than {largest} MiB.")
    return data


@contextmanager
def _faults_told() -> Iterator[None]:
    """The first faults of a file, line by line. Raises `StartRefused` with the number of all."""
    try:
        yield
    except LexiconFaulty as faulty:
        for fault in faulty.faults[:_FAULTS_SHOWN]:
            typer.echo(f"line {fault.line}: {fault.reason}: {views.printable(fault.detail.en)}", err=True)
        shown = min(len(faulty.faults), _FAULTS_SHOWN)
        more = f" and {faulty.count - shown} more" if faulty.count > shown else ""
        raise StartRefused(f"{shown} faults{more}; nothing was loaded. Mend the lines and import again.") from None
