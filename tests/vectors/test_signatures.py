"""Wycheproof on our own reading of tokens: `payload_of`, which every token passes, and `is_signed` beneath it."""

from collections import Counter
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose.backends.cryptography_backend import CryptographyECKey
from joserfc.jwk import ECKey

from app.crypto.errors import TokenRefused
from app.crypto.signing import ALGORITHM, is_signed, payload_of
from tests.torture.form import Form
from tests.vectors.wycheproof import Json, said, vectors

_OTHER_ALGORITHMS = {
    "HS256": "a key that both sides know: nobody could check our tokens without being able to make them",
    "RS256": "we sign with ES256 alone; a second algorithm is a second thing to confuse",
    "RS384": "likewise",
    "RS512": "likewise",
    "PS256": "likewise",
    "PS384": "likewise",
    "PS512": "likewise",
    "ES521": "likewise (the file's name for ES512)",
}
"""Valid vectors that we refuse, by the algorithm of their key, and why."""
_REFUSED_ES256: dict[int, str] = {}
"""Valid ES256 vectors that we refuse, by number, and why: none."""


def _signing_key(group: Json) -> CryptographyECKey | None:
    """The key of a group as our keyring would hold it: P-256, and made for signing."""
    jwk = _jwk(group)
    if (jwk["kty"], jwk.get("crv"), jwk.get("use"), jwk.get("alg")) != ("EC", "P-256", "sig", ALGORITHM):
        return None
    point = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    return CryptographyECKey(ECKey.import_key(point).as_pem(private=False), ALGORITHM)


def _by_kid(group: Json) -> Callable[[str], CryptographyECKey | None]:
    return lambda kid: _signing_key(group) if kid == _jwk(group)["kid"] else None


def _algorithm(group: Json) -> str | None:
    named: str | None = _jwk(group).get("alg")
    return named


def _jwk(group: Json) -> Json:
    found: Json = group.get("public") or group["private"]
    return found


def _is_accepted(text: object, public_key: Callable[[str], CryptographyECKey | None]) -> bool:
    try:
        payload_of(text if isinstance(text, str) else str(text), {"alg": ALGORITHM}, public_key)
    except TokenRefused as refused:
        assert refused.reason == "token-invalid"  # noqa: PT017 -- the reason, where one is refused
        return False
    return True


def test_no_invalid_jws_is_accepted_and_every_valid_es256_one_is(form: Form) -> None:
    wrong, refused, accepted = [], Counter[str](), 0
    for group, test in vectors("json_web_signature_test.json"):
        algorithm = _algorithm(group)
        expected = test["result"] == "valid" and algorithm == ALGORITHM and test["tcId"] not in _REFUSED_ES256
        found = _is_accepted(test["jws"], _by_kid(group))
        accepted += found
        if found is not expected:
            wrong.append(said(test))
        if test["result"] == "valid" and not found:
            refused[str(algorithm)] += 1
    assert wrong == []
    assert set(refused) == set(_OTHER_ALGORITHMS)
    form.tell("Wycheproof JWS", f"401 vectors: {accepted} accepted, all valid; valid and refused: {dict(refused)}")


def test_no_jws_made_for_another_algorithm_opens_under_the_signing_key_of_the_file_whatever_its_kid() -> None:
    found = list(vectors("json_web_signature_test.json"))
    key = next(key for group, _ in found if (key := _signing_key(group)) is not None)
    others = [test for group, test in found if _algorithm(group) not in {ALGORITHM, None}]
    assert len(others) > 300
    for test in others:
        assert not _is_accepted(test["jws"], lambda _kid: key), said(test)


def _from_der(signature: bytes) -> bytes | None:
    """JWS knows r and s in 32 bytes each; None where it is not DER, or has numbers that do not fit."""
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32) + s.to_bytes(32)
    except (ValueError, OverflowError):
        return None


@pytest.mark.parametrize(
    ("file", "raw_of"),
    [("ecdsa_secp256r1_sha256_p1363_test.json", bytes), ("ecdsa_secp256r1_sha256_test.json", _from_der)],
)
def test_ecdsa_on_p_256_is_judged_as_wycheproof_does(
    form: Form, file: str, raw_of: Callable[[bytes], bytes | None]
) -> None:
    wrong, formless, accepted = [], 0, 0
    for group, test in vectors(file):
        public = CryptographyECKey(group["publicKeyPem"], ALGORITHM)
        signed, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
        raw = raw_of(signature)
        formless += raw is None
        found = raw is not None and is_signed(public, signed, raw)
        accepted += found
        if found is not (test["result"] == "valid"):
            wrong.append(said(test))
        assert raw == signature or not is_signed(public, signed, signature), said(test)  # DER is no form of ours
    assert wrong == []
    form.tell(
        f"Wycheproof `{file}`", f"{accepted} valid accepted, no invalid one; {formless} not of two numbers of 32 bytes"
    )
