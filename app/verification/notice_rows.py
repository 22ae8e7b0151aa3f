"""Every query on texts without a code, and on whom a number that moved on concerns."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.kernel.ids import AccountId, PersonId
from app.verification.domain import IdentityLevel
from app.verification.models import LinkRow, NoticeTextRow


def add(session: Session, message_id: str, now: datetime) -> None:
    session.add(NoticeTextRow(message_id=message_id, sent_at=now))
    session.flush()


def drop(session: Session, message_id: str) -> None:
    session.execute(delete(NoticeTextRow).where(NoticeTextRow.message_id == message_id))


def drop_old(session: Session, sent_by: datetime) -> None:
    session.execute(delete(NoticeTextRow).where(NoticeTextRow.sent_at <= sent_by))


def document_accounts(
    session: Session, person_ids: Collection[PersonId]
) -> Mapping[PersonId, list[tuple[AccountId, datetime]]]:
    """The accounts for which these persons proved themselves by document, and when they did so last."""
    query = select(LinkRow.person_id, LinkRow.account_id, LinkRow.verified_at).where(
        LinkRow.person_id.in_(person_ids), LinkRow.level == IdentityLevel.DOCUMENT
    )
    found: dict[PersonId, list[tuple[AccountId, datetime]]] = {person_id: [] for person_id in person_ids}
    for person_id, account_id, verified_at in session.execute(query.order_by(LinkRow.account_id)):
        found[PersonId(person_id)].append((AccountId(account_id), verified_at))
    return found
