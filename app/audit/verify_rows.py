"""What the verifier and the export read: every row of the log, in pieces, as the database has it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.audit.canonical import Columns
from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.repository import Origin

PIECE = 10_000
_SEARCHED = (
    *(LeafRow.action, LeafRow.actor_id, LeafRow.actor_kind, LeafRow.entry_id),
    *(LeafRow.object_id, LeafRow.object_kind, LeafRow.ts),
)


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
    """An entry without a leaf; None for bytes that are gone while their place in the queue is not."""

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


def plain_leaves(session: Session, origin_id: int, first: int, end: int) -> tuple[list[Any], list[Any]]:
    """Of leaves `first` up to `end`: number, hash and bytes of each; and its columns. Rows as the driver gives them."""
    within = (LeafRow.origin_id == origin_id, LeafRow.number >= first, LeafRow.number < end)
    joined = select(LeafRow.number, LeafRow.leaf_hash, StagedEntryRow.entry).outerjoin(
        StagedEntryRow, StagedEntryRow.id == LeafRow.entry_id
    )
    return (
        _plain(session, joined.where(*within).order_by(LeafRow.number)),
        _plain(session, select(*_SEARCHED).where(*within).order_by(LeafRow.number)),
    )


def leaves(session: Session, origin_id: int) -> Iterator[LeafSeen]:
    """All, by number; also where nothing keeps numbers or ids unique any more."""
    wanted = (
        select(LeafRow.number, LeafRow.leaf_hash, *_SEARCHED, StagedEntryRow.entry)
        .outerjoin(StagedEntryRow, StagedEntryRow.id == LeafRow.entry_id)
        .where(LeafRow.origin_id == origin_id)
        .order_by(LeafRow.number, LeafRow.entry_id)
    )
    for row in _in_pieces(session, wanted):
        yield LeafSeen(row[0], bytes(row[1]), row[2:9], None if row[9] is None else bytes(row[9]))


def tiles(session: Session, origin_id: int) -> Iterator[TileSeen]:
    wanted = (
        select(TileRow.level, TileRow.number, TileRow.hashes, TileRow.root)
        .where(TileRow.origin_id == origin_id)
        .order_by(TileRow.level, TileRow.number)
    )
    return (TileSeen(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in _in_pieces(session, wanted, 500))


def tiles_of_level(session: Session, origin_id: int, level: int, first: int, end: int) -> list[TileSeen]:
    wanted = (
        select(TileRow.level, TileRow.number, TileRow.hashes, TileRow.root)
        .where(TileRow.origin_id == origin_id, TileRow.level == level, TileRow.number >= first, TileRow.number < end)
        .order_by(TileRow.number)
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
    """Every staged entry that no tree holds, and every place in the queue without one."""
    last = ""
    while True:
        ids = list(
            session.scalars(
                select(StagedEntryRow.id).where(StagedEntryRow.id > last).order_by(StagedEntryRow.id).limit(PIECE)
            )
        )
        if not ids:
            break
        among = (StagedEntryRow.id > last, StagedEntryRow.id <= ids[-1])
        wanted = (
            select(StagedEntryRow.id, StagedEntryRow.entry, WaitingEntryRow.id)
            .outerjoin(LeafRow, LeafRow.entry_id == StagedEntryRow.id)
            .outerjoin(WaitingEntryRow, WaitingEntryRow.id == StagedEntryRow.id)
            .where(*among, LeafRow.entry_id.is_(None))
            .order_by(StagedEntryRow.id)
        )
        for row in session.execute(wanted):
            yield StagedSeen(row[0], bytes(row[1]), waiting=row[2] is not None)
        last = ids[-1]
    gone = (
        select(WaitingEntryRow.id)
        .outerjoin(StagedEntryRow, StagedEntryRow.id == WaitingEntryRow.id)
        .where(StagedEntryRow.id.is_(None))
        .order_by(WaitingEntryRow.id)
    )
    for entry_id in session.scalars(gone):
        yield StagedSeen(entry_id, None, waiting=True)


@dataclass(frozen=True, slots=True)
class DetailSeen:
    entry_id: str
    salt: bytes
    sealed: bytes
    entry: bytes | None


def details(session: Session) -> Iterator[DetailSeen]:
    wanted = (
        select(DetailRow.entry_id, DetailRow.salt, DetailRow.sealed, StagedEntryRow.entry)
        .outerjoin(StagedEntryRow, StagedEntryRow.id == DetailRow.entry_id)
        .order_by(DetailRow.entry_id)
    )
    for row in _in_pieces(session, wanted, 500):
        yield DetailSeen(row[0], bytes(row[1]), bytes(row[2]), None if row[3] is None else bytes(row[3]))


def places(session: Session, entry_id: str) -> tuple[str, int] | None:
    """In which log an entry stands, and its number there."""
    row = session.execute(
        select(OriginRow.name, LeafRow.number)
        .join(OriginRow, OriginRow.id == LeafRow.origin_id)
        .where(LeafRow.entry_id == entry_id)
    ).first()
    return (row[0], row[1]) if row else None


def _plain(session: Session, wanted: Select[*tuple[Any, ...]]) -> list[Any]:
    """Past the objects that a row would become; the types of these columns need none."""
    return list(session.connection().execute(wanted).cursor.fetchall())


def _in_pieces(session: Session, wanted: Select[*tuple[Any, ...]], piece: int = PIECE) -> Iterator[Any]:
    """By their place, which holds in one snapshot whatever the rows are; no statement takes longer than its piece."""
    place = 0
    while True:
        rows = session.execute(wanted.offset(place).limit(piece)).all()
        yield from rows
        if len(rows) < piece:
            return
        place += piece
