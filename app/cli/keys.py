"""Commands about keys: what there is, and the rotation of what signs."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.audit_proofs import on_record
from app.crypto.keyring import load_keyring
from app.installation import clock_of
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep.audit_rotation import rotate_audit
from app.upkeep.rotation import KeyStatus, key_statuses, rotate_signing
from app.wiring import Services, build

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
    """Put a new key into use while the service serves; what was signed before stays good."""
    if purpose not in {"signing", "audit"}:
        raise StartRefused(f"This version rotates signing and audit keys only; {purpose} keys stay as they are.")
    settings = Settings()
    services = build(settings)
    said, sentence = (_rotate_audit if purpose == "audit" else _rotate_signing)(services, settings.keys_dir)
    typer.echo(json.dumps(said) if as_json else sentence)


def _rotate_audit(services: Services, directory: Path) -> tuple[dict[str, object], str]:
    done = rotate_audit(services.unit_of_work, services.audit.receipts, directory, OPERATOR)
    gone = [key.id for key in done.disarmed]
    said: dict[str, object] = {
        "promoted": done.made.id,
        "private_halves_destroyed": gone,
        "receipt": done.receipt.shown(),
    }
    sentence = f"Key {done.made.id} signs the audit log from now on; private halves destroyed: {len(gone)}."
    return said, f"{sentence} {on_record(done.receipt)}"


def _rotate_signing(services: Services, directory: Path) -> tuple[dict[str, object], str]:
    done = rotate_signing(services.unit_of_work, services.audit.receipts, directory, OPERATOR)
    said: dict[str, object] = {
        "promoted": done.promoted.id,
        "next": done.made.id,
        "destroyed": [key.id for key in done.destroyed],
        "receipt": done.receipt.shown(),
    }
    sentence = f"Key {done.promoted.id} signs from now on; {done.made.id} is next; {len(done.destroyed)} destroyed."
    return said, f"{sentence} {on_record(done.receipt)}"


def _row(found: KeyStatus) -> dict[str, str | None]:
    return {
        "purpose": found.key.purpose.value,
        "id": found.key.id,
        "kid": found.kid,
        "state": found.state,
        "since": found.since.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "next": found.next,
    }
