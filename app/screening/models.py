"""Tables of lexicons and their publications, of screenings and the texts that are kept, of reviews and patrols."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_OPEN = text("decided_at IS NULL")
_UNFINISHED = text("finished_at IS NULL")


class LexiconVersionRow(Base):
    """One version of a lexicon, as it was imported; nothing of it changes."""

    __tablename__ = "lexicon_versions"
    __table_args__ = (UniqueConstraint("name", "number"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    """From 1, within the name."""
    terms: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the file as `write_terms` writes it."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """That file, compressed with zlib."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))


class PublicationRow(Base):
    """From when on all lexicons that are in force together decide; the newest one counts."""

    __tablename__ = "lexicon_publications"

    number: Mapped[int] = mapped_column(primary_key=True)
    """What a screening names as its `lexicon_version`."""
    name: Mapped[str] = mapped_column(String(64))
    """The lexicon that changed."""
    parts: Mapped[str] = mapped_column(Text)
    """JSON: the version number of each lexicon in force."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of what `compile_terms` made of them."""
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    """That, compressed with zlib; None once it is long out of force."""
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))


class ScreeningRow(Base):
    """One call: of what passed, the digest is all that is kept."""

    __tablename__ = "screenings"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    screened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    lexicon_version: Mapped[int]
    decision: Mapped[str] = mapped_column(String(8))
    digests: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of each text, 32 bytes each, in the order of the call."""


class ScreenedContentRow(Base):
    """What the texts of a screening became in their forum."""

    __tablename__ = "screened_contents"
    __table_args__ = (Index(None, "content_ref"),)

    screening_id: Mapped[str] = mapped_column(ForeignKey("screenings.id"), primary_key=True)
    content_ref: Mapped[str] = mapped_column(String(200), primary_key=True)
    url: Mapped[str | None] = mapped_column(String(2000))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeptTextRow(Base):
    """A text that did not simply pass, or a name that waits: sealed, and only for a time."""

    __tablename__ = "kept_texts"
    __table_args__ = (
        Index(None, "screening_id", "position"),
        Index("ix_kept_texts_account", "account_id", "id"),
        Index("ix_kept_texts_forum", "forum_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    screening_id: Mapped[str | None] = mapped_column(ForeignKey("screenings.id"))
    position: Mapped[int]
    """Which item of the screening, from 0."""
    forum_id: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[str | None] = mapped_column(String(40))
    board: Mapped[str | None] = mapped_column(String(100))
    ref: Mapped[str | None] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the text."""
    decision: Mapped[str] = mapped_column(String(8))
    lexicon_version: Mapped[int]
    hits: Mapped[str] = mapped_column(Text)
    """JSON, with the lexicon's terms: never leaves the house as it is."""
    sealed_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once its time is over."""
    screened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    keep_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """None while its review is open, and once the text is gone."""


class ReviewRow(Base):
    """What waits for a person, and what they decided. A field waits once at a time, and so does a text of a forum."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index(
            "uq_reviews_open_field",
            "subject_id",
            "field",
            unique=True,
            sqlite_where=text("decided_at IS NULL AND subject_id IS NOT NULL"),
            postgresql_where=text("decided_at IS NULL AND subject_id IS NOT NULL"),
        ),
        Index(
            "uq_reviews_open_text",
            "forum_id",
            "field",
            "digest",
            unique=True,
            sqlite_where=text("decided_at IS NULL AND subject_id IS NULL"),
            postgresql_where=text("decided_at IS NULL AND subject_id IS NULL"),
        ),
        Index("ix_reviews_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_reviews_decided_text", "digest", "forum_id", "field"),
        Index("ix_reviews_account", "account_id", "id"),
        Index("ix_reviews_decided", "decided_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    """Grows with every change: who decides names the one they saw."""
    text_id: Mapped[str] = mapped_column(ForeignKey("kept_texts.id"), unique=True)
    forum_id: Mapped[str] = mapped_column(String(40))
    origin: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str | None] = mapped_column(String(16))
    subject_id: Mapped[str | None] = mapped_column(String(40))
    """The account or board whose field it is; None for a post."""
    account_id: Mapped[str | None] = mapped_column(String(40))
    """Who wrote it, where that is known."""
    field: Mapped[str] = mapped_column(String(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    held: Mapped[bool]
    """Whether a placeholder is shown meanwhile."""
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(400))
    actor_kind: Mapped[str | None] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(40))


class ReviewStepRow(Base):
    """What reviewers did about a text short of deciding; the newest claim counts, for a while."""

    __tablename__ = "review_steps"
    __table_args__ = (Index("ix_review_steps_review", "review_id", "id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id"))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[str] = mapped_column(String(40))
    sealed_words: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None where there are none, and once the text is gone that they are about."""


class PatrolRow(Base):
    """How far everything that is public has been screened again after one publication."""

    __tablename__ = "patrols"
    __table_args__ = (
        Index("ix_patrols_unfinished", "publication", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    )

    publication: Mapped[int] = mapped_column(ForeignKey("lexicon_publications.number"), primary_key=True)
    source: Mapped[int]
    """Which kind of texts is being read, by its place in the list."""
    cursor: Mapped[str] = mapped_column(String(80))
    """The last one that was read of these."""
    read: Mapped[int]
    found: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[str | None] = mapped_column(String(16))
    """`complete`, `superseded` by a newer publication, or `flooded`, which stands before it is finished as well."""
