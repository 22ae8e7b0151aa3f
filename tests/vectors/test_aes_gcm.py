"""Wycheproof on the encryption under every sealed value: `encrypt` and `decrypt` of the envelope."""

from collections import Counter

from app.crypto.envelope import decrypt, encrypt
from app.crypto.errors import SealBroken
from tests.torture.form import Form
from tests.vectors.wycheproof import Json, said, vectors

_OURS = {"keySize": 256, "ivSize": 96, "tagSize": 128}
_OUTSIDE = {
    "keySize": "every key is 256 bits: keyring and `unwrap` refuse another length",
    "ivSize": "every nonce is 96 bits: the stored form has 12 bytes for it",
}
"""Why a vector cannot come before our envelope, by the first size that is not ours."""


def _outside(group: Json) -> str | None:
    return next((size for size, bits in _OURS.items() if group[size] != bits), None)


def _opened(test: Json) -> bytes | None:
    key, nonce, associated, ciphertext, tag = (bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "ct", "tag"))
    try:
        return decrypt(key, nonce, ciphertext + tag, associated)
    except SealBroken:
        return None


def test_no_changed_ciphertext_opens_and_every_valid_one_opens_to_its_message(form: Form) -> None:
    outside, judged = Counter[str](), Counter[str]()
    for group, test in vectors("aes_gcm_test.json"):
        size = _outside(group)
        if size is not None:
            outside[size] += 1
            continue
        judged[test["result"]] += 1
        plain = bytes.fromhex(test["msg"])
        assert _opened(test) == (plain if test["result"] == "valid" else None), said(test)
        if test["result"] == "valid":
            key, nonce, associated = (bytes.fromhex(test[name]) for name in ("key", "iv", "aad"))
            assert encrypt(key, nonce, plain, associated).hex() == test["ct"] + test["tag"], said(test)
    assert set(outside) == set(_OUTSIDE)
    assert min(judged["valid"], judged["invalid"]) > 0
    form.tell("Wycheproof AES-GCM", f"judged {dict(judged)}, all rightly; of a size that is not ours {dict(outside)}")
