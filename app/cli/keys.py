"""Commands about keys: what there is, and the rotation of what signs tokens."""

import json
from typing import Annotated, Literal

import typer

from app.cli.audit_proofs import on_record
from app.crypto.keyring import load_keyring
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep.rotation import KeyStatus, key_statuses, rotate_signing
from app.wiring import build, clock_of

keys = typer.Typer(help="Keys and their rotation.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


@keys.command()
def status(as_json: AsJson = False) -> None:
    """Every key: what it is for, its state, and what happens to it next."""
    settings = Settings()
    found = [_row(one) for one in key_statuses(load_keyring(settings.keys_dir), clock_of(settings).now())]
    if not found:
        raise StartRefused(f"There are no keys in {settings.keys_dir}. Run `shiming init`.")
    if as_json:
        typer.echo(json.dumps(found))
        return
    for row in found:
        typer.echo(f"{row['purpose']:<8} {row['state']:<9} {row['id']}  since {row['since']}  {row['next']}")


@keys.command()
def rotate(purpose: Literal["root", "signing", "index", "audit"], as_json: AsJson = False) -> None:
    """Promote the next signing key while the service serves; tokens signed before stay good until they expire."""
    if purpose != "signing":
        raise StartRefused(f"This version rotates signing keys only; {purpose} keys stay as they are.")
    settings = Settings()
    services = build(settings)
    done = rotate_signing(services.unit_of_work, services.audit.receipts, settings.keys_dir, OPERATOR)
    shown = {
        "promoted": done.promoted.id,
        "next": done.made.id,
        "destroyed": [key.id for key in done.destroyed],
        "receipt": done.receipt.shown(),
    }
    typer.echo(
        json.dumps(shown)
        if as_json
        else f"Key {done.promoted.id} signs from now on; {done.made.id} is next; {len(done.destroyed)} destroyed."
        f" {on_record(done.receipt)}"
    )


def _row(found: KeyStatus) -> dict[str, str | None]:
    return {
        "purpose": found.key.purpose.value,
        "id": found.key.id,
        "kid": found.kid,
        "state": found.state,
        "since": found.since.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "next": found.next,
    }
