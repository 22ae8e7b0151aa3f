"""Records an act: a step that joins the transaction of the change, so that neither exists without the other."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from app.audit import repository
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, Entry, ObjectKind
from app.db.unit_of_work import Transaction
from app.kernel.ids import uuid7


def record(
    tx: Transaction,
    action: Action,
    kind: ObjectKind,
    object_id: str,
    *,
    outcome: str = "done",
    reason: str | None = None,
    case: str | None = None,
) -> str:
    """Stages one entry; its id. `reason` and `outcome` are codes; free text and personal data have no place here."""
    return _stage(tx, _entry(tx, action, AuditObject(kind, object_id), outcome, reason, case))


def record_with(
    tx: Transaction,
    detail: Detail,
    action: Action,
    acted_on: AuditObject,
    *,
    reason: str | None = None,
    case: str | None = None,
) -> str:
    """Likewise for an act about which something stands apart, sealed, that can be erased while the entry stays."""
    entry = _entry(tx, action, acted_on, "done", reason, case)
    sealed = detail.seal(entry.id)
    repository.add_detail(tx.session, entry.id, sealed.salt, sealed.sealed)
    return _stage(tx, replace(entry, commit=sealed.commitment))


def _entry(
    tx: Transaction, action: Action, acted_on: AuditObject, outcome: str, reason: str | None, case: str | None
) -> Entry:
    return Entry(
        id=str(uuid7(tx.now)),
        ts=tx.now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=tx.actor,
        action=action,
        object=acted_on,
        outcome=outcome,
        reason=reason,
        case=case,
    )


def _stage(tx: Transaction, entry: Entry) -> str:
    repository.stage(tx.session, entry.id, entry.canonical())
    return entry.id


def newest_entry_at(tx: Transaction) -> datetime | None:
    """When the newest entry was made, by its id, which begins with the time; None where there is none."""
    newest = repository.newest_entry(tx.session)
    try:
        return datetime.fromtimestamp((UUID(newest).int >> 80) / 1000, UTC) if newest else None
    except ValueError:  # staged by somebody else
        return None
