"""Details of an entry that may have to be erased: sealed apart, while a commitment in the entry outlives them."""

import os
from dataclasses import dataclass
from hashlib import sha256

from app.crypto.envelope import Place, Records
from app.kernel.secret import Secret

_DOMAIN = b"shiming audit detail v1\x00"
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedDetail:
    salt: bytes
    sealed: bytes
    commitment: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A text that an entry commits to without holding it."""

    records: Records
    text: Secret[str]

    def seal(self, entry_id: str) -> SealedDetail:
        salt = os.urandom(_SALT_BYTES)
        sealed = self.records.seal(self.text, place_of(entry_id))
        return SealedDetail(salt, sealed, commitment(salt, self.text))


def commitment(salt: bytes, body: Secret[str]) -> str:
    """With the salt gone nobody can try out what the text may have been."""
    return sha256(_DOMAIN + salt + body.reveal().encode()).hexdigest()


def place_of(entry_id: str) -> Place:
    return Place("audit_detail", entry_id, "sealed")
