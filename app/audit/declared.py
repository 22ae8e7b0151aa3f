"""What the first entry of a recovered log says of the log before it: a claim, until something outside bears it out."""

import base64
import json
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.audit import anchor_rows, repository, verify_rows
from app.audit.canonical import columns_of_one
from app.audit.checkpoint import Checkpoint
from app.audit.domain import Action

_CASE = re.compile("(0|[1-9][0-9]{0,17}) ([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True, slots=True)
class Loss:
    """Of a log so many entries had been signed when a recovery began another one, and `left` are in the database."""

    origin: str
    signed: int
    left: int


def case_of(old: Checkpoint) -> str:
    """How an entry holds it."""
    return f"{old.size} {base64.b64encode(old.root).decode()}"


def declared_by(entry: bytes | None) -> Checkpoint | None:
    """The last checkpoint of another log that this entry holds; None for any entry but that of a recovery."""
    if entry is None or columns_of_one(entry) is None:
        return None
    said = json.loads(entry)
    found = _CASE.fullmatch(said["case"] or "")
    if said["action"] != Action.AUDIT_RECOVERED or not found:
        return None
    old = Checkpoint(said["object"]["id"], int(found[1]), base64.b64decode(found[2]))
    return old if case_of(old) == said["case"] else None


def declared_losses(session: Session) -> list[Loss]:
    """By what the database says of itself; whether it is so, a verification says."""
    origins = verify_rows.origins(session)
    newest = {one.name: repository.newest_checkpoint(session, one.id) for one in origins}
    losses = list[Loss]()
    for origin in origins:
        declared = declared_by(anchor_rows.first_entry(session, origin.id))
        left = newest.get(declared.origin) if declared else None
        if declared and declared.size > (left.size if left else 0):
            losses.append(Loss(declared.origin, declared.size, left.size if left else 0))
    return losses
