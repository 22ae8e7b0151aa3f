"""A database without its keys is lost: refuse to start on one, and say which key is missing."""

from collections.abc import Sequence

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.keyring import Key, KeyPurpose, Keyring, audit_public_half
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import Actor
from app.kernel.errors import StartRefused
from app.upkeep import repository


def refuse_missing_keys(unit_of_work: UnitOfWork, keyring: Keyring, where: str) -> None:
    """Raises `StartRefused` when the database names a key that is not in the ring. `where` is the key directory."""
    with unit_of_work.read() as tx:
        named = repository.named_keys(tx)
    present = {key.id: key.check_value() for key in keyring.all()}
    missing = sorted(
        f"{purpose} {key_id}" for key_id, (purpose, check_value) in named.items() if present.get(key_id) != check_value
    )
    if missing:
        raise StartRefused(
            f"Keys are missing from {where} or others bear their names: {', '.join(missing)}. Restore them from their"
            " backup, or point SHIMING_KEYS_DIR at the directory that has them; without them its data cannot be"
            " read."
        )


def name_new_keys(unit_of_work: UnitOfWork, keyring: Keyring, actor: Actor) -> None:
    """Writes the names of keys that the database does not name yet."""
    with unit_of_work.begin(actor) as tx:
        named = repository.named_keys(tx)
        name_keys(tx, [key for key in keyring.all() if key.id not in named])


def name_keys(tx: Transaction, new: Sequence[Key]) -> None:
    """A step: from now on the database depends on these keys."""
    repository.name_keys(tx, new)
    for key in new:
        half = audit_public_half(key.material) if key.purpose is KeyPurpose.AUDIT else None
        case = half.hex() if half else None
        audit.record(tx, Action.KEY_CREATED, ObjectKind.KEY, key.id, reason=key.purpose, case=case)
