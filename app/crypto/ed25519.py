"""The signature under the audit log: Ed25519, with keys in files of their own."""

from contextlib import suppress

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.crypto.key_watch import KeyWatch
from app.crypto.keyring import Key, KeyPurpose, Keyring, audit_public_half
from app.kernel.errors import StartRefused


class AuditSigner:
    """Signs with one audit key. Raises `StartRefused` for a key that is none."""

    def __init__(self, key: Key) -> None:
        try:
            loaded = load_pem_private_key(key.material.reveal(), password=None)
        except ValueError:
            loaded = None
        if not isinstance(loaded, Ed25519PrivateKey):
            raise StartRefused(f"Audit key {key.id} is not an Ed25519 key. Restore it from its backup.")
        self.key_id = key.id
        self.public = loaded.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._private = loaded

    def sign(self, message: bytes) -> bytes:
        """64 bytes, always the same for the same message. Source: RFC 8032."""
        return self._private.sign(message)


class AuditKeys:
    """The audit keys as they were read last: one signs, and each is known by its public half.

    With a `watch` they are read again when their directory changes; while they cannot be read, those read last stay.
    """

    def __init__(self, keyring: Keyring, watch: KeyWatch | None = None) -> None:
        self._watch = watch
        self._signer, self._publics = _read(keyring)

    def signer(self) -> AuditSigner:
        """The one that signs now."""
        if self._watch is not None and self._watch.due():
            self.look_again()
        return self._signer

    def publics(self) -> list[bytes]:
        """The public halves of all keys that sign or have signed, the newest first."""
        self.signer()
        return self._publics

    def look_again(self) -> None:
        """At once: something was signed by a key that is not known here."""
        if self._watch is not None:
            with suppress(StartRefused, OSError):
                ring = self._watch.changed()
                self._signer, self._publics = _read(ring) if ring else (self._signer, self._publics)


def _read(ring: Keyring) -> tuple[AuditSigner, list[bytes]]:
    keys = sorted(ring.of(KeyPurpose.AUDIT), key=Key.current_since, reverse=True)
    signer = AuditSigner(ring.current(KeyPurpose.AUDIT))
    halves = [audit_public_half(key.material) for key in keys]
    return signer, list(dict.fromkeys([signer.public, *(half for half in halves if half)]))


def is_signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a key of 32 bytes made this signature; False also for what is no key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
