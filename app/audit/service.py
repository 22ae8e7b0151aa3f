"""Records an act: a step that joins the transaction of the change, so that neither exists without the other."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select

from app.audit.domain import Action, AuditObject, Entry, ObjectKind
from app.audit.models import StagedEntryRow
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
) -> None:
    """Stages one entry. `reason` and `outcome` are codes; free text and personal data have no place here."""
    entry = Entry(
        id=str(uuid7(tx.now)),
        ts=tx.now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=tx.actor,
        action=action,
        object=AuditObject(kind, object_id),
        outcome=outcome,
        reason=reason,
        case=case,
    )
    tx.session.add(StagedEntryRow(id=entry.id, entry=entry.canonical()))


def newest_entry_at(tx: Transaction) -> datetime | None:
    """When the newest entry was made, by its id, which begins with the time; None where there is none."""
    newest = tx.session.scalar(select(func.max(StagedEntryRow.id)))
    return datetime.fromtimestamp((UUID(newest).int >> 80) / 1000, UTC) if newest else None
