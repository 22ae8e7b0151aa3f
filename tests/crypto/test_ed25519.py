"""The audit key is an Ed25519 key in a file of its own, or nothing is signed."""

from dataclasses import replace

import pytest

from app.crypto.ed25519 import AuditSigner, is_signed_by
from app.crypto.keyring import KeyPurpose, Keyring
from app.kernel.errors import StartRefused
from app.kernel.secret import Secret


def test_what_the_audit_key_signs_its_public_half_knows(keyring: Keyring, other_keyring: Keyring) -> None:
    signer, other = (AuditSigner(ring.current(KeyPurpose.AUDIT)) for ring in (keyring, other_keyring))
    signature = signer.sign(b"said")
    assert len(signature) == 64
    assert signer.key_id == keyring.current(KeyPurpose.AUDIT).id
    assert is_signed_by(signer.public, b"said", signature)
    assert not is_signed_by(signer.public, b"not said", signature)
    assert not is_signed_by(other.public, b"said", signature)


def test_another_kind_of_key_is_a_start_that_is_refused(keyring: Keyring) -> None:
    key = keyring.current(KeyPurpose.AUDIT)
    for material in (keyring.current(KeyPurpose.SIGNING).material, Secret(b""), Secret(bytes(32))):
        with pytest.raises(StartRefused, match=f"Audit key {key.id} is not an Ed25519 key"):
            AuditSigner(replace(key, material=material))
