"""The table of what was counted of posters: numbers of a day, and nobody in them."""

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class PosterCountRow(Base):
    """The newest count of a day of Shanghai."""

    __tablename__ = "poster_counts"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    may_post: Mapped[int] = mapped_column(BigInteger)
    worst_unverified: Mapped[int] = mapped_column(BigInteger)
    """The most accounts that might post unverified, of all counts of the day."""
    figures: Mapped[str] = mapped_column(Text)
    """All that the newest one found, as JSON."""
