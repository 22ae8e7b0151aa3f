"""Every query of those who look into the log: where an entry stands, what was signed, and what is searched for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.audit.models import CheckpointRow, LeafRow, OriginRow, StagedEntryRow
from app.audit.repository import Origin

Place = tuple[int, int]
"""The number of a tree, and of an entry in it."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry that has its number; `entry` is None where its bytes are gone, which `audit verify` tells."""

    origin: Origin
    number: int
    entry_id: str
    entry: bytes | None

    @property
    def place(self) -> Place:
        return self.origin.id, self.number


@dataclass(frozen=True, slots=True)
class Wanted:
    """What all entries that are found have in common; `after` and `before` are moments, the first one included."""

    action: str | None = None
    actor: str | None = None
    object: str | None = None
    after: str | None = None
    before: str | None = None


_PLACED = (
    select(OriginRow.id, OriginRow.name, LeafRow.number, LeafRow.entry_id, StagedEntryRow.entry)
    .join(OriginRow, OriginRow.id == LeafRow.origin_id)
    .outerjoin(StagedEntryRow, StagedEntryRow.id == LeafRow.entry_id)
)


def placed_entry(session: Session, entry_id: str) -> PlacedEntry | None:
    row = session.execute(_PLACED.where(LeafRow.entry_id == entry_id)).first()
    return PlacedEntry(Origin(row[0], row[1]), *row[2:]) if row else None


def is_staged(session: Session, entry_id: str) -> bool:
    return session.get(StagedEntryRow, entry_id) is not None


def find(session: Session, wanted: Wanted, below: Place | None, limit: int) -> list[PlacedEntry]:
    """The newest first, from the place before `below` on."""
    asked = _PLACED.where(*_conditions(wanted))
    if below:
        origin, number = below
        older = and_(LeafRow.origin_id == origin, LeafRow.number < number)
        asked = asked.where(or_(LeafRow.origin_id < origin, older))
    asked = asked.order_by(LeafRow.origin_id.desc(), LeafRow.number.desc()).limit(limit)
    return [PlacedEntry(Origin(row[0], row[1]), *row[2:]) for row in session.execute(asked)]


def find_about(session: Session, object_ids: Collection[str], limit: int) -> list[PlacedEntry]:
    """The newest first."""
    asked = _PLACED.where(LeafRow.object_id.in_(object_ids))
    asked = asked.order_by(LeafRow.origin_id.desc(), LeafRow.number.desc()).limit(limit)
    return [PlacedEntry(Origin(row[0], row[1]), *row[2:]) for row in session.execute(asked)]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = ((LeafRow.action, wanted.action), (LeafRow.actor_id, wanted.actor), (LeafRow.object_id, wanted.object))
    found = [column == value for column, value in asked if value is not None]
    if wanted.after is not None:
        found.append(LeafRow.ts >= wanted.after)
    if wanted.before is not None:
        found.append(LeafRow.ts < wanted.before)
    return found


def origins(session: Session) -> list[Origin]:
    """The newest first."""
    rows = session.execute(select(OriginRow.id, OriginRow.name).order_by(OriginRow.id.desc()))
    return [Origin(row.id, row.name) for row in rows]


def note_at(session: Session, origin_id: int, size: int) -> str | None:
    return session.scalar(
        select(CheckpointRow.note).where(CheckpointRow.origin_id == origin_id, CheckpointRow.size == size)
    )


def newest_note_before(session: Session, origin_id: int, moment: datetime) -> str | None:
    signed = select(CheckpointRow.note).where(CheckpointRow.origin_id == origin_id, CheckpointRow.signed_at < moment)
    return session.scalar(signed.order_by(CheckpointRow.size.desc()).limit(1))


def first_note(session: Session, origin_id: int) -> str | None:
    signed = select(CheckpointRow.note).where(CheckpointRow.origin_id == origin_id)
    return session.scalar(signed.order_by(CheckpointRow.size).limit(1))


def count_acts(session: Session, actions: Collection[str], after: str) -> dict[tuple[str, str, str], int]:
    """How often who did each of these since then: by kind of actor, id and act."""
    by = LeafRow.actor_kind, LeafRow.actor_id, LeafRow.action
    query = select(*by, func.count()).where(LeafRow.action.in_(actions), LeafRow.ts >= after).group_by(*by)
    return {(kind, actor_id, action): number for kind, actor_id, action, number in session.execute(query)}
