"""The signature under the audit log: Ed25519, with a key in a file of its own."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.crypto.keyring import Key
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


def is_signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a key of 32 bytes made this signature; False also for what is no key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
