"""Every query on texts: how many went where, and those without a code."""

from datetime import datetime

from sqlalchemy import delete, func, literal, select, union_all
from sqlalchemy.orm import Session

from app import policies
from app.kernel.ids import AccountId
from app.verification.models import CodeRow, MisuseProofRow, NoticeTextRow, SignInRow, VerificationRow


def add_notice(session: Session, message_id: str, now: datetime) -> None:
    session.add(NoticeTextRow(message_id=message_id, sent_at=now))
    session.flush()


def drop_notice(session: Session, message_id: str) -> None:
    session.execute(delete(NoticeTextRow).where(NoticeTextRow.message_id == message_id))


def drop_old_notices(session: Session, sent_by: datetime) -> None:
    session.execute(delete(NoticeTextRow).where(NoticeTextRow.sent_at <= sent_by))


def texts_for_account(session: Session, account_id: AccountId, since: datetime) -> int:
    query = (
        select(func.count())
        .select_from(CodeRow)
        .join(VerificationRow, VerificationRow.id == CodeRow.verification_id)
        .where(VerificationRow.account_id == account_id, VerificationRow.started_at > since)
    )
    return session.scalar(query) or 0


def texts_to_phone(session: Session, phone_digest: bytes, since: datetime) -> list[datetime]:
    """When texts of any kind went to this phone since then, newest first."""
    kinds = (
        select(row.sent_at).where(row.phone_digest == phone_digest, row.sent_at > since)
        for row in (CodeRow, SignInRow, MisuseProofRow)
    )
    sent = union_all(*kinds).subquery()
    newest = select(sent.c.sent_at).order_by(sent.c.sent_at.desc()).limit(policies.TEXTS_PER_DAY.value)
    return list(session.scalars(newest))


def texts_since(session: Session, moment: datetime) -> int:
    """Texts of any kind to all phones together."""
    kinds = (
        select(func.count()).select_from(row).where(row.sent_at >= moment).scalar_subquery()
        for row in (CodeRow, SignInRow, MisuseProofRow, NoticeTextRow)
    )
    return session.scalar(select(sum(kinds, literal(0)))) or 0
