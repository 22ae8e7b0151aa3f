"""Commands that look into the audit log: what proves an entry, and which entries there are."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.audit.proofs import Receipt
from app.audit.search import FoundEntry, Question
from app.cli.moments import AsJson
from app.settings import Settings
from app.wiring import build

_LISTED = 50
Since = Annotated[datetime | None, typer.Option("--after", help="From this time on, UTC.")]
Until = Annotated[datetime | None, typer.Option("--before", help="Before this time, UTC.")]
Object = Annotated[str | None, typer.Option("--object", help="Id of what was acted on.")]


def prove(entry_id: str, as_json: AsJson = False) -> None:
    """Print what proves that an entry is in the log: a `.tlog-proof` of C2SP, or with --json the entry as well."""
    proofs = build(Settings()).audit.proofs
    receipt = proofs.inclusion(entry_id)
    typer.echo(
        json.dumps({**receipt.shown(), "keys": proofs.verifier_keys()}) if as_json else receipt.text(), nl=as_json
    )


def search(
    action: Annotated[str | None, typer.Option(help="What was done, as in docs/audit-actions.md.")] = None,
    actor: Annotated[str | None, typer.Option(help="Id of who did it.")] = None,
    object_id: Object = None,
    after: Since = None,
    before: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = _LISTED,
    as_json: AsJson = False,
) -> None:
    """List entries, the newest first."""
    question = Question(action, actor, object_id, _utc(after), _utc(before))
    found = build(Settings()).audit.search.find(question, limit)
    if as_json:
        typer.echo(json.dumps([_shown(one) for one in found]))
        return
    for one in found:
        typer.echo(_line(one))


def on_record(receipt: Receipt) -> str:
    """Where to find the entry that was published before what was done."""
    return f"On record as number {receipt.index}, entry {receipt.entry_id}."


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _shown(found: FoundEntry) -> dict[str, object]:
    return {"id": found.entry_id, "origin": found.origin, "number": found.place[1], "entry": found.entry}


def _line(found: FoundEntry) -> str:
    if found.entry is None:
        return f"{found.place[1]:>9}  {found.entry_id}  cannot be read: run `shiming audit verify`"
    said = found.entry
    actor, acted_on = (_named(said.get(part)) for part in ("actor", "object"))
    return f"{found.place[1]:>9}  {found.entry_id}  {said.get('ts')}  {said.get('action')}  {actor} -> {acted_on}"


def _named(part: object) -> str:
    return f"{part.get('kind')} {part.get('id')}" if isinstance(part, dict) else "?"
