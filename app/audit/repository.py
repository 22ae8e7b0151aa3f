"""Every query of the log's growth; those of one concern only stand in a file of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.audit.domain import SearchColumns
from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.tree import TILE_WIDTH, Tile, split_tile
from app.db.bulk import among, insert_many


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


@dataclass(frozen=True, slots=True)
class Leaf:
    entry_id: str
    leaf_hash: bytes
    columns: SearchColumns


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
    return session.scalar(select(WaitingEntryRow.id).limit(1)) is not None


def oldest_waiting(session: Session) -> str | None:
    """The id of the entry that has waited longest; it begins with its time."""
    return session.scalar(select(func.min(WaitingEntryRow.id)))


def waiting_entries(session: Session, limit: int) -> list[tuple[str, bytes]]:
    """Id and bytes of entries that wait and have no leaf, by id. One whose bytes are gone goes on waiting."""
    wanted = (
        select(StagedEntryRow.id, StagedEntryRow.entry)
        .join(WaitingEntryRow, WaitingEntryRow.id == StagedEntryRow.id)
        .outerjoin(LeafRow, LeafRow.entry_id == StagedEntryRow.id)
        .where(LeafRow.entry_id.is_(None))
        .order_by(WaitingEntryRow.id)
        .limit(limit)
    )
    return [(row.id, row.entry) for row in session.execute(wanted)]


def wait_no_more(session: Session, ids: Sequence[str]) -> None:
    session.execute(delete(WaitingEntryRow).where(among(WaitingEntryRow.id, ids)))


def add_leaves(session: Session, origin_id: int, first: int, leaves: Sequence[Leaf]) -> None:
    """The next leaves of a tree, numbered from `first` on."""
    insert_many(
        session,
        LeafRow,
        {
            "origin_id": [origin_id] * len(leaves),
            "number": list(range(first, first + len(leaves))),
            "entry_id": [leaf.entry_id for leaf in leaves],
            "leaf_hash": [leaf.leaf_hash for leaf in leaves],
            "ts": [leaf.columns.ts for leaf in leaves],
            "actor_kind": [leaf.columns.actor_kind for leaf in leaves],
            "actor_id": [leaf.columns.actor_id for leaf in leaves],
            "action": [leaf.columns.action for leaf in leaves],
            "object_kind": [leaf.columns.object_kind for leaf in leaves],
            "object_id": [leaf.columns.object_id for leaf in leaves],
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


def add_detail(session: Session, entry_id: str, salt: bytes, sealed: bytes) -> None:
    session.add(DetailRow(entry_id=entry_id, salt=salt, sealed=sealed))
