"""Commands about accounts: bringing in a forum's existing users, and who of them may post."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app import policies
from app.accounts.existing_users import BroughtIn, Rehearsal
from app.cli.user_file import BadLine, GoodLine, read_users
from app.forums.errors import ForumNotFound
from app.kernel.actor import OPERATOR
from app.kernel.errors import Invalid, StartRefused, Unavailable
from app.posting.domain import Campaign
from app.settings import Settings
from app.wiring import build

accounts = typer.Typer(help="A forum's existing users, and who may post.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
_MEBIBYTE = 1024 * 1024
_LONGEST_SHOWN = 100
_NO_ANSWER = (
    "The database did not answer at line {}; what went in before stays. Run the same file again when it answers."
)
_FORMULAS = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")  # noqa: RUF001 -- wide ones, as spreadsheets read them too
"""A spreadsheet would reckon with what begins so."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A line that did not go in; of its text only handle and user id."""

    line: int
    code: str
    said: str
    handle: str = ""
    external_id: str = ""


@accounts.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="UTF-8 CSV: handle,external_id[,display_name,bio,signature]")],
    forum: Annotated[str, typer.Option(metavar="FORUM_ID", help="Whose users they are.")],
    report: Annotated[Path | None, typer.Option(help="A CSV file for refused lines, instead of stderr.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a forum's existing users, unverified; safe to run again. 1 when lines were refused."""
    services = build(Settings())
    found = services.forums.find(forum)
    if found is None:
        raise ForumNotFound
    rehearsal = Rehearsal()

    def judge(lines: list[GoodLine]) -> list[BroughtIn]:
        users = [line.user for line in lines]
        if dry_run:
            return services.existing_users.rehearse(found.id, users, rehearsal)
        return services.existing_users.bring_in(OPERATOR, found.id, users)

    try:
        with _opened(file) as source, _reporting(report, file) as tell:
            counted = _import(source, judge, tell)
    except OSError as error:
        raise StartRefused(f"{error.strerror}; what went in before stays. Run the same file again.") from None
    told = {name: counted[name] for name in ("imported", "already_there", "refused")}
    if as_json:
        typer.echo(json.dumps({"forum_id": found.id, "dry_run": dry_run} | told))
    else:
        would = "Would be imported" if dry_run else "Imported"
        typer.echo(f"{would}: {told['imported']}; already there: {told['already_there']}; refused: {told['refused']}.")
    if counted["refused"]:
        typer.echo(f"shiming: {counted['refused']} of {counted.total()} lines were refused.", err=True)
        raise typer.Exit(1)


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


def _import(
    source: BinaryIO, judge: Callable[[list[GoodLine]], list[BroughtIn]], tell: Callable[[_Refusal], None]
) -> Counter[str]:
    """Each line in its turn: what became of it is counted, and told where it was refused. Raises `StartRefused`."""
    counted, lines = Counter[str](), read_users(source)
    while batch := list(islice(lines, policies.IMPORT_BATCH.value)):
        try:
            judged = iter(judge([line for line in batch if isinstance(line, GoodLine)]))
        except Unavailable:
            raise StartRefused(_NO_ANSWER.format(batch[0].number)) from None
        for line in batch:
            refusal = _unreadable(line) if isinstance(line, BadLine) else _counted(line, next(judged), counted)
            if refusal is not None:
                counted["refused"] += 1
                tell(refusal)
    return counted


def _unreadable(line: BadLine) -> _Refusal:
    return _Refusal(line.number, line.code, line.said)


def _counted(line: GoodLine, told: BroughtIn, counted: Counter[str]) -> _Refusal | None:
    if told.refusal is None:
        counted["already_there" if told.was_there else "imported"] += 1
        return None
    said = told.refusal.detail.en
    if isinstance(told.refusal, Invalid) and told.refusal.fields:
        said = " ".join(f"{fault.pointer}: {fault.detail.en}" for fault in told.refusal.fields)
    user = told.user
    return _Refusal(line.number, told.refusal.code, said, _printable(user.handle), _printable(user.external_id))


def _opened(file: Path) -> BinaryIO:
    """Raises `StartRefused` for what cannot be read, and for a file that is too large."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise StartRefused(f"{file} cannot be read: {error.strerror}.") from None
    if os.fstat(source.fileno()).st_size > policies.IMPORT_LARGEST.value * _MEBIBYTE:
        source.close()
        raise StartRefused(f"{file} is larger than {policies.IMPORT_LARGEST.value} MiB. Split it.")
    return source


@contextmanager
def _reporting(report: Path | None, file: Path) -> Iterator[Callable[[_Refusal], None]]:
    """Lines of a CSV file for its owner alone, or of stderr. Raises `StartRefused`."""
    if report is None:
        yield _say
        return
    if report.exists() and report.samefile(file):
        raise StartRefused("The report would replace the list itself. Name another file.")
    try:
        report.touch(0o600)
        sink = report.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise StartRefused(f"{report} cannot be written: {error.strerror}.") from None
    with sink:
        writer = csv.writer(sink)
        writer.writerow(("line", "code", "sentence", "handle", "external_id"))
        yield lambda told: writer.writerow(
            (told.line, told.code, told.said, _harmless(told.handle), _harmless(told.external_id))
        )


def _say(told: _Refusal) -> None:
    whose = f" (handle {told.handle}, external_id {told.external_id})" if told.handle or told.external_id else ""
    typer.echo(f"line {told.line}: {told.code}: {told.said}{whose}", err=True)


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text[:_LONGEST_SHOWN])


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text


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
