"""What staff note about a case for each other: read with the case, by whom it does not concern, and by nobody else."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db.unit_of_work import Transaction
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.reporting.case_texts import CaseTexts
from app.reporting.domain import Note
from app.reporting.models import CaseNoteRow


def add_note(tx: Transaction, texts: CaseTexts, case_id: str, text: Secret[str]) -> None:
    """A step, on a case that is held."""
    number = (tx.session.scalar(select(func.count()).where(CaseNoteRow.case_id == case_id)) or 0) + 1
    sealed = texts.seal_note(case_id, number, text)
    tx.session.add(CaseNoteRow(case_id=case_id, number=number, staff_id=tx.actor.id, at=tx.now, sealed_text=sealed))
    tx.session.flush()


def notes_of(session: Session, texts: CaseTexts, case_id: str) -> tuple[Note, ...]:
    """Oldest first."""
    query = select(CaseNoteRow).where(CaseNoteRow.case_id == case_id).order_by(CaseNoteRow.number)
    return tuple(
        Note(StaffId(row.staff_id), row.at, texts.open_note(case_id, row.number, row.sealed_text))
        for row in session.scalars(query)
    )


def erase_notes(session: Session, case_ids: list[str]) -> None:
    session.execute(delete(CaseNoteRow).where(CaseNoteRow.case_id.in_(case_ids)))
