"""Where entries wait for their number in the log."""

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class StagedEntryRow(Base):
    __tablename__ = "audit_stage"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    entry: Mapped[bytes] = mapped_column(LargeBinary)
