"""What of evidence the database itself keeps: nothing of it changes, and it ends with its time alone. Source: L7d."""

from app.db.protection import Change, GuardedDelete, Protected
from app.reporting.violation_models import EvidenceRow, ViolationRow

EVIDENCE: Protected = {EvidenceRow.__tablename__: (Change.UPDATE, Change.TRUNCATE)}
_OVER = "v.id = OLD.violation_id AND v.erased_at >= OLD.kept_until AND v.held_at IS NULL"
KEPT_EVIDENCE = GuardedDelete(
    EvidenceRow.__tablename__,
    f"EXISTS (SELECT 1 FROM {ViolationRow.__tablename__} v WHERE {_OVER})",  # noqa: S608 -- names of our own
)
"""A row goes once its violation says that its time is over, and nobody holds it."""
