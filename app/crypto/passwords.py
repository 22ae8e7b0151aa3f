"""Passwords of the staff: Argon2id over the text that was typed, whichever way it was composed."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.kernel.secret import Secret

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's least; each hash costs some 30 ms and 19 MiB, so callers take a seat first."""
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters that are not mistaken for each other: 20 of them are 100 bits."""
_LENGTH = 20
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2hpbWluZy1ub2JvZHktMQ$n2+0pqtMlmFz1Wd2ZJHa9iOr9mfWzXDhr7FZBQVQ0aE"
"""What is compared where there is nobody: it costs the same, and no password is known to make it."""


def normalised(typed: Secret[str]) -> Secret[str]:
    """NFKC: the same keys give the same password on every system."""
    return Secret(unicodedata.normalize("NFKC", typed.reveal()))


def hash_password(password: Secret[str]) -> str:
    return _HASHER.hash(normalised(password).reveal())


def matches(stored: str, password: Secret[str]) -> bool:
    try:
        return _HASHER.verify(stored, normalised(password).reveal())
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether it was made with less work than is asked for now."""
    return _HASHER.check_needs_rehash(stored)


def new_password() -> Secret[str]:
    return Secret("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)))
