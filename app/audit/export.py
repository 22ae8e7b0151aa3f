"""The whole log as files, for who must be able to check it without us: `tools/verify_audit.py` reads them."""

import base64
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.audit import verify_rows
from app.audit.checkpoint import VerifierKey
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.evidence import Outside, Trust
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.audit.repository import Origin, newest_origin
from app.audit.service import record
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import Actor
from app.kernel.errors import StartRefused

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ALL = "all"
"""What is exported where there is no log yet: the one that begins with the entry that says so."""

_README = """This folder holds a whole audit log of Shiming, as it stood when it was exported.

    python verify_audit.py FOLDER [KEYS]

checks it: every byte, hash, tile, signature, and what was anchored. The program is tools/verify_audit.py; it needs
Python 3.11 and nothing else. KEYS is a file of verifier keys that you were given on another way; without it those in
key.txt are believed, which shows only that the log agrees with itself.

key.txt        the verifier keys (C2SP signed note), one a line, the newest of a log first
head.note      the checkpoint that was signed last, from outside the database
heads.txt      those that recoveries have replaced, one JSON object a line
anchors.txt    the checkpoints that were anchored, likewise; not there where no anchor is named
staged.jsonl   entries that no log holds, and whether each waits for its number
N/             a log, the oldest first; there is a second one only after a recovery
N/origin.txt         its name
N/entries.jsonl      the bytes of each entry; line 1 is number 0; an empty line where they are gone
N/leaves.jsonl       number, id, hash and what each entry is searched by
N/tiles.jsonl        C2SP tlog-tiles: 256 hashes in base64 and their root
N/checkpoints.jsonl  size, root and signed note

An entry is the canonical JSON of RFC 8785; the hash of a leaf is SHA-256 of a zero byte and the entry (RFC 6962).
"""


class Export:
    """Reads in one snapshot. Nothing in it is personal: what may have to be erased stays where it is sealed."""

    def __init__(self, unit_of_work: UnitOfWork, outside: Callable[[], Outside]) -> None:
        self._unit_of_work = unit_of_work
        self._outside = outside

    def write(self, folder: Path, trust: Trust) -> int:
        """Fills a folder that is empty or not there yet; how many entries it holds now.

        It writes new files and no others, and follows no link. Raises `StartRefused` and `Unavailable`.
        """
        refuse_folder(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._fill(folder, trust)
        except OSError as error:
            raise StartRefused(f"{folder} could not be filled: {error.strerror}. Name another one.") from None

    def _fill(self, folder: Path, trust: Trust) -> int:
        outside = self._outside()
        _write(folder / "README.txt", [_README.removesuffix("\n")])
        if outside.head is not None:
            with _new(folder / "head.note") as head:
                head.write(outside.head.encode())
        _write(folder / "heads.txt", (json.dumps({"note": note}) for note in outside.superseded))
        if outside.anchors is not None:
            _write(folder / "anchors.txt", (json.dumps({"note": note}) for note in outside.anchors))
        with self._unit_of_work.read() as tx:
            origins = verify_rows.origins(tx.session)
            keys = [VerifierKey(origin.name, public).text() for origin in origins for public in trust.keys]
            _write(folder / "key.txt", keys)
            count = sum(_write_log(tx.session, origin, folder / str(origin.id)) for origin in origins)
            staged = verify_rows.staged_without_leaf(tx.session)
            _write(folder / "staged.jsonl", (_staged_line(one) for one in staged))
        return count


@dataclass(frozen=True, slots=True)
class Exported:
    entries: int
    receipt: Receipt


class RecordedExport:
    """The export of an installation that can sign: nobody takes the log away unseen."""

    def __init__(self, unit_of_work: UnitOfWork, receipts: Receipts, export: Export) -> None:
        self._unit_of_work = unit_of_work
        self._receipts = receipts
        self._export = export

    def write(self, actor: Actor, folder: Path, trust: Trust) -> Exported:
        """As `Export.write`, once an entry that says so is published; another then says how many entries went.

        Raises `StartRefused`, `AuditNotPublished`, `Unavailable`.
        """
        refuse_folder(folder)
        with self._unit_of_work.read() as tx:
            newest = newest_origin(tx.session)
        log = AuditObject(ObjectKind.LOG, newest.name if newest else _ALL)
        receipt = self._receipts.fail_closed(actor, Act(Action.AUDIT_EXPORTED, log))
        count = self._export.write(folder, trust)
        with self._unit_of_work.begin(actor) as tx:
            record(tx, Action.AUDIT_EXPORTED, log.kind, log.id, reason=str(count), case=receipt.entry_id)
        return Exported(count, receipt)


def refuse_folder(folder: Path) -> None:
    """Raises `StartRefused` for a folder that an export would not fill."""
    try:
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
    except OSError:
        taken = True
    if taken:
        raise StartRefused(f"{folder} is not empty. Name a folder that is empty or not there yet.")


def _write_log(session: Session, origin: Origin, folder: Path) -> int:
    folder.mkdir(mode=0o700)
    _write(folder / "origin.txt", [origin.name])
    count = 0
    with _new(folder / "entries.jsonl") as entries, _new(folder / "leaves.jsonl") as leaves:
        for leaf in verify_rows.leaves(session, origin.id):
            entries.write((leaf.entry or b"").replace(b"\n", b" ") + b"\n")  # no entry has a newline
            leaves.write(_leaf_line(leaf).encode() + b"\n")
            count += 1
    _write(folder / "tiles.jsonl", (_tile_line(tile) for tile in verify_rows.tiles(session, origin.id)))
    _write(folder / "checkpoints.jsonl", (_checkpoint_line(one) for one in verify_rows.checkpoints(session, origin.id)))
    return count


def _leaf_line(leaf: verify_rows.LeafSeen) -> str:
    action, actor_id, actor_kind, entry_id, object_id, object_kind, ts = leaf.columns
    said: dict[str, str | int | bool | None] = {
        "number": leaf.number,
        "id": entry_id,
        "hash": leaf.leaf_hash.hex(),
        "ts": ts,
        "actor_kind": actor_kind,
    }
    return _line({**said, "actor_id": actor_id, "action": action, "object_kind": object_kind, "object_id": object_id})


def _tile_line(tile: verify_rows.TileSeen) -> str:
    hashes = base64.b64encode(tile.hashes).decode()
    return _line({"level": tile.level, "number": tile.number, "hashes": hashes, "root": tile.root.hex()})


def _checkpoint_line(seen: verify_rows.CheckpointSeen) -> str:
    return _line({"size": seen.size, "root": seen.root.hex(), "note": seen.note, "key_id": seen.key_id})


def _staged_line(staged: verify_rows.StagedSeen) -> str:
    entry = None if staged.entry is None else base64.b64encode(staged.entry).decode()
    return _line({"id": staged.id, "entry": entry, "waiting": staged.waiting})


def _line(said: dict[str, str | int | bool | None]) -> str:
    """Also of a row that holds what its columns are not for, which the verification reports."""
    return json.dumps(said, ensure_ascii=False, default=repr)


def _write(path: Path, lines: Iterable[str]) -> None:
    with _new(path) as file:
        file.writelines(f"{line}\n".encode() for line in lines)


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, _NEW, 0o600), "wb")
