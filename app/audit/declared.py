"""What the first entries of a recovered log say of those before it: a claim, until something outside bears it out."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.audit import repository, verify_rows
from app.audit.canonical import columns_of_one
from app.audit.checkpoint import Checkpoint
from app.audit.domain import Action

_CASE = re.compile("(0|[1-9][0-9]{0,17}) ([A-Za-z0-9+/]{43}=)")
_FEW = 16
"""Leaves that are read at a time: hardly a recovery declares more."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Of a log so many entries had been signed when a recovery began another one, and `left` are in the database."""

    origin: str
    signed: int
    left: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """The entries of a recovery that a log begins with, one after the other, and what they declare."""

    recoveries: Sequence[bytes]
    declared: Sequence[Checkpoint]
    by_itself: bool
    """Whether it is empty, or begins with another entry: as only the first log of all does."""


def case_of(old: Checkpoint) -> str:
    """How an entry holds it."""
    return f"{old.size} {base64.b64encode(old.root).decode()}"


def declared_by(entry: bytes | None) -> Checkpoint | None:
    """The last checkpoint of another log that this entry holds; None for any entry but that of a recovery."""
    if entry is None or not _is_recovery(entry):
        return None
    said = json.loads(entry)
    found = _CASE.fullmatch(said["case"] or "")
    if not found:
        return None
    old = Checkpoint(said["object"]["id"], int(found[1]), base64.b64decode(found[2]))
    return old if case_of(old) == said["case"] else None


def beginning_of(session: Session, origin_id: int) -> Beginning:
    """Of a first entry whose bytes cannot be read nobody can say whether it is one of a recovery."""
    run, by_itself = list[bytes](), True
    for leaf in verify_rows.leaves(session, origin_id, _FEW):
        is_entry = leaf.entry is not None and columns_of_one(leaf.entry) is not None
        by_itself = not run and is_entry
        if leaf.entry is None or not _is_recovery(leaf.entry):
            break
        run, by_itself = [*run, leaf.entry], False
    return Beginning(run, [old for entry in run if (old := declared_by(entry))], by_itself)


def _is_recovery(entry: bytes) -> bool:
    return columns_of_one(entry) is not None and json.loads(entry)["action"] == Action.AUDIT_RECOVERED


def declared_losses(session: Session) -> list[Loss]:
    """By what the database says of itself; whether it is so, a verification says."""
    origins = verify_rows.origins(session)
    newest = {one.name: repository.newest_checkpoint(session, one.id) for one in origins}
    signed = dict[str, int]()
    for declared in all_declared(session):
        signed[declared.origin] = max(declared.size, signed.get(declared.origin, 0))
    left = {name: one.size for name, one in newest.items() if one}
    return [Loss(name, size, left.get(name, 0)) for name, size in signed.items() if size > left.get(name, 0)]


def all_declared(session: Session) -> Iterator[Checkpoint]:
    """By every log of the database."""
    for origin in verify_rows.origins(session):
        yield from beginning_of(session, origin.id).declared
