"""Every query on agreements."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.agreements.domain import Acceptance, AcceptanceChannel, AgreementKind, AgreementVersion
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.db.words import read_word
from app.kernel.ids import AccountId


def in_force(session: Session, kind: AgreementKind, now: datetime) -> tuple[int, AgreementVersion] | None:
    """The newest version that is effective at `now`, with its row id."""
    row = session.scalars(
        select(AgreementVersionRow)
        .where(AgreementVersionRow.kind == kind, AgreementVersionRow.effective_at <= now)
        .order_by(AgreementVersionRow.effective_at.desc(), AgreementVersionRow.id.desc())
        .limit(1)
    ).one_or_none()
    return (row.id, version_of(row)) if row else None


def find(session: Session, kind: AgreementKind, version: str) -> AgreementVersion | None:
    row = session.scalar(
        select(AgreementVersionRow).where(AgreementVersionRow.kind == kind, AgreementVersionRow.version == version)
    )
    return version_of(row) if row else None


def version_of(row: AgreementVersionRow) -> AgreementVersion:
    return AgreementVersion(
        kind=read_word(AgreementKind, row.kind, str(row.id)),
        version=row.version,
        title=row.title,
        text_zh=row.text_zh,
        text_en=row.text_en,
        effective_at=row.effective_at,
        accept_by=row.accept_by,
    )


def any_published(session: Session, kind: AgreementKind) -> bool:
    return session.scalar(select(AgreementVersionRow.id).where(AgreementVersionRow.kind == kind).limit(1)) is not None


def add(session: Session, version: AgreementVersion) -> None:
    session.add(
        AgreementVersionRow(
            kind=version.kind,
            version=version.version,
            title=version.title,
            text_zh=version.text_zh,
            text_en=version.text_en,
            effective_at=version.effective_at,
            accept_by=version.accept_by,
        )
    )


def find_acceptance(
    session: Session, account_id: AccountId, version_id: int, version: AgreementVersion
) -> Acceptance | None:
    row = session.get(AcceptanceRow, (account_id, version_id))
    if row is None:
        return None
    return Acceptance(
        account_id,
        version.kind,
        version.version,
        row.accepted_at,
        read_word(AcceptanceChannel, row.channel, account_id),
    )


def any_accepted(session: Session, account_id: AccountId, kind: AgreementKind) -> bool:
    """Whether the account accepted a version of this kind, whichever."""
    query = (
        select(AcceptanceRow.version_id)
        .join(AgreementVersionRow, AgreementVersionRow.id == AcceptanceRow.version_id)
        .where(AcceptanceRow.account_id == account_id, AgreementVersionRow.kind == kind)
        .limit(1)
    )
    return session.scalar(query) is not None


def add_acceptance(session: Session, version_id: int, acceptance: Acceptance) -> None:
    session.add(
        AcceptanceRow(
            account_id=acceptance.account_id,
            version_id=version_id,
            accepted_at=acceptance.accepted_at,
            channel=acceptance.channel,
        )
    )
