"""Tables of officers, of forums' filings and of authorities; what was said before is kept beside what holds now."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class OfficerRow(Base):
    """Who is named is sealed: it is nobody's business who reads the database."""

    __tablename__ = "officers"
    __table_args__ = (Index(None, "duty"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    duty: Mapped[str] = mapped_column(String(32))
    rank: Mapped[str] = mapped_column(String(16))
    sealed_title: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_contact: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_paper: Mapped[bytes | None] = mapped_column(LargeBinary)
    appointed_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_because: Mapped[str | None] = mapped_column(String(400))


class ForumFilingRow(Base):
    """Only ever added; of a forum the one with the highest number holds."""

    __tablename__ = "forum_filings"

    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    icp_filing: Mapped[str | None] = mapped_column(String(60))
    ps_filing: Mapped[str | None] = mapped_column(String(60))
    responsible_unit: Mapped[str] = mapped_column(String(120))
    reviewed_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(String(80))


class AuthorityRow(Base):
    """Only ever added; of an authority the entry with the highest number holds."""

    __tablename__ = "authority_entries"

    authority_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(400))
    reviewed_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(String(80))
    ended_because: Mapped[str | None] = mapped_column(String(400))
    """Why nothing is reported there any more."""
