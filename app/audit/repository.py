"""Every query of the log's growth; those of one concern only stand in a file of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import policies
from app.audit.canonical import Columns
from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.sifting import Waiting
from app.audit.tree import TILE_WIDTH, Tile, split_tile
from app.db.bulk import among, insert_many
from app.db.stored import bytes_in, text_in

_LONGEST_ENTRY = policies.AUDIT_ENTRY_LONGEST.value
_LONGEST_ID = 40
_PAST_EVERY_ID = "g"
"""An id begins with a hexadecimal digit."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A tree by its number, 1 for the first, and its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """As the database has it: whether it is what was signed is another question."""

    size: int
    root: bytes
    note: str
    key_id: str
    signed_at: datetime


class StoredTiles:
    """The hashes of one tree: full tiles, and for the edge the leaves and the roots of the tiles below."""

    def __init__(self, session: Session, origin_id: int) -> None:
        self._session = session
        self._origin_id = origin_id

    def hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        number, start = divmod(first, TILE_WIDTH)
        kept = self._session.scalar(
            select(TileRow.hashes).where(
                TileRow.origin_id == self._origin_id, TileRow.level == level, TileRow.number == number
            )
        )
        if kept is not None:
            return split_tile(kept)[start : start + count]
        return self._leaves(first, count) if level == 0 else self._roots(level - 1, first, count)

    def _leaves(self, first: int, count: int) -> Sequence[bytes]:
        wanted = select(LeafRow.leaf_hash).where(
            LeafRow.origin_id == self._origin_id, LeafRow.number >= first, LeafRow.number < first + count
        )
        return self._session.scalars(wanted.order_by(LeafRow.number)).all()

    def _roots(self, level: int, first: int, count: int) -> Sequence[bytes]:
        wanted = select(TileRow.root).where(
            *(TileRow.origin_id == self._origin_id, TileRow.level == level),
            *(TileRow.number >= first, TileRow.number < first + count),
        )
        return self._session.scalars(wanted.order_by(TileRow.number)).all()


def newest_origin(session: Session) -> Origin | None:
    row = session.execute(select(OriginRow.id, OriginRow.name).order_by(OriginRow.id.desc()).limit(1)).first()
    return Origin(row.id, row.name) if row else None


def add_origin(session: Session, origin: Origin, now: datetime) -> None:
    session.execute(insert(OriginRow), {"id": origin.id, "name": origin.name, "began_at": now})


def newest_checkpoint(session: Session, origin_id: int) -> StoredCheckpoint | None:
    row = session.execute(
        select(
            CheckpointRow.size, CheckpointRow.root, CheckpointRow.note, CheckpointRow.key_id, CheckpointRow.signed_at
        )
        .where(CheckpointRow.origin_id == origin_id)
        .order_by(CheckpointRow.size.desc())
        .limit(1)
    ).first()
    return StoredCheckpoint(*row) if row else None


def newest_signed(session: Session) -> tuple[str, int] | None:
    """Name of the newest log, and the size of its newest checkpoint."""
    origin = newest_origin(session)
    size = (
        session.scalar(select(func.max(CheckpointRow.size)).where(CheckpointRow.origin_id == origin.id))
        if origin
        else None
    )
    return (origin.name, size) if origin and size is not None else None


def add_checkpoint(session: Session, origin_id: int, checkpoint: StoredCheckpoint) -> None:
    session.execute(
        insert(CheckpointRow),
        {
            "origin_id": origin_id,
            "size": checkpoint.size,
            "root": checkpoint.root,
            "note": checkpoint.note,
            "key_id": checkpoint.key_id,
            "signed_at": checkpoint.signed_at,
        },
    )


def is_waiting(session: Session) -> bool:
    return session.scalar(select(literal(1)).select_from(WaitingEntryRow).limit(1)) is not None


def oldest_waiting(session: Session) -> str | None:
    """The id of the entry that has waited longest; it begins with its time."""
    return session.scalar(select(func.min(WaitingEntryRow.id)))


def waiting_entries(session: Session, limit: int) -> list[Waiting]:
    """What waits and has no leaf, by id. One whose bytes are gone goes on waiting."""
    wanted = (
        select(text_in(StagedEntryRow.id, _LONGEST_ID), bytes_in(StagedEntryRow.entry, _LONGEST_ENTRY))
        .join(WaitingEntryRow, WaitingEntryRow.id == StagedEntryRow.id)
        .outerjoin(LeafRow, LeafRow.entry_id == StagedEntryRow.id)
        .where(LeafRow.entry_id.is_(None))
        .order_by(WaitingEntryRow.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(wanted)]


def wait_no_more(session: Session, ids: Sequence[str]) -> None:
    _take_out(session, among(WaitingEntryRow.id, ids))


def set_aside(session: Session, ids: Sequence[str | None]) -> None:
    """They stay staged and wait no more. None stands for all whose id is no text that an id can be."""
    wait_no_more(session, [entry_id for entry_id in ids if entry_id is not None])
    if None in ids:
        staged = select(StagedEntryRow.id).where(StagedEntryRow.id == WaitingEntryRow.id)
        _take_out(session, and_(text_in(WaitingEntryRow.id, _LONGEST_ID).is_(None), staged.exists()))


def _take_out(session: Session, which: ColumnElement[bool]) -> None:
    """Whatever is deleted is not read."""
    session.execute(delete(WaitingEntryRow).where(which).execution_options(synchronize_session=False))


def count_left_out(session: Session) -> int:
    """How much is staged, has no number and waits for none. Counts the whole log."""
    staged, numbered = (session.scalar(select(func.count()).select_from(row)) or 0 for row in (StagedEntryRow, LeafRow))
    waiting = (
        select(func.count())
        .select_from(WaitingEntryRow)
        .join(StagedEntryRow, StagedEntryRow.id == WaitingEntryRow.id)
        .outerjoin(LeafRow, LeafRow.entry_id == WaitingEntryRow.id)
        .where(LeafRow.entry_id.is_(None))
    )
    return max(staged - numbered - (session.scalar(waiting) or 0), 0)


def add_leaves(
    session: Session, origin_id: int, first: int, hashes: Sequence[bytes], columns: Sequence[Columns]
) -> None:
    """The next leaves of a tree, numbered from `first` on; at least one."""
    action, actor_id, actor_kind, entry_id, object_id, object_kind, ts = zip(*columns, strict=True)
    insert_many(
        session,
        LeafRow,
        {
            "origin_id": [origin_id] * len(hashes),
            "number": list(range(first, first + len(hashes))),
            "entry_id": entry_id,
            "leaf_hash": hashes,
            "ts": ts,
            "actor_kind": actor_kind,
            "actor_id": actor_id,
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
        },
    )


def add_tiles(session: Session, origin_id: int, tiles: Sequence[Tile]) -> None:
    session.add_all(
        TileRow(origin_id=origin_id, level=tile.level, number=tile.number, hashes=tile.hashes, root=tile.root)
        for tile in tiles
    )


def stage(session: Session, entry_id: str, entry: bytes) -> None:
    """In the transaction of the change; the database puts it into the queue."""
    session.add(StagedEntryRow(id=entry_id, entry=entry))


def newest_entry(session: Session) -> str | None:
    """The last id with a number or in the queue that may be one of ours; what is only staged was set aside."""
    found = [_newest_id(session, column) for column in (LeafRow.entry_id, WaitingEntryRow.id)]
    return max((one for one in found if one), default=None)


def _newest_id(session: Session, column: InstrumentedAttribute[str]) -> str | None:
    """Those that a text cannot hold, or that begin with no digit, are none of ours."""
    possible = (column < _PAST_EVERY_ID, text_in(column, _LONGEST_ID).is_not(None))
    return session.scalar(select(column).where(*possible).order_by(column.desc()).limit(1))


def staged_entry(session: Session, entry_id: str) -> bytes:
    return session.scalars(select(StagedEntryRow.entry).where(StagedEntryRow.id == entry_id)).one()


def add_detail(session: Session, entry_id: str, salt: bytes, sealed: bytes) -> None:
    session.add(DetailRow(entry_id=entry_id, salt=salt, sealed=sealed))
