"""`shiming doctor`: one line for each thing that was looked at, and what to do about it."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import ValidationError

from app.crypto.keyring import Keyring, load_keyring
from app.installation import audit_places, clock_of
from app.kernel.errors import StartRefused
from app.settings import Environment, Settings
from app.start_rules import unknown_settings, unsafe_in_production, unsafe_libraries
from app.upkeep.audit_doctor import examine_audit
from app.upkeep.doctor import Finding, Verdict, examine_database, examine_disk, examine_keys, failed, ok, warning


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print data as JSON.")] = False) -> None:
    """Examine settings, keys, database, clock and disk; 0 when nothing failed, 1 otherwise."""
    findings = list(_findings())
    if as_json:
        rows = [{"verdict": found.verdict, "what": found.what, "advice": found.advice or None} for found in findings]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for found in findings:
            typer.echo(f"{found.verdict:<7}  {found.what}" + (f"  -> {found.advice}" if found.advice else ""))
    count = sum(found.verdict is Verdict.FAILED for found in findings)
    if count:
        typer.echo(f"shiming: {count} of {len(findings)} checks failed.", err=True)
        raise typer.Exit(1)


def faults_of(invalid: ValidationError) -> str:
    """Which settings cannot be used and why; never their values."""
    return "; ".join(f"SHIMING_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in invalid.errors())


def _findings() -> Iterator[Finding]:
    try:
        settings = Settings()
    except ValidationError as invalid:
        yield failed(f"settings: {faults_of(invalid)}", "see docs/settings.md")
        return
    except (OSError, ValueError):
        yield failed("settings: the file .env cannot be read", "make it readable, in UTF-8")
        return
    try:
        yield from _examine_settings(settings)
        yield from examine_keys(settings.keys_dir, clock_of(settings))
        yield from examine_database(settings.database(), settings.keys_dir, clock_of(settings))
        yield from examine_audit(settings.database(), settings.keys_dir, audit_places(settings), clock_of(settings))
        yield examine_disk(settings.data_dir)
    except OSError as error:
        yield failed(f"files: {error.strerror}", "run as the user of the service; check who owns its folders")


def _examine_settings(settings: Settings) -> Iterator[Finding]:
    yield ok(f"settings: {settings.env.value}")
    for name in unknown_settings():
        yield warning(f"settings: {name} is no setting of this version", "see docs/settings.md")
    if settings.env is Environment.DEVELOPMENT:
        for library in unsafe_libraries():
            yield warning(f"library: {library} is importable", "install from requirements.lock")
        if settings.clock_offset_seconds:
            yield warning(f"clock: moved by {settings.clock_offset_seconds} seconds", "development only")
        return
    for fault in unsafe_in_production(settings, _keyring_of(settings)):
        yield failed(f"production: {fault}", "it will not start like this")
    if settings.metrics_token is None:
        yield warning("metrics: /metrics is closed", "set SHIMING_METRICS_TOKEN to open it")


def _keyring_of(settings: Settings) -> Keyring:
    try:
        return load_keyring(settings.keys_dir)
    except StartRefused:  # said where the keys are examined
        return Keyring([])
