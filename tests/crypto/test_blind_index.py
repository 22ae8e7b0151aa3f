"""One number has one index in one scheme of one installation, and nobody computes it without the keys."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from argon2.low_level import Type, hash_secret_raw

from app.crypto.blind_index import BlindIndex
from app.crypto.keyring import KeyPurpose, Keyring
from app.kernel.errors import StartRefused
from app.kernel.secret import Secret

NUMBER = "110199199003070017"
OTHER_NUMBER = "110199199003070025"
SCHEME = "cn-resident-id"


def _computed_by_hand(keyring: Keyring, scheme: str, number: str) -> bytes:
    """Straight from the design: `HMAC(k_outer, Argon2id(HMAC(k_inner, scheme ‖ number), 19 MiB, t=2, p=1))`."""
    material = keyring.current(KeyPurpose.INDEX).material.reveal()
    inner, outer, salt = material[:32], material[32:64], material[64:]
    assert len(salt) == 16
    keyed = hmac.new(inner, scheme.encode() + b"\x00" + number.encode(), hashlib.sha256).digest()
    slow = hash_secret_raw(keyed, salt, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID)
    return hmac.new(outer, slow, hashlib.sha256).digest()


def test_a_number_has_one_index_and_it_is_the_one_computed_by_hand(keyring: Keyring) -> None:
    first = BlindIndex(keyring).of(SCHEME, Secret(NUMBER))
    again = BlindIndex(keyring).of(SCHEME, Secret(NUMBER))
    assert first == again
    assert first.digest == _computed_by_hand(keyring, SCHEME, NUMBER)
    assert first.scheme == SCHEME
    assert first.version == keyring.current(KeyPurpose.INDEX).id


def test_an_index_keeps_all_its_256_bits(keyring: Keyring) -> None:
    assert len(BlindIndex(keyring).of(SCHEME, Secret(NUMBER)).digest) == 32


def test_another_number_or_scheme_has_another_index(keyring: Keyring) -> None:
    index = BlindIndex(keyring)
    values = {
        index.of(SCHEME, Secret(NUMBER)).digest,
        index.of(SCHEME, Secret(OTHER_NUMBER)).digest,
        index.of("phone", Secret(NUMBER)).digest,
        index.of(SCHEME + NUMBER[0], Secret(NUMBER[1:])).digest,
    }
    assert len(values) == 4


def test_the_same_person_has_another_index_in_another_installation(keyring: Keyring, other_keyring: Keyring) -> None:
    here, there = (BlindIndex(keys).of(SCHEME, Secret(NUMBER)) for keys in (keyring, other_keyring))
    assert here.digest != there.digest
    assert here.version != there.version


@pytest.mark.parametrize("part", [slice(0, 32), slice(32, 64), slice(64, 80)], ids=["inner", "outer", "salt"])
def test_every_part_of_the_index_key_counts(keyring: Keyring, part: slice) -> None:
    key = keyring.current(KeyPurpose.INDEX)
    changed = bytearray(key.material.reveal())
    changed[part.start] ^= 1
    other = Keyring([replace(key, material=Secret(bytes(changed)))])
    assert BlindIndex(other).of(SCHEME, Secret(NUMBER)).digest != BlindIndex(keyring).of(SCHEME, Secret(NUMBER)).digest


def test_an_index_does_not_show_its_number(keyring: Keyring) -> None:
    assert NUMBER not in repr(BlindIndex(keyring).of(SCHEME, Secret(NUMBER)))


def test_without_an_index_key_there_is_no_index() -> None:
    with pytest.raises(StartRefused, match="index"):
        BlindIndex(Keyring([]))
