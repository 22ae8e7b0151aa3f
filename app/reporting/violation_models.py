"""Tables of violations, what was done about them, their evidence, and what was reported to whom.

No foreign key leads out of here: whatever becomes of a post or an account, its record stays.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_NOT_WITHDRAWN = text("withdrawn_at IS NULL")


class ViolationRow(Base):
    """What was found, without its text. The content's name goes with its evidence; the row stays as a number."""

    __tablename__ = "violations"
    __table_args__ = (
        Index(None, "forum_id", "id"),
        Index(None, "account_id", "recorded_at"),
        Index(None, "board_id", "recorded_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[str] = mapped_column(String(40))
    board_id: Mapped[str | None] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    discovered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[str | None] = mapped_column(String(40), index=True)
    """The complaint by which it was found."""
    content_ref: Mapped[str | None] = mapped_column(String(200), index=True)
    url: Mapped[str | None] = mapped_column(String(2000))
    screening_id: Mapped[str | None] = mapped_column(String(40))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """SHA-256 of the text."""
    kept_until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_by: Mapped[str | None] = mapped_column(String(40))
    hold_reason: Mapped[str | None] = mapped_column(String(400))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EvidenceRow(Base):
    """What was published, by whom and when, sealed. Nothing of it changes; it goes when its time is over."""

    __tablename__ = "violation_evidence"

    violation_id: Mapped[str] = mapped_column(ForeignKey("violations.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of its canonical form; the log's entry names it too."""
    kept_until: Mapped[datetime] = mapped_column(UtcDateTime)


class MeasureRow(Base):
    """What was done to content; what was ordered waits for the forum's word."""

    __tablename__ = "violation_measures"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    violation_id: Mapped[str] = mapped_column(ForeignKey("violations.id"), index=True)
    measure: Mapped[str] = mapped_column(String(24))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(400))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it really was so, by the forum's word."""


class AuthorityReportRow(Base):
    """A report to an authority, from draft to receipt: of a violation one to each authority, besides withdrawn ones."""

    __tablename__ = "authority_reports"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> drafted_by", name="another_person"),
        Index(
            "uq_authority_reports_open",
            "violation_id",
            "authority_id",
            unique=True,
            sqlite_where=_NOT_WITHDRAWN,
            postgresql_where=_NOT_WITHDRAWN,
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    violation_id: Mapped[str] = mapped_column(ForeignKey("violations.id"), index=True)
    authority_id: Mapped[str] = mapped_column(String(40))
    authority_name: Mapped[str] = mapped_column(String(120))
    """What the directory said when the report was drafted; so the next four."""
    kind: Mapped[str] = mapped_column(String(16))
    region: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(400))
    reviewed_on: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    sealed_note: Mapped[bytes | None] = mapped_column(LargeBinary)
    disclosure_id: Mapped[str | None] = mapped_column(String(40))
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drafted_by: Mapped[str] = mapped_column(String(40))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(40))
    sealed_document: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As it was approved, in canonical form."""
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_by: Mapped[str | None] = mapped_column(String(40))
    receipt_no: Mapped[str | None] = mapped_column(String(120))
    receipt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(40))
    withdrawn_because: Mapped[str | None] = mapped_column(String(400))
