"""Checkpoints: what the log was at a size, as a signed note. Source: C2SP tlog-checkpoint and signed-note."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from app.audit.tree import HASH_BYTES

_ED25519 = b"\x01"
_KEY_HASH_BYTES, _SIGNATURE_BYTES = 4, 64
_NAME = re.compile(r"[!-*,-~]{1,200}", re.ASCII)
"""Of an origin, which is also the name of its key: visible ASCII, and no plus sign."""
_BODY = re.compile(r"([!-*,-~]{1,200})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n", re.ASCII)
_SIGNATURE = re.compile(r"— ([!-*,-~]{1,200}) ([A-Za-z0-9+/]{4,400}={0,2})\n", re.ASCII)
_LONGEST_NOTE = 8192
Verify = Callable[[bytes, bytes, bytes], bool]
"""Of public key, message and signature."""


class NoteRefused(ValueError):
    """No checkpoint that this key has signed."""


class Signer(Protocol):
    """Holds the private key; `public` is its other half, 32 bytes."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root of a tree of `size` leaves; `origin` names the tree."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Takes one spelling of each checkpoint, and no extension lines. Raises `NoteRefused`."""
        found = _BODY.fullmatch(body)
        if not found:
            raise NoteRefused("no checkpoint")
        checkpoint = cls(found[1], int(found[2]), base64.b64decode(found[3]))
        if len(checkpoint.root) != HASH_BYTES or checkpoint.body() != body:
            raise NoteRefused("another spelling of its root")
        return checkpoint


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half, under the name that its signatures bear."""

    name: str
    public: bytes

    @property
    def key_hash(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_HASH_BYTES]

    def text(self) -> str:
        """As `name+hash+key`, on one line."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises `NoteRefused` for what is no Ed25519 verifier key, or bears the hash of another."""
        name, _, rest = text.partition("+")
        try:
            raw = base64.b64decode(rest.partition("+")[2], validate=True)
        except ValueError:
            raise NoteRefused("no verifier key") from None
        key = cls(name, raw[1:])
        if not _NAME.fullmatch(name) or len(key.public) != HASH_BYTES or key.text() != text:
            raise NoteRefused("no verifier key")
        return key


def verifier_key(origin: str, signer: Signer) -> VerifierKey:
    return VerifierKey(origin, signer.public)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note; the same checkpoint under the same key is always the same note."""
    body = checkpoint.body()
    if Checkpoint.parse(body) != checkpoint:
        raise ValueError("no checkpoint that a note can say")
    signature = verifier_key(checkpoint.origin, signer).key_hash + signer.sign(body.encode())
    return f"{body}\n— {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def open_checkpoint(note: str, key: VerifierKey, verify: Verify) -> Checkpoint:
    """The checkpoint of a note that this key has signed; signatures of other keys beside it are passed over.

    Raises `NoteRefused`.
    """
    body, gap, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines(keepends=True)
    found = [line for line in map(_SIGNATURE.fullmatch, lines) if line]
    if len(note) > _LONGEST_NOTE or not gap or not found or len(found) < len(lines):
        raise NoteRefused("no signed note")
    body += "\n"
    checkpoint = Checkpoint.parse(body)  # before its bytes are asked for: not every text has some
    if not any(line[1] == key.name and _holds(line[2], body.encode(), key, verify) for line in found):
        raise NoteRefused("not signed by this key")
    if checkpoint.origin != key.name:
        raise NoteRefused("of another log")
    return checkpoint


def _holds(signature: str, body: bytes, key: VerifierKey, verify: Verify) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    key_hash, rest = raw[:_KEY_HASH_BYTES], raw[_KEY_HASH_BYTES:]
    one_spelling = base64.b64encode(raw).decode() == signature
    return (
        one_spelling and key_hash == key.key_hash and len(rest) == _SIGNATURE_BYTES and verify(key.public, body, rest)
    )
