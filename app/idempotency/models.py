"""The table of claims: one row for each key in use, with the answer once there is one."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class ClaimRow(Base):
    """Neither key nor body is stored: `id` and `body_digest` are keyed digests of them."""

    __tablename__ = "idempotency_claims"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary)
    owner: Mapped[str] = mapped_column(String(32))
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    subject: Mapped[str | None] = mapped_column(String(40))
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
