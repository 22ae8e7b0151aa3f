"""A ciphertext opens in its own place, unchanged, or not at all."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.envelope import DataKey, Envelope, Place, Records, seal, unseal
from app.crypto.errors import SealBroken
from app.crypto.keyring import KeyPurpose, Keyring, KeyState
from app.kernel.secret import Secret

NUMBER = "110199199003070017"
HERE = Place("person_documents", "per_1", "number")
KEY_PLACE = Place("persons", "per_1", "wrapped_key")
ELSEWHERE = {
    "another person": replace(HERE, owner="per_2"),
    "another field": replace(HERE, field="name"),
    "another table": replace(HERE, table="person_phones"),
    "a letter moved from table to person": Place("person_document", "sper_1", "number"),
    "a letter moved from person to field": Place("person_documents", "per_", "1number"),
    "no place": Place("", "", ""),
}


@pytest.fixture
def envelope(keyring: Keyring) -> Envelope:
    return Envelope(keyring)


@pytest.fixture
def data_key(envelope: Envelope) -> DataKey:
    return envelope.new_data_key()


@pytest.mark.parametrize("plain", [NUMBER, "测试甲", "𠮷田·买买提", "", "x" * 10_000])
def test_what_was_sealed_opens_in_its_place(data_key: DataKey, plain: str) -> None:
    sealed = seal(data_key, Secret(plain), HERE)
    assert unseal(data_key, sealed, HERE).reveal() == plain
    assert not plain or plain.encode() not in sealed


def test_a_wrapped_key_opens_what_was_sealed_before(envelope: Envelope, data_key: DataKey) -> None:
    sealed = seal(data_key, Secret(NUMBER), HERE)
    wrapped = envelope.wrap(data_key, KEY_PLACE)
    unwrapped = envelope.unwrap(wrapped, KEY_PLACE)
    assert unwrapped.id == data_key.id
    assert unseal(unwrapped, sealed, HERE).reveal() == NUMBER
    assert data_key.material.reveal() not in wrapped


def test_a_value_sealed_by_hand_in_the_documented_form_opens(keyring: Keyring) -> None:
    """What an earlier version wrote must open for ever: `version ‖ algorithm ‖ key id ‖ nonce ‖ ciphertext ‖ tag`."""
    key, nonce = DataKey(id=b"8 bytes!", material=Secret(bytes(range(32)))), bytes(range(12))
    assert unseal(key, _sealed_by_hand(key.id, key.material.reveal(), nonce, NUMBER.encode()), HERE).reveal() == NUMBER
    root = keyring.current(KeyPurpose.ROOT)
    plain = key.id + key.material.reveal()
    wrapped = _sealed_by_hand(bytes.fromhex(root.id), root.material.reveal(), nonce, plain)
    unwrapped = Envelope(keyring).unwrap(wrapped, HERE)
    assert (unwrapped.id, unwrapped.material.reveal()) == (key.id, key.material.reveal())


def _sealed_by_hand(key_id: bytes, key: bytes, nonce: bytes, plain: bytes, form: bytes = b"\x01\x01") -> bytes:
    """The associated data is the header, table, owner and field, each behind its length in two bytes."""
    header = form + key_id
    place = b"\x00\x0a" + header + b"\x00\x10person_documents" + b"\x00\x05per_1" + b"\x00\x06number"
    return header + nonce + AESGCM(key).encrypt(nonce, plain, place)


def test_the_same_value_is_never_sealed_to_the_same_bytes(data_key: DataKey) -> None:
    assert len({seal(data_key, Secret(NUMBER), HERE) for _ in range(100)}) == 100


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_ciphertext_moved_elsewhere_is_refused(data_key: DataKey, where: str) -> None:
    sealed = seal(data_key, Secret(NUMBER), HERE)
    with pytest.raises(SealBroken):
        unseal(data_key, sealed, ELSEWHERE[where])


@pytest.mark.parametrize(
    "place",
    [replace(KEY_PLACE, owner="per_2"), replace(KEY_PLACE, table="held_phones"), replace(KEY_PLACE, field="number")],
)
def test_a_wrapped_key_moved_elsewhere_is_refused(envelope: Envelope, data_key: DataKey, place: Place) -> None:
    wrapped = envelope.wrap(data_key, KEY_PLACE)
    with pytest.raises(SealBroken):
        envelope.unwrap(wrapped, place)


def test_each_single_flipped_byte_of_a_ciphertext_is_refused(data_key: DataKey) -> None:
    sealed = seal(data_key, Secret(NUMBER), HERE)
    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(SealBroken):
                unseal(data_key, bytes(changed), HERE)


def test_each_single_flipped_byte_of_a_wrapped_key_is_refused(envelope: Envelope, data_key: DataKey) -> None:
    wrapped = envelope.wrap(data_key, KEY_PLACE)
    for position in range(len(wrapped)):
        for bit in range(8):
            changed = bytearray(wrapped)
            changed[position] ^= 1 << bit
            with pytest.raises(SealBroken):
                envelope.unwrap(bytes(changed), KEY_PLACE)


def test_each_shortened_or_lengthened_value_is_refused(envelope: Envelope, data_key: DataKey) -> None:
    sealed, wrapped = seal(data_key, Secret(NUMBER), HERE), envelope.wrap(data_key, KEY_PLACE)
    for cut in range(len(sealed)):
        with pytest.raises(SealBroken):
            unseal(data_key, sealed[:cut], HERE)
    for cut in range(len(wrapped)):
        with pytest.raises(SealBroken):
            envelope.unwrap(wrapped[:cut], KEY_PLACE)
    for longer in (sealed + b"\x00", b"\x00" + sealed):
        with pytest.raises(SealBroken):
            unseal(data_key, longer, HERE)


def test_a_value_of_another_version_or_algorithm_is_refused(data_key: DataKey) -> None:
    key = data_key.material.reveal()
    for form in (b"\x02\x01", b"\x01\x02", b"\x00\x00"):
        sealed = _sealed_by_hand(data_key.id, key, bytes(12), NUMBER.encode(), form)  # its tag is good
        with pytest.raises(SealBroken, match="not a sealed value"):
            unseal(data_key, sealed, HERE)


def test_another_persons_key_opens_nothing(envelope: Envelope, data_key: DataKey) -> None:
    sealed = seal(data_key, Secret(NUMBER), HERE)
    stranger = envelope.new_data_key()
    for key, why in ((stranger, "another data key"), (replace(stranger, id=data_key.id), "changed, or not from this")):
        with pytest.raises(SealBroken, match=f"^{why}"):
            unseal(key, sealed, HERE)


def test_a_key_wrapped_under_a_root_that_is_not_here_is_refused(
    data_key: DataKey, envelope: Envelope, other_keyring: Keyring
) -> None:
    wrapped = envelope.wrap(data_key, KEY_PLACE)
    with pytest.raises(SealBroken, match="root key missing"):
        Envelope(other_keyring).unwrap(wrapped, KEY_PLACE)


def test_a_key_of_another_purpose_does_not_pass_for_the_root(keyring: Keyring, data_key: DataKey) -> None:
    root = keyring.current(KeyPurpose.ROOT)
    wrapped = Envelope(keyring).wrap(data_key, KEY_PLACE)
    disguised = Keyring([replace(root, purpose=KeyPurpose.MAC)])
    with pytest.raises(SealBroken, match="root key missing"):
        Envelope(disguised).unwrap(wrapped, KEY_PLACE)


def test_a_key_wrapped_under_the_previous_root_still_opens(keyring: Keyring, other_keyring: Keyring) -> None:
    data_key = Envelope(keyring).new_data_key()
    wrapped = Envelope(keyring).wrap(data_key, KEY_PLACE)
    previous = replace(keyring.current(KeyPurpose.ROOT), state=KeyState.PREVIOUS)
    rotated = Envelope(Keyring([previous, other_keyring.current(KeyPurpose.ROOT)]))
    assert rotated.unwrap(wrapped, KEY_PLACE).material.reveal() == data_key.material.reveal()
    assert rotated.wrap(data_key, KEY_PLACE)[2:10].hex() == other_keyring.current(KeyPurpose.ROOT).id


def test_a_data_key_and_a_broken_seal_show_nothing(data_key: DataKey) -> None:
    sealed = seal(data_key, Secret(NUMBER), HERE)
    with pytest.raises(SealBroken) as broken:
        unseal(data_key, sealed, ELSEWHERE["another person"])
    said = f"{data_key!r} {broken.value!r} {broken.value}"
    assert NUMBER not in said
    assert str(data_key.material.reveal()) not in said
    assert data_key.material.reveal().hex() not in said


def test_a_record_opens_in_its_place_under_its_own_installation_only(keyring: Keyring, other_keyring: Keyring) -> None:
    sealed = Records(keyring).seal(Secret("测试甲"), HERE)
    assert Records(keyring).unseal(sealed, HERE).reveal() == "测试甲"
    assert "测试甲".encode() not in sealed
    for place in ELSEWHERE.values():
        with pytest.raises(SealBroken):
            Records(keyring).unseal(sealed, place)
    with pytest.raises(SealBroken):
        Records(other_keyring).unseal(sealed, HERE)
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(SealBroken):
        Records(keyring).unseal(changed, HERE)


def test_a_record_sealed_before_a_rotation_still_opens_and_no_other_keys_value_passes_for_one(
    keyring: Keyring, other_keyring: Keyring
) -> None:
    sealed = Records(keyring).seal(Secret(NUMBER), HERE)
    previous = replace(keyring.current(KeyPurpose.RECORDS), state=KeyState.PREVIOUS)
    rotated = Records(Keyring([previous, other_keyring.current(KeyPurpose.RECORDS)]))
    assert rotated.unseal(sealed, HERE).reveal() == NUMBER
    assert rotated.seal(Secret(NUMBER), HERE)[2:10].hex() == other_keyring.current(KeyPurpose.RECORDS).id
    disguised = Keyring([replace(previous, purpose=KeyPurpose.ROOT), other_keyring.current(KeyPurpose.RECORDS)])
    with pytest.raises(SealBroken, match="records key missing"):
        Records(disguised).unseal(sealed, HERE)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_what_the_root_key_sealed_that_is_no_data_key_is_refused(envelope: Envelope, size: int) -> None:
    wrapped = envelope.wrap(DataKey(id=b"8 bytes!", material=Secret(bytes(size))), KEY_PLACE)
    with pytest.raises(SealBroken, match="not a data key"):
        envelope.unwrap(wrapped, KEY_PLACE)
