"""Tables: links, verifications, one-time codes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class LinkRow(Base):
    __tablename__ = "person_links"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    level: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(24))
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sandbox: Mapped[bool]


class VerificationRow(Base):
    """One attempt: written before anybody outside is asked, so that a crash cannot hide that they were."""

    __tablename__ = "verifications"
    __table_args__ = (Index(None, "account_id", "started_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    method: Mapped[str] = mapped_column(String(24))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(16))
    document_type: Mapped[str | None] = mapped_column(String(40))
    subject_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    provider: Mapped[str] = mapped_column(String(40))
    raw_code: Mapped[str | None] = mapped_column(String(80))
    provider_request_id: Mapped[str | None] = mapped_column(String(120))
    billable: Mapped[bool | None]
    sandbox: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CodeRow(Base):
    """A one-time code as a keyed digest. Every try is charged before it is compared."""

    __tablename__ = "one_time_codes"
    __table_args__ = (Index(None, "phone_digest", "sent_at"),)

    verification_id: Mapped[str] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
