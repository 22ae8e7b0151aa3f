"""A text that a browser opens without us, under a passphrase that is read off a screen: AES-256-GCM and PBKDF2.

PBKDF2 because WebCrypto has nothing better. Source: OWASP, Password Storage; NIST SP 800-132.
"""

import os
from dataclasses import dataclass
from hashlib import pbkdf2_hmac

from app.crypto.envelope import encrypt
from app.kernel.secret import Secret

ROUNDS = 600_000
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters that are not mistaken for each other: 20 of them are 100 bits."""
_GROUPS, _GROUP = 5, 4


@dataclass(frozen=True, slots=True)
class SealedText:
    """All that it takes besides the passphrase; the tag ends the ciphertext."""

    salt: bytes
    nonce: bytes
    rounds: int
    ciphertext: bytes


def passphrase_of(digest: bytes) -> Secret[str]:
    """20 letters in groups, of the first 20 bytes, which must be random."""
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[: _GROUPS * _GROUP])
    return Secret("-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP)))


def seal_under(passphrase: Secret[str], plain: Secret[str], about: str) -> SealedText:
    """Under a new key each time; `about` stands beside it in the clear and cannot be changed either.

    The dashes of the passphrase are for the eye: they are left out of the key.
    """
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    letters = passphrase.reveal().replace("-", "").encode()
    key = pbkdf2_hmac("sha256", letters, salt, ROUNDS, _KEY_BYTES)
    return SealedText(salt, nonce, ROUNDS, encrypt(key, nonce, plain.reveal().encode(), about.encode()))
