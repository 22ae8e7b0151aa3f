"""Rotation of the signing keys while the service serves, and what becomes of each key next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.crypto.keyring import (
    Key,
    KeyPurpose,
    Keyring,
    KeyState,
    alone_in,
    create_next_signing_key,
    destroy_key,
    load_keyring,
    promote_signing_key,
)
from app.crypto.signing import kid_of, retires_at
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import Actor
from app.kernel.errors import Conflict
from app.kernel.sentence import Sentence
from app.upkeep import repository
from app.upkeep.keys import name_keys

SIGNING_KEY_OVERLAP = timedelta(seconds=policies.SIGNING_KEY_OVERLAP.value)
_LISTED_FOR = timedelta(seconds=policies.PUBLIC_KEYS_CACHED.value + policies.SIGNING_KEY_NOTICED.value)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key as the operator sees it: all but the key."""

    key: Key
    kid: str | None
    state: str
    since: datetime
    next: str


@dataclass(frozen=True, slots=True)
class Rotated:
    promoted: Key
    made: Key
    destroyed: tuple[Key, ...]
    receipt: Receipt


class NotListedLongEnough(Conflict):
    def __init__(self, ready_at: datetime) -> None:
        when = _moment(ready_at)
        super().__init__(
            Sentence(
                f"下一个签名密钥公布得还不够久，{when} 起可以启用。",
                f"The next signing key has not been listed long enough; it can be promoted from {when}.",
            )
        )


def rotate_signing(unit_of_work: UnitOfWork, receipts: Receipts, directory: Path, actor: Actor) -> Rotated:
    """Promotes the next signing key, makes another next one, and destroys those that have retired.

    Promotion is one file replaced; a name leaves the database before its file goes, and enters after its file is there:
    whatever is broken off can be run again. It is on record before any of it.
    Raises `NotListedLongEnough`, `AuditNotPublished`, `StartRefused`, `Unavailable`.
    """
    with alone_in(directory):
        ring = load_keyring(directory)
        current = ring.current(KeyPurpose.SIGNING)
        receipt = _begin(unit_of_work, receipts, ring, actor)
        with unit_of_work.begin(actor) as tx:
            named = repository.named_keys(tx)
            coming = ring.next_signing_key() or create_next_signing_key(directory, current.environment, tx.now)
            _refuse_early(coming, current, tx.now)
            retired = [key for key in ring.all() if _has_retired(key, tx.now)]
            promoted = promote_signing_key(directory, coming, tx.now)
            made = create_next_signing_key(directory, current.environment, tx.now)
            name_keys(tx, [key for key in (promoted, made) if key.id not in named])
            _record(tx, promoted, retired, receipt)
        for key in retired:
            destroy_key(directory, key)
    return Rotated(promoted, made, tuple(retired), receipt)


def key_statuses(keyring: Keyring, now: datetime) -> list[KeyStatus]:
    """Every key, by purpose and then by age."""
    keys = sorted(keyring.all(), key=lambda key: (key.purpose, key.created_at, key.id))
    return [_status(key, keyring, now) for key in keys]


def _begin(unit_of_work: UnitOfWork, receipts: Receipts, ring: Keyring, actor: Actor) -> Receipt:
    """Names the key that comes; where there is none yet, the one that goes."""
    current, coming = ring.current(KeyPurpose.SIGNING), ring.next_signing_key()
    if coming:
        with unit_of_work.read() as tx:
            _refuse_early(coming, current, tx.now)
    key = AuditObject(ObjectKind.KEY, (coming or current).id)
    return receipts.fail_closed(actor, Act(Action.KEY_PROMOTED, key, KeyPurpose.SIGNING))


def _refuse_early(coming: Key, current: Key, now: datetime) -> None:
    ready_at = _ready_at(coming, current)
    if now < ready_at:
        raise NotListedLongEnough(ready_at)


def _record(tx: Transaction, promoted: Key, retired: Sequence[Key], receipt: Receipt) -> None:
    case = receipt.entry_id
    audit.record(tx, Action.KEY_PROMOTED, ObjectKind.KEY, promoted.id, reason=promoted.purpose, case=case)
    repository.forget_keys(tx, retired)
    for key in retired:
        audit.record(tx, Action.KEY_DESTROYED, ObjectKind.KEY, key.id, reason=key.purpose, case=case)


def _ready_at(coming: Key, current: Key) -> datetime:
    """From when every cache of the public keys holds it: at once for one that was made together with the first."""
    made_together = current.promoted_at is None and coming.created_at <= current.created_at
    return coming.created_at if made_together else coming.created_at + _LISTED_FOR


def _has_retired(key: Key, now: datetime) -> bool:
    end = retires_at(key, SIGNING_KEY_OVERLAP)
    return end is not None and now >= end


def _status(key: Key, keyring: Keyring, now: datetime) -> KeyStatus:
    kid = kid_of(key) if key.purpose is KeyPurpose.SIGNING else None
    state = "retired" if _has_retired(key, now) else key.state.value
    return KeyStatus(key, kid, state, key.superseded_at or key.current_since(), _next(key, keyring, now))


def _next(key: Key, keyring: Keyring, now: datetime) -> str:
    if key.purpose is KeyPurpose.AUDIT:
        current = key.state is KeyState.CURRENT
        return "signs the audit log until the next rotation" if current else "checks what it signed; keep it"
    if key.purpose is not KeyPurpose.SIGNING:
        return "stays in use; this version does not rotate it"
    if key.state is KeyState.NEXT:
        ready_at = _ready_at(key, keyring.current(KeyPurpose.SIGNING))
        return "can be promoted now" if now >= ready_at else f"can be promoted from {_moment(ready_at)}"
    if key.state is KeyState.CURRENT:
        return "signs until the next rotation"
    if _has_retired(key, now):
        return "accepted no more; the next rotation destroys its file"
    end = retires_at(key, SIGNING_KEY_OVERLAP)
    return f"accepted until {_moment(end)}" if end else "accepted"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
