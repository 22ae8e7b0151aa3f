"""Tables: which keys the database depends on, never the keys; and when each background job ran last."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class KeyNameRow(Base):
    __tablename__ = "key_names"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    check_value: Mapped[bytes] = mapped_column(LargeBinary)
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JobRunRow(Base):
    """A background job as the workers have left it; `last_failure` is the name of an error, never its words."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    period: Mapped[float]
    last_began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(BigInteger)
    last_failure: Mapped[str | None] = mapped_column(String(80))
    done: Mapped[int] = mapped_column(BigInteger)
