"""Tables: links and slots, verifications, one-time codes, sign-ins, proofs of misuse."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime
from app.db.words import read_word
from app.verification.domain import IdentityLevel, Method

_IN_FLIGHT = text("outcome = 'pending' AND reason IS NULL")
PERHAPS_BILLED = text("billable IS NOT FALSE")


class LinkRow(Base):
    __tablename__ = "person_links"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    level: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(24))
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sandbox: Mapped[bool]

    def proof(self) -> tuple[IdentityLevel, Method]:
        """By what it is known who stands behind the account: by nothing where either is no word of ours."""
        level = read_word(IdentityLevel, self.level, self.account_id, IdentityLevel.NONE)
        method = read_word(Method, self.method, self.account_id, Method.PHONE_CODE)
        return (level if method == self.method else IdentityLevel.NONE), method


class SlotRow(Base):
    """Who answers for an account, and which of the person's places in that forum it takes."""

    __tablename__ = "account_slots"
    __table_args__ = (UniqueConstraint("person_id", "forum_id", "slot", name="uq_account_slots_slot"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    slot: Mapped[int]


class VerificationRow(Base):
    """One attempt: written before anybody outside is asked, so that a crash cannot hide that they were."""

    __tablename__ = "verifications"
    __table_args__ = (
        Index(None, "account_id", "started_at"),
        Index(
            "uq_verifications_in_flight",
            "account_id",
            "subject_digest",
            unique=True,
            sqlite_where=_IN_FLIGHT,
            postgresql_where=_IN_FLIGHT,
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    method: Mapped[str] = mapped_column(String(24))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    inner_reason: Mapped[str | None] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(16))
    document_type: Mapped[str | None] = mapped_column(String(40))
    subject_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    provider: Mapped[str] = mapped_column(String(40))
    raw_code: Mapped[str | None] = mapped_column(String(80))
    provider_request_id: Mapped[str | None] = mapped_column(String(120))
    billable: Mapped[bool | None]
    sandbox: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    forgiven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when, after an appeal, a rejection counts no more against the account."""


class ProviderAttemptRow(Base):
    """One provider that was asked: committed as `sent` before the call, so that a crash cannot hide a fee."""

    __tablename__ = "provider_attempts"
    __table_args__ = (
        Index(
            "ix_provider_attempts_perhaps_billed",
            "provider",
            "sent_at",
            sqlite_where=PERHAPS_BILLED,
            postgresql_where=PERHAPS_BILLED,
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[str] = mapped_column(String(40), index=True)
    """Of the verification, or of the proof of somebody whose identity was misused."""
    provider: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(24))
    answer: Mapped[str] = mapped_column(String(32))
    raw_code: Mapped[str | None] = mapped_column(String(80))
    request_id: Mapped[str | None] = mapped_column(String(120))
    billable: Mapped[bool | None]
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OrganisationMarkRow(Base):
    """That the name of the organisation behind an account is verified; who it is, the vault alone knows."""

    __tablename__ = "organisation_marks"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), unique=True)
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sandbox: Mapped[bool]


class CodeRow(Base):
    """A one-time code as a keyed digest. Every try is charged before it is compared."""

    __tablename__ = "one_time_codes"
    __table_args__ = (Index(None, "phone_digest", "sent_at"), Index(None, "sent_at"))

    verification_id: Mapped[str] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]


class NoticeTextRow(Base):
    """A text without a code that went out, or may have: one message goes once, and the day's money counts it."""

    __tablename__ = "notice_texts"
    __table_args__ = (Index(None, "sent_at"),)

    message_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInRow(Base):
    """A code by which somebody enters our own pages and, once it has come back, the session that it opened.

    It is no verification, concerns no account, and is forgotten when its text counts against no limit any more.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index(None, "browser_digest", "sent_at"),
        Index(None, "phone_digest", "sent_at"),
        Index(None, "sent_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    browser_digest: Mapped[bytes] = mapped_column(LargeBinary)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary)
    phone_version: Mapped[str] = mapped_column(String(16))
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
    session_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[str | None] = mapped_column(String(40))
    """Whose phone it was when the code came back; nobody's for a stranger."""
    entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MisuseProofRow(Base):
    """Somebody who says that another person uses their identity proves who they are, in one case.

    It is no verification and puts nobody behind an account.
    """

    __tablename__ = "misuse_proofs"
    __table_args__ = (Index(None, "case_id", "sent_at"), Index(None, "phone_digest", "sent_at"), Index(None, "sent_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[str | None] = mapped_column(String(40))
    """The account that is complained about."""
    code_digest: Mapped[bytes] = mapped_column(LargeBinary)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed: Mapped[bool | None]
    """Whether name, number and phone belong together."""
    person_id: Mapped[str | None] = mapped_column(String(40))
    """Who stood behind that account, where the document is theirs; else nobody."""
    own_phone: Mapped[bool | None]
    """Whether the phone was on record for them."""
    sandbox: Mapped[bool]


class CutLinkRow(Base):
    """That a person stood behind an account until it was proved that the identity is another's; the vault has who."""

    __tablename__ = "cut_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(String(40), index=True)
    person_id: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[str] = mapped_column(String(40))
    cut_at: Mapped[datetime] = mapped_column(UtcDateTime)
