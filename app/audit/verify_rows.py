"""What the verifier and the export read: every row of the log, in pieces, as the database has it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import policies
from app.audit.canonical import Columns
from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.repository import Origin
from app.audit.tree import TILE_WIDTH
from app.db.bulk import among
from app.db.stored import bytes_in, text_in

_LONGEST_ENTRY, _LONGEST_ID = policies.AUDIT_ENTRY_LONGEST.value, 40
_NOTHING = b" "
"""Stands for the bytes of an entry where the database has something else, or more than an entry can be."""
PIECE = 40 * TILE_WIDTH
"""Leaves that are read at a time: whole tiles, so that each is compared once."""
_SEARCHED = (
    *(LeafRow.action, LeafRow.actor_id, LeafRow.actor_kind, LeafRow.entry_id),
    *(LeafRow.object_id, LeafRow.object_kind, LeafRow.ts),
)
_STAGED = (StagedEntryRow.id.is_not(None), bytes_in(StagedEntryRow.entry, _LONGEST_ENTRY))


@dataclass(frozen=True, slots=True)
class CheckpointSeen:
    size: int
    root: bytes
    note: str
    key_id: str


@dataclass(frozen=True, slots=True)
class TileSeen:
    level: int
    number: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Leaves from `first` up to `end` as the driver gives them: number, hash, columns. Their bytes, and their tiles."""

    first: int
    end: int
    leaves: Sequence[tuple[Any, ...]]
    entries: Sequence[bytes | None]
    tiles: Sequence[TileSeen]


@dataclass(frozen=True, slots=True)
class LeafSeen:
    """A leaf and the bytes that stand staged under its id; None where they are gone."""

    number: int
    leaf_hash: bytes
    columns: Columns
    entry: bytes | None

    @property
    def entry_id(self) -> str:
        return self.columns[3]


@dataclass(frozen=True, slots=True)
class StagedSeen:
    """What is staged without a leaf; None for bytes that are gone while their place in the queue is not.

    No bytes stand for what is too long for an entry or is no bytes at all; no id for all whose id is none.
    """

    id: str
    entry: bytes | None
    waiting: bool


def origins(session: Session) -> list[Origin]:
    return [
        Origin(row.id, row.name) for row in session.execute(select(OriginRow.id, OriginRow.name).order_by(OriginRow.id))
    ]


def count_leaves(session: Session, origin_id: int) -> int:
    return session.scalar(select(func.count()).select_from(LeafRow).where(LeafRow.origin_id == origin_id)) or 0


def count_tiles(session: Session, origin_id: int) -> int:
    return session.scalar(select(func.count()).select_from(TileRow).where(TileRow.origin_id == origin_id)) or 0


def read_piece(session: Session, origin_id: int, first: int, end: int) -> Piece:
    """`first` is a multiple of the width of a tile."""
    wanted = (
        select(LeafRow.number, LeafRow.leaf_hash, *_SEARCHED)
        .where(LeafRow.origin_id == origin_id, LeafRow.number >= first, LeafRow.number < end)
        .order_by(LeafRow.number)
    )
    rows = _plain(session, wanted)
    level, tiled = TileRow.level == 0, TileRow.number >= first // TILE_WIDTH
    tiles = _tiles(session, origin_id, level, tiled, TileRow.number < end // TILE_WIDTH)
    return Piece(first, end, rows, _entries_of(session, [row[5] for row in rows]), tiles)


def _entries_of(session: Session, ids: Sequence[str]) -> list[bytes | None]:
    """Ids that follow each other stand together, and a range is read in half the time of a join; else one by one.

    Whatever else stands in the range, put there by somebody else, keeps nobody from reading on.
    """
    if not ids:
        return []
    within = (StagedEntryRow.id >= min(ids), StagedEntryRow.id <= max(ids))
    try:
        staged = _staged(session, StagedEntryRow.id, *within)
    except (
        session.connection().dialect.loaded_dbapi.Error
    ):  # SQLite fails on an id that is no text; to ask takes longer
        staged = _staged(session, text_in(StagedEntryRow.id, _LONGEST_ID), *within)
    if left := [entry_id for entry_id in ids if entry_id not in staged]:
        staged.update(_staged(session, StagedEntryRow.id, among(StagedEntryRow.id, left)))
    return [staged[entry_id] or _NOTHING if entry_id in staged else None for entry_id in ids]


def _staged(
    session: Session, named: ColumnElement[str] | InstrumentedAttribute[str], *which: ColumnElement[bool]
) -> dict[str, bytes | None]:
    wanted = select(named, bytes_in(StagedEntryRow.entry, _LONGEST_ENTRY)).where(*which)
    return dict(_plain(session, wanted.order_by(StagedEntryRow.id).limit(2 * PIECE)))


def _plain(session: Session, wanted: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them, past the objects that they would become."""
    return list(session.connection().execute(wanted).cursor.fetchall())


def _bytes_of(is_staged: bool, entry: bytes | None) -> bytes | None:  # noqa: FBT001 -- as the row has it
    return (bytes(entry or b"") or _NOTHING) if is_staged else None


def tiles_above(session: Session, origin_id: int) -> list[TileSeen]:
    """All but those of the leaves; one for 65,536 of them."""
    return _tiles(session, origin_id, TileRow.level > 0)


def leaves(session: Session, origin_id: int, at_a_time: int = PIECE) -> Iterator[LeafSeen]:
    """All, by number; also where nothing keeps numbers or ids unique any more."""
    wanted = (
        select(LeafRow.number, LeafRow.leaf_hash, *_SEARCHED, *_STAGED)
        .outerjoin(StagedEntryRow, StagedEntryRow.id == LeafRow.entry_id)
        .where(LeafRow.origin_id == origin_id)
        .order_by(LeafRow.number, LeafRow.entry_id)
    )
    for row in _in_pieces(session, wanted, at_a_time):
        yield LeafSeen(row[0], bytes(row[1]), row[2:9], _bytes_of(row[9], row[10]))


def tiles(session: Session, origin_id: int) -> Iterator[TileSeen]:
    wanted = (
        select(TileRow.level, TileRow.number, TileRow.hashes, TileRow.root)
        .where(TileRow.origin_id == origin_id)
        .order_by(TileRow.level, TileRow.number)
    )
    return (TileSeen(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in _in_pieces(session, wanted, 500))


def _tiles(session: Session, origin_id: int, *which: ColumnElement[bool]) -> list[TileSeen]:
    wanted = (
        select(TileRow.level, TileRow.number, TileRow.hashes, TileRow.root)
        .where(TileRow.origin_id == origin_id, *which)
        .order_by(TileRow.level, TileRow.number)
    )
    return [TileSeen(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in session.execute(wanted)]


def checkpoints(session: Session, origin_id: int) -> Iterator[CheckpointSeen]:
    wanted = (
        select(CheckpointRow.size, CheckpointRow.root, CheckpointRow.note, CheckpointRow.key_id)
        .where(CheckpointRow.origin_id == origin_id)
        .order_by(CheckpointRow.size)
    )
    return (CheckpointSeen(row[0], bytes(row[1]), row[2], row[3]) for row in _in_pieces(session, wanted))


def strangers(session: Session, known: Sequence[int]) -> list[str]:
    """The tables with rows of a log that is none of these."""
    found = []
    for table in (LeafRow, TileRow, CheckpointRow):
        outside: ColumnElement[bool] = table.origin_id.not_in(known)
        if known and list(known) == list(range(known[0], known[-1] + 1)):  # answered by the index
            outside = or_(table.origin_id < known[0], table.origin_id > known[-1])
        if session.scalar(select(table.origin_id).where(outside).limit(1)) is not None:
            found.append(table.__tablename__)
    return found


def nothing_left_out(session: Session, numbered: int) -> bool:
    """Whether, with every leaf known to have its entry, all staged entries have a leaf or wait for one."""
    staged = session.scalar(select(func.count()).select_from(StagedEntryRow)) or 0
    waiting = session.scalar(select(func.count()).select_from(WaitingEntryRow)) or 0
    joined = (
        select(func.count()).select_from(WaitingEntryRow).join(StagedEntryRow, StagedEntryRow.id == WaitingEntryRow.id)
    )
    return staged == numbered + waiting and session.scalar(joined) == waiting


def staged_without_leaf(session: Session) -> Iterator[StagedSeen]:
    """All that is staged and that no tree holds, and every place in the queue without it."""
    last, named = "", text_in(StagedEntryRow.id, _LONGEST_ID)
    while True:
        following = (StagedEntryRow.id > last, named.is_not(None))
        ids = list(
            session.scalars(select(StagedEntryRow.id).where(*following).order_by(StagedEntryRow.id).limit(PIECE))
        )
        if not ids:
            break
        these = (*following, StagedEntryRow.id <= ids[-1])
        wanted = (
            select(StagedEntryRow.id, bytes_in(StagedEntryRow.entry, _LONGEST_ENTRY), WaitingEntryRow.id)
            .outerjoin(LeafRow, LeafRow.entry_id == StagedEntryRow.id)
            .outerjoin(WaitingEntryRow, WaitingEntryRow.id == StagedEntryRow.id)
            .where(*these, LeafRow.entry_id.is_(None))
            .order_by(StagedEntryRow.id)
        )
        for row in session.execute(wanted):
            yield StagedSeen(row[0], row[1] or b"", waiting=row[2] is not None)
        last = ids[-1]
    if session.scalar(select(literal(1)).select_from(StagedEntryRow).where(named.is_(None)).limit(1)):
        yield StagedSeen("", b"", waiting=False)
    gone = (
        select(text_in(WaitingEntryRow.id, _LONGEST_ID))
        .outerjoin(StagedEntryRow, StagedEntryRow.id == WaitingEntryRow.id)
        .where(StagedEntryRow.id.is_(None))
        .order_by(WaitingEntryRow.id)
    )
    for entry_id in session.scalars(gone):
        yield StagedSeen(entry_id or "?", None, waiting=True)


@dataclass(frozen=True, slots=True)
class DetailSeen:
    entry_id: str
    salt: bytes
    sealed: bytes
    entry: bytes | None


def details(session: Session) -> Iterator[DetailSeen]:
    wanted = (
        select(DetailRow.entry_id, DetailRow.salt, DetailRow.sealed, *_STAGED)
        .outerjoin(StagedEntryRow, StagedEntryRow.id == DetailRow.entry_id)
        .order_by(DetailRow.entry_id)
    )
    for row in _in_pieces(session, wanted, 500):
        yield DetailSeen(row[0], bytes(row[1]), bytes(row[2]), _bytes_of(row[3], row[4]))


def places(session: Session, entry_id: str) -> tuple[str, int] | None:
    """In which log an entry stands, and its number there."""
    row = session.execute(
        select(OriginRow.name, LeafRow.number)
        .join(OriginRow, OriginRow.id == LeafRow.origin_id)
        .where(LeafRow.entry_id == entry_id)
    ).first()
    return (row[0], row[1]) if row else None


def _in_pieces(session: Session, wanted: Select[*tuple[Any, ...]], piece: int = PIECE) -> Iterator[Any]:
    """By their place, which holds in one snapshot whatever the rows are; no statement takes longer than its piece."""
    place = 0
    while True:
        rows = session.execute(wanted.offset(place).limit(piece)).all()
        yield from rows
        if len(rows) < piece:
            return
        place += piece
