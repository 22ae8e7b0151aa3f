"""Twelve ways to bend an audit log, by somebody who may write into every table; each says what must be found."""

import base64
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit.domain import search_columns
from app.audit.findings import Kind
from app.audit.protection import PROTECTED
from app.audit.tree import TILE_WIDTH, Edge, leaf_hash
from app.db.protection import protect

_LEAF = "origin_id, number, entry_id, leaf_hash, ts, actor_kind, actor_id, action, object_kind, object_id"
_SEARCHED = ("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id")
_FAR = 1_000_000_000


@dataclass(frozen=True)
class Expected:
    """`number` where the place is known exactly; else the place lies in the range that is told."""

    kind: Kind
    number: int
    exact: bool = True


@dataclass(frozen=True)
class Bent:
    """A log of one origin in a transaction that nobody will commit. Its triggers are out of the way."""

    session: Session
    size: int
    chance: random.Random

    def run(self, statement: str, **values: object) -> None:
        self.session.execute(text(statement), values)

    def one(self, statement: str, **values: object) -> Sequence[object]:
        return self.session.execute(text(statement), values).one()

    def entry_of(self, number: int) -> tuple[str, bytes]:
        said = (
            "SELECT s.id, s.entry FROM audit_stage s JOIN audit_leaves l ON l.entry_id = s.id WHERE l.number = :number"
        )
        entry_id, entry = self.one(said, number=number)
        return str(entry_id), bytes(entry)  # type: ignore[call-overload] # a blob

    def sizes(self) -> list[int]:
        return list(self.session.scalars(text("SELECT size FROM audit_checkpoints ORDER BY size")))

    def tiled(self) -> int:
        """Leaves before this one stand in a full tile as well."""
        return self.size // TILE_WIDTH * TILE_WIDTH

    def set_entry(self, entry_id: str, entry: bytes) -> None:
        self.run("UPDATE audit_stage SET entry = :entry WHERE id = :id", entry=entry, id=entry_id)

    def set_leaf(self, number: int, entry: bytes) -> None:
        """Hash and search columns as the bytes have them."""
        columns = search_columns(entry)
        values = {name: getattr(columns, name) for name in _SEARCHED}
        sets = ", ".join(f"{name} = :{name}" for name in _SEARCHED)
        self.run(
            f"UPDATE audit_leaves SET leaf_hash = :hash, {sets} WHERE number = :number",
            hash=leaf_hash(entry),
            number=number,
            **values,
        )

    def shift(self, first: int, by: int) -> None:
        """Gives the leaves from here on other numbers."""
        self.run("UPDATE audit_leaves SET number = number + :far WHERE number >= :first", far=_FAR, first=first)
        self.run("UPDATE audit_leaves SET number = number - :far WHERE number >= :far", far=_FAR - by)

    def add_leaf(self, number: int, entry_id: str, entry: bytes) -> None:
        columns = search_columns(entry)
        self.run("INSERT INTO audit_stage (id, entry) VALUES (:id, :entry)", id=entry_id, entry=entry)
        self.run("DELETE FROM audit_waiting WHERE id = :id", id=entry_id)
        self.run(
            f"INSERT INTO audit_leaves ({_LEAF}) VALUES (1, :number, :id, :hash, :{', :'.join(_SEARCHED)})",
            number=number,
            id=entry_id,
            hash=leaf_hash(entry),
            **{name: getattr(columns, name) for name in _SEARCHED},
        )

    def remove(self, number: int, *, staged: bool) -> None:
        entry_id, _ = self.entry_of(number)
        self.run("DELETE FROM audit_leaves WHERE number = :number", number=number)
        if staged:
            self.run("DELETE FROM audit_stage WHERE id = :id", id=entry_id)

    def rebuild(self, sign: Callable[[int, bytes], str | None]) -> None:
        """Tiles and checkpoints as the leaves make them now; `sign` gives another note, or None to leave the note."""
        hashes = [
            bytes(one) for one in self.session.scalars(text("SELECT leaf_hash FROM audit_leaves ORDER BY number"))
        ]
        self.run("DELETE FROM audit_tiles")
        for tile in Edge().append(hashes):
            self.run(
                "INSERT INTO audit_tiles (origin_id, level, number, hashes, root) VALUES (1, :l, :n, :h, :r)",
                l=tile.level,
                n=tile.number,
                h=tile.hashes,
                r=tile.root,
            )
        edge = Edge()
        for size in self.sizes():
            edge.append(hashes[edge.size : size])
            note = sign(size, edge.root())
            self.run("UPDATE audit_checkpoints SET root = :root WHERE size = :size", root=edge.root(), size=size)
            if note is not None:
                self.run("UPDATE audit_checkpoints SET note = :note WHERE size = :size", note=note, size=size)

    def before(self, number: int) -> int:
        """The last checkpoint that does not hold this leaf."""
        return max((size for size in self.sizes() if size <= number), default=0)


def flip(log: Bent, number: int) -> Expected:
    """One bit of the stored bytes."""
    entry_id, entry = log.entry_of(number)
    place = log.chance.randrange(len(entry) * 8)
    changed = bytearray(entry)
    changed[place // 8] ^= 1 << place % 8
    log.set_entry(entry_id, bytes(changed))
    return Expected(Kind.ENTRY_CHANGED, number)


def edit_search_column(log: Bent, number: int) -> Expected:
    column = log.chance.choice(_SEARCHED)
    log.run(f"UPDATE audit_leaves SET {column} = {column} || 'x' WHERE number = :number", number=number)
    return Expected(Kind.SEARCH_COLUMN_CHANGED, number)


def edit_entry_and_leaf(log: Bent, number: int) -> Expected:
    """Somebody else did it, and leaf and search columns agree."""
    entry_id, entry = log.entry_of(number)
    changed = _by_another(entry)
    log.set_entry(entry_id, changed)
    log.set_leaf(number, changed)
    if number < log.tiled():
        return Expected(Kind.ENTRY_CHANGED, number)
    return Expected(Kind.HISTORY_REWRITTEN, number, exact=False)


def delete_middle(log: Bent, number: int) -> Expected:
    """The leaf alone, or with its bytes; perhaps with what follows moved up."""
    staged, moved_up = log.chance.random() < 0.5, log.chance.random() < 0.5
    number = min(number, log.size - 2)
    log.remove(number, staged=staged)
    if moved_up:
        log.shift(number + 1, -1)
    exact = number < log.tiled() or not staged or not moved_up
    return Expected(Kind.LEAF_MISSING, number, exact)


def delete_last(log: Bent, _number: int) -> Expected:
    """The leaf alone; with its bytes; or with all that says that it ever was."""
    how, last = log.chance.randrange(3), log.size - 1
    log.remove(last, staged=how > 0)
    if how < 2:
        return Expected(Kind.LEAF_MISSING, last, exact=how == 0)
    earlier = log.before(last)
    for number in range(earlier, last):
        log.remove(number, staged=True)
    log.run("DELETE FROM audit_checkpoints WHERE size > :size", size=earlier)
    log.run(
        "DELETE FROM audit_tiles WHERE (number + 1) * (CASE level WHEN 0 THEN 256 ELSE 65536 END) > :size", size=earlier
    )
    return Expected(Kind.ROLLED_BACK, earlier)


def insert(log: Bent, number: int) -> Expected:
    """An act that never was, at the end or between two others."""
    said = json.loads(log.entry_of(number)[1])
    number = number if log.chance.random() < 0.5 else log.size
    forged_id = said["id"][:-12] + "f" * 12
    forged = json.dumps({**said, "id": forged_id}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if number < log.size:
        log.shift(number, 1)
    log.add_leaf(number, forged_id, forged)
    return Expected(Kind.LEAF_INSERTED, number, exact=number == log.size or number < log.tiled())


def swap(log: Bent, number: int) -> Expected:
    """Two leaves, or the bytes of two."""
    other = log.chance.choice([one for one in range(log.size) if one != number])
    if log.chance.random() < 0.5:
        log.run("UPDATE audit_leaves SET number = :far WHERE number = :n", far=_FAR, n=number)
        log.run("UPDATE audit_leaves SET number = :n WHERE number = :o", n=number, o=other)
        log.run("UPDATE audit_leaves SET number = :o WHERE number = :far", far=_FAR, o=other)
    else:
        (one_id, one), (other_id, another) = log.entry_of(number), log.entry_of(other)
        log.set_entry(one_id, another)
        log.set_entry(other_id, one)
    return Expected(Kind.LEAF_MOVED, min(number, other))


def duplicate(log: Bent, number: int) -> Expected:
    """An act counted twice: at the end, or right after itself."""
    _, entry = log.entry_of(number)
    place = log.chance.choice([number + 1, log.size])
    if place < log.size:
        log.shift(place, 1)
    log.add_leaf(place, "copy", entry)
    return Expected(Kind.LEAF_DUPLICATED, place)


def rewrite(log: Bent, number: int) -> Expected:
    """From here on another history, whole in itself, with the old signatures or with those of another key."""
    _rewrite(log, number)
    forged = log.chance.random() < 0.5
    log.rebuild(lambda size, root: _forged(log, size, root) if forged and size > number else None)
    return Expected(Kind.HISTORY_REWRITTEN, number, exact=False)


def edit_checkpoint(log: Bent, number: int) -> Expected:
    size = log.sizes()[number % len(log.sizes())]
    how = log.chance.randrange(3)
    if how == 0:
        log.run(
            "UPDATE audit_checkpoints SET root = :root WHERE size = :size", root=log.chance.randbytes(32), size=size
        )
    elif how == 1:
        note = log.one("SELECT note FROM audit_checkpoints WHERE size = :size", size=size)[0]
        log.run("UPDATE audit_checkpoints SET note = :note WHERE size = :size", note=f"{note}\n", size=size)
    else:
        note = _forged(log, size, log.chance.randbytes(32))
        log.run("UPDATE audit_checkpoints SET note = :note WHERE size = :size", note=note, size=size)
    return Expected(Kind.CHECKPOINT_CHANGED, size)


def drop_triggers_then_edit(log: Bent, number: int) -> Expected:
    """Whoever owns the tables needs no trick; the triggers stay away."""
    return log.chance.choice([flip, edit_entry_and_leaf, edit_search_column])(log, number)


def remove_staged(log: Bent, number: int) -> Expected:
    """The bytes of an entry that has a number."""
    entry_id, _ = log.entry_of(number)
    log.run("DELETE FROM audit_stage WHERE id = :id", id=entry_id)
    return Expected(Kind.ENTRY_MISSING, number)


TAMPERINGS = (
    *(flip, edit_search_column, edit_entry_and_leaf, delete_middle, delete_last, insert, swap, duplicate, rewrite),
    *(edit_checkpoint, drop_triggers_then_edit, remove_staged),
)


def rewrite_with_the_key(log: Bent, number: int, sign: Callable[[int, bytes], str]) -> None:
    """By somebody who has the audit key: every checkpoint from here on is signed as it should be."""
    _rewrite(log, number)
    log.rebuild(lambda size, root: sign(size, root) if size > number else None)


def _rewrite(log: Bent, number: int) -> None:
    for place in range(number, log.size):
        entry_id, entry = log.entry_of(place)
        changed = _by_another(entry)
        log.set_entry(entry_id, changed)
        log.set_leaf(place, changed)


def _by_another(entry: bytes) -> bytes:
    said = json.loads(entry)
    said["actor"]["id"] = "somebody-else"
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _forged(log: Bent, size: int, root: bytes) -> str:
    """A note as it should look, under a signature that nobody made."""
    note = str(log.one("SELECT note FROM audit_checkpoints WHERE size = :size", size=size)[0])
    origin, _, _, _, line = note.split("\n")[:5]
    signature = base64.b64decode(line.rsplit(" ", 1)[1])
    forged = base64.b64encode(signature[:4] + log.chance.randbytes(64)).decode()
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n\n— {origin} {forged}\n"


def take_triggers_away(session: Session) -> Callable[[], None]:
    """What is returned puts them up again."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))  # those that guard rows fire nevertheless
        for table in PROTECTED:
            session.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
        return lambda: protect(connection, PROTECTED)
    listed = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
    found = session.execute(text(listed)).all()
    for name, _ in found:
        session.execute(text(f"DROP TRIGGER {name}"))

    def put_up() -> None:
        for _, statement in found:
            session.execute(text(statement))

    return put_up
