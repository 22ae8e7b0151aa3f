"""What of evidence the database itself keeps: nothing of it changes, and it ends with its time alone. Source: L7d."""

from sqlalchemy import Connection

from app.db.protection import Change, GuardedDelete, Protected, is_guarded, unprotected
from app.reporting.violation_models import EvidenceRow, ViolationRow

EVIDENCE: Protected = {EvidenceRow.__tablename__: (Change.UPDATE, Change.TRUNCATE)}
_OVER = "v.id = OLD.violation_id AND v.erased_at >= OLD.kept_until AND v.held_at IS NULL"
KEPT_EVIDENCE = GuardedDelete(
    EvidenceRow.__tablename__,
    f"EXISTS (SELECT 1 FROM {ViolationRow.__tablename__} v WHERE {_OVER})",  # noqa: S608 -- names of our own
)
"""A row goes once its violation says that its time is over, and nobody holds it."""


def keeps_evidence(connection: Connection) -> bool:
    """Whether every trigger that keeps it is there, and refuses what it must."""
    return not unprotected(connection, EVIDENCE) and is_guarded(connection, KEPT_EVIDENCE)
