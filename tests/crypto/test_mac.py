"""Keyed digests: one subkey for each use, and no two messages that look alike."""

import hashlib
import hmac

import pytest

from app.crypto.keyring import KeyPurpose, Keyring
from app.crypto.mac import Mac, MacUse
from app.kernel.errors import StartRefused


def _computed_by_hand(keyring: Keyring, use: MacUse, *parts: str) -> bytes:
    """HKDF of RFC 5869 with one block and no salt, then HMAC over parts that each carry their length."""
    material = keyring.current(KeyPurpose.MAC).material.reveal()
    extracted = hmac.new(bytes(32), material, hashlib.sha256).digest()
    subkey = hmac.new(extracted, f"shiming {use}".encode() + b"\x01", hashlib.sha256).digest()
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(subkey, message, hashlib.sha256).digest()


@pytest.mark.parametrize("use", MacUse)
def test_a_digest_equals_the_one_computed_by_hand(keyring: Keyring, use: MacUse) -> None:
    assert Mac(keyring).digest(use, "ver_1", "验证码 482913") == _computed_by_hand(
        keyring, use, "ver_1", "验证码 482913"
    )


def test_each_use_has_a_subkey_of_its_own(keyring: Keyring) -> None:
    assert len({Mac(keyring).digest(use, "same") for use in MacUse}) == len(MacUse)


def test_a_letter_moved_between_parts_changes_the_digest(keyring: Keyring) -> None:
    messages = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ()]
    digests = {Mac(keyring).digest(MacUse.ONE_TIME_CODE, *parts) for parts in messages}
    assert len(digests) == len(messages)


def test_another_installation_has_other_digests(keyring: Keyring, other_keyring: Keyring) -> None:
    here, there = Mac(keyring), Mac(other_keyring)
    assert here.digest(MacUse.CLIENT_SECRET, "same") != there.digest(MacUse.CLIENT_SECRET, "same")


def test_only_the_same_message_under_the_same_use_matches(keyring: Keyring) -> None:
    mac = Mac(keyring)
    digest = mac.digest(MacUse.ONE_TIME_CODE, "ver_1", "482913")
    assert mac.matches(digest, MacUse.ONE_TIME_CODE, "ver_1", "482913")
    assert not mac.matches(digest, MacUse.ONE_TIME_CODE, "ver_1", "482914")
    assert not mac.matches(digest, MacUse.ONE_TIME_CODE, "ver_2", "482913")
    assert not mac.matches(digest, MacUse.CLIENT_SECRET, "ver_1", "482913")
    assert not mac.matches(digest[:-1], MacUse.ONE_TIME_CODE, "ver_1", "482913")
    assert not mac.matches(b"", MacUse.ONE_TIME_CODE, "ver_1", "482913")


def test_without_a_mac_key_there_is_no_digest() -> None:
    with pytest.raises(StartRefused, match="mac"):
        Mac(Keyring([]))
