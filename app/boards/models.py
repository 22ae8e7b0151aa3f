"""Tables of boards, terms, appointments and what happened to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base
from app.db.types import UtcDateTime

_IN_OFFICE = text("ended_at IS NULL")
_FOUNDER_IN_OFFICE = text("ended_at IS NULL AND role = 'founder'")
_ENDED = text("ended_at IS NOT NULL")
_TO_TEXT = text("texting = 'waiting'")
_TOLD_LATE = text("ended_at IS NULL AND told_state IN ('overdue', 'suspended')")


class BoardRow(Base):
    __tablename__ = "boards"
    __table_args__ = (UniqueConstraint("forum_id", "slug"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    status_reason: Mapped[str | None] = mapped_column(String(400))
    minimum_level: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    unattended_told: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The moment for which the forum has been told that nobody will be left."""
    list_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When the forum was last asked for its own list of moderators."""
    reconciled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unfiled_count: Mapped[int | None]
    absent_count: Mapped[int | None]


class BoardActRow(Base):
    """What was done to a board, by whom and why; nothing is taken back out."""

    __tablename__ = "board_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[str] = mapped_column(ForeignKey("boards.id"), index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(16))
    """What it became."""
    reason: Mapped[str] = mapped_column(String(400))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_id: Mapped[str | None] = mapped_column(String(40))
    """The violation or the case for which it was done, where that was said."""


class TermsRow(Base):
    """What is asked from a moment on; only ever added. Null leaves it to the level above."""

    __tablename__ = "board_terms"
    __table_args__ = (Index(None, "forum_id", "effective_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[str | None] = mapped_column(ForeignKey("forums.id"))
    """Null for what the operator asks in all forums."""
    board_id: Mapped[str | None] = mapped_column(ForeignKey("boards.id"))
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime)
    interval_days: Mapped[int | None]
    grace_days: Mapped[int | None]
    lapse_stops_posting: Mapped[bool | None]
    source: Mapped[str] = mapped_column(String(80))
    """The rule that the numbers follow, or the word design."""
    named: Mapped[str | None] = mapped_column(String(80))
    """Which of them were meant to change, with blanks between; null for all of them."""
    reason: Mapped[str | None] = mapped_column(String(400))
    changed_by: Mapped[str | None] = mapped_column(String(80))
    """Who made the change; null for those that were made before this was kept."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ModeratorRow(Base):
    """A filing with its schedule. `due_at` and `suspends_at` are never later than what the schedule gives."""

    __tablename__ = "moderators"
    __table_args__ = (
        Index(
            "uq_moderators_in_office",
            "board_id",
            "account_id",
            unique=True,
            sqlite_where=_IN_OFFICE,
            postgresql_where=_IN_OFFICE,
        ),
        Index(
            "uq_moderators_founder",
            "board_id",
            unique=True,
            sqlite_where=_FOUNDER_IN_OFFICE,
            postgresql_where=_FOUNDER_IN_OFFICE,
        ),
        Index("ix_moderators_look_at", "look_at", sqlite_where=_IN_OFFICE, postgresql_where=_IN_OFFICE),
        Index("ix_moderators_told_late", "look_at", sqlite_where=_TOLD_LATE, postgresql_where=_TOLD_LATE),
        Index("ix_moderators_ended", "forum_id", "ended_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
        Index("ix_moderators_forum_due", "forum_id", "due_at", sqlite_where=_IN_OFFICE, postgresql_where=_IN_OFFICE),
        Index(None, "forum_id", "id"),
        Index(None, "board_id", "id"),
        Index(None, "account_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str] = mapped_column(ForeignKey("forums.id"))
    board_id: Mapped[str] = mapped_column(ForeignKey("boards.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str] = mapped_column(String(16))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    anchor_day: Mapped[int]
    interval_days: Mapped[int]
    grace_days: Mapped[int]
    ordered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    suspends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    look_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the worker looks at it next."""
    verified_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The newest verification that the worker has taken note of."""
    told_state: Mapped[str] = mapped_column(String(16))
    """The last state that was written down and told."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_because: Mapped[str | None] = mapped_column(String(400))


class HistoryRow(Base):
    """What happened to an appointment, for the inspector; only ever added. Source: L8c, L8d.

    One reminder for each due date and stage, and one transition for each due date.
    """

    __tablename__ = "moderator_history"
    __table_args__ = (
        UniqueConstraint("moderator_id", "what", "due_at", "stage", name="uq_moderator_history_once"),
        Index("ix_moderator_history_texting", "texting", sqlite_where=_TO_TEXT, postgresql_where=_TO_TEXT),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    moderator_id: Mapped[str] = mapped_column(ForeignKey("moderators.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    what: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stage: Mapped[int] = mapped_column(Integer, default=0)
    detail: Mapped[str | None] = mapped_column(String(400))
    texting: Mapped[str | None] = mapped_column(String(16))
    """Of a reminder: whether it waits to be texted, was, or could not be."""


class ModeratorSanctionRow(Base):
    __tablename__ = "moderator_sanctions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    moderator_id: Mapped[str] = mapped_column(ForeignKey("moderators.id"), index=True)
    step: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(400))
    basis: Mapped[str] = mapped_column(String(200))
    imposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_because: Mapped[str | None] = mapped_column(String(400))
    actor_kind: Mapped[str | None] = mapped_column(String(16))
    """Who imposed it: somebody else decides an appeal."""
    actor_id: Mapped[str | None] = mapped_column(String(40))


class OrderRow(Base):
    """An order to re-verify, by somebody or by a risk; a risk gives one order at most."""

    __tablename__ = "reverification_orders"
    __table_args__ = (UniqueConstraint("cause", "cause_ref"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    forum_id: Mapped[str | None] = mapped_column(ForeignKey("forums.id"), index=True)
    scope_kind: Mapped[str] = mapped_column(String(16))
    scope_ref: Mapped[str | None] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(24))
    cause_ref: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(400))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrderedModeratorRow(Base):
    __tablename__ = "ordered_moderators"

    order_id: Mapped[str] = mapped_column(ForeignKey("reverification_orders.id"), primary_key=True)
    moderator_id: Mapped[str] = mapped_column(ForeignKey("moderators.id"), primary_key=True, index=True)
