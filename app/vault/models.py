"""Tables of the vault: persons, their documents and their phones; nothing in them is readable without the keys."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_CURRENT = text("state = 'current'")


class PersonRow(Base):
    """One person, however many accounts and spellings. Deleting the wrapped key deletes who they are."""

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    audit_ref: Mapped[str] = mapped_column(String(40), unique=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    adult_from: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DocumentRow(Base):
    __tablename__ = "person_documents"
    __table_args__ = (UniqueConstraint("scheme", "index_version", "blind_index", name="uq_person_documents_index"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(40))
    index_version: Mapped[str] = mapped_column(String(16))
    blind_index: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_number: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrganisationRow(Base):
    """An organisation as one account was marked with it, sealed under a key of its own.

    It has no blind index: one organisation may stand behind any number of accounts, and nobody looks for the others.
    """

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_number: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PhoneRow(Base):
    """A phone as long as it is a person's; a number is current for one person at a time."""

    __tablename__ = "person_phones"
    __table_args__ = (
        Index(
            "uq_person_phones_current",
            "index_version",
            "blind_index",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    index_version: Mapped[str] = mapped_column(String(16))
    blind_index: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_number: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When the number became somebody else's; None while it is not."""


class HeldPhoneRow(Base):
    """A phone that waits for its code, sealed for a person who does not exist yet. Gone when the code is."""

    __tablename__ = "held_phones"

    holder: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_number: Mapped[bytes] = mapped_column(LargeBinary)
    index_version: Mapped[str] = mapped_column(String(16))
    blind_index: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
