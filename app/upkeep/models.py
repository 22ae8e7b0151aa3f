"""The table of key names: which keys the database depends on, never the keys."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class KeyNameRow(Base):
    __tablename__ = "key_names"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    check_value: Mapped[bytes] = mapped_column(LargeBinary)
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)
