"""Tables of members, their roles, sessions and second factors."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class StaffRow(Base):
    """`sealed_totp_seed` opens under the records key; without it and `password_hash` nobody signs in."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """NFKC, lower case."""
    password_hash: Mapped[str | None] = mapped_column(String(200))
    sealed_totp_seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    own_password_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credentials_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int]
    seal: Mapped[bytes] = mapped_column(LargeBinary)


class StaffRoleRow(Base):
    __tablename__ = "staff_roles"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffSessionRow(Base):
    """By a keyed digest of its token."""

    __tablename__ = "staff_sessions"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    face: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    second_factor_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wrong_codes: Mapped[int]
    """In a row, at step-up."""
    wrong_passwords: Mapped[int] = mapped_column(server_default="0")
    """In a row, where a member proves the present one."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seal: Mapped[bytes] = mapped_column(LargeBinary)


class UsedCodeRow(Base):
    """A time step whose code was used: it serves once."""

    __tablename__ = "staff_used_codes"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    counter: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCodeRow(Base):
    """A code for who lost the authenticator, as a keyed digest; the row goes when it is used."""

    __tablename__ = "staff_recovery_codes"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class FailureRow(Base):
    """How often signing in failed for one e-mail address, or from one address, in a window.

    By the first bytes of a keyed digest, which others share, so that there is an end of rows.
    """

    __tablename__ = "staff_failures"

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """When the window in which they are counted ends."""
    failures: Mapped[int]
