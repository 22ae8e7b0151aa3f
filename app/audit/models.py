"""The tables of the log. Rows are added and never changed; only `audit_waiting` and `audit_detail` lose rows.

`audit_anchor_states` is no part of it: it says how things stand.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime


class StagedEntryRow(Base):
    """The bytes of an entry, for ever; written in the transaction of the change."""

    __tablename__ = "audit_stage"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    entry: Mapped[bytes] = mapped_column(LargeBinary)


class WaitingEntryRow(Base):
    """Which entries have no number yet, so that nobody searches all of them. It proves nothing.

    A trigger on `audit_stage` writes it (migration 0016): no writer pays a second statement, and none can forget it.
    """

    __tablename__ = "audit_waiting"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)


class OriginRow(Base):
    """One tree; there is a second one only after a recovery."""

    __tablename__ = "audit_origins"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LeafRow(Base):
    """An entry's place in its tree; what is there to search by only repeats the entry."""

    __tablename__ = "audit_leaves"
    __table_args__ = (
        Index(None, "action", "origin_id", "number"),
        Index(None, "actor_id", "origin_id", "number"),
        Index(None, "object_id", "origin_id", "number"),
    )

    origin_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(String(40), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)
    ts: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    object_kind: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str] = mapped_column(Text)


class TileRow(Base):
    """256 hashes of a level, and the root above them."""

    __tablename__ = "audit_tiles"

    origin_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    """What was signed after each batch."""

    __tablename__ = "audit_checkpoints"

    origin_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(String(16))
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DetailRow(Base):
    """What may have to be erased; the entry holds only a commitment to it."""

    __tablename__ = "audit_detail"

    entry_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class AnchorStateRow(Base):
    """How far an anchor outside the database has come, for who watches; what it holds is read there, never here."""

    __tablename__ = "audit_anchor_states"

    sink: Mapped[str] = mapped_column(String(16), primary_key=True)
    origin: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)
    anchored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(40))


class AuditVerificationRow(Base):
    """A nightly verification and what came out, for who watches; it proves nothing."""

    __tablename__ = "audit_verifications"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(16))
    entries: Mapped[int] = mapped_column(BigInteger)
    findings: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str | None] = mapped_column(String(40))
    origin: Mapped[str | None] = mapped_column(String(255))
    place: Mapped[int | None] = mapped_column(BigInteger)
