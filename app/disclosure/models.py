"""Tables: requests, their approvals, and the one execution of each."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class DisclosureRow(Base):
    """A request. Nothing of it changes but how people ended it; its texts are sealed, since they may name somebody."""

    __tablename__ = "disclosures"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    requester_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    fields: Mapped[list[str]] = mapped_column(JSON)
    purpose: Mapped[str] = mapped_column(String(24))
    person_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed: of who stood behind the account."""
    sealed_handle: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_authority: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_instrument_no: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_legal_basis: Mapped[bytes] = mapped_column(LargeBinary)
    notify_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    closed_as: Mapped[str | None] = mapped_column(String(16))
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seal: Mapped[bytes] = mapped_column(LargeBinary)


class DisclosureApprovalRow(Base):
    """One person's approval of the request that had this digest, with our seal on all of it."""

    __tablename__ = "disclosure_approvals"
    __table_args__ = (CheckConstraint("approver_id <> requester_id", name="another_person"),)

    disclosure_id: Mapped[str] = mapped_column(ForeignKey("disclosures.id"), primary_key=True)
    approver_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    requester_id: Mapped[str] = mapped_column(String(40))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seal: Mapped[bytes] = mapped_column(LargeBinary)


class DisclosureExecutionRow(Base):
    """The one execution of a request; what was shown is stored nowhere."""

    __tablename__ = "disclosure_executions"
    __table_args__ = (Index(None, "reader_id", "started_at"),)

    disclosure_id: Mapped[str] = mapped_column(ForeignKey("disclosures.id"), primary_key=True)
    reader_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    entry_id: Mapped[str] = mapped_column(String(40))
    """Of the entry that announced it."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the fields were first shown."""
    seal: Mapped[bytes] = mapped_column(LargeBinary)
