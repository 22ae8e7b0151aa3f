"""Envelope encryption: one data key per person, wrapped by the root key; every ciphertext tied to its place.

Stored form: version ‖ algorithm ‖ key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.errors import SealBroken
from app.crypto.keyring import KeyPurpose, Keyring
from app.kernel.secret import Secret

_VERSION = 1
_AES_256_GCM = 1
_KEY_ID = slice(2, 10)
_NONCE = slice(10, 22)
_HEADER_BYTES = 22
_TAG_BYTES = 16
_DATA_KEY_BYTES = 8 + 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ciphertext lives; moved anywhere else, it no longer opens."""

    table: str
    owner: str
    field: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's own key. Destroying its wrapped form destroys everything sealed under it."""

    id: bytes
    material: Secret[bytes]


class Envelope:
    """Seals and opens under data keys that only the root keys can unwrap. Source: L8h, L8i."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def new_data_key(self) -> DataKey:
        return DataKey(id=os.urandom(8), material=Secret(os.urandom(32)))

    def wrap(self, data_key: DataKey, place: Place) -> bytes:
        root = self._keyring.current(KeyPurpose.ROOT)
        return _encrypt(bytes.fromhex(root.id), root.material.reveal(), data_key.id + data_key.material.reveal(), place)

    def unwrap(self, wrapped: bytes, place: Place) -> DataKey:
        """Raises `SealBroken` when the root key is not here or the wrapped key is not this place's."""
        root = self._keyring.get(_key_id_of(wrapped).hex())
        if root is None or root.purpose is not KeyPurpose.ROOT:
            raise SealBroken("root key missing")
        plain = _decrypt(root.material.reveal(), wrapped, place)
        if len(plain) != _DATA_KEY_BYTES:
            raise SealBroken("not a data key")
        return DataKey(id=plain[:8], material=Secret(plain[8:]))


class Records:
    """Seals and opens what is no identity, directly under a key of the installation."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._current = keyring.current(KeyPurpose.RECORDS)

    def seal(self, plain: Secret[str], place: Place) -> bytes:
        key_id, key = bytes.fromhex(self._current.id), self._current.material.reveal()
        return _encrypt(key_id, key, plain.reveal().encode(), place)

    def unseal(self, sealed: bytes, place: Place) -> Secret[str]:
        """Raises `SealBroken` when the key is not here, or the value was changed or is not this place's."""
        key = self._keyring.get(_key_id_of(sealed).hex())
        if key is None or key.purpose is not KeyPurpose.RECORDS:
            raise SealBroken("records key missing")
        return Secret(_decrypt(key.material.reveal(), sealed, place).decode())


def seal(data_key: DataKey, plain: Secret[str], place: Place) -> bytes:
    return _encrypt(data_key.id, data_key.material.reveal(), plain.reveal().encode(), place)


def unseal(data_key: DataKey, sealed: bytes, place: Place) -> Secret[str]:
    """Raises `SealBroken` for a value of another person, field or table, and for a changed one."""
    if _key_id_of(sealed) != data_key.id:
        raise SealBroken("another data key")
    return Secret(_decrypt(data_key.material.reveal(), sealed, place).decode())


def _encrypt(key_id: bytes, key: bytes, plain: bytes, place: Place) -> bytes:
    nonce = os.urandom(12)
    header = bytes((_VERSION, _AES_256_GCM)) + key_id
    return header + nonce + encrypt(key, nonce, plain, _associated_data(header, place))


def _decrypt(key: bytes, sealed: bytes, place: Place) -> bytes:
    return decrypt(key, sealed[_NONCE], sealed[_HEADER_BYTES:], _associated_data(sealed[:10], place))


def encrypt(key: bytes, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
    """AES-256-GCM: ciphertext and tag."""
    return AESGCM(key).encrypt(nonce, plain, associated)


def decrypt(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    """Raises `SealBroken`."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise SealBroken("changed, or not from this place") from None


def _key_id_of(sealed: bytes) -> bytes:
    if len(sealed) < _HEADER_BYTES + _TAG_BYTES or sealed[0] != _VERSION or sealed[1] != _AES_256_GCM:
        raise SealBroken("not a sealed value")
    return sealed[_KEY_ID]


def _associated_data(header: bytes, place: Place) -> bytes:
    parts = (header, place.table.encode(), place.owner.encode(), place.field.encode())
    return b"".join(len(part).to_bytes(2) + part for part in parts)
