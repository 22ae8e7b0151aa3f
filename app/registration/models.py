"""Table of flows: registrations and verification sessions."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class FlowRow(Base):
    """One link and how far its person came; nothing that was typed is kept here but a handle and one digit."""

    __tablename__ = "flows"
    __table_args__ = (Index(None, "ended", "expires_at"), Index(None, "forum_id", "external_id"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    link_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    return_url: Mapped[str | None] = mapped_column(String(2000))
    state: Mapped[str | None] = mapped_column(String(500))
    language: Mapped[str | None] = mapped_column(String(8))
    wanted_handle: Mapped[str | None] = mapped_column(String(100))
    external_id: Mapped[str | None] = mapped_column(String(200))
    ended: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int]
    bound_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the secret that the one browser of this flow keeps."""
    entry_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the secrets with which that browser came to be bound, so that a second click is not another browser."""
    bound_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    bound_version: Mapped[int]
    agreed: Mapped[bool]
    agreement_only: Mapped[bool]
    handle_only: Mapped[bool]
    way: Mapped[str | None] = mapped_column(String(24))
    without_phone: Mapped[bool]
    phone_ending: Mapped[str | None] = mapped_column(String(1))
    attempts: Mapped[dict[str, str]] = mapped_column(JSON)
