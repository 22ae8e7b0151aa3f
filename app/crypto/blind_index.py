"""A slow keyed index: finds the row of a number that is known, and lets nobody who lacks the keys test a guess.

`HMAC(k_outer, Argon2id(HMAC(k_inner, scheme ‖ number)))`. The whole space of ID numbers is about 1.3e11, so no
hash without a key outside the database would protect them; Argon2id is the second wall.
"""

import hmac
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from app.crypto.keyring import KeyPurpose, Keyring
from app.kernel.secret import Secret

_MEMORY_KIB = 19 * 1024
_PASSES = 2


@dataclass(frozen=True, slots=True)
class IndexValue:
    """The index of one number in one scheme, and the version of the key that made it."""

    scheme: str
    version: str
    digest: bytes


class BlindIndex:
    """Computes index values; each costs some 30 ms and 19 MiB, so callers take a seat first."""

    def __init__(self, keyring: Keyring) -> None:
        key = keyring.current(KeyPurpose.INDEX)
        self._version = key.id
        material = key.material.reveal()
        self._inner, self._outer, self._salt = material[:32], material[32:64], material[64:]

    def of(self, scheme: str, number: Secret[str]) -> IndexValue:
        """The index of a number that has been normalised already: another spelling would be another person."""
        framed = scheme.encode() + b"\x00" + number.reveal().encode()
        slow = hash_secret_raw(
            secret=hmac.digest(self._inner, framed, "sha256"),
            salt=self._salt,
            time_cost=_PASSES,
            memory_cost=_MEMORY_KIB,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
        return IndexValue(scheme, self._version, hmac.digest(self._outer, slow, "sha256"))
