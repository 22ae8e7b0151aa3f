"""Commands about the whole audit log that any inspector may run on a copy: public keys are enough."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from app.audit.checkpoint import NoteRefused
from app.audit.evidence import Trust
from app.audit.export import RecordedExport
from app.audit.findings import Finding, Outcome, Report
from app.audit.inspection import Inspection
from app.audit.proofs import Receipt
from app.cli.audit_proofs import on_record
from app.installation import inspection
from app.kernel.actor import OPERATOR
from app.kernel.errors import ShimingError, StartRefused
from app.settings import Settings
from app.wiring import build

audit = typer.Typer(help="The audit log: verify it, take it away whole.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Verifier keys, one a line; without it those of the key directory.")
]
_TAMPERED, _UNVERIFIABLE = 1, 2


@audit.command()
def verify(key: KeyFile = None, as_json: AsJson = False) -> None:
    """Check every entry, tile, checkpoint and signature: 0 clean, 1 tampered, 2 could not verify."""
    gc.disable()  # a million rows and no cycle among them: it would take a fifth of the time
    with _unverifiable(), inspection(Settings(), _trust_in(key)) as inspecting:
        report = inspecting.verify()
    if as_json:
        typer.echo(json.dumps(_shown(report), ensure_ascii=False))
    else:
        _print(report)
    if report.outcome is Outcome.TAMPERED:
        first = report.tampering[0]
        typer.echo(f"shiming: the audit log was tampered with: {_line_of(first)}", err=True)
        raise typer.Exit(_TAMPERED)
    if report.outcome is Outcome.UNVERIFIABLE:
        typer.echo(f"shiming: could not verify: {report.unverified[0]}.", err=True)
        raise typer.Exit(_UNVERIFIABLE)


@audit.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Empty, or not there yet.")],
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the whole log into a folder that tools/verify_audit.py can check without us.

    It is put on record first; where no private audit key is, as beside a copy, nothing can be and nothing is.
    """
    settings = Settings()
    with _exportable(), inspection(settings, _trust_in(key)) as inspecting:
        count, receipt = _export(settings, inspecting, folder)
    if as_json:
        typer.echo(json.dumps({"entries": count, "receipt": receipt.shown() if receipt else None}))
        return
    recorded = on_record(receipt) if receipt else "Not on record: there is no private audit key here."
    typer.echo(f"{count} entries are in {folder}; README.txt says what is what. {recorded}")


def _export(settings: Settings, inspecting: Inspection, folder: Path) -> tuple[int, Receipt | None]:
    if not inspecting.can_sign:
        return inspecting.export.write(folder, inspecting.trust), None
    services = build(settings)
    recorded = RecordedExport(services.unit_of_work, services.audit.receipts, inspecting.export)
    done = recorded.write(OPERATOR, folder, inspecting.trust)
    return done.entries, done.receipt


def _trust_in(file: Path | None) -> Trust | None:
    """Raises `StartRefused` for a file that holds no keys."""
    if file is None:
        return None
    try:
        return Trust.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StartRefused(f"{file} cannot be read as verifier keys, one on a line.") from None


@contextmanager
def _unverifiable() -> Iterator[None]:
    """Whatever keeps the verification from its end is said in one line: it is neither clean nor tampered with."""
    try:
        yield
    except (StartRefused, NoteRefused) as refused:
        said = str(refused)
    except ShimingError as refused:
        said = refused.detail.en
    except OSError as error:
        said = f"a file cannot be read: {error.strerror}."
    except SQLAlchemyError:
        said = "the database does not answer as a sound database; `shiming doctor` examines it."
    except Exception as error:  # noqa: BLE001 -- whatever a bent row does to us, it is neither clean nor a traceback
        said = f"the log holds what cannot be read ({type(error).__name__})."
    else:
        return
    typer.echo(f"shiming: could not verify: {said}", err=True)
    raise typer.Exit(_UNVERIFIABLE)


@contextmanager
def _exportable() -> Iterator[None]:
    """Likewise whatever a bent row does to an export; what is there of it then is not the whole log."""
    try:
        yield
    except (StartRefused, ShimingError):
        raise
    except Exception as error:  # noqa: BLE001 -- as above
        said = f"the log holds what cannot be read ({type(error).__name__}); `shiming doctor` examines the database."
        typer.echo(f"shiming: could not export: {said}", err=True)
        raise typer.Exit(_UNVERIFIABLE) from None


def _shown(report: Report) -> dict[str, object]:
    return {
        "result": report.outcome.value,
        "logs": [{"origin": log.origin, "size": log.size} for log in report.logs],
        "findings": [
            {
                "kind": found.kind.value,
                "origin": found.origin or None,
                "number": found.number,
                "through": found.through,
                "sentence": found.sentence,
            }
            for found in report.findings
        ],
        "declared": list(report.declared),
        "unchecked": list(report.unchecked),
        "unverified": list(report.unverified),
    }


def _print(report: Report) -> None:
    for log in report.logs:
        typer.echo(f"{log.origin}: {log.size} entries")
    for found in report.findings:
        typer.echo(_line_of(found))
    for what in report.declared:
        typer.echo(f"declared: {what}")
    for what in report.unchecked:
        typer.echo(f"not checked: {what}")
    for what in report.unverified:
        typer.echo(f"could not verify: {what}")
    if report.outcome is Outcome.CLEAN:
        typer.echo("clean" if report.logs else "clean: there is no log yet")


def _line_of(found: Finding) -> str:
    where = f" in {found.origin}" if found.origin else ""
    until = "" if found.through in {None, found.number} else f" to {found.through}"
    at = "" if found.number is None else f" at {found.number}{until}"
    return f"{found.kind}{at}{where}: {found.sentence}"
