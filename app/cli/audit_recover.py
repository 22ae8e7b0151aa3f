"""`shiming audit recover`: goes on after a restore, in a new log that begins with what is known of the old one."""

import json
from typing import Annotated

import typer

from app.audit.recovery import Recovered
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.settings import Settings
from app.wiring import build


def recover(as_json: Annotated[bool, typer.Option("--json", help="Print data as JSON.")] = False) -> None:
    """Begin a new log that holds the old one's last checkpoint; refused while nothing is wrong."""
    desk = build(Settings()).audit
    done = desk.recovery.recover(OPERATOR)
    desk.sequencer.catch_up()
    try:
        desk.anchors.anchor_now()
        anchored = True
    except Unavailable:
        anchored = False
    if as_json:
        typer.echo(json.dumps({**_row(done), "anchored": anchored}))
        return
    old = f"the checkpoint of {done.old.origin} at {done.old.size}" if done.old else "no earlier checkpoint"
    typer.echo(f"The log goes on as {done.origin}, which begins with {old}. Found: {done.why.value}.")
    if not anchored:
        typer.echo("shiming: an anchor could not be written yet; `shiming doctor` says which.", err=True)


def _row(done: Recovered) -> dict[str, object]:
    old = {"origin": done.old.origin, "size": done.old.size, "root": done.old.root.hex()} if done.old else None
    return {"found": done.why.value, "old": old, "origin": done.origin, "numbered_again": done.left_out}
