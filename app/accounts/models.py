"""Tables of accounts, their handles, the sanctions on them and what was done to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.domain import Sanction, SanctionKind
from app.db.base import Base
from app.db.types import UtcDateTime
from app.db.words import read_word

_OPEN = text("lifted_at IS NULL")


class AccountRow(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("forum_id", "handle_key", name="uq_accounts_handle"),
        UniqueConstraint("forum_id", "external_id", name="uq_accounts_external_id"),
        UniqueConstraint("forum_id", "status_index", name="uq_accounts_status_index"),
        Index(None, "forum_id", "id"),
        Index("ix_accounts_changed", "forum_id", "updated_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    handle: Mapped[str] = mapped_column(String(20))
    handle_key: Mapped[str] = mapped_column(String(120))
    external_id: Mapped[str | None] = mapped_column(String(200))
    display_name: Mapped[str | None] = mapped_column(String(50))
    bio: Mapped[str | None] = mapped_column(String(500))
    signature: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status_index: Mapped[int]
    """The account's place in its forum's status list."""
    handle_frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HandleRow(Base):
    """One look of an account's handle; once the handle is given up, the account keeps it until `reserved_until`."""

    __tablename__ = "handles"

    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"), primary_key=True)
    skeleton: Mapped[str] = mapped_column(String(160), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    reserved_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SanctionRow(Base):
    """A sanction and, once lifted, its end; at most one is open on an account."""

    __tablename__ = "account_sanctions"
    __table_args__ = (
        Index("uq_account_sanctions_open", "account_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(400))
    imposed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    lifted_because: Mapped[str | None] = mapped_column(String(400))
    ground: Mapped[str | None] = mapped_column(String(200))
    actor_kind: Mapped[str | None] = mapped_column(String(16))
    """Who imposed it: somebody else decides an appeal."""
    actor_id: Mapped[str | None] = mapped_column(String(40))
    replaces: Mapped[int | None]
    """The sanction that stood before it and ended with it."""
    overturned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def sanction(self) -> Sanction:
        """A suspension where its kind is no word of ours: it stops posting, and a reinstatement ends it."""
        return Sanction(
            read_word(SanctionKind, self.kind, self.account_id, SanctionKind.SUSPENSION),
            self.reason,
            self.until,
            self.ground,
        )


class ActRow(Base):
    """What was done to an account, by whom and why; nothing is taken back out."""

    __tablename__ = "account_acts"
    __table_args__ = (Index(None, "actor_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(400))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_id: Mapped[str | None] = mapped_column(String(40))
    """The violation or the case for which it was done, where that was said."""
