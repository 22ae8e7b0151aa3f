"""The command `shiming patrol`."""

import json
from datetime import datetime

import typer

from app.cli.moments import AsJson, moment
from app.screening.patrol import PatrolState, Progress
from app.settings import Settings
from app.wiring import build


def patrol(as_json: AsJson = False) -> None:
    """How far everything public has been screened again after each publication; 1 where the newest is flooded."""
    services = build(Settings())
    found, now = services.patrol.progress(), services.clock.now()
    if as_json:
        typer.echo(json.dumps([_row(one, now) for one in found]))
    else:
        for one in found:
            typer.echo(_line_of(one, now))
        if not found:
            typer.echo("No lexicon has been published.")
    if found and found[0].state is PatrolState.FLOODED:
        typer.echo(
            f"shiming: the patrol after publication {found[0].publication} found so much that it opens no more reviews:"
            " look for a bad line in the lexicon and publish a mended one.",
            err=True,
        )
        raise typer.Exit(1)


def _row(one: Progress, now: datetime) -> dict[str, object]:
    return {
        "publication": one.publication,
        "published_at": moment(one.published_at),
        "state": one.state.value,
        "lag_seconds": int(one.lag(now).total_seconds()),
        "read": one.read,
        "found": one.found,
        "started_at": moment(one.started_at) if one.started_at else None,
        "moved_at": moment(one.moved_at) if one.moved_at else None,
        "finished_at": moment(one.finished_at) if one.finished_at else None,
    }


def _line_of(one: Progress, now: datetime) -> str:
    end = f"finished {moment(one.finished_at)}" if one.finished_at else f"{int(one.lag(now).total_seconds())} s behind"
    return (
        f"publication {one.publication} of {moment(one.published_at)}  {one.state}  {one.read} read, {one.found} found "
        f" {end}"
    )
