"""Tokens: what we signed is accepted, and nothing that only looks like it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey

from app.crypto.errors import TokenRefused
from app.crypto.keyring import KeyPurpose, Keyring, KeyState
from app.crypto.signing import MAX_TOKEN_BYTES, TokenSigner
from app.kernel.errors import StartRefused
from app.kernel.secret import Secret
from tests.support.clock import TODAY

ISSUER = "https://shiming.example"
TYP = "posting+jwt"
NOW = int(TODAY.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "acc_1",
    "aud": "frm_1",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 600,
    "jti": "jti_1",
    "scope": "post",
}
WITHOUT = object()


@dataclass(frozen=True)
class Forger:
    """Whoever holds a signing key and is bound by nothing: signs any bytes."""

    private: ec.EllipticCurvePrivateKey
    kid: str

    def header(self, **changes: object) -> bytes:
        return _json({"alg": "ES256", "kid": self.kid, "typ": TYP}, changes)

    def sign(self, header: bytes, claims: bytes) -> str:
        return self.sign_parts(_encode(header), _encode(claims))

    def sign_parts(self, header: str, claims: str) -> str:
        signed = f"{header}.{claims}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def with_header(self, **changes: object) -> str:
        return self.sign(self.header(**changes), claims())

    def with_claims(self, **changes: object) -> str:
        return self.sign(self.header(), claims(**changes))


def claims(**changes: object) -> bytes:
    return _json(CLAIMS, changes)


def _json(members: dict[str, Any], changes: dict[str, object]) -> bytes:
    return json.dumps({name: value for name, value in {**members, **changes}.items() if value is not WITHOUT}).encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def signer(keyring: Keyring) -> TokenSigner:
    return TokenSigner(keyring, ISSUER)


@pytest.fixture
def forger(keyring: Keyring, signer: TokenSigner) -> Forger:
    return _forger(keyring, signer.public_keys(TODAY)[0]["kid"])


def _forger(keyring: Keyring, kid: str) -> Forger:
    private = load_pem_private_key(keyring.current(KeyPurpose.SIGNING).material.reveal(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return Forger(private, kid)


def _refusal(signer: TokenSigner, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        signer.verify(token, TYP, TODAY)
    return refused.value.reason


def test_what_was_signed_is_accepted_with_its_claims_and_the_issuer(signer: TokenSigner) -> None:
    given = {name: value for name, value in CLAIMS.items() if name != "iss"}
    assert signer.verify(signer.sign(given, TYP), TYP, TODAY) == CLAIMS


def test_a_well_formed_token_made_by_hand_is_accepted(signer: TokenSigner, forger: Forger) -> None:
    # without this, every refusal below could have another cause
    assert signer.verify(forger.sign(forger.header(), claims()), TYP, TODAY) == CLAIMS
    assert signer.verify(forger.with_claims(nbf=WITHOUT), TYP, TODAY)["sub"] == "acc_1"


HEADERS: dict[str, dict[str, object]] = {
    "alg none": {"alg": "none"},
    "alg None": {"alg": "None"},
    "alg HS256": {"alg": "HS256"},
    "alg RS256": {"alg": "RS256"},
    "alg ES384": {"alg": "ES384"},
    "alg es256": {"alg": "es256"},
    "alg empty": {"alg": ""},
    "alg as a list": {"alg": ["ES256"]},
    "alg null": {"alg": None},
    "no alg": {"alg": WITHOUT},
    "no kid": {"kid": WITHOUT},
    "kid null": {"kid": None},
    "kid unknown": {"kid": "A" * 43},
    "kid empty": {"kid": ""},
    "kid as a path": {"kid": "../../../../dev/null"},
    "kid a lone surrogate": {"kid": "\ud800"},
    "kid as a list": {"kid": []},
    "no typ": {"typ": WITHOUT},
    "another typ": {"typ": "at+jwt"},
    "typ JWT": {"typ": "JWT"},
    "typ in capitals": {"typ": TYP.upper()},
    "typ with its prefix": {"typ": f"application/{TYP}"},
    "typ null": {"typ": None},
    "typ a lone surrogate": {"typ": "\udfff"},
    "crit": {"crit": ["exp"]},
    "crit empty": {"crit": []},
    "crit unknown": {"crit": ["b64"], "b64": False},
    "jku": {"jku": "https://attacker.example/jwks.json"},
    "x5u": {"x5u": "https://attacker.example/chain.pem"},
    "x5c": {"x5c": ["AAAA"]},
    "x5t": {"x5t": "AAAA"},
    "jwk": {"jwk": {"kty": "EC"}},
    "zip": {"zip": "DEF"},
    "cty": {"cty": "JWT"},
    "an unknown member": {"hello": 1},
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_not_exactly_ours_is_refused_although_the_signature_is_good(
    signer: TokenSigner, forger: Forger, case: str
) -> None:
    assert _refusal(signer, forger.with_header(**HEADERS[case])) == "token-invalid"


CLAIM_FAULTS: dict[str, dict[str, object]] = {
    **{f"no {name}": {name: WITHOUT} for name in ("iss", "sub", "aud", "iat", "exp", "jti", "scope")},
    **{f"{name} null": {name: None} for name in ("iss", "sub", "aud", "iat", "nbf", "exp", "jti")},
    **{f"{name} as a list": {name: [CLAIMS[name]]} for name in ("iss", "sub", "aud", "iat", "nbf", "exp", "jti")},
    **{f"{name} as a string": {name: str(CLAIMS[name])} for name in ("iat", "nbf", "exp")},
    **{f"{name} as a float": {name: float(CLAIMS[name])} for name in ("iat", "nbf", "exp")},
    **{f"{name} as a boolean": {name: True} for name in ("iat", "nbf", "exp")},
    **{f"{name} not a number": {name: float("nan")} for name in ("iat", "nbf", "exp")},
    **{f"{name} without end": {name: float("inf")} for name in ("iat", "nbf", "exp")},
    **{f"{name} as a number": {name: 7} for name in ("iss", "sub", "aud", "jti", "scope")},
    **{f"{name} with a NUL": {name: f"{CLAIMS[name]}\x00"} for name in ("sub", "aud", "jti", "scope")},
    **{f"{name} after all calendars": {name: 253_402_300_800} for name in ("iat", "nbf", "exp")},
    "issued in the future": {"iat": NOW + 60},
    "another issuer": {"iss": "https://attacker.example"},
    "an issuer with a slash": {"iss": ISSUER + "/"},
    "a subject that is half a character": {"sub": "\ud800"},
    "an audience that is half a character": {"aud": "frm_\udc00"},
    "a handle that is half a character": {"handle": "\ud800"},
}


@pytest.mark.parametrize("case", CLAIM_FAULTS)
def test_claims_that_are_not_well_formed_are_refused_although_the_signature_is_good(
    signer: TokenSigner, forger: Forger, case: str
) -> None:
    assert _refusal(signer, forger.with_claims(**CLAIM_FAULTS[case])) == "token-invalid"


RAW: dict[str, Callable[[Forger], tuple[bytes, bytes]]] = {
    "the same claim twice": lambda forger: (forger.header(), claims()[:-1] + b', "sub": "acc_2"}'),
    "the same claim twice with one value": lambda forger: (forger.header(), claims()[:-1] + b', "sub": "acc_1"}'),
    "the same claim twice inside another": lambda forger: (forger.header(), claims()[:-1] + b', "x": {"a":1,"a":2}}'),
    "a claim spelled with an escape": lambda forger: (forger.header(), claims()[:-1] + b', "\\u0073ub": "acc_2"}'),
    "alg twice": lambda forger: (forger.header()[:-1] + b', "alg": "ES256"}', claims()),
    "kid twice": lambda forger: (b'{"kid": "x", ' + forger.header()[1:], claims()),
    "a header that is a list": lambda _: (b'["ES256"]', claims()),
    "a header that is text": lambda _: (b'"ES256"', claims()),
    "a header that is null": lambda _: (b"null", claims()),
    "a header that is not JSON": lambda _: (b"ES256", claims()),
    "a header that is not UTF-8": lambda forger: (forger.header()[:-1] + b', "x": "\xff"}', claims()),
    "a header in UTF-16": lambda forger: (forger.header().decode().encode("utf-16"), claims()),
    "a header after a byte order mark": lambda forger: (b"\xef\xbb\xbf" + forger.header(), claims()),
    "claims that are a list": lambda forger: (forger.header(), b"[1]"),
    "claims that are a number": lambda forger: (forger.header(), b"1"),
    "claims that are null": lambda forger: (forger.header(), b"null"),
    "claims that are not JSON": lambda forger: (forger.header(), b"hello"),
    "claims with something behind": lambda forger: (forger.header(), claims() + b"{}"),
    "claims that are not UTF-8": lambda forger: (forger.header(), claims().replace(b"acc_1", b"acc_\xff")),
    "claims nested 1,200 deep": lambda forger: (
        forger.header(),
        claims()[:-1] + b', "x": ' + b"[" * 1200 + b"]" * 1200 + b"}",
    ),
    "nothing but opening brackets": lambda forger: (forger.header(), b"[" * 2500),
    "a header nested deep": lambda forger: (
        forger.header()[:-1] + b', "x": ' + b"[" * 1200 + b"]" * 1200 + b"}",
        b"{}",
    ),
    "a date of 2,000 digits that has begun never": lambda forger: (
        forger.header(),
        claims().replace(b'"nbf": ', b'"nbf": ' + b"9" * 2000),
    ),
}


@pytest.mark.parametrize("case", RAW)
def test_bytes_that_are_not_one_plain_object_are_refused_although_the_signature_is_good(
    signer: TokenSigner, forger: Forger, case: str
) -> None:
    assert _refusal(signer, forger.sign(*RAW[case](forger))) == "token-invalid"


def test_an_unsigned_token_is_refused(signer: TokenSigner, forger: Forger) -> None:
    header, body = _encode(forger.header(alg="none")), _encode(claims())
    for token in (f"{header}.{body}.", f"{header}.{body}", f"{_encode(forger.header())}.{body}."):
        assert _refusal(signer, token) == "token-invalid"


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK x", "raw point"])
@pytest.mark.parametrize("alg", ["HS256", "ES256"])
def test_a_token_keyed_with_the_public_key_is_refused(signer: TokenSigner, forger: Forger, form: str, alg: str) -> None:
    public = forger.private.public_key()
    secret = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK x": signer.public_keys(TODAY)[0]["x"].encode(),
        "raw point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    }[form]
    signed = f"{_encode(forger.header(alg=alg))}.{_encode(claims())}"
    token = f"{signed}.{_encode(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
    assert _refusal(signer, token) == "token-invalid"


def test_a_token_signed_by_another_key_is_refused_under_its_own_name_and_under_ours(
    signer: TokenSigner, forger: Forger, other_keyring: Keyring
) -> None:
    stranger = _forger(other_keyring, TokenSigner(other_keyring, ISSUER).public_keys(TODAY)[0]["kid"])
    for kid in (stranger.kid, forger.kid):
        assert _refusal(signer, replace(stranger, kid=kid).with_header()) == "token-invalid"


def test_a_signature_of_zeros_or_of_another_length_is_refused(signer: TokenSigner, forger: Forger) -> None:
    signed, _, good = forger.with_header().rpartition(".")
    raw = base64.urlsafe_b64decode(good + "==")
    der = forger.private.sign(signed.encode(), ec.ECDSA(SHA256()))
    for bad in (bytes(64), raw[:63], raw + b"\x00", raw[:32], b"\x00", raw[32:] + raw[:32], der, b"\xff" * 64):
        assert _refusal(signer, f"{signed}.{_encode(bad)}") == "token-invalid"


def test_a_token_changed_in_any_one_character_is_refused(signer: TokenSigner, forger: Forger) -> None:
    token = forger.with_header()
    for position, character in enumerate(token):
        for other in ("A" if character != "A" else "B", "."):
            if other != character:
                assert _refusal(signer, token[:position] + other + token[position + 1 :]) == "token-invalid"


def test_parts_of_two_good_tokens_do_not_make_a_third(signer: TokenSigner, forger: Forger) -> None:
    first, second = forger.with_claims().split("."), forger.with_claims(sub="acc_2").split(".")
    assert _refusal(signer, ".".join([first[0], second[1], first[2]])) == "token-invalid"
    assert _refusal(signer, ".".join([first[0], first[1], second[2]])) == "token-invalid"


def _other_spellings(part: str) -> list[str]:
    """Strings that a lenient decoder takes for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    slack = {0: 0, 2: 15, 3: 3}[len(part) % 4]
    last = alphabet.index(part[-1])
    loose = [part[:-1] + alphabet[last | bits] for bits in range(1, slack + 1) if last | bits != last]
    assert loose or not slack
    return [*loose, part + "=" * (-len(part) % 4 or 4), part + "\n", " " + part, part[:4] + "\n" + part[4:], part + "!"]


def test_a_second_spelling_of_the_signature_is_refused(signer: TokenSigner, forger: Forger) -> None:
    signed, _, signature = forger.with_header().rpartition(".")
    assert len(signature) % 4 == 2  # so that there are loose bits to play with
    for other in _other_spellings(signature):
        assert _refusal(signer, f"{signed}.{other}") == "token-invalid"


@pytest.mark.parametrize("length", range(3))
def test_a_second_spelling_of_header_or_claims_is_refused_even_when_it_is_what_was_signed(
    signer: TokenSigner, forger: Forger, length: int
) -> None:
    body = claims(jti="j" * (20 + length))
    header = forger.header() + b" " * length
    signer.verify(forger.sign(header, body), TYP, TODAY)
    for other in _other_spellings(_encode(body)):
        assert _refusal(signer, forger.sign_parts(_encode(header), other)) == "token-invalid"
    for other in _other_spellings(_encode(header)):
        assert _refusal(signer, forger.sign_parts(other, _encode(body))) == "token-invalid"


def test_the_standard_base64_alphabet_is_refused(signer: TokenSigner, forger: Forger) -> None:
    body = claims(x="???>>>~~~\u00ff")
    spelled = base64.b64encode(json.dumps({**CLAIMS, "x": "ÿ?>~~~???>>>"}, ensure_ascii=False).encode()).decode()
    assert set("+/") & set(spelled)
    signer.verify(forger.sign(forger.header(), body), TYP, TODAY)
    assert _refusal(signer, forger.sign_parts(_encode(forger.header()), spelled.rstrip("="))) == "token-invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b",
        "a.b.c.d",
        "\u0661.\u0662.\u0663",
        "\ud800.a.b",
        "x" * 5000,
        "\x00",
        "Bearer a.b.c",
    ],
)
def test_what_is_no_token_at_all_is_refused(signer: TokenSigner, text: str) -> None:
    assert _refusal(signer, text) == "token-invalid"


def test_anything_before_or_behind_a_good_token_is_refused(signer: TokenSigner, forger: Forger) -> None:
    token = forger.with_header()
    for text in (
        token + "\n",
        "\n" + token,
        token + " ",
        token + ".",
        "." + token,
        token + "." + token,
        token + "\x00",
    ):
        assert _refusal(signer, text) == "token-invalid"


def test_a_token_over_four_kibibytes_is_refused_and_one_just_below_is_not(signer: TokenSigner, forger: Forger) -> None:
    """White space in the header fits the length where base64 skips one."""
    tokens = {
        len(token := forger.sign(forger.header() + b" " * spaces, claims(pad="p" * size))): token
        for spaces in range(3)
        for size in range(2700, 2850)
    }
    assert MAX_TOKEN_BYTES == 4096
    assert signer.verify(tokens[4096], TYP, TODAY)["sub"] == "acc_1"
    assert _refusal(signer, tokens[4097]) == "token-invalid"


def test_a_token_is_dead_exactly_at_exp_and_alive_just_before(signer: TokenSigner, forger: Forger) -> None:
    token = forger.with_claims(exp=NOW + 10)
    at_exp = TODAY + timedelta(seconds=10)
    assert signer.verify(token, TYP, at_exp - timedelta(microseconds=1))["exp"] == NOW + 10
    for moment in (at_exp, at_exp + timedelta(microseconds=1), at_exp + timedelta(days=400)):
        with pytest.raises(TokenRefused) as refused:
            signer.verify(token, TYP, moment)
        assert refused.value.reason == "token-expired"


def test_a_date_is_good_up_to_the_last_second_of_the_calendar(signer: TokenSigner, forger: Forger) -> None:
    assert signer.verify(forger.with_claims(exp=253_402_300_799), TYP, TODAY)["exp"] == 253_402_300_799


def test_a_token_may_begin_a_second_ahead_of_our_clock(signer: TokenSigner, forger: Forger) -> None:
    for name in ("iat", "nbf"):
        assert signer.verify(forger.with_claims(**{name: NOW + 1}), TYP, TODAY)["sub"] == "acc_1"
        assert _refusal(signer, forger.with_claims(**{name: NOW + 2})) == "token-invalid"


def test_a_token_whose_exp_never_was_or_lies_before_our_time_is_expired(signer: TokenSigner, forger: Forger) -> None:
    for exp in (0, -1, NOW - 1, NOW):
        assert _refusal(signer, forger.with_claims(exp=exp)) == "token-expired"


def test_a_token_that_begins_in_the_future_is_refused_until_then(signer: TokenSigner, forger: Forger) -> None:
    for changes in ({"nbf": NOW + 60}, {"iat": NOW + 60, "nbf": WITHOUT}):
        token = forger.with_claims(**changes)
        assert _refusal(signer, token) == "token-invalid"
        assert signer.verify(token, TYP, TODAY + timedelta(seconds=60))["sub"] == "acc_1"


def test_a_clock_that_is_ahead_by_no_more_than_a_second_is_forgiven(signer: TokenSigner, forger: Forger) -> None:
    for changes in ({"nbf": NOW + 1}, {"iat": NOW + 1, "nbf": WITHOUT}):
        token = forger.with_claims(**changes)
        assert signer.verify(token, TYP, TODAY)["sub"] == "acc_1"
        with pytest.raises(TokenRefused):
            signer.verify(token, TYP, TODAY - timedelta(microseconds=1))


def test_a_forged_token_that_is_also_expired_is_called_invalid(signer: TokenSigner, forger: Forger) -> None:
    # whoever cannot sign learns nothing about the claims
    signed, _, _signature = forger.with_claims(exp=NOW - 1).rpartition(".")
    assert _refusal(signer, f"{signed}.{_encode(b'x' * 64)}") == "token-invalid"


def test_a_refusal_shows_nothing_of_the_token(signer: TokenSigner, forger: Forger) -> None:
    with pytest.raises(TokenRefused) as refused:
        signer.verify(forger.with_claims(exp=NOW - 1, sub="acc_canary"), TYP, TODAY)
    assert str(refused.value) == "token-expired"


def test_a_token_of_a_previous_key_is_still_accepted_and_new_ones_are_signed_with_the_current(
    keyring: Keyring, other_keyring: Keyring, forger: Forger
) -> None:
    previous = replace(keyring.current(KeyPurpose.SIGNING), state=KeyState.PREVIOUS)
    rotated = TokenSigner(Keyring([previous, other_keyring.current(KeyPurpose.SIGNING)]), ISSUER)
    assert rotated.verify(forger.with_header(), TYP, TODAY)["sub"] == "acc_1"
    fresh = rotated.sign({name: value for name, value in CLAIMS.items() if name != "iss"}, TYP)
    header = json.loads(base64.urlsafe_b64decode(fresh.split(".")[0] + "=="))
    assert header["kid"] == TokenSigner(other_keyring, ISSUER).public_keys(TODAY)[0]["kid"]
    assert {key["kid"] for key in rotated.public_keys(TODAY)} == {forger.kid, header["kid"]}


def test_the_published_keys_hold_no_private_part_and_are_named_by_their_thumbprint(signer: TokenSigner) -> None:
    for published in signer.public_keys(TODAY):
        assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert ECKey.import_key(dict(published)).thumbprint() == published["kid"]


def test_no_current_signing_key_is_a_start_that_is_refused(keyring: Keyring) -> None:
    retired = replace(keyring.current(KeyPurpose.SIGNING), state=KeyState.PREVIOUS)
    for ring in (Keyring([]), Keyring([retired])):
        with pytest.raises(StartRefused):
            TokenSigner(ring, ISSUER)


def test_a_signing_key_on_another_curve_is_a_start_that_is_refused(keyring: Keyring) -> None:
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other = replace(keyring.current(KeyPurpose.SIGNING), material=Secret(pem))
    with pytest.raises(StartRefused, match=f"{other.id} is not a P-256 key. Restore it from its backup"):
        TokenSigner(Keyring([other]), ISSUER)
