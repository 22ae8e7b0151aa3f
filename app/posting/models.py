"""The table of what was answered to whoever asked for permits: numbers by day and forum, and nobody in them."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class PostingTallyRow(Base):
    """`outcome` is `permitted`, `refused`, or a reason for which it was refused; of several each one counts."""

    __tablename__ = "posting_tallies"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """Of Shanghai."""
    forum_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
