"""Rotation of the key that signs the audit log, while the service serves."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.audit import service as audit
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.crypto.keyring import (
    Key,
    KeyPurpose,
    alone_in,
    audit_public_half,
    destroy_private_half,
    has_private_half,
    load_keyring,
    replace_audit_key,
)
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import Actor
from app.upkeep import repository
from app.upkeep.keys import name_keys


@dataclass(frozen=True, slots=True)
class AuditRotated:
    made: Key
    disarmed: tuple[Key, ...]
    """Whose private halves are gone; what they signed is checked by their public halves, which stay."""
    receipt: Receipt


def rotate_audit(unit_of_work: UnitOfWork, receipts: Receipts, directory: Path, actor: Actor) -> AuditRotated:
    """A new key signs from now on; of every earlier one only the public half is kept.

    Serving processes notice within 2 seconds, or at once where they meet a note that the new key signed; what the old
    key signs until then counts. The new public half stands in the entry of the act, and so under a checkpoint that
    somebody who knows only the old key can follow. Whatever is broken off can be run again. It is on record before any
    of it. Raises `AuditNotPublished`, `StartRefused`, `Unavailable`.
    """
    with alone_in(directory):
        current = load_keyring(directory).current(KeyPurpose.AUDIT)
        act = Act(Action.KEY_PROMOTED, AuditObject(ObjectKind.KEY, current.id), KeyPurpose.AUDIT)
        receipt = receipts.fail_closed(actor, act)
        with unit_of_work.begin(actor) as tx:
            named = repository.named_keys(tx)
            later = max(tx.now, current.current_since() + timedelta(microseconds=1))  # whatever the clock says
            made = replace_audit_key(directory, current.environment, later)
            keys = sorted(load_keyring(directory).of(KeyPurpose.AUDIT), key=Key.current_since)
            earlier = tuple(key for key in keys if key.id != made.id and has_private_half(key))
            unnamed = [key for key in keys if key.id not in named]  # also of a rotation that was broken off
            name_keys(tx, unnamed)
            for key in unnamed:
                public = audit_public_half(key.material) or b""
                audit.record(
                    tx, Action.KEY_PROMOTED, ObjectKind.KEY, key.id, reason=KeyPurpose.AUDIT.value, case=public.hex()
                )
            for key in earlier:
                audit.record(tx, Action.KEY_DESTROYED, ObjectKind.KEY, key.id, reason=KeyPurpose.AUDIT.value)
        for key in earlier:
            destroy_private_half(directory, key)
    return AuditRotated(made, earlier, receipt)
