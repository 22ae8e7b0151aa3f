"""What of the log the database itself keeps from being changed; only a detail may be deleted, never altered."""

from sqlalchemy import Connection

from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow
from app.db.protection import Change, InsertTrigger, Protected, stands, unprotected

PROTECTED: Protected = {
    **{row.__tablename__: tuple(Change) for row in (StagedEntryRow, OriginRow, LeafRow, TileRow, CheckpointRow)},
    DetailRow.__tablename__: (Change.UPDATE, Change.TRUNCATE),
}
"""`audit_waiting` proves nothing and is emptied all the time; `audit_anchor_states` says how things stand now."""
_QUEUE = InsertTrigger("audit_stage_waits", "audit_stage", "INSERT INTO audit_waiting (id) VALUES (NEW.id)")


def missing_protection(connection: Connection) -> list[str]:
    """The tables of the log that would let their rows be changed."""
    return unprotected(connection, PROTECTED)


def is_queued(connection: Connection) -> bool:
    """Whether the database puts what is staged into the queue; without that entries get no numbers."""
    return stands(connection, _QUEUE)
