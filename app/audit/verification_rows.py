"""Every query on the nightly verifications."""

from dataclasses import asdict

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.audit.findings import Kind, Outcome, Verification
from app.audit.models import AuditVerificationRow


def newest(session: Session, *, ended: bool = False) -> Verification | None:
    """The last one that was begun, or that has ended."""
    wanted = select(AuditVerificationRow).order_by(AuditVerificationRow.number.desc()).limit(1)
    row = session.scalars(wanted.where(AuditVerificationRow.outcome.is_not(None)) if ended else wanted).first()
    if row is None:
        return None
    return Verification(
        row.number,
        row.began_at,
        row.ended_at,
        Outcome(row.outcome) if row.outcome else None,
        row.entries,
        row.findings,
        Kind(row.kind) if row.kind else None,
        row.origin,
        row.place,
    )


def begin(session: Session, verification: Verification) -> None:
    session.execute(insert(AuditVerificationRow), _kept(verification))


def end(session: Session, verification: Verification) -> None:
    session.execute(
        update(AuditVerificationRow)
        .where(AuditVerificationRow.number == verification.number)
        .values(_kept(verification))
        .execution_options(synchronize_session=False)
    )


def _kept(verification: Verification) -> dict[str, object]:
    return {name: value for name, value in asdict(verification).items() if name != "declared"}
