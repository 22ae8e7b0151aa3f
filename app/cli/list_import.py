"""Hands a forum's list to a use case, counts what became of each line, and tells which ones were refused and why."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app.cli.list_file import BadLine, Columns, GoodLine, open_list, read_list
from app.cli.refusals import sentence_of
from app.kernel.errors import ShimingError, StartRefused, Unavailable
from app.kernel.ids import ForumId

ReportTo = Annotated[Path | None, typer.Option(help="A CSV file for refused lines, instead of stderr.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
_LONGEST_SHOWN = 100
_NO_ANSWER = (
    "The database did not answer at line {}; what went in before stays. Run the same file again when it answers."
)
_FORMULAS = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")  # noqa: RUF001 -- wide ones, as spreadsheets read them too
"""A spreadsheet would reckon with what begins so."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list."""

    columns: Columns
    told: tuple[str, ...]
    """The columns that a refused line is told by; nothing else of its text is."""
    at_once: int
    """So many lines are judged together."""
    done: str
    """What becomes of a line that is accepted, in a word."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asked for."""

    file: Path
    forum_id: ForumId
    report: Path | None
    dry_run: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a line: it went in, was there before, or was refused and why."""

    refusal: ShimingError | None = None
    was_there: bool = False


Judge = Callable[[Sequence[GoodLine]], Sequence[Judged]]
"""Answers for each line, in their order. Raises `Unavailable`, and then the list may be run again."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A line that did not go in."""

    line: int
    code: str
    said: str
    told: dict[str, str] = field(default_factory=dict)


_Tell = Callable[[_Refusal], None]


def bring_in_list(kind: Kind, asked: Asked, judge: Judge) -> None:
    """Every line in its turn; the sum is printed, and the exit code is 1 when lines were refused.

    Raises `StartRefused` for a list that cannot be read, a report that cannot be written, a database that is away.
    """
    try:
        with open_list(asked.file) as source, _reporting(kind, asked) as tell:
            counted = _judge_all(kind, source, judge, tell)
    except OSError as error:
        raise StartRefused(f"{error.strerror}; what went in before stays. Run the same file again.") from None
    told = {name: counted[name] for name in (kind.done, "already_there", "refused")}
    if asked.as_json:
        typer.echo(json.dumps({"forum_id": asked.forum_id, "dry_run": asked.dry_run} | told))
    else:
        done = f"Would be {kind.done}" if asked.dry_run else kind.done.capitalize()
        typer.echo(f"{done}: {told[kind.done]}; already there: {told['already_there']}; refused: {told['refused']}.")
    if counted["refused"]:
        typer.echo(f"shiming: {counted['refused']} of {counted.total()} lines were refused.", err=True)
        raise typer.Exit(1)


def _judge_all(kind: Kind, source: BinaryIO, judge: Judge, tell: _Tell) -> Counter[str]:
    counted, lines = Counter[str](), read_list(source, kind.columns)
    while batch := list(islice(lines, kind.at_once)):
        try:
            judged = iter(judge([line for line in batch if isinstance(line, GoodLine)]))
        except Unavailable:
            raise StartRefused(_NO_ANSWER.format(batch[0].number)) from None
        for line in batch:
            if isinstance(line, BadLine):
                refusal: _Refusal | None = _Refusal(line.number, line.code, line.said)
            else:
                refusal = _counted(kind, line, next(judged), counted)
            if refusal is not None:
                counted["refused"] += 1
                tell(refusal)
    return counted


def _counted(kind: Kind, line: GoodLine, judged: Judged, counted: Counter[str]) -> _Refusal | None:
    refusal = judged.refusal
    if refusal is None:
        counted["already_there" if judged.was_there else kind.done] += 1
        return None
    told = {name: _printable(line.fields[name]) for name in kind.told if name in line.fields}
    return _Refusal(line.number, refusal.code, sentence_of(refusal), told)


@contextmanager
def _reporting(kind: Kind, asked: Asked) -> Iterator[_Tell]:
    """Lines of a CSV file for its owner alone, or of stderr. Raises `StartRefused`."""
    report = asked.report
    if report is None:
        yield _say
        return
    if report.exists() and report.samefile(asked.file):
        raise StartRefused("The report would replace the list itself. Name another file.")
    try:
        report.touch(0o600)
        sink = report.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise StartRefused(f"{report} cannot be written: {error.strerror}.") from None
    with sink:
        writer = csv.writer(sink)
        writer.writerow(("line", "code", "sentence", *kind.told))
        yield lambda refused: writer.writerow(
            (refused.line, refused.code, refused.said, *(_harmless(refused.told.get(name, "")) for name in kind.told))
        )


def _say(refused: _Refusal) -> None:
    whose = ", ".join(f"{name} {text}" for name, text in refused.told.items())
    shown = f" ({whose})" if any(refused.told.values()) else ""
    typer.echo(f"line {refused.line}: {refused.code}: {refused.said}{shown}", err=True)


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text[:_LONGEST_SHOWN])


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text
