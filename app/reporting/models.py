"""Tables: cases, what was said and noted in them, and whose accounts are a member's own."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_OPEN = text("ended_at IS NULL")
_OPEN_APPEAL = text("proven IS TRUE AND ended_at IS NULL")
_KEPT = text("ended_at IS NOT NULL AND erased_at IS NULL")


class CaseRow(Base):
    """A complaint or an appeal; its texts are sealed, and go when its time is over. Nobody is named in the open."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("appeal_decided_by <> decided_by", name="another_person_on_appeal"),
        CheckConstraint("agreed_by <> decided_by", name="another_person_agrees"),
        CheckConstraint("against_decided_by <> decided_by", name="another_person_decides"),
        Index("uq_cases_code", "code_digest", unique=True),
        Index(
            "uq_cases_open_appeal",
            "against_kind",
            "against_ref",
            unique=True,
            sqlite_where=_OPEN_APPEAL,
            postgresql_where=_OPEN_APPEAL,
        ),
        Index("ix_cases_open", "next_by", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_cases_kept", "ended_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
        Index(None, "forum_id", "received_at"),
        Index(None, "target_digest"),
        Index(None, "target_account_id"),
        Index(None, "account_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    queue: Mapped[str] = mapped_column(String(16))
    on_behalf: Mapped[str] = mapped_column(String(16))

    category: Mapped[str | None] = mapped_column(String(16))
    target_kind: Mapped[str | None] = mapped_column(String(20))
    target_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Keyed: finds other cases about the same."""
    target_account_id: Mapped[str | None] = mapped_column(String(40))
    target_board_id: Mapped[str | None] = mapped_column(String(40))

    against_kind: Mapped[str | None] = mapped_column(String(24))
    against_ref: Mapped[str | None] = mapped_column(String(80))
    against_decided_by: Mapped[str | None] = mapped_column(String(40))
    account_id: Mapped[str | None] = mapped_column(String(40))
    """Whose appeal it is."""
    proven: Mapped[bool] = mapped_column(default=False)

    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Keyed; null once the case is erased, so that its code answers like a wrong one."""
    code_version: Mapped[int] = mapped_column(default=1)

    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    respond_by: Mapped[datetime] = mapped_column(UtcDateTime)
    next_by: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assigned_to: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[str | None] = mapped_column(String(24))
    outcome_reason: Mapped[str | None] = mapped_column(String(40))
    measures: Mapped[list[str]] = mapped_column(JSON)
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    agreed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    appealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appeal_decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appeal_decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    appeal_outcome: Mapped[str | None] = mapped_column(String(24))
    appeal_reason: Mapped[str | None] = mapped_column(String(40))
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appeal_escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was decided for the last time; null again while an appeal waits."""
    contact_erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int]

    sealed_target_ref: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_description: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of an appeal: its grounds."""
    sealed_evidence: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_channels: Mapped[list[str]] = mapped_column(JSON)
    """Which ways of contact were given, and nothing of them."""
    sealed_outcome_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_appeal_grounds: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_appeal_text: Mapped[bytes | None] = mapped_column(LargeBinary)


class CaseMessageRow(Base):
    """What was said after a case came in, by whoever complained or by staff."""

    __tablename__ = "case_messages"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its place in the conversation, to which its seal is bound."""
    author: Mapped[str] = mapped_column(String(16))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    asks: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)


class CaseNoteRow(Base):
    """What staff wrote down for each other about a case. Whoever complained and the forum never read it."""

    __tablename__ = "case_notes"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its place among the notes, to which its seal is bound."""
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)


class RecusalRow(Base):
    """A forum account that is a member's own: what concerns it does not exist for them. Source: L9."""

    __tablename__ = "recusals"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
