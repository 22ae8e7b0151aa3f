"""Queries on drafts of agreements, and on all versions that were ever published."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.agreements.domain import AgreementKind, AgreementVersion, Draft, DraftStatus, WrittenDraft
from app.agreements.models import AgreementVersionRow, DraftRow
from app.agreements.repository import version_of
from app.db.words import read_word
from app.kernel.ids import DraftId


def add(session: Session, written: WrittenDraft) -> None:
    session.add(
        DraftRow(
            id=written.id,
            kind=written.draft.kind,
            version=written.draft.version,
            title=written.title,
            text_zh=written.draft.zh,
            text_en=written.draft.en,
            revision=written.revision,
            status=written.status,
            created_at=written.created_at,
            updated_at=written.updated_at,
            updated_by=written.updated_by,
        )
    )
    session.flush()


def find(session: Session, draft_id: str) -> WrittenDraft | None:
    row = session.get(DraftRow, draft_id, populate_existing=True) if draft_id.isascii() else None
    return _written(row) if row else None


def list_drafts(session: Session, before: str | None, limit: int) -> list[WrittenDraft]:
    """Newest first, published and withdrawn ones too."""
    query = select(DraftRow).order_by(DraftRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DraftRow.id < before)
    return [_written(row) for row in session.scalars(query)]


def save(session: Session, changed: WrittenDraft) -> bool:
    """Stores a draft as its next revision; False when somebody else has done so since it was read."""
    before = (DraftRow.id == changed.id, DraftRow.revision == changed.revision, DraftRow.status == DraftStatus.DRAFT)
    done = session.execute(
        update(DraftRow)
        .where(*before)
        .values(
            version=changed.draft.version,
            title=changed.title,
            text_zh=changed.draft.zh,
            text_en=changed.draft.en,
            revision=changed.revision + 1,
            status=changed.status,
            updated_at=changed.updated_at,
            updated_by=changed.updated_by,
        )
        .returning(DraftRow.id)
    )
    return done.one_or_none() is not None


def published(session: Session, before: int | None, limit: int) -> list[tuple[int, AgreementVersion]]:
    """Every version, what was published last first."""
    query = select(AgreementVersionRow).order_by(AgreementVersionRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AgreementVersionRow.id < before)
    return [(row.id, version_of(row)) for row in session.scalars(query)]


def _written(row: DraftRow) -> WrittenDraft:
    return WrittenDraft(
        id=DraftId(row.id),
        title=row.title,
        draft=Draft(read_word(AgreementKind, row.kind, row.id), row.version, row.text_zh, row.text_en),
        revision=row.revision,
        status=read_word(DraftStatus, row.status, row.id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
