"""A checkpoint is a signed note that any C2SP tool reads, and one spelling of it alone is taken."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint, sign_checkpoint, verifier_key
from app.crypto.ed25519 import AuditSigner, is_signed_by
from app.crypto.keyring import KeyPurpose, Keyring, create_missing_keys, load_keyring
from tests.support.clock import TODAY

ORIGIN = "forum.example/audit/0123456789abcdef"
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 7, ROOT)
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""From the documentation of golang.org/x/mod/sumdb/note, with the text and the signature below."""
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("audit-keys")
    create_missing_keys(folder, "development", TODAY)
    return load_keyring(folder)


@pytest.fixture(scope="module")
def signer(keyring: Keyring) -> AuditSigner:
    return AuditSigner(keyring.current(KeyPurpose.AUDIT))


@pytest.fixture(scope="module")
def note(signer: AuditSigner) -> str:
    return sign_checkpoint(CHECKPOINT, signer)


def test_a_key_and_a_signature_of_another_implementation_are_understood() -> None:
    key = VerifierKey.parse(GO_KEY)
    raw = base64.b64decode(GO_SIGNATURE)
    assert (key.name, key.key_hash, key.text()) == ("PeterNeumann", raw[:4], GO_KEY)
    assert is_signed_by(key.public, GO_TEXT.encode(), raw[4:])
    assert not is_signed_by(key.public, GO_TEXT.encode() + b"\n", raw[4:])
    assert not is_signed_by(b"short", GO_TEXT.encode(), raw[4:])


def test_a_note_holds_what_was_signed_and_is_always_the_same(signer: AuditSigner, note: str) -> None:
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "7", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert open_checkpoint(note, verifier_key(ORIGIN, signer), is_signed_by) == CHECKPOINT
    assert sign_checkpoint(CHECKPOINT, signer) == note


def test_signatures_of_others_beside_ours_are_passed_over(signer: AuditSigner, note: str) -> None:
    stranger = f"— witness.example {base64.b64encode(bytes(76)).decode()}\n"
    body, _, ours = note.rpartition("\n\n")
    for signatures in (stranger + ours, ours + stranger):
        assert open_checkpoint(f"{body}\n\n{signatures}", verifier_key(ORIGIN, signer), is_signed_by) == CHECKPOINT


@pytest.mark.parametrize(
    "bend",
    [
        lambda note: note.replace("\n7\n", "\n8\n"),
        lambda note: note.replace("\n7\n", "\n07\n"),
        lambda note: note.replace("\n7\n", "\n７\n"),
        lambda note: note.replace("\n7\n", "\n-7\n"),
        lambda note: note.replace(ORIGIN, "other.example", 1),
        lambda note: note.replace("\n\n", "\nmore\n\n"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("—", "-"),
        lambda note: note.removesuffix("\n"),
        lambda note: note + "\n",
        lambda note: note + "more\n",
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.rpartition("\n\n")[0] + "\n\n",
        lambda note: note + note.splitlines(keepends=True)[-1] * 100,
        lambda _note: "",
        lambda _note: "\n\n",
    ],
)
def test_a_note_that_was_bent_is_refused(signer: AuditSigner, note: str, bend: Callable[[str], str]) -> None:
    bent = bend(note)
    assert bent != note
    with pytest.raises(NoteRefused):
        open_checkpoint(bent, verifier_key(ORIGIN, signer), is_signed_by)


@given(place=st.integers(0), bit=st.integers(0, 6))
def test_no_flipped_bit_goes_unnoticed(signer: AuditSigner, note: str, place: int, bit: int) -> None:
    raw = bytearray(note.encode())
    raw[place % len(raw)] ^= 1 << bit
    with pytest.raises(NoteRefused):
        open_checkpoint(raw.decode(errors="replace"), verifier_key(ORIGIN, signer), is_signed_by)


def test_a_note_under_another_key_or_for_another_log_is_refused(
    signer: AuditSigner, note: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stranger")
    create_missing_keys(folder, "development", TODAY)
    stranger = AuditSigner(load_keyring(folder).current(KeyPurpose.AUDIT))
    for key in (verifier_key(ORIGIN, stranger), verifier_key("other.example/audit/1", signer)):
        with pytest.raises(NoteRefused):
            open_checkpoint(note, key, is_signed_by)


def test_a_checkpoint_that_no_note_can_say_is_not_signed(signer: AuditSigner) -> None:
    for checkpoint in (
        Checkpoint("two\nlines", 7, ROOT),
        Checkpoint("a+b", 7, ROOT),
        Checkpoint("", 7, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, 7, ROOT[1:]),
    ):
        with pytest.raises(ValueError, match="checkpoint"):
            sign_checkpoint(checkpoint, signer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("+AR", "+AB"),
        GO_KEY.replace("+AR", "+!R"),
        GO_KEY.removesuffix("W"),
        GO_KEY + "\n",
        GO_KEY.replace("Peter", "Peter "),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(text)
