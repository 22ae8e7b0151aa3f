"""The job that verifies the audit log every night, and says aloud what it found."""

from app.audit.findings import Outcome
from app.audit.verifications import NightlyVerifications
from app.web.logs import logger


def verify_nightly(nightly: NightlyVerifications) -> int:
    """One when the verification of this night was done here, else 0. Raises `Unavailable`."""
    done = nightly.verify_nightly()
    if done is None:
        return 0
    if done.outcome is Outcome.TAMPERED:
        logger().error("audit-tampered", kind=done.kind, log=done.origin, number=done.place, findings=done.findings)
    elif done.outcome is Outcome.UNVERIFIABLE:
        logger().error("audit-unverifiable")
    if done.declared:
        logger().warning("audit-loss-declared", losses=done.declared)
    return 1
