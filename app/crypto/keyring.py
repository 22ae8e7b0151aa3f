"""The keys of an installation: one file each, readable by its owner alone, never in the database."""

import base64
import fcntl
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from app.kernel.errors import StartRefused
from app.kernel.secret import Secret

_FORMAT = 1
_KEY_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)


class KeyPurpose(StrEnum):
    ROOT = "root"
    """Wraps one data key per person."""
    INDEX = "index"
    """Blind index of documents and phones."""
    MAC = "mac"
    """Client secrets, one-time codes and other short-lived digests, by derived subkeys."""
    SIGNING = "signing"
    """ES256 private key for access and posting tokens."""
    RECORDS = "records"
    """Seals what is no identity: stored answers, later contacts and evidence."""
    AUDIT = "audit"
    """Ed25519 private key for the checkpoints of the audit log."""


_MATERIAL_BYTES = {KeyPurpose.ROOT: 32, KeyPurpose.INDEX: 32 + 32 + 16, KeyPurpose.MAC: 32, KeyPurpose.RECORDS: 32}
"""An index key is an inner key, an outer key and a salt. Keys that sign are text, checked where they are read."""


class KeyState(StrEnum):
    NEXT = "next"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    purpose: KeyPurpose
    state: KeyState
    environment: str
    created_at: datetime
    material: Secret[bytes]
    promoted_at: datetime | None = None
    """When a rotation made it current; None for a first key, which is current from its making."""
    superseded_at: datetime | None = None
    """When another one became current in its stead. Computed."""

    def current_since(self) -> datetime:
        return self.promoted_at or self.created_at

    def check_value(self) -> bytes:
        """Tells whether a key of this id is the same key; 16 bytes that say nothing of its 256 random bits.

        An audit key is the same one when its private half is gone.
        """
        told_by = audit_public_half(self.material) if self.purpose is KeyPurpose.AUDIT else None
        return sha256(b"shiming key check" + (told_by or self.material.reveal())).digest()[:16]


class Keyring:
    """The keys of one installation, read once at start."""

    def __init__(self, keys: Iterable[Key]) -> None:
        found = list(keys)
        self._keys = {key.id: key for key in found}
        current = [key.purpose for key in found if key.state is KeyState.CURRENT]
        if len(self._keys) != len(found) or len(current) != len(set(current)):
            raise StartRefused(
                "The key directory holds two keys of one id, or two current keys of one purpose. Restore it from its"
                " backup."
            )

    def current(self, purpose: KeyPurpose) -> Key:
        """The key that new values are made with. Raises `StartRefused` when there is none."""
        for key in self._keys.values():
            if key.purpose is purpose and key.state is KeyState.CURRENT:
                return key
        raise StartRefused(f"There is no current {purpose} key. Run `shiming init`.")

    def next_signing_key(self) -> Key | None:
        return next((key for key in self.of(KeyPurpose.SIGNING) if key.state is KeyState.NEXT), None)

    def get(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    def of(self, purpose: KeyPurpose) -> list[Key]:
        return [key for key in self._keys.values() if key.purpose is purpose]

    def all(self) -> list[Key]:
        return list(self._keys.values())


def load_keyring(directory: Path) -> Keyring:
    """Reads every key file. Raises `StartRefused` for one that others can read or that cannot be understood."""
    return Keyring(_in_turn([_read(path) for path in sorted(directory.glob("*.key"))]))


def create_missing_keys(directory: Path, environment: str, now: datetime) -> list[Key]:
    """Makes a current key for each purpose that has none, and the next signing key; returns the new ones.

    Safe to call again.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone_in(directory):
        ring = load_keyring(directory)
        present = {key.purpose for key in ring.all() if key.state is KeyState.CURRENT}
        made = [_new_key(purpose, environment, now) for purpose in KeyPurpose if purpose not in present]
        for key in made:
            _write(directory, key)
        return made if ring.next_signing_key() else [*made, create_next_signing_key(directory, environment, now)]


def create_next_signing_key(directory: Path, environment: str, now: datetime) -> Key:
    """A key that is published, and signs nothing until it is promoted."""
    key = replace(_new_key(KeyPurpose.SIGNING, environment, now), state=KeyState.NEXT)
    _write(directory, key)
    return key


def promote_signing_key(directory: Path, key: Key, now: datetime) -> Key:
    """Makes the next signing key the current one. One file is replaced, so no crash leaves two current keys or none."""
    promoted = replace(key, state=KeyState.CURRENT, promoted_at=now)
    _write(directory, promoted)
    return promoted


def replace_audit_key(directory: Path, environment: str, now: datetime) -> Key:
    """A new audit key, current from now on. One file is added, so no crash leaves two current keys or none."""
    key = replace(_new_key(KeyPurpose.AUDIT, environment, now), promoted_at=now)
    _write(directory, key)
    return key


def destroy_private_half(directory: Path, key: Key) -> None:
    """Of an audit key only what checks its signatures stays; nobody signs with it again."""
    public = audit_public_half(key.material)
    if public is not None and has_private_half(key):
        pem = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(directory, replace(key, state=KeyState.CURRENT, material=Secret(pem)))


def has_private_half(key: Key) -> bool:
    """Of a key that is stored as PEM."""
    return b"PRIVATE KEY" in key.material.reveal()


def audit_public_half(material: Secret[bytes]) -> bytes | None:
    """32 bytes, of a whole audit key or of one whose private half was destroyed; None for what is neither."""
    pem = material.reveal()
    try:
        key = load_pem_private_key(pem, None).public_key() if b"PRIVATE KEY" in pem else load_pem_public_key(pem)
    except ValueError:
        return None
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw) if isinstance(key, Ed25519PublicKey) else None


def destroy_key(directory: Path, key: Key) -> None:
    """Removes a key's file; nothing that it made can be checked or opened again."""
    _path_of(directory, key).unlink(missing_ok=True)
    _sync(directory)


def _in_turn(keys: list[Key]) -> list[Key]:
    """The states of keys that sign, out of when each became current: the latest is, and those before it were."""
    superseded = {**_superseded(keys, KeyPurpose.SIGNING), **_superseded(keys, KeyPurpose.AUDIT)}
    return [
        replace(key, state=KeyState.PREVIOUS, superseded_at=superseded[key.id]) if key.id in superseded else key
        for key in keys
    ]


def _superseded(keys: list[Key], purpose: KeyPurpose) -> dict[str, datetime]:
    signing = [key for key in keys if key.purpose is purpose and key.state is KeyState.CURRENT]
    if sum(key.promoted_at is None for key in signing) > 1:
        return {}  # two first keys: the ring refuses them
    signing.sort(key=lambda key: (key.promoted_at is not None, key.current_since()))
    return {key.id: after.current_since() for key, after in pairwise(signing)}


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """One maker of keys at a time: two current keys of a purpose would be two installations in one database."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new_key(purpose: KeyPurpose, environment: str, now: datetime) -> Key:
    return Key(
        id=os.urandom(8).hex(),
        purpose=purpose,
        state=KeyState.CURRENT,
        environment=environment,
        created_at=now,
        material=Secret(_new_material(purpose)),
    )


def _new_material(purpose: KeyPurpose) -> bytes:
    if purpose is KeyPurpose.SIGNING:
        signing = ec.generate_private_key(ec.SECP256R1())
        return signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if purpose is KeyPurpose.AUDIT:
        return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return os.urandom(_MATERIAL_BYTES[purpose])


def _write(directory: Path, key: Key) -> None:
    body = {
        "format": _FORMAT,
        "id": key.id,
        "purpose": key.purpose,
        "state": key.state,
        "environment": key.environment,
        "created_at": key.created_at.astimezone(UTC).isoformat(),
        "material": base64.b64encode(key.material.reveal()).decode(),
    }
    if key.promoted_at is not None:
        body["promoted_at"] = key.promoted_at.astimezone(UTC).isoformat()
    path = _path_of(directory, key)
    temporary = path.with_suffix(".tmp")
    try:
        _write_through(temporary, json.dumps(body))
        temporary.rename(path)
        _sync(directory)
    except OSError as error:
        raise StartRefused(
            f"Key file {path} cannot be written: {error.strerror}. Mend that and run this again."
        ) from None


def _write_through(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)  # what a process that died or found the disk full left behind
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _path_of(directory: Path, key: Key) -> Path:
    return directory / f"{key.purpose}-{key.id}.key"


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Key:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StartRefused(f"Key file {path} can be read by others. Run `chmod 600 {path}`.")
        body = json.loads(path.read_text())
        if body["format"] != _FORMAT:
            raise StartRefused(f"Key file {path} has a format that this version does not know.")
        purpose, material = KeyPurpose(body["purpose"]), base64.b64decode(body["material"], validate=True)
        _refuse_damaged(body["id"], purpose, material)
        return Key(
            id=body["id"],
            purpose=purpose,
            state=KeyState(body["state"]),
            environment=str(body["environment"]),
            created_at=datetime.fromisoformat(body["created_at"]),
            material=Secret(material),
            promoted_at=datetime.fromisoformat(body["promoted_at"]) if "promoted_at" in body else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise StartRefused(f"Key file {path} cannot be read as a key. Restore it from its backup.") from None


def _refuse_damaged(key_id: str, purpose: KeyPurpose, material: bytes) -> None:
    """Raises `ValueError`: a key that lost bytes would still work, and anybody could guess it."""
    if not _KEY_ID.fullmatch(key_id) or len(material) != _MATERIAL_BYTES.get(purpose, len(material)):
        raise ValueError(purpose)
