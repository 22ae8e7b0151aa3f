"""Tables of forums, clients and client secrets, of pauses and drills."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_IN_FORCE = text("ended_at IS NULL")


class ForumRow(Base):
    __tablename__ = "forums"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(16))
    return_urls: Mapped[list[str]] = mapped_column(JSON)
    direct_verification: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acts_confirmed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when the cap on destructive acts is lifted."""


class ClientRow(Base):
    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)


class RevokedTokenRow(Base):
    """An access or posting token that was taken back; the row goes when the token would have expired."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(String(60), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ClientSecretRow(Base):
    """A secret as a keyed digest; after a rotation the old one lives on until `expires_at`."""

    __tablename__ = "client_secrets"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PauseRow(Base):
    """A throw of the emergency switch; `place` is `all`, a forum or a board, `forum` the forum of either, or `all`."""

    __tablename__ = "pauses"
    __table_args__ = (
        Index("uq_pauses_in_force", "forum", "place", unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
        CheckConstraint("ended_by <> began_by", name="second_person"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(400))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    began_by: Mapped[str] = mapped_column(String(40))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(40))


class DrillRow(Base):
    """An emergency that was rehearsed; only ever added."""

    __tablename__ = "drills"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    held_on: Mapped[date] = mapped_column(Date)
    scenario: Mapped[str] = mapped_column(String(400))
    outcome: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(String(40))
